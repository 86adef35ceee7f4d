"""The emulator can pose as any cloud only while it names no cloud's hosts outside one module."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from acr_emulator.cloud import CLOUDS, Cloud

ONLY = "cloud.py"


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_no_module_but_one_names_a_host_or_a_suffix_of_a_cloud(
    cloud: Cloud, tracked: list[Path]
) -> None:
    names = [cloud.arm, cloud.login, cloud.graph, cloud.issuer.removeprefix("https://")]
    names += [cloud.storage_suffix, cloud.vault_suffix, cloud.registry_suffix]
    named = re.compile("|".join(map(re.escape, names)))
    modules = [path for path in tracked if "acr_emulator" in path.parts and path.suffix == ".py"]
    found = {path.name for path in modules if named.search(path.read_text())}
    assert found == {ONLY}
