"""The ARM template guide of 2020, line by line: SAS tokens."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.e2e.guides.arm_2020 import GUIDE
from tests.e2e.guides.arm_setting import Setting
from tests.e2e.guides.arm_steps import ArmSteps
from tests.e2e.guides.shell import GuideShell
from tests.support.terminal import Terminal


@pytest.mark.timeout(300)
def test_every_line_of_the_guide(own_az: Terminal, tmp_path: Path) -> None:
    source = Setting.prepare(own_az.cloud, "source")
    target = Setting.prepare(own_az.cloud, "target")
    names = {
        "EXPIRY": f"{datetime.now(timezone.utc) + timedelta(days=30):%Y-%m-%d}",
        "SOURCE_IDENTITY": source.identity_id,
        "TARGET_IDENTITY": target.identity_id,
        "TARGET_REGISTRY": target.registry,
    }
    with GuideShell(own_az, GUIDE, tmp_path, names) as shell:
        shell.type("set names")
        assert shell.variables["SOURCE_RG"] == source.group
        shell.type("make export SAS")
        assert "sp=rawl" in shell.variables["EXPORT_SAS"]
        stored = shell.type("store export SAS").json
        assert stored["value"] == shell.variables["EXPORT_SAS"]
        shell.type("make import SAS")
        assert "sp=rdl" in shell.variables["IMPORT_SAS"]
        stored = shell.type("store import SAS").json
        assert stored["value"] == shell.variables["IMPORT_SAS"]

        guided = ArmSteps(shell, source, target, tmp_path, "SasToken", with_registry=True)
        guided.pipelines()
        guided.export()
        guided.carry()
        guided.import_by_hand()
        guided.export_again()
        guided.delete()
