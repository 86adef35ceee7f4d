"""What programs are measured in: a folder, an installed extension, clouds."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks import process
from benchmarks.process import Process
from tests.support.cloud import Cloud
from tests.support.site import GROUP, Site
from tests.support.terminal import ENVIRONMENTS, ROOT, Terminal, built_wheel, install

#: The newest az, by which all is measured, and the oldest.
NEWEST, OLDEST = "2.91.0", "2.85.0"


@dataclass
class Workspace:
    """A folder to work in, which is removed at the end."""

    folder: Path

    @cached_property
    def extensions(self) -> Path:
        """A folder of extensions with ours in it."""
        return install(built_wheel(), self.new_folder("installer"))

    def new_folder(self, name: str) -> Path:
        """An empty folder."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    @contextmanager
    def environment(self, name: str) -> Iterator[Environment]:
        """A separate cloud, with one site and an export pipeline, and az logged in."""
        with Cloud(self.new_folder(name) / "state") as cloud:
            site = Site.prepare(cloud, name)
            pipeline = site.pipeline("export")
            yield Environment(Terminal(cloud, self.extensions).log_in(), site, pipeline["id"])


@dataclass(frozen=True)
class Environment:
    """Where programs are measured that talk to one cloud."""

    terminal: Terminal
    site: Site
    pipeline_id: str

    @property
    def cloud(self) -> Cloud:
        """The cloud."""
        return self.terminal.cloud

    def az(self, line: str, *, version: str = NEWEST, **more: str) -> Process:
        """Run `az` with the words of a line."""
        az = ENVIRONMENTS / f"az-{version}/bin/az"
        return process.ended(self._environment(more), str(az), *shlex.split(line))

    def sdk(self, program: str) -> Process:
        """Run a program of `sdk_programs` by az's Python, in this registry."""
        python = ENVIRONMENTS / f"az-{NEWEST}/bin/python"
        script = ROOT / "benchmarks/sdk_programs.py"
        argv = (str(python), "-I", str(script), program, GROUP, self.site.registry)
        return process.ended(self._environment({}), *argv)

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**self.terminal.environment, **more}
