"""Runs without end against one emulator: its memory and its descriptors, and its children's."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.cloud import Cloud
from tests.support.route import KINDS, Route

_RUNS = 2000
_WARM_UP = 200
#: Node collects what is garbage some seconds after the last request: so look several times.
_LOOKS, _SECONDS_BETWEEN = 10, 3
_MIB = 1024 * 1024
#: What a process may hold more at the end than after the warm-up; garbage comes and goes.
_MORE_RESIDENT = 24 * _MIB
_MORE_DESCRIPTORS = 3


@dataclass(frozen=True)
class Use:
    """What a process holds."""

    resident: int
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f"{self.resident // _MIB} MiB, {self.descriptors} open"

    @classmethod
    def of(cls, pid: int) -> Use:
        """What it holds now."""
        process = Path(f"/proc/{pid}")
        status = dict(
            line.split(":\t", 1) for line in (process / "status").read_text().splitlines()
        )
        return cls(
            resident=int(status["VmRSS"].split()[0]) * 1024,
            descriptors=len(list((process / "fd").iterdir())),
            threads=int(status["Threads"]),
        )

    def least(self, other: Use) -> Use:
        """The less of each: garbage that isn't collected yet belongs to nobody."""
        return Use(
            min(self.resident, other.resident),
            min(self.descriptors, other.descriptors),
            min(self.threads, other.threads),
        )

    def outgrows(self, earlier: Use) -> str:
        """What it holds much more of than earlier; nothing if it does not."""
        if self.descriptors > earlier.descriptors + _MORE_DESCRIPTORS:
            return f"{earlier.descriptors} descriptors have become {self.descriptors}"
        if self.threads > earlier.threads + _MORE_DESCRIPTORS:
            return f"{earlier.threads} threads have become {self.threads}"
        if self.resident > earlier.resident + _MORE_RESIDENT:
            return f"{earlier.resident // _MIB} MiB have become {self.resident // _MIB}"
        return ""


class Soak:
    """An emulator, and one image that goes over and over from a registry to another."""

    def __init__(self, folder: Path) -> None:
        self._cloud = Cloud(folder / "state")
        #: How many there were.
        self.runs = 0

    def __enter__(self) -> Soak:
        self._cloud.start()
        self._cloud.control("runs", answer="sync")
        self._route = Route(self._cloud)
        return self

    def __exit__(self, *_: object) -> None:
        self._cloud.stop()

    def run(self, count: int) -> None:
        """So many runs, exports and imports by turns; the image is another one now and then."""
        for _ in range(count):
            if self.runs % 20 == 0:
                self._route.push(f"layer {self.runs}".encode())
            kind = KINDS[self.runs % 2]
            failure = self._route.transfer(kind, f"soak{self.runs:06}")
            assert not failure, failure
            self.runs += 1

    def use(self) -> dict[str, Use]:
        """What each process holds now."""
        return {name: Use.of(pid) for name, pid in self._processes()}

    def least_use(self) -> dict[str, Use]:
        """The least that each process holds while it has nothing to do."""
        least = self.use()
        for _ in range(_LOOKS):
            time.sleep(_SECONDS_BETWEEN)
            least = {name: use.least(least[name]) for name, use in self.use().items()}
        return least

    def _processes(self) -> Iterator[tuple[str, int]]:
        parent = 0
        for file in self._cloud.state.glob("*/*.pid"):
            pid = int(file.read_text().split()[0])
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            yield ("distribution" if file.stem == "distribution" else "azurite"), pid
        yield "emulator", parent


def growth(start: dict[str, Use], end: dict[str, Use]) -> list[str]:
    """Which processes have grown, and how."""
    grown = {name: use.outgrows(start[name]) for name, use in end.items()}
    return [f"{name}: {what}" for name, what in grown.items() if what]


def main() -> list[str]:
    """Run two thousand times, print a table, and return what grew."""
    row = "{:<8} {:>8} " + " {:>22}" * 3
    began = time.monotonic()
    uses = []
    with tempfile.TemporaryDirectory(prefix="acr-soak-") as folder, Soak(Path(folder)) as soak:
        for runs in (_WARM_UP, _RUNS // 2, _RUNS):
            soak.run(runs - soak.runs)
            uses.append(soak.least_use())
            if runs == _WARM_UP:
                print(row.format("runs", "seconds", *uses[0]))
            taken = round(time.monotonic() - began)
            print(row.format(runs, taken, *map(str, uses[-1].values())), flush=True)
    return growth(uses[0], uses[-1])
