"""Install the bundled services into a tools folder, without root.

`python -m acr_emulator.bundled.installation FOLDER PART...` installs what a checkout needs before
anything else of the emulator is installed: this module needs the standard library only.
"""

import argparse
import fcntl
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from acr_emulator.bundled.child_process import inherited
from acr_emulator.bundled.debian_packages import AptMissingError, unpack
from acr_emulator.bundled.tools import AZURITE, DISTRIBUTION, Tool, find, installation_folder

_AZURITE_VERSION = "3.35.0"  # the last one that runs on node below 21
_ARCHITECTURES = ("amd64", "arm64")
_LOG_LINES = 40
AZCOPY_VERSION = "10.32.2"  # amd64 only
_AZCOPY = "node_modules/@azure-tools/azcopy-linux/dist/bin/azcopy_linux_amd64"
_LAUNCHER = """\
#!/bin/sh
folder=${{0%/*}}/..
for lib in "$folder"/{libraries}/usr/lib/*-linux-* "$folder"/{libraries}/lib/*-linux-*; do
    LD_LIBRARY_PATH=${{LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}}$lib
done
export LD_LIBRARY_PATH
exec "$folder/{program}" "$@"
"""


class InstallationError(Exception):
    """A part can't be installed."""


@dataclass(frozen=True)
class Part:
    """Something to install into a subfolder of a tools folder."""

    name: str
    subfolder: str
    #: What it consists of. A folder that holds all of it and more is complete, too.
    ingredients: frozenset[str]
    install: Callable[[Path, IO[str]], None]


def _install_azurite(folder: Path, output: IO[str]) -> None:
    _install_from_npm(
        f"azurite@{_AZURITE_VERSION}", folder, output, f"put {AZURITE.names[0]} on the PATH"
    )


def _install_from_npm(package: str, folder: Path, output: IO[str], alternative: str = "") -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise InstallationError(
            "node or npm isn't on the PATH. Install both (Debian, Ubuntu: apt-get install"
            f" {AZURITE.packages}){alternative and f', or {alternative}'}."
        )
    options = ["--no-audit", "--no-fund", "--loglevel=error", "--cache", str(folder / "cache")]
    subprocess.run(
        ["npm", "install", "--prefix", str(folder), *options, package],
        check=True,
        stdout=output,
        stderr=output,
        stdin=subprocess.DEVNULL,
    )
    shutil.rmtree(folder / "cache")


def _install_distribution(folder: Path, output: IO[str]) -> None:
    try:
        unpack(["docker-registry"], folder, output=output)
    except AptMissingError as error:
        raise InstallationError(
            f"CNCF distribution comes from a package of Debian and Ubuntu, but {error}"
            f" Put its program, {' or '.join(DISTRIBUTION.names)}, on the PATH instead."
        ) from error


def _install_debian(folder: Path, output: IO[str]) -> None:
    unpack(["docker-registry", "skopeo"], folder, output=output)
    skopeo = _write_launcher(folder / "bin" / "skopeo", "usr/bin/skopeo", libraries=".")
    subprocess.run(
        [str(skopeo), "--version"], check=True, stdout=output, stderr=output, env=inherited()
    )


def _install_azcopy(folder: Path, output: IO[str]) -> None:
    _install_from_npm(f"@azure-tools/azcopy-linux@{AZCOPY_VERSION}", folder, output)
    unpack(["libsecret-1-0"], folder / "debian", output=output)
    (folder / _AZCOPY).chmod(0o755)
    azcopy = _write_launcher(folder / "bin" / "azcopy", _AZCOPY, libraries="debian")
    # It writes a log for everything that it does.
    logs = {f"AZCOPY_{kind}_LOCATION": str(folder / "log") for kind in ("LOG", "JOB_PLAN")}
    environment = {**inherited(), **logs}
    command = [str(azcopy), "--version"]
    subprocess.run(command, check=True, stdout=output, stderr=output, env=environment)
    shutil.rmtree(folder / "log", ignore_errors=True)


def _write_launcher(file: Path, program: str, *, libraries: str) -> Path:
    """Write a script that runs a program with libraries that lie with it, not in the system."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(_LAUNCHER.format(program=program, libraries=libraries))
    file.chmod(0o755)
    return file


def _install_busybox(folder: Path, output: IO[str]) -> None:
    """Ubuntu's usual sources have no arm64: one architecture is enough."""
    failure: subprocess.CalledProcessError | None = None
    for architecture in _ARCHITECTURES:
        try:
            unpack(["busybox-static"], folder / architecture, architecture, output)
        except subprocess.CalledProcessError as error:
            shutil.rmtree(folder / architecture)
            failure = error
    if failure and not any(folder.iterdir()):
        raise failure


_AZURITE = Part("azurite", "azurite", frozenset([f"azurite {_AZURITE_VERSION}"]), _install_azurite)
_DISTRIBUTION = Part(
    "distribution", "debian/root", frozenset(["docker-registry"]), _install_distribution
)
_CHECKOUT_PARTS = (
    _AZURITE,
    Part(
        "azcopy",
        "azcopy",
        frozenset([f"azcopy {AZCOPY_VERSION}", "libsecret-1-0"]),
        _install_azcopy,
    ),
    Part("debian", "debian/root", frozenset(["docker-registry", "skopeo"]), _install_debian),
    Part(
        "busybox",
        "debian/busybox",
        frozenset(f"busybox-static {architecture}" for architecture in _ARCHITECTURES),
        _install_busybox,
    ),
)
_SERVICES: dict[Tool, Part] = {AZURITE: _AZURITE, DISTRIBUTION: _DISTRIBUTION}


def set_up_services() -> None:
    """Install or update each service that isn't provided elsewhere. Raises InstallationError."""
    target = installation_folder()
    parts = [
        part for tool, part in _SERVICES.items() if (target / tool.path).exists() or not find(tool)
    ]
    install(target, parts)


def install(tools: Path, parts: Sequence[Part]) -> None:
    """Install parts side by side; one that is complete costs nothing. Raises InstallationError."""
    with ThreadPoolExecutor(max_workers=len(parts) or 1) as pool:
        outcomes = [pool.submit(_install, tools, part) for part in parts]
    if failures := [str(error) for outcome in outcomes if (error := outcome.exception())]:
        raise InstallationError("\n".join(failures))


def _install(tools: Path, part: Part) -> None:
    folder = tools / part.subfolder
    if _is_complete(folder, part):
        return
    with _locked(tools / "lock" / part.subfolder.replace("/", "-")):
        if _is_complete(folder, part):  # another process has just installed it
            return
        print(f"setting up {part.name} ...", file=sys.stderr)
        started = time.monotonic()
        _replace(folder, part, tools / "log" / f"{part.name}.log")
        seconds = time.monotonic() - started
        print(f"setting up {part.name}: done in {seconds:.0f} s", file=sys.stderr)


def _replace(folder: Path, part: Part, log: Path) -> None:
    """Install next to the folder and then move it there: a folder that exists is complete."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w+") as output:
        try:
            part.install(fresh, output)
        except AptMissingError as error:
            raise InstallationError(f"Setting up {part.name} failed: {error}") from error
        except (OSError, subprocess.CalledProcessError) as error:
            output.seek(0)
            tail = "".join(output.readlines()[-_LOG_LINES:])
            raise InstallationError(
                f"Setting up {part.name} failed: {error}\nThe end of {log}:\n{tail}"
            ) from error
    _stamp(fresh).write_text("\n".join(sorted(part.ingredients)) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _is_complete(folder: Path, part: Part) -> bool:
    stamp = _stamp(folder)
    return stamp.exists() and part.ingredients <= set(stamp.read_text().splitlines())


def _stamp(folder: Path) -> Path:
    return folder / ".complete"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a lock that the kernel lets go of with this process."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Install parts of a checkout as the command line says; returns the exit code."""
    parts = {part.name: part for part in _CHECKOUT_PARTS}
    parser = argparse.ArgumentParser("installation", description="Install bundled services.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="+", choices=parts, metavar="PART")
    options = parser.parse_args(arguments)
    try:
        install(options.folder.absolute(), [parts[name] for name in options.parts])
    except InstallationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
