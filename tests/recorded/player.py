"""Running the az commands of a test over its cassette: replaying them, or recording them first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vcr.cassette import Cassette as Tape

from tests.support.az import Login, Result, run_az
from tests.support.cassette import Cassette, recording, replaying
from tests.support.fake_time import FakeTime
from tests.support.scrub import Scrubber

#: How vcrpy's error begins; az prints it like any other.
_NOT_RECORDED = "Can't overwrite existing cassette"


@dataclass(frozen=True)
class Answer(Result):
    """What a command left behind, and the requests that it took."""

    requests: list[str]


def files_of(folder: Path) -> Path:
    """Return the folder for the files that a test's commands read and write."""
    return folder / "files"


def replay(tape: Tape, folder: Path, line: str) -> Answer:
    """Run a command on what is recorded."""
    before = len(tape.play_counts)
    with FakeTime().instead_of_waiting():
        result = run_az(folder, *shlex.split(line))
    assert _NOT_RECORDED not in result.stderr, result.stderr
    sent = [tape.requests[index] for index in tape.play_counts][before:]
    requests = [f"{request.method} {_below_registry(request.path)}" for request in sent]
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
        assert line.rstrip() == self.commands.pop(0)
        return replay(self.tape, self.folder, line)


@dataclass
class Recorder:
    """Runs each command for real, then once more on what was scrubbed: that answer counts."""

    cassette: Cassette
    folder: Path
    login: Login
    scrubber: Scrubber
    #: Ends when no run is in progress: how often a run is polled doesn't depend on the machine.
    until_runs_end: Callable[[], object]

    def __call__(self, line: str) -> Answer:
        tape = self.folder / "tape.yaml"
        tape.unlink(missing_ok=True)
        waiting = FakeTime(until=self.until_runs_end)
        with self._original_files(), recording(tape), waiting.instead_of_waiting():
            argv = shlex.split(self.scrubber.original(line))
            live = run_az(self.folder, *argv, login=self.login)
        assert tape.exists(), f"az {line} asked for nothing: {live.stderr}"
        recorded = Cassette.read(tape).interactions
        scrubbed = [self.scrubber.interaction(interaction) for interaction in recorded]
        self.cassette.commands.append(line.rstrip())
        self.cassette.interactions.extend(scrubbed)
        Cassette(interactions=scrubbed).write(tape)
        with replaying(tape) as played:
            return replay(played, self.folder, line)

    @contextmanager
    def _original_files(self) -> Iterator[None]:
        """Give the test's files the original names, and put them back afterwards."""
        folder = files_of(self.folder)
        before = {file: file.read_text(encoding="utf-8") for file in folder.glob("*")}
        for file, text in before.items():
            file.write_text(self.scrubber.original(text), encoding="utf-8")
        yield
        for file in folder.glob("*"):
            file.unlink()
        for file, text in before.items():
            file.write_text(text, encoding="utf-8")
