"""python -m benchmarks [ROW...]: measure, and print the table; all rows are kept in results.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import (
    cleaning,
    completion,
    exporting,
    latency,
    listing,
    memory,
    request_counts,
    startup,
    throughput,
)
from benchmarks.measurement import Measurement, table
from benchmarks.workspace import NEWEST, Workspace

ROWS: dict[str, Callable[[Workspace], Iterator[Measurement]]] = {
    "completion": completion.measure,
    "requests": request_counts.measure,
    "clean": cleaning.measure,
    "export": exporting.measure,
    "list": listing.measure,
    "startup": startup.measure,
    "throughput": throughput.measure,
    "memory": memory.measure,
    "latency": latency.measure,
}
RESULTS = Path(__file__).with_name("results.md")


def main(chosen: Sequence[str]) -> int:
    """Measure the rows one after another, and print the table; 2 for a row that there is not."""
    if unknown := set(chosen) - set(ROWS):
        print(f"No such row: {', '.join(unknown)}. There are {', '.join(ROWS)}.", file=sys.stderr)
        return 2
    about = _about()
    began = time.monotonic()
    measurements = [measurement for row in chosen or ROWS for measurement in _measured(row)]
    page = _page(about, time.monotonic() - began, measurements)
    print(page)
    if not chosen:
        RESULTS.write_text(page + "\n")
    return 0


def _measured(row: str) -> Iterator[Measurement]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for measurement in ROWS[row](Workspace(Path(folder))):
            taken = time.monotonic() - began
            print(f"{row}, {taken:.0f} s: {measurement.result}", file=sys.stderr, flush=True)
            yield measurement


def _page(about: str, seconds: float, measurements: Sequence[Measurement]) -> str:
    notes = [f"- {note}" for measurement in measurements for note in measurement.notes]
    return "\n".join(
        [
            f"{about}; {seconds / 60:.1f} min, load at the end {os.getloadavg()[0]:.1f}.",
            "",
            table(measurements),
            *(["", "Also measured:", "", *notes] if notes else []),
        ]
    )


def _about() -> str:
    """When and on what."""
    now = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    machine = f"{os.cpu_count()} processors, {memory_gib:.0f} GiB, load {os.getloadavg()[0]:.1f}"
    versions = f"Python {platform.python_version()}, az {NEWEST}, commit {commit or 'unknown'}"
    return f"{now}, {machine}; {versions}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
