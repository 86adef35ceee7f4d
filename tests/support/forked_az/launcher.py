"""Starts the fork server, and the program `az` that has it run each command."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acr_emulator.bundled.child_process import dies_with_us

_HERE = Path(__file__).parent
#: What commands import, except what reads the environment: most of azure.cli.core, the extension.
MODULES = """
    requests msrest msal jwt isodate yaml jmespath tabulate argcomplete pkginfo unittest.mock
    cryptography.x509 cryptography.hazmat.primitives.serialization
    azure.core.pipeline.policies azure.core.polling azure.mgmt.core
    azure.mgmt.containerregistry azure.mgmt.containerregistry.models
    azure.cli.telemetry azure.cli.core azure.cli.core.azclierror azure.cli.core.auth.util
    azure.cli.core.style azure.cli.core._debug azure.common msal_extensions packaging.version
""".split()  # noqa: SIM905  # a list would take twenty lines


@contextmanager
def forked_az(az: Path, folder: Path) -> Iterator[Path]:
    """Have a program `az` in a folder that runs commands as another one does, in less time."""
    python, socket, program = az.with_name("python"), folder / "socket", folder / "az"
    with subprocess.Popen(
        [python, "-I", _HERE / "server.py", socket, *MODULES],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        preexec_fn=dies_with_us(),
        start_new_session=True,
    ) as server:
        try:
            assert server.stdout
            assert server.stdout.readline() == b"ready\n"
            words = (python, "-I", "-S", _HERE / "client.py", socket)
            line = " ".join(shlex.quote(str(word)) for word in words)
            program.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
            program.chmod(0o755)
            yield program
        finally:
            server.terminate()
