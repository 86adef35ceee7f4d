"""Runs mutmut with tests that are collected once: for each mutant again took most of the time.

Usage: mutation.py [--sample N] [NAME...]. Run it in the folder that has mutmut's settings.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from _pytest.config import _prepareconfig  # pytest has no other way to keep a session
from mutmut import __main__ as mutmut
from mutmut.runners.harness import PytestRunner
from mutmut.utils.file_utils import change_cwd
from mutmut.workers.isolation import ForkRunner, run_in_fork


class CollectedTests(PytestRunner):
    """Tests that are collected before processes are forked for the mutants."""

    _session: Any
    _tests: dict[str, Any]

    def collect(self) -> None:
        """Collect all tests."""
        options = ["-xq", "--rootdir=.", "--tb=no", "--timeout=120", *self._pytest_add_cli_args]
        with change_cwd("mutants"):
            settings = _prepareconfig([*options, *self._pytest_add_cli_args_test_selection])
            settings._do_configure()
            self._session = pytest.Session.from_config(settings)
            settings.hook.pytest_sessionstart(session=self._session)
            settings.hook.pytest_collection(session=self._session)
        self._tests = {item.nodeid: item for item in self._session.items}

    @property
    def names(self) -> list[str]:
        """The names of all tests."""
        return list(self._tests)

    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        """Run tests until one fails, first those of the mutant's module; returns an exit code."""
        module = "_".join((mutant_name or "").split(".")[1:-1])
        session = self._session
        session.items = [
            self._tests[name]
            for name in sorted(tests, key=lambda name: f"/test_{module}.py::" not in name)
            if name in self._tests
        ]
        with change_cwd("mutants"), tempfile.TemporaryDirectory(dir=".") as folder:
            # This process doesn't end as pytest does, which would remove what the tests wrote.
            session.config._tmp_path_factory._basetemp = Path(folder).resolve()
            try:
                session.config.hook.pytest_runtestloop(session=session)
            except session.Failed:
                return int(pytest.ExitCode.TESTS_FAILED)
        return int(bool(session.testsfailed))


class Processes(ForkRunner):
    """One process for each mutant, and for the tests without one."""

    def __init__(self, max_workers: int) -> None:
        self._collected = CollectedTests()
        super().__init__(max_workers, self._collected)

    def run_clean_tests(self, tests: Iterable[str]) -> int:
        """Collect the tests, from which processes are forked from then on, and run them."""
        self._collected.collect()
        return run_in_fork(self._collected.run_tests, mutant_name=None, tests=tests)

    def startup(self) -> None:
        """Begin with the mutants."""
        super().startup()
        self._started = _processor_time()

    def shutdown(self) -> None:
        """Wait for the last mutants, and print what all took."""
        super().shutdown()
        print(f"\n{_processor_time() - self._started:.0f} s of processor time")

    def run_forced_fail(self) -> int:
        """Run the tests of a mutant that fails whatever it does."""
        return run_in_fork(self._collected.run_tests, mutant_name=None, tests=self._collected.names)


def _processor_time() -> float:
    """Return the seconds of the processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    """Try the mutants of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    collect = mutmut.collect_source_file_mutation_data
    # Each call of a function that has mutants is three calls.
    sys.setrecursionlimit(3 * sys.getrecursionlimit())

    def sample(**names: Any) -> tuple[Any, Any]:
        mutants, data = collect(**names)
        return mutants[:: arguments.sample], data

    with patch.multiple(
        mutmut, collect_source_file_mutation_data=sample, get_mutant_runner=Processes
    ):
        mutmut._run(arguments.names, None)


if __name__ == "__main__":
    main()
