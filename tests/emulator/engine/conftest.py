"""The real registry and the real blob server that the transfer engine's tests run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.engine.bundled_services import Parts, running_parts
from tests.emulator.engine.world import World, world_of


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with running_parts(tmp_path_factory.mktemp("parts")) as running:
        yield running


@pytest.fixture
def world(parts: Parts, tmp_path: Path) -> Iterator[World]:
    with world_of(parts, tmp_path) as fresh:
        yield fresh
