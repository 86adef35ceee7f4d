"""The faults of the emulator's own engine: they are tests, which this runs and counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

_EMULATOR = Path(__file__).parents[1] / "emulator"
#: What fails there -> the tests that cause it.
_FAULTS = {
    "hostile and damaged archives": "engine/test_archive.py",
    "manifests, and their bounds": "engine/test_descriptors.py",
    "broken layers, contended blobs": "engine/test_export.py",
    "broken imports, contended tags": "engine/test_import.py",
    "storage that refuses": "engine/test_storage.py",
    "parts that die, full disks": "test_engine_faults.py",
    "a registry killed in a write": "test_repair.py",
    "what happens at once to one name": "test_races.py",
    "a full disk at every write": "test_transactions.py",
    "every message of a failed run": "test_run_failures.py",
}


class _Count:
    """A pytest plugin: the outcomes of tests by file."""

    def __init__(self) -> None:
        self.cases: Counter[str] = Counter()
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test is over."""
        self.cases[Path(report.nodeid.partition("::")[0]).name] += report.when == "call"
        if report.failed:
            self.failed.append(report.nodeid)


def main() -> list[str]:
    """Run them, print a table, and return what failed."""
    count = _Count()
    files = [str(_EMULATOR / file) for file in _FAULTS.values()]
    code = pytest.main(["-q", "--no-header", *files], plugins=[count])
    row = "{:<34} {:>6} {:>7}"
    print(row.format("the engine", "cases", "failed"))
    for fault, file in _FAULTS.items():
        name = Path(file).name
        failed = sum(f"/{name}::" in test for test in count.failed)
        print(row.format(fault, count.cases[name], failed))
    return count.failed if code in (0, 1) else [f"pytest ended with {code}"]
