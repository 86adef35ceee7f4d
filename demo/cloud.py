"""A cloud of the demo: an emulator, and the terminal of the person who works there."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import httpx
from acr_emulator.bundled.child_process import dies_with_us

# Anything else of the caller, such as settings of az, Python or a proxy, must not change the demo.
_INHERITED = ("LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")
_TIMEOUT_SECONDS = 300


class CommandFailedError(Exception):
    """A command of the demo failed."""


class Cloud:
    """An emulator as a context manager, and a terminal whose home folder is a new one.

    Args:
        home: The home folder, where every command starts, named as the cloud.
        programs: Programs to use instead of those on the caller's PATH.
    """

    def __init__(self, home: Path, programs: Mapping[str, Path]) -> None:
        self.name = home.name
        self._home = home
        self._environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self._environment |= {
            "CLOUD": self.name,
            "HOME": str(home),
            "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
            "AZURE_EXTENSION_DIR": str(home / "extensions"),
            "REGISTRY_AUTH_FILE": str(home / "registry-login.json"),
        }
        (home / "bin").mkdir(parents=True)
        for program, path in programs.items():
            # Not a link: both are scripts that look for their own files next to them.
            script = home / "bin" / program
            script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(path))} "$@"\n')
            script.chmod(0o755)
        # skopeo copies nothing without a policy on signatures.
        policy = home / ".config" / "containers" / "policy.json"
        policy.parent.mkdir(parents=True)
        policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))

    def __enter__(self) -> Cloud:
        self._emulator = subprocess.Popen(
            [sys.executable, "-m", "acr_emulator", "up", "--state", str(self._home / "state")],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=dies_with_us(),
        )
        assert self._emulator.stdout is not None
        for line in self._emulator.stdout:
            name, _, value = shlex.split(line)[1].partition("=")
            self._environment[name] = value
            if name == "ACR_EMULATOR_CONTROL":
                return self
        raise CommandFailedError(f"The emulator of the {self.name} cloud didn't start.")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._emulator.terminate()
        self._emulator.communicate()

    def advance_clock(self, seconds: int) -> None:
        """Let the time of the cloud pass, but not that of the machine."""
        url = f"{self._environment['ACR_EMULATOR_CONTROL']}/clock"
        httpx.post(url, json={"advance": seconds}, trust_env=False).raise_for_status()

    def run(self, command: str) -> tuple[str, str]:
        """Run a bash command line; returns what it wrote to stdout and stderr.

        Raises:
            CommandFailedError: A part of it fails.
        """
        try:
            ended = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", command],
                cwd=self._home,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CommandFailedError(f"timeout in the {self.name} cloud of: {command}") from error
        if ended.returncode:
            raise CommandFailedError(
                f"exit code {ended.returncode} in the {self.name} cloud from: {command}\n"
                f"{ended.stdout}{ended.stderr}".rstrip()
            )
        return ended.stdout, ended.stderr
