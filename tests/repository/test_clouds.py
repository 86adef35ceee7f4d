"""The emulator can be any cloud: its modules name none but in one place, its README says how."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from acr_emulator.cloud.clouds import CLOUDS, Cloud

from tests.repository.conftest import ROOT
from tests.support.other_clouds import DESCRIPTION, SETTINGS, SHORT_REGISTRATIONS

ONLY = "clouds.py"
README = (ROOT / "emulator/README.md").read_text()


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_no_module_but_one_names_a_host_or_a_suffix_of_a_cloud(
    cloud: Cloud, tracked: list[Path]
) -> None:
    names = [cloud.arm, cloud.login, cloud.graph, cloud.issuer.removeprefix("https://")]
    names += [cloud.storage_suffix, cloud.vault_suffix, cloud.registry_suffix]
    named = re.compile("|".join(map(re.escape, names)))
    modules = [path for path in tracked if "acr_emulator" in path.parts and path.suffix == ".py"]
    wrong = {path.name for path in modules if named.search(path.read_text())}
    assert wrong == {ONLY}


def test_the_readme_sets_az_to_another_cloud_as_the_tests_do() -> None:
    for setting in SETTINGS.values():
        assert f"{setting.strip()}\n" in README
    for registration in SHORT_REGISTRATIONS:
        assert f"`{registration}`" in README


def test_the_readme_describes_the_private_cloud_of_the_tests() -> None:
    [description] = re.findall(r"^cat > contoso.json <<'END'\n(.+?)^END$", README, re.M | re.S)
    assert json.loads(description) == DESCRIPTION
