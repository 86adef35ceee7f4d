"""Every command line in a shell block of a page, typed as printed.

The blocks of a page are typed in order into one bash. Its folder has what a command line may name
of a checkout, and the files that the page itself prints (a fence with a file name after its
language). All pages share one cloud, but each has its own `az` configuration.
`tests/printed_elsewhere.py` lists the commands that are not typed here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.printed_shell import Shell, ShellError
from tests.e2e.printed_world import PrintedWorld
from tests.support.cloud import Cloud, eventually
from tests.support.printed import Command, Page, pages
from tests.support.printed_elsewhere import is_typed
from tests.support.terminal import ROOT, Terminal

PAGES = [page for page in pages() if any(map(is_typed, page.commands))]
#: What a command line may name of a checkout, by links.
_SKOPEO = ROOT / ".tools/debian/root/bin"
_LINKED = ("dist", "emulator", "templates")
#: Typed in the checkout itself, which they change.
_MAKE = re.compile(r"make\b")
#: Typed without the cloud's environment, in which no package registry is reached.
_ONLINE = re.compile(r"make\b|\S+ -m pip\b")


@pytest.fixture(scope="module")
def page_az(
    extensions: Path, program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terminal]:
    """A cloud that the pages have to themselves."""
    with Cloud(tmp_path_factory.mktemp("printed") / "state") as cloud:
        cloud.control("trigger", seconds=0.1)
        yield Terminal(cloud, extensions, program).log_in()


@pytest.fixture(scope="module")
def world(page_az: Terminal) -> PrintedWorld:
    """What the pages presuppose."""
    return PrintedWorld.prepare(page_az.cloud)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_can_be_typed(
    page_az: Terminal, world: PrintedWorld, page: Page, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in _LINKED:
        (folder / name).symlink_to(ROOT / name)
    for name, content in page.files.items():
        (folder / name).write_text(content, encoding="utf-8")
    with Shell(_environment(page_az, page, tmp_path), folder) as shell:
        for block in page.blocks:
            for command in filter(is_typed, block.commands):
                _type(shell, command, page_az.cloud)
            if block == [other for other in page.blocks if other.name == block.name][-1]:
                PROMISES.get(block.name, _nothing)(world, shell, page)


def _environment(az: Terminal, page: Page, home: Path) -> dict[str, str]:
    """Logged in; with the extension, unless the page installs it."""
    config = home / "azure"
    shutil.copytree(az.environment["AZURE_CONFIG_DIR"], config)
    extensions = az.extensions
    if any(command.words.startswith("az extension add") for command in page.commands):
        extensions = home / "extensions"
    # az comes first; the development environment has the command `acr-emulator`.
    programs = [az.environment["PATH"], Path(sys.executable).parent, _SKOPEO]
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return (
        az.environment
        | pip
        | {
            "PATH": os.pathsep.join(map(str, programs)),
            "AZURE_CONFIG_DIR": str(config),
            "AZURE_EXTENSION_DIR": str(extensions),
            "HOME": str(home),
        }
    )


def _type(shell: Shell, command: Command, cloud: Cloud) -> None:
    text = command.text
    if _ONLINE.match(text):
        text = f"(unset {' '.join(cloud.environment)}\n{text}\n)"
    if _MAKE.match(command.text):
        text = f'(cd "{ROOT}"\n{text}\n)'
    try:
        shell.type(text)
    except ShellError as error:
        pytest.fail(f"{command.page}:{command.line}\n{command.text}\n\n{error}", pytrace=False)


def _nothing(*_: object) -> None:
    """Most sections promise no more than that their commands succeed."""


def _quick_start(world: PrintedWorld, shell: Shell, page: Page) -> None:
    """All samples have arrived, the page shows what is printed, and the trigger imports, too."""
    samples = {
        image: digest for image, digest in world.source.digests().items() if "samples/" in image
    }
    assert world.target.digests() == samples
    [check] = [text for text in _texts(page) if "export-pipeline check" in text]
    assert _without_ids(shell.type(check)) in _without_ids(page.path.read_text(encoding="utf-8"))

    [create] = [text for text in _texts(page) if "import-pipeline create" in text]
    upload = next(text for text in _texts(page) if "storage blob upload" in text)
    world.target.container.delete_blob("images.tar")
    shell.type(create.replace(" --source-trigger-enabled false", ""))
    shell.type(upload)

    def imported() -> list[str] | None:
        runs = world.target.resource("pipelineRuns")["value"]
        [run] = [run for run in runs if "_" in run["name"]] or [None]
        properties = run and run["properties"]
        done = properties and properties["response"]["status"] != "Running"
        return properties["response"]["importedArtifacts"] if done else None

    assert set(eventually(imported)) == samples.keys()
    shell.type(create)


def _without_ids(printed: str) -> str:
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", printed)


def _any_number(world: PrintedWorld, shell: Shell, _: Page) -> None:
    """All that was chosen has arrived, and nothing that was excluded was exported."""
    chosen = {
        image: digest
        for image, digest in world.source.digests().items()
        if not image.endswith((":v1.0", "-debug"))
    }
    manifest = json.loads(shell.type("cat manifest.json"))
    assert {entry["reference"] for entry in manifest["artifacts"]} == chosen.keys()
    assert world.target.digests().items() >= chosen.items()


def _texts(page: Page) -> list[str]:
    return [command.text for command in page.commands]


#: What a section promises beyond the success of its commands, by page and anchor.
PROMISES: dict[str, Callable[[PrintedWorld, Shell, Page], None]] = {
    "README.md#quick-start": _quick_start,
    "docs/how-to/select-artifacts.md#more-than-50-artifacts": _any_number,
}


def _named_in_text() -> dict[str, set[str]]:
    """Options of each command of az itself that the text of a page names.

    The repository suite compares the extension's own, and the guides' tests type those of the page
    of documented commands.
    """
    named: dict[str, set[str]] = defaultdict(set)
    for page in pages():
        for command in (
            page.inline_commands if page.name != "docs/reference/documented-commands.md" else ()
        ):
            if not re.match(r"acr [a-z]+-(pipeline|run)\b", command.name):
                named[command.name] |= command.options
    return named


NAMED = _named_in_text()


@pytest.mark.parametrize("name", NAMED)
def test_an_az_command_in_the_text_of_a_page_exists(page_az: Terminal, name: str) -> None:
    shown = page_az.ok(f"{name} -h").stdout
    assert NAMED[name] - set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", shown)) == set()


def test_every_promise_is_of_a_section_with_blocks() -> None:
    assert PROMISES.keys() <= {block.name for page in PAGES for block in page.blocks}
