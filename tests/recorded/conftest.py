"""az commands over cassettes: `--record` makes them, with an emulator; else they are replayed."""

from __future__ import annotations

import itertools
import re
import shlex
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from vcr.cassette import Cassette as Tape

from azext_acrtransfer import cleaning
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.az import SUBSCRIPTION, TENANT, Login, Result, run_az
from tests.cassette import Cassette, path_of, recording, replaying
from tests.fake_time import FakeTime
from tests.scrub import Scrubber

if TYPE_CHECKING:
    from tests.cloud import Cloud
    from tests.site import Site

#: What every cassette calls the site that its test has for itself while it is recorded.
SITE = "contoso"
#: Who runs the commands while they are recorded, as an application.
OPERATOR = "22222222-2222-2222-2222-222222222222"

Az = Callable[[str], "Answer"]
WhenRecording = Callable[[Callable[["Site"], object]], None]


@dataclass(frozen=True)
class Answer(Result):
    """What a command left behind, and the requests that it took."""

    requests: list[str]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make record` gives."""
    parser.addoption("--record", action="store_true", help="make the cassettes anew")


def replay(tape: Tape, folder: Path, line: str) -> Answer:
    """Run a command on what is recorded."""
    before = len(tape.play_counts)
    with FakeTime().instead_of_waiting():
        result = run_az(folder, *shlex.split(line))
    asked = [tape.requests[index] for index in tape.play_counts][before:]
    requests = [f"{request.method} {_below_registry(request.path)}" for request in asked]
    return Answer(result.exit_code, result.stdout, result.stderr, requests)


def _below_registry(path: str) -> str:
    return re.sub(r".*/(?=registries$)|.*/registries/[^/]+/", "", path)


@dataclass
class Player:
    """Replays the commands that were recorded, and no others."""

    tape: Tape
    folder: Path
    commands: list[str]

    def __call__(self, line: str) -> Answer:
        assert self.commands, f"not recorded: az {line}"
        assert line == self.commands.pop(0)
        return replay(self.tape, self.folder, line)


@dataclass
class Recorder:
    """Runs each command for real, then once more on what was scrubbed: that answer counts."""

    cassette: Cassette
    folder: Path
    login: Login
    scrubber: Scrubber

    def __call__(self, line: str) -> Answer:
        tape = self.folder / "tape.yaml"
        tape.unlink(missing_ok=True)
        with recording(tape):
            argv = shlex.split(self.scrubber.original(line))
            live = run_az(self.folder, *argv, login=self.login)
        assert tape.exists(), f"az {line} asked for nothing: {live.stderr}"
        recorded = Cassette.read(tape).interactions
        scrubbed = [self.scrubber.interaction(interaction) for interaction in recorded]
        self.cassette.commands.append(line)
        self.cassette.interactions.extend(scrubbed)
        Cassette(interactions=scrubbed).write(tape)
        with replaying(tape) as played:
            return replay(played, self.folder, line)


@pytest.fixture(scope="session")
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud | None]:
    """An emulator to record from; none for a replay."""
    if not request.config.getoption("--record"):
        yield None
        return
    from tests.cloud import Cloud  # late: a replay runs on azure-cli-core alone

    with Cloud(tmp_path_factory.mktemp("cloud") / "state") as running:
        yield running


_scenes = itertools.count(1)


@pytest.fixture
def site(cloud: Cloud | None) -> Iterator[Site | None]:
    """A registry, a container and a vault that no other test knows."""
    if cloud is None:
        yield None
        return
    from tests.site import Site

    found = Site.prepare(cloud, f"scene{next(_scenes)}")
    found.write_secret(found.sas("rwdla"))
    yield found
    cloud.control("reset")
    found.arm("DELETE", f"Microsoft.ContainerRegistry/registries/{found.registry}")


@pytest.fixture
def when_recording(site: Site | None) -> WhenRecording:
    """Carry out a step beside the commands; a replay has what came of it in the cassette."""

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
    monkeypatch.setattr(cleaning, "ThreadPoolExecutor", lambda _: ThreadPoolExecutor(1))
    path = path_of(request.node.nodeid)
    if site:
        recorder = _recorder(tmp_path, monkeypatch, site)
        yield recorder
        recorder.cassette.write(path)
        return
    _close_sockets(monkeypatch)
    with replaying(path) as tape:
        player = Player(tape, tmp_path, Cassette.read(path).commands)
        yield player
    assert not player.commands, f"recorded but not run: {player.commands}"


def _recorder(folder: Path, monkeypatch: pytest.MonkeyPatch, site: Site) -> Recorder:
    from acr_emulator.cloud import PUBLIC

    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, site.cloud.environment[name])
    login = Login(PUBLIC.subscription_id, PUBLIC.tenant_id, site.cloud.token(PUBLIC.arm_url))
    known = {
        login.subscription: SUBSCRIPTION,
        login.tenant: TENANT,
        site.cloud.environment["AZURE_CLIENT_ID"]: OPERATOR,
        site.name: SITE,
    }
    return Recorder(Cassette(), folder, login, Scrubber(known))


def _close_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **_: Any) -> NoReturn:
        raise AssertionError(f"a replay wants to reach {args[-1]}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(params=[EXPORT, IMPORT], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> PipelineKind:
    """Each kind of pipeline in turn."""
    found: PipelineKind = request.param
    return found
