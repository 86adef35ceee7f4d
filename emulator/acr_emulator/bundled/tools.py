"""Where the bundled services are installed."""

import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acr_emulator.bundled.child_process import StartError

#: Names the folder that has the services, and the only one that is looked at before the PATH.
VARIABLE = "ACR_EMULATOR_TOOLS"


@dataclass(frozen=True)
class Tool:
    """A program: its path in a tools folder, and its names on the PATH."""

    title: str
    path: str
    names: tuple[str, ...]
    #: A program that it needs on the PATH, and the packages that bring it.
    interpreter: str = ""
    packages: str = ""


AZURITE = Tool(
    "Azurite",
    "azurite/node_modules/.bin/azurite-blob",
    ("azurite-blob",),
    interpreter="node",
    packages="nodejs npm",
)
DISTRIBUTION = Tool(
    "CNCF distribution", "debian/root/usr/bin/docker-registry", ("docker-registry", "registry")
)
SERVICES = (AZURITE, DISTRIBUTION)


class ToolMissingError(StartError):
    """A program that the emulator needs isn't installed."""


def path_of(tool: Tool) -> str:
    """The path of a program. Raises ToolMissingError."""
    if path := find(tool):
        return path
    raise ToolMissingError(_missing([tool]))


def require(tools: Sequence[Tool] = SERVICES) -> None:
    """Raise ToolMissingError, which says what to run, unless all of these programs can start."""
    if missing := [tool for tool in tools if not find(tool)]:
        raise ToolMissingError(_missing(missing))
    for tool in tools:
        if tool.interpreter and not shutil.which(tool.interpreter):
            raise ToolMissingError(
                f"{tool.title} needs {tool.interpreter}, which isn't on the PATH. Install it"
                f" (Debian, Ubuntu: apt-get install {tool.packages}). Then run:\n    {_setup()}"
            )


def find(tool: Tool) -> str | None:
    """The path of a program: in the first tools folder that has it, else on the PATH."""
    for folder in tools_folders():
        if (path := folder / tool.path).exists():
            return str(path)
    return next(filter(None, map(shutil.which, tool.names)), None)


def tools_folders() -> list[Path]:
    """The named folder; without one, the nearest `.tools` above this package and the user's."""
    if named := os.environ.get(VARIABLE):
        return [Path(named).absolute()]
    above = (parent / ".tools" for parent in Path(__file__).resolve().parents)
    checkout = next((folder for folder in above if folder.is_dir()), None)
    return [checkout, user_folder()] if checkout else [user_folder()]


def installation_folder() -> Path:
    """Where `acr-emulator setup` installs: the named folder, by default the user's."""
    return tools_folders()[-1]


def user_folder() -> Path:
    """The tools folder among the data of the user."""
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification: a relative path is invalid and to be ignored.
    return (Path(data) if os.path.isabs(data) else Path.home() / ".local/share") / "acr-emulator"


def _missing(tools: Sequence[Tool]) -> str:
    titles = " and ".join(tool.title for tool in tools)
    names = " and ".join(tool.names[0] for tool in tools)
    folders = ", ".join(map(str, tools_folders()))
    verb, pronoun = ("isn't", "it") if len(tools) == 1 else ("aren't", "them")
    return (
        f"{titles} {verb} installed: {names} {verb} in {folders} or on the PATH."
        f" To install {pronoun}, run:\n    {_setup()}"
    )


def _setup() -> str:
    named = os.environ.get(VARIABLE)
    return "acr-emulator setup" + (f" --tools {shlex.quote(named)}" if named else "")
