"""A program run from its start to its end: what it took of time, processor and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# A separate process measures: what a child is reported to have used at its peak is never less than
# what its parent used when it started it, and we are large.
_MEASURE = """
import json, resource, subprocess, sys, time
with open(sys.argv[2], "wb") as output:
    began = time.monotonic()
    code = subprocess.call(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=output)
    seconds, ended_at = time.monotonic() - began, time.time()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as measured:
    usage = {
        "seconds": seconds,
        "ended_at": ended_at,
        "processor": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * 1024,
        "exit_code": code,
    }
    json.dump(usage, measured)
"""


@dataclass(frozen=True)
class Process:
    """A process that has ended well."""

    seconds: float
    ended_at: float
    processor: float
    peak: int
    exit_code: int
    stdout: str = ""


def ended(environment: Mapping[str, str], *argv: str) -> Process:
    """Run a program, which must not fail."""
    with tempfile.TemporaryDirectory() as name:
        measured, output = Path(name, "measured"), Path(name, "output")
        runner = subprocess.run(
            [sys.executable, "-S", "-c", _MEASURE, measured, output, *argv],
            env=environment,
            cwd=environment["HOME"],  # in the checkout, az would import the tree, not the wheel
            capture_output=True,
            text=True,
            check=False,
        )
        process = Process(**json.loads(measured.read_text()), stdout=output.read_text())
    if process.exit_code:
        raise RuntimeError(f"{' '.join(argv)} ended with {process.exit_code}:\n{runner.stderr}")
    return process
