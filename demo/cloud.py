"""A cloud of the demo: an emulator of its own, and the terminal of the person who works there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from acr_emulator.bundled.child_process import dies_with_us

from demo.places import AZ, DEV, ROOT

_LINE_END = re.compile(r"(?<!\\)\n")


class CommandFailedError(Exception):
    """A command line of the demo did not end with exit code 0."""


class Cloud:
    """Starts as a context manager; `type` runs command lines in its environment."""

    def __init__(self, name: str, folder: Path, medium: Path) -> None:
        self.name = name
        self._folder = folder
        self._medium = medium
        self._environment: dict[str, str] = {}

    def __enter__(self) -> Cloud:
        command = [
            sys.executable,
            "-m",
            "acr_emulator",
            "up",
            "--state",
            str(self._folder / "state"),
        ]
        self._emulator = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=dies_with_us(),
        )
        self._environment = {**self._person(), **self._way_in()}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._emulator.terminate()
        self._emulator.communicate()

    def _person(self) -> dict[str, str]:
        """An environment in which nothing of the user's own Azure set-up is seen or touched."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AZURE_")}
        return inherited | {
            "PATH": f"{DEV}/bin:{AZ}/bin:{os.environ['PATH']}",
            "HOME": str(self._folder),
            "AZURE_EXTENSION_DIR": str(self._folder / "extensions"),
            "MEDIUM": str(self._medium),
        }

    def _way_in(self) -> dict[str, str]:
        """The `export NAME=VALUE` lines that an emulator prints once it is up."""
        assert self._emulator.stdout is not None
        environment = {}
        for line in self._emulator.stdout:
            name, _, value = shlex.split(line)[1].partition("=")
            environment[name] = value
            if name == "ACR_EMULATOR_CONTROL":
                return environment
        raise CommandFailedError(f"The emulator of the {self.name} cloud did not start.")

    @property
    def control(self) -> str:
        """Base URL of the emulator's controls."""
        return self._environment["ACR_EMULATOR_CONTROL"]

    def type(self, script: str, **names: str) -> None:
        """Show each command line as a person would type it, and run just that."""
        for line in _LINE_END.split(script.strip().format(cloud=self.name, **names)):
            print(f"{self.name}$ {line}", flush=True)
            ended = subprocess.run(
                ["bash", "-c", line],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            if ended.returncode:
                raise CommandFailedError(f"exit code {ended.returncode} from: {line}")
