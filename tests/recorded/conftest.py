"""az commands over cassettes, which are replayed, or recorded from an emulator.

`--record` makes them anew; `--record-again` records a few, and compares them with those that exist.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.service import concurrency
from tests.recorded.expected import OPERATOR, SITE
from tests.recorded.player import Answer, Player, Recorder
from tests.support.az import SUBSCRIPTION, TENANT, Login
from tests.support.cassette import Cassette, path_of, replaying
from tests.support.scrub import Scrubber

if TYPE_CHECKING:
    from tests.support.cloud import Cloud
    from tests.support.site import Site

Az = Callable[[str], Answer]
WhenRecording = Callable[[Callable[["Site"], object]], None]


#: How many cassettes `--record-again` records of one day.
_A_DAY = 3


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make record` and `make test-recordings`."""
    parser.addoption("--record", action="store_true", help="make the cassettes anew")
    parser.addoption(
        "--record-again",
        type=int,
        metavar="DAY",
        help=f"record {_A_DAY} cassettes, other ones on each day, and compare them",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests whose turn it is on a day."""
    day = config.getoption("--record-again", default=None)
    if day is None:
        return
    chosen = {number % len(items) for number in range(day * _A_DAY, (day + 1) * _A_DAY)}
    config.hook.pytest_deselected(
        items=[item for number, item in enumerate(items) if number not in chosen]
    )
    items[:] = [items[number] for number in sorted(chosen)]


@pytest.fixture(scope="session")
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud | None]:
    """An emulator to record from; none for a replay."""
    options = request.config.option
    if not getattr(options, "record", False) and getattr(options, "record_again", None) is None:
        yield None
        return
    from tests.support.cloud import Cloud  # late: a replay needs no emulator

    with Cloud(tmp_path_factory.mktemp("cloud") / "state") as running:
        yield running


_scenes = itertools.count(1)


@pytest.fixture
def site(cloud: Cloud | None) -> Iterator[Site | None]:
    """A registry, a container and a vault that no other test knows."""
    if cloud is None:
        yield None
        return
    from tests.support.site import Site

    prepared = Site.prepare(cloud, f"scene{next(_scenes)}")
    prepared.write_secret(prepared.sas("rwdla"))
    yield prepared
    cloud.control("reset")
    prepared.arm("DELETE", f"Microsoft.ContainerRegistry/registries/{prepared.registry}")


@pytest.fixture
def when_recording(site: Site | None) -> WhenRecording:
    """Carry out a step next to the commands; a replay has what came of it in the cassette."""

    def carry_out(step: Callable[[Site], object]) -> None:
        if site:
            step(site)

    return carry_out


@pytest.fixture
def az(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    site: Site | None,
) -> Iterator[Az]:
    """Run the commands of a test over its cassette."""
    # vcrpy lets a request through that one thread sends while another opens a connection.
    monkeypatch.setattr(concurrency, "_start_worker", concurrency._do_jobs)
    path = path_of(request.node.nodeid)
    if site:
        recorder = _recorder(tmp_path, monkeypatch, site)
        yield recorder
        _keep(recorder.cassette, path, tmp_path, request.config)
        return
    _close_sockets(monkeypatch)
    with replaying(path) as tape:
        player = Player(tape, tmp_path, Cassette.read(path).commands)
        yield player
    assert not player.commands, f"recorded but not run: {player.commands}"


def _keep(cassette: Cassette, path: Path, folder: Path, config: pytest.Config) -> None:
    """Write a new recording, or compare it."""
    if config.option.record_again is None:
        cassette.write(path)
        return
    recorded = folder / path.name
    cassette.write(recorded)
    assert recorded.read_text() == path.read_text(), f"{path} is stale: run `make record`"


def _recorder(folder: Path, monkeypatch: pytest.MonkeyPatch, site: Site) -> Recorder:
    from acr_emulator.cloud.clouds import PUBLIC
    from acr_emulator.identity.authorization import ROLES

    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, site.cloud.environment[name])
    login = Login(PUBLIC.subscription_id, PUBLIC.tenant_id, site.cloud.token)
    known = {
        login.subscription: SUBSCRIPTION,
        login.tenant: TENANT,
        site.cloud.environment["AZURE_CLIENT_ID"]: OPERATOR,
        site.name: SITE,
        # The same in every cloud, and in the requests of a replay.
        **{role.id: role.id for role in ROLES},
    }
    return Recorder(Cassette(), folder, login, Scrubber(known), site.until_runs_end)


def _close_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **_: Any) -> NoReturn:
        raise AssertionError(f"a replay wants to reach {args[-1]}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(params=[EXPORT, IMPORT], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> PipelineKind:
    """Each kind of pipeline in turn."""
    parameter: PipelineKind = request.param
    return parameter
