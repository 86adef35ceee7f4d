"""Where the real programs are installed."""

import os
import shutil
from pathlib import Path

from acr_emulator.bundled.child_process import StartError

VARIABLE = "ACR_EMULATOR_TOOLS"
_PLACES = {
    "azurite-blob": "azurite/node_modules/.bin/azurite-blob",
    "docker-registry": "debian/root/usr/bin/docker-registry",
}


class ToolMissingError(StartError):
    """A program that the emulator needs is not installed."""


def tool(name: str) -> str:
    """The path of `azurite-blob` or `docker-registry`: in the tools folder, else on the PATH."""
    folder = _folder()
    if folder and (program := folder / _PLACES[name]).exists():
        return str(program)
    if installed := shutil.which(name):
        return installed
    raise ToolMissingError(
        f"{name} is not installed: it is neither in the tools folder ({folder or 'none found'})"
        f" nor on the PATH. `make setup` installs it, or set {VARIABLE} to the folder that has it."
    )


def _folder() -> Path | None:
    """The folder that the environment names, else the nearest `.tools` above this package."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    above = (parent / ".tools" for parent in Path(__file__).resolve().parents)
    return next((folder for folder in above if folder.is_dir()), None)
