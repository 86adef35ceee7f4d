"""The real registry and the real blob server that the transfer engine's tests run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine.bundled_services import BundledServices, running_services
from tests.support.engine.world import World, world_of


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BundledServices]:
    with running_services(tmp_path_factory.mktemp("services")) as running:
        yield running


@pytest.fixture
def world(services: BundledServices, tmp_path: Path) -> Iterator[World]:
    with world_of(services, tmp_path) as fresh:
        yield fresh
