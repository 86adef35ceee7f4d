"""What `check` says of a transfer that is in order but for one fault, and by which code."""

from __future__ import annotations

from collections.abc import Callable

from azext_acrtransfer.preflight.rule import Check
from azext_acrtransfer.preflight.rules import RULES
from tests.e2e.failing import Scene
from tests.support.az import Result

#: How az is run: by whom.
Run = Callable[[str], Result]
#: No check can predict these: they need the name of a run, or happen while one is in progress.
NOT_PREDICTED = {
    "identical-run": "a check does not know what the run is to be called",
    "interrupted": "the service is restarted while a run is in progress",
    "storage-server-error": "storage has its fault while a run is in progress",
    "archive-invalid": "a check doesn't read the content of a blob",
    "artifact-locked": "a check doesn't read the locks of a registry",
}
#: What may go well all the same is a warning, so that a check alone does not stop a transfer.
ONLY_WARNED_OF = {
    "storage-firewall",
    "sas-source-ip",
    "tag-exists",
    "too-many-artifacts",
    "trigger-disabled",
}
PREDICTED_BY = {
    code: {rule.code for rule in RULES if code in rule.predicts}
    for rule in RULES
    for code in rule.predicts
}


def find(az: Run, scene: Scene, code: str) -> Check:
    """Have the check find a known failure; it fails if the transfer is bound to."""
    checked = az(scene.check)
    status = "warning" if code in ONLY_WARNED_OF else "fail"
    assert "sig=" not in checked.stdout + checked.stderr
    checks: list[Check] = checked.json
    [check, *_] = [
        check
        for check in checks
        if check["code"] in PREDICTED_BY[code] and check["status"] == status
    ]
    if status == "fail":
        assert checked.exit_code == 1
        assert f"\n{check['code']}: {check['message']}\n" in checked.stderr
    return check


def passes(az: Run, scene: Scene, code: str) -> None:
    """Have the check find nothing of that failure any more, and nothing else that fails."""
    checked = az(scene.check)
    assert checked.exit_code == 0, checked.stderr
    statuses = {check["status"] for check in checked.json if check["code"] in PREDICTED_BY[code]}
    assert statuses <= {"pass"}, checked.stdout  # one on an account SAS needs one
