"""The ARM template guide of 2026, line by line: managed identities."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.guides.arm_2026 import GUIDE
from tests.e2e.guides.arm_setting import Setting
from tests.e2e.guides.arm_steps import ArmSteps
from tests.e2e.guides.shell import GuideShell
from tests.support.terminal import Terminal


@pytest.mark.timeout(300)
def test_every_line_of_the_guide(own_az: Terminal, tmp_path: Path) -> None:
    source = Setting.prepare(own_az.cloud, "source")
    target = Setting.prepare(own_az.cloud, "target")
    names = {
        "SOURCE_RG": source.group,
        "TARGET_RG": target.group,
        "SOURCE_SA": source.account,
        "SOURCE_IDENTITY": source.identity_id,
        "TARGET_SA": target.account,
        "TARGET_IDENTITY": target.identity_id,
        "TARGET_REGISTRY": target.registry,
    }
    with GuideShell(own_az, GUIDE, tmp_path, names) as shell:
        guided = ArmSteps(shell, source, target, tmp_path, "ManagedIdentity")
        guided.pipelines()
        guided.export()
        guided.carry()
        guided.import_by_hand()
        guided.export_again()
        guided.delete()
