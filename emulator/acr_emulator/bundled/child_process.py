"""A child process that serves a port and ends with us, even if we are killed with -9."""

import asyncio
import ctypes
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_logger = logging.getLogger(__name__)
_PR_SET_PDEATHSIG = 1
#: What a program needs to start at all. Everything else could configure it: distribution takes each
#: REGISTRY_ variable, Node its NODE_OPTIONS, and many things a proxy.
_INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ")
_STOP_SECONDS = 5.0
_LOOK_SECONDS = 0.05


class StartError(Exception):
    """A child process did not come up."""


def dies_with_us() -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel end the child, politely, when we are gone (Linux only)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)  # loaded here: nothing may be allocated after fork
    parent = os.getpid()

    def request_signal() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != parent:  # we died in between
            os._exit(1)

    return request_signal


class Child:
    """One running child."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.port = 0

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        announces: str,
        log: Path,
        environment: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> "Child":
        """Run `argv`, which takes any free port, and return once it has reported which one.

        Its output goes to `log`, a new one each time; `announces` is a regular expression with
        the port as its group. A leftover of an earlier emulator with the same log ends first.
        When we are killed it is sent SIGTERM, not killed: it may be in the middle of a write.
        """
        await end_leftover(pid_file_of(log))
        with log.open("wb") as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**inherited(), **(environment or {})},
                    start_new_session=True,  # Ctrl-C is for us: we end it in good order
                    preexec_fn=dies_with_us(),
                )
            except OSError as error:
                raise StartError(f"{argv[0]} can't be started: {error.strerror}.") from error
        pid_file_of(log).write_text(f"{process.pid} {_birth(process.pid)}")
        child = cls(process, log)
        try:
            child.port = await asyncio.wait_for(child._announced(announces), timeout)
        except asyncio.TimeoutError as error:
            await child.stop()
            raise StartError(f"{argv[0]} did not start in {timeout:.0f} s, see {log}.") from error
        except BaseException:
            await child.stop()
            raise
        _logger.info("%s listens on port %d, process %d", argv[0], child.port, process.pid)
        return child

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def stop(self, patience: float = _STOP_SECONDS) -> None:
        """End it: politely, then, after so many seconds, not."""
        if self.running:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), patience)
            except asyncio.TimeoutError:
                self._process.kill()
                await self._process.wait()
        pid_file_of(self._log).unlink(missing_ok=True)

    async def _announced(self, announces: str) -> int:
        while self.running:
            if match := re.search(announces, self._log.read_text(errors="replace")):
                return int(match[1])
            await asyncio.sleep(_LOOK_SECONDS)
        raise StartError(f"It ended with {self._process.returncode} at its start, see {self._log}.")


def inherited() -> dict[str, str]:
    """What the programs that we start may see of our caller's environment."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def pid_file_of(log: Path) -> Path:
    """Where the id of the child that writes this log is kept while it runs."""
    return log.with_suffix(".pid")


async def end_leftover(pid_file: Path, patience: float = _STOP_SECONDS) -> bool:
    """Have the process that the file names end, if it is still that very process.

    The kernel sent it SIGTERM when its emulator died; it is killed if that takes it too long.
    Return whether there is such a file, left by a child that nobody has stopped.
    """
    if not pid_file.exists():
        return False
    with suppress(ProcessLookupError, ValueError):
        pid, birth = pid_file.read_text().split(" ", 1)
        end = time.monotonic() + patience
        while birth and birth == _birth(int(pid)):
            if time.monotonic() >= end:
                os.kill(int(pid), signal.SIGKILL)
                break
            await asyncio.sleep(_LOOK_SECONDS)
    return True


def _birth(pid: int) -> str:
    """When a process was started; with its id this names it. Empty if there is none, or no more."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):  # the latter while it is being read
            return ""
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()
