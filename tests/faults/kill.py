"""Kills the emulator with -9 at random times of transfers, over and over on one state directory.

Each time it is started again and looked through: what shows is whole, and what was broken off can
be done again. The bundled services end by themselves when the emulator dies; every second time they
are killed, too, as if the machine had failed. SEED=... repeats a series, as well as timing allows.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
from acr_emulator.runs.run_service import INTERRUPTED
from azure.core.exceptions import AzureError, ResourceExistsError

from tests.support.cloud import Cloud, eventually
from tests.support.route import KINDS, Route
from tests.support.site import Kind

_CASES = 50
_MIB = 1024 * 1024


class Series:
    """Cases on one state directory."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self._cloud = Cloud(folder / "state")
        self._log = folder / "state.log"
        self._seconds: dict[Kind, float] = {}
        #: How many runs were in progress when they were killed; the others had just ended.
        self.broken_off = 0
        #: What did not hold.
        self.failed: list[str] = []

    def run(self, cases: int) -> None:
        """Prepare, see how long a transfer takes, then kill so many."""
        with self._cloud:
            self._route = Route(self._cloud)
            self._push()
            for kind in KINDS:
                began = time.monotonic()
                self._succeed(kind, "first")
                self._seconds[kind] = time.monotonic() - began
            for case in range(1, cases + 1):
                try:
                    faults = list(self._case(case))
                except (AssertionError, AzureError, httpx.HTTPError) as error:
                    faults = [repr(error)]
                self.failed += [f"kill {case}: {each}" for each in faults]

    def _case(self, case: int) -> Iterator[str]:
        kind = self._random.choice(KINDS)
        digest = self._push()
        if kind == "import":
            self._succeed("export", f"before{case}")
        self._route.start(kind, f"killed{case}")
        time.sleep(self._random.uniform(0, 0.7 * self._seconds[kind]))
        self._kill(parts_too=case % 2 == 0)
        yield from self._state_after(kind, f"killed{case}")
        for each in KINDS:
            self._succeed(each, f"again{case}")
        if self._route.arrived() != digest:
            yield "the image did not arrive"

    def _push(self) -> str:
        return self._route.push(self._random.randbytes(self._random.randint(1, 8 * _MIB)))

    def _succeed(self, kind: Kind, run: str) -> None:
        failure = self._route.transfer(kind, run)
        assert not failure, f"{kind} {run}: {failure}"

    def _kill(self, *, parts_too: bool) -> None:
        """Kill, see that nothing is left running, and start again."""
        parts = [int(file.read_text().split()[0]) for file in self._cloud.state.glob("*/*.pid")]
        assert len(parts) == 2, "distribution and Azurite do not run"
        self._cloud.kill()
        if parts_too:
            for part in parts:
                with suppress(ProcessLookupError):
                    os.kill(part, signal.SIGKILL)
        eventually(lambda: None if any(map(_runs, parts)) else True, patience=10)
        self._cloud.start()
        with suppress(ResourceExistsError):  # one of the last seconds Azurite may have forgotten
            self._route.container.create_container()

    def _state_after(self, kind: Kind, run: str) -> Iterator[str]:
        response = self._route.end(kind, run)
        message = response.get("pipelineRunErrorMessage")
        self.broken_off += message == INTERRUPTED
        if response["status"] != "Succeeded" and message != INTERRUPTED:
            yield f"the {kind} reads {response['status']}: {message}"
        yield from self._route.half_blobs()
        yield from self._route.half_images()
        if logged := self._log.read_text():
            yield f"the emulator's log is not empty: {logged[-500:]}"


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def main() -> list[str]:
    """Kill fifty times, print a table, and return what failed."""
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    row = "{:<10} {:>8} {:>12} {:>8} {:>8}"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="acr-kill-") as folder:
        series = Series(Path(folder), seed)
        series.run(_CASES)
    print(row.format("kill -9", "cases", "broken off", "seconds", "failed"))
    taken = round(time.monotonic() - began)
    print(row.format(f"seed {seed}", _CASES, series.broken_off, taken, len(series.failed)))
    return series.failed
