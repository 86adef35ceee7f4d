"""Two clouds for the whole session, a terminal in each, and sites with separate names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.forked_az.launcher import forked_az
from tests.support.site import Kind, Site
from tests.support.terminal import (
    AZ,
    AZ_VERSION,
    NEWEST_AZ,
    Guest,
    Terminal,
    built_wheel,
    install,
)

REGISTRIES = "providers/Microsoft.ContainerRegistry/registries"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The extension, built of what is in the tree."""
    return built_wheel()


@pytest.fixture(scope="session")
def extensions(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of extensions with ours in it."""
    return install(wheel, tmp_path_factory.mktemp("an installer"))


@pytest.fixture(scope="session")
def _forked_az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with forked_az(AZ, tmp_path_factory.mktemp("a server")) as program:
        yield program


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest) -> Path:
    """The `az` of a module's tests: the real one on the oldest version, and where it's marked."""
    is_real = AZ_VERSION != NEWEST_AZ or request.node.get_closest_marker("real_az")
    forked: Path = AZ if is_real else request.getfixturevalue("_forked_az")
    return forked


@pytest.fixture(scope="session")
def _session_az(extensions: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    with Cloud(tmp_path_factory.mktemp("a cloud") / "state") as cloud:
        yield Terminal(cloud, extensions).log_in()


@pytest.fixture(scope="session")
def _far_az(extensions: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    with Cloud(tmp_path_factory.mktemp("a far cloud") / "state") as cloud:
        yield Terminal(cloud, extensions).log_in()


@pytest.fixture
def az(_session_az: Terminal, program: Path) -> Iterator[Terminal]:
    """`az`, logged in, in the session's cloud; its controls and log are as new."""
    cloud = _session_az.cloud
    older = _registries(cloud)  # such as those of the module's fixtures
    cloud.control("reset")
    yield replace(_session_az, program=program)
    cloud.control("reset")
    # Their triggers would look for blobs for the rest of the session.
    for registry in _registries(cloud) - older:
        cloud.arm("DELETE", registry)


def _registries(cloud: Cloud) -> set[str]:
    return {registry["id"].split("/", 3)[3] for registry in cloud.arm("GET", REGISTRIES)["value"]}


@pytest.fixture
def far_az(_far_az: Terminal, program: Path) -> Terminal:
    """`az`, logged in, in another cloud that has no way to the first."""
    _far_az.cloud.control("reset")
    return replace(_far_az, program=program)


@pytest.fixture
def own_az(extensions: Path, program: Path, tmp_path: Path) -> Iterator[Terminal]:
    """`az`, logged in, in a cloud that the test may break."""
    with Cloud(tmp_path / "state") as cloud:
        yield Terminal(cloud, extensions, program).log_in()


@pytest.fixture
def guest(az: Terminal, tmp_path: Path) -> Guest:
    """Somebody without a role in the session's cloud."""
    return Guest.of(az, tmp_path)


@pytest.fixture
def cloud(az: Terminal) -> Cloud:
    """The session's cloud."""
    return az.cloud


@pytest.fixture(params=["export", "import"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of pipeline in turn."""
    parameter: Kind = request.param
    return parameter


@pytest.fixture
def site(cloud: Cloud) -> Site:
    """A separate export side in the session's cloud."""
    return Site.prepare(cloud, new_name())


@pytest.fixture
def importing_site(cloud: Cloud) -> Site:
    """A separate import side in the session's cloud."""
    return Site.prepare(cloud, new_name(), "import")


def new_name() -> str:
    """A name that no other site has."""
    return f"site{next(_numbers):03}"
