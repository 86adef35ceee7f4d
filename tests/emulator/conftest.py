"""One running emulator for each module of tests."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.emulator.run_world import World, prepare
from tests.emulator.running import Emulator

# No test depends on how fast its examples are.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = Emulator(tmp_path_factory.mktemp("state"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def world(emulator: Emulator) -> Iterator[World]:
    world = prepare(emulator)
    yield world
    world.container.close()
