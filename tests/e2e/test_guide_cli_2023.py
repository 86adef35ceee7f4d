"""The CLI guide of 2023, line by line, from one cloud to another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.conftest import new_name
from tests.e2e.guides.cli_2023 import GUIDE
from tests.e2e.guides.cli_steps import CliSteps
from tests.e2e.guides.shell import GuideShell
from tests.e2e.guides.side import Side
from tests.support.site import Kind, Site
from tests.support.terminal import Terminal


def prepared(az: Terminal, kind: Kind, extensions: Path) -> Side:
    """A side where no extension is installed yet."""
    return Side(replace(az, extensions=extensions / kind), Site.prepare(az.cloud, new_name(), kind))


@pytest.mark.timeout(300)
def test_every_line_of_the_guide(az: Terminal, far_az: Terminal, tmp_path: Path) -> None:
    source = prepared(az, "export", tmp_path)
    target = prepared(far_az, "import", tmp_path)
    with GuideShell(source.az, GUIDE, tmp_path, {}) as shell:
        CliSteps(shell, source, target).go()
