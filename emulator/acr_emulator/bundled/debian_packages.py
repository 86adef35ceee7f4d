"""Unpack Debian packages into a folder, without root and without installing them.

`python -m acr_emulator.bundled.debian_packages FOLDER PACKAGE...` does so before anything else of
the emulator is installed: this module needs the standard library only.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_URI = re.compile(r"^'[^']*' ([^_]+)_", re.MULTILINE)


class AptMissingError(Exception):
    """This system has no apt."""


def unpack(
    packages: Sequence[str],
    folder: Path,
    architecture: str = "",
    output: IO[str] | None = None,
) -> None:
    """Unpack packages, with the libraries that this system lacks, into a new folder.

    Args:
        packages: Names of the packages.
        folder: The folder, which is replaced.
        architecture: That of the packages. Default: this system's, the only one with libraries.
        output: Where the output of apt goes. Default: the output of this process.

    Raises:
        AptMissingError: apt-get or dpkg isn't on the PATH.
        subprocess.CalledProcessError: One of them failed.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise AptMissingError("apt-get and dpkg aren't on the PATH.")
    ask = ["dpkg", "--print-architecture"]
    own = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    state = folder.with_name(folder.name + ".apt")
    for old in (folder, state):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        for cache in ("lists/partial", "cache/archives/partial"):
            (state / cache).mkdir(parents=True)
        apt = _apt(state, architecture or own)
        subprocess.run([*apt, "update"], check=True, stdout=output, stderr=output)
        if not architecture or architecture == own:
            packages = _with_missing_libraries(apt, packages, output)
        fetch = [*apt, "download", *packages]
        subprocess.run(fetch, check=True, stdout=output, stderr=output, cwd=state)
        for package in sorted(state.glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True, stderr=output)
    finally:
        shutil.rmtree(state)


def _apt(state: Path, architecture: str) -> list[str]:
    """apt-get with separate lists and a separate cache, so that it needs no root."""
    options = [
        f"Dir::State::Lists={state}/lists",
        f"Dir::Cache={state}/cache",
        f"APT::Architecture={architecture}",
        f"APT::Architectures={architecture}",
        "APT::Sandbox::User=root",
        "APT::Get::List-Cleanup=false",
        "Acquire::Languages=none",
    ]
    return ["apt-get", "-q", *(word for option in options for word in ("-o", option))]


def _with_missing_libraries(
    apt: Sequence[str], packages: Sequence[str], output: IO[str] | None
) -> list[str]:
    simulate = ["-o", "Debug::NoLocking=true", "--yes", "--no-install-recommends", "--print-uris"]
    listed = subprocess.run(
        [*apt, *simulate, "install", *packages],
        check=True,
        stdout=subprocess.PIPE,
        stderr=output,
        text=True,
    )
    return sorted({*packages, *_URI.findall(listed.stdout)})


def main(arguments: Sequence[str]) -> int:
    """Unpack packages as the command line says; returns the exit code."""
    folder, *packages = arguments
    try:
        unpack(packages, Path(folder).absolute())
    except (AptMissingError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
