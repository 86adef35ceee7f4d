"""`acr-emulator setup`, `up` and `run`: install the services, start an emulator, stop it."""

import argparse
import asyncio
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from importlib.metadata import version
from pathlib import Path

from acr_emulator import logs
from acr_emulator.bundled import installation, tools
from acr_emulator.bundled.child_process import StartError, dies_with_us
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.cloud.description import CloudError, cloud_of
from acr_emulator.emulator import Instance, OtherCloudError, StateInUseError
from acr_emulator.env_file import EnvFile, EnvFileError
from acr_emulator.state.whole_files import StateFileError

PROGRAM = "acr-emulator"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_REFUSALS = (
    CloudError,
    EnvFileError,
    installation.InstallationError,
    logs.LogError,
    OtherCloudError,
    StartError,
    StateFileError,
    StateInUseError,
)
_FOR_OUR_EYES_ONLY = 0o077
_LAST_PORT = 65535
_COMMAND_NOT_FOUND = 127
_BY_SIGNAL = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code."""
    options = _parser().parse_args(arguments)
    if options.tools:
        os.environ[tools.VARIABLE] = str(options.tools.absolute())
    try:
        return _set_up() if options.verb == "setup" else _serve(options)
    except _REFUSALS as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # of setup: the other two handle signals
        return _BY_SIGNAL + signal.SIGINT
    except asyncio.CancelledError:  # by a signal, before the command was started
        return _BY_SIGNAL + signal.SIGTERM


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(PROGRAM, description="ACR Transfer on one machine.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version(PROGRAM)}")
    verbs = parser.add_subparsers(dest="verb", required=True)
    setup = verbs.add_parser("setup", help="Install Azurite and CNCF distribution.")
    up = verbs.add_parser("up", help="Serve until Ctrl-C. Prints the environment for clients.")
    run = verbs.add_parser("run", help="Run a command in that environment, then stop.")
    run.add_argument("command", nargs="+", metavar="COMMAND")
    for verb in (up, run):
        _add_options(verb)
    for verb in (setup, up, run):
        verb.add_argument(
            "--tools",
            type=Path,
            metavar="DIR",
            help="Folder that has the services, also set by ACR_EMULATOR_TOOLS."
            " Default: the user's data folder.",
        )
    return parser


def _add_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="Folder to keep everything in. Without it, state ends with the emulator.",
    )
    verb.add_argument(
        "--cloud",
        default=PUBLIC.name,
        metavar="NAME_OR_FILE",
        help="Cloud to emulate: AzureCloud, AzureChinaCloud, AzureUSGovernment, or a file that"
        " describes a private cloud (see README). Default: AzureCloud.",
    )
    for option, dest, server in (
        ("--port", "port", "proxy"),
        ("--control-port", "control_port", "controls"),
    ):
        verb.add_argument(
            option,
            dest=dest,
            type=_port,
            default=0,
            metavar="PORT",
            help=f"Port of the {server}. Default: the last one of the same --state, or a free one.",
        )
    verb.add_argument(
        "--env-file",
        type=Path,
        metavar="FILE",
        help="File to write the environment to, as NAME=value lines, once the emulator is ready."
        " It's deleted when the emulator stops.",
    )
    verb.add_argument("--log", type=Path, metavar="FILE", help="File to append the log to.")
    verb.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="Log every request. Without --log, the log goes to stderr.",
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port <= _LAST_PORT:
        raise ValueError
    return port


_port.__name__ = "port number"  # as argparse names it in "invalid port number value"


def _set_up() -> int:
    installation.set_up_services()
    tools.require()
    for service in tools.SERVICES:
        print(f"{service.title}: {tools.path_of(service)}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    umask = os.umask(_FOR_OUR_EYES_ONLY)
    logs.configure(options.log, verbose=options.verbose)
    tools.require()
    if options.state:
        return asyncio.run(_verb(options, options.state, umask))
    with tempfile.TemporaryDirectory(prefix="acr-emulator-") as folder:
        return asyncio.run(_verb(options, Path(folder), umask))


def _verb(options: argparse.Namespace, state: Path, umask: int) -> Coroutine[None, None, int]:
    env_file = EnvFile(options.env_file)
    ports = {"proxy": options.port, "controls": options.control_port}
    instance = Instance(state, cloud_of(options.cloud), ports)
    if options.verb == "up":
        return _up(instance, env_file)
    return _run(instance, env_file, options.command, umask)


async def _up(instance: Instance, env_file: EnvFile) -> int:
    stopped = asyncio.Event()
    _on_signals(lambda _: stopped.set())
    await instance.start()
    try:
        with env_file.written(instance.environment()):
            for name, value in instance.environment().items():
                print(f"export {name}={shlex.quote(value)}")
            sys.stdout.flush()
            await stopped.wait()
    finally:
        await instance.stop()
    return 0


async def _run(instance: Instance, env_file: EnvFile, command: Sequence[str], umask: int) -> int:
    starting = asyncio.current_task()
    assert starting is not None
    _on_signals(lambda _: starting.cancel())
    await instance.start()
    try:
        with env_file.written(instance.environment()):
            process = await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, **instance.environment()},
                preexec_fn=dies_with_us(),
                umask=umask,
            )
            _on_signals(lambda number: _pass_on(number, process))
            code = await process.wait()
    except (FileNotFoundError, PermissionError) as error:
        print(f"{PROGRAM}: {error.strerror}: {error.filename}", file=sys.stderr)
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
