"""`python -m acr_emulator up` and `run`: start an emulator, say how to reach it, stop it."""

import argparse
import asyncio
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from acr_emulator.bundled.child_process import StartError, dies_with_us
from acr_emulator.cloud.clouds import PUBLIC, Cloud
from acr_emulator.cloud.description import CloudError, cloud_of
from acr_emulator.emulator import Instance, OtherCloudError, StateInUseError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_REFUSALS = (CloudError, OtherCloudError, StartError, StateInUseError)
_FOR_OUR_EYES_ONLY = 0o077
_COMMAND_NOT_FOUND = 127
_BY_SIGNAL = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code."""
    options = _parser().parse_args(arguments)
    options.umask = os.umask(_FOR_OUR_EYES_ONLY)
    try:
        if options.state:
            return asyncio.run(_verb(options, options.state))
        with tempfile.TemporaryDirectory(prefix="acr-emulator-") as folder:
            return asyncio.run(_verb(options, Path(folder)))
    except _REFUSALS as error:
        print(f"acr_emulator: {error}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:  # by a signal, before the command was started
        return _BY_SIGNAL + signal.SIGTERM


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("acr_emulator", description="ACR Transfer on one machine.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="serve until Ctrl-C; prints the environment for clients")
    run = verbs.add_parser("run", help="run a command in that environment, then stop")
    run.add_argument("command", nargs="+", metavar="COMMAND")
    for verb in (up, run):
        verb.add_argument(
            "--state",
            type=Path,
            metavar="DIR",
            help="keep everything in this folder; without it, state ends with the emulator",
        )
        verb.add_argument(
            "--cloud",
            default=PUBLIC.name,
            metavar="NAME_OR_FILE",
            help="the cloud to pose as: AzureCloud, AzureChinaCloud, AzureUSGovernment, or a file"
            " that describes a private one (see README)",
        )
    return parser


def _verb(options: argparse.Namespace, state: Path) -> Coroutine[None, None, int]:
    cloud = cloud_of(options.cloud)
    if options.verb == "up":
        return _up(state, cloud)
    return _run(state, cloud, options.command, options.umask)


async def _up(state: Path, cloud: Cloud) -> int:
    stopped = asyncio.Event()
    _on_signals(lambda _: stopped.set())
    instance = Instance(state, cloud)
    await instance.start()
    try:
        for name, value in instance.environment().items():
            print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await instance.stop()
    return 0


async def _run(state: Path, cloud: Cloud, command: Sequence[str], umask: int) -> int:
    starting = asyncio.current_task()
    assert starting is not None
    _on_signals(lambda _: starting.cancel())
    instance = Instance(state, cloud)
    await instance.start()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **instance.environment()},
            preexec_fn=dies_with_us(),
            umask=umask,
        )
        _on_signals(lambda number: _pass_on(number, process))
        code = await process.wait()
    except (FileNotFoundError, PermissionError) as error:
        print(f"acr_emulator: {error.strerror}: {error.filename}", file=sys.stderr)
        return _COMMAND_NOT_FOUND
    finally:
        await instance.stop()
    return code if code >= 0 else _BY_SIGNAL - code


def _on_signals(act: Callable[[signal.Signals], object]) -> None:
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, act, number)


def _pass_on(number: signal.Signals, process: asyncio.subprocess.Process) -> None:
    """What stops us stops the command, and its end is ours; a terminal's Ctrl-C it gets itself."""
    if process.returncode is None and not (number == signal.SIGINT and sys.stdin.isatty()):
        process.send_signal(number)
