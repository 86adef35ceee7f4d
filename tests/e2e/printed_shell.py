"""One bash for all command lines of a page: variables and working folder carry over."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

_LONGEST = 120
_DONE = b"."


class Shell:
    """A context manager that types command lines, each of which must succeed."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._output = folder.with_suffix(".output")
        self._signs, write = os.pipe()
        self._typed = f"</dev/null >{self._output} 2>&1; printf {_DONE.decode()} >&{write}\n"
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-euo", "pipefail"],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            pass_fds=(write,),
            start_new_session=True,
        )
        os.close(write)

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        os.close(self._signs)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def type(self, command: str) -> str:
        """Type a command line and wait for its end; its output.

        Raises:
            ShellError: It failed, which ended the shell, or it took too long.
        """
        assert self._process.stdin
        self._process.stdin.write(f"{{\n{command}\n}} {self._typed}".encode())
        self._process.stdin.flush()
        ready, _, _ = select.select([self._signs], [], [], _LONGEST)
        if ready and os.read(self._signs, 1) == _DONE:
            return self._output.read_text()
        outcome = f"exit code {self._process.wait()}" if ready else f"no end after {_LONGEST} s"
        output = self._output.read_text() if self._output.exists() else ""
        raise ShellError(f"{outcome}\n{output}")


class ShellError(Exception):
    """A command line failed: how it ended, and its output."""
