"""The part of `make faults` for az commands: every fault at every request of every command."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.faults import FAULTS
from tests.faults.relay import Relay
from tests.faults.scenes import SCENES, Scene, World
from tests.faults.trial import Case, Clean, FaultInjection, Outcome
from tests.support.cloud import Cloud


@contextmanager
def prepared() -> Iterator[FaultInjection]:
    """An emulator, a relay before it, and a registry in it."""
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        Cloud(Path(folder) / "state") as cloud,
        Relay(cloud.http, Path(folder) / "state/tls") as relay,
    ):
        config, files = Path(folder) / "config", Path(folder) / "files"
        config.mkdir()
        files.mkdir()
        yield FaultInjection(World.prepare(cloud, files), relay, config)


def cases(scene: Scene, clean: Clean) -> Iterator[Case]:
    """Each fault at each request, where it makes a difference."""
    for key, exchange in clean.requests.items():
        for fault in FAULTS:
            if fault.touches(*exchange):
                yield Case(scene, key, fault)


def main() -> list[str]:
    """Try everything, print a table, and return what failed."""
    tried: list[Outcome] = []
    print(_row("az acr", "requests", "cases", "got over", "failed"))
    with prepared() as run:
        for scene in SCENES:
            clean = run.clean(scene)
            outcomes = [got for case in cases(scene, clean) for got in run.outcomes(case, clean)]
            print(_row(scene.line, len(clean.requests), *_numbers(outcomes)), flush=True)
            tried += outcomes
    print(_row(f"together, {len(FAULTS)} faults", "", *_numbers(tried)))
    return [f"{got.case}: {what}" for got in tried for what in got.wrong]


def _numbers(outcomes: list[Outcome]) -> tuple[int, int, int]:
    wrong = [got for got in outcomes if got.wrong]
    return len(outcomes), sum(got.recovered for got in outcomes), len(wrong)


def _row(line: str, *numbers: object) -> str:
    return "{:<70.70} {:>8} {:>6} {:>9} {:>6}".format(line, *numbers)
