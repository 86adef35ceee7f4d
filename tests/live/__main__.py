"""`make test-live`: the flow in the subscription that az is logged in to, and its report.

RESOURCE_PREFIX=name LOCATION=region YES=1 python -m tests.live FOLDER
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

from tests.live import report
from tests.live.account import Account
from tests.live.flow import Flow
from tests.live.questions import QUESTIONS
from tests.live.session import VERSION, Session
from tests.live.setting import COSTS, Setting

#: The names of accounts, vaults and registries begin with it.
_PREFIX = re.compile(r"[a-z][a-z0-9]{4,14}")


def main(folder: str) -> int:
    """Request what is missing, or run the flow; returns the exit code."""
    prefix = os.environ.get("RESOURCE_PREFIX", "")
    location = os.environ.get("LOCATION", "")
    if not _PREFIX.fullmatch(prefix) or not location:
        return _refuse("Set RESOURCE_PREFIX to 5 to 15 lowercase letters and digits, and LOCATION.")
    account = Account()
    setting = Setting(Session(account), prefix, location)
    _tell(f"In subscription {account.subscription}, as {account.user}, this creates:")
    for item in COSTS:
        _tell(f"  - {item}")
    _tell(f"All of it is in resource group '{setting.group_name}', which is deleted at the end.")
    if os.environ.get("YES") != "1":
        return _refuse("Azure bills what is created. To confirm, set YES=1.")
    if not setting.is_unused:
        return _refuse(
            f"Resource group '{setting.group_name}' exists, or you can't read it. It would be "
            "deleted at the end. Choose another RESOURCE_PREFIX."
        )
    return _run(setting, Path(folder))


def _run(setting: Setting, folder: Path) -> int:
    """Walk, and write the report; returns 1 if a question has no answer."""
    flow = Flow(setting.session, setting, _tell)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    failure = ""
    try:
        setting.prepare()
        flow.run()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the clean-up comes next
        failure = f"{type(error).__name__}: {error}"
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        _tell("delete the resource group ...")
        left = _deleted(setting)
    unanswered = [key for key in QUESTIONS if not flow.answers.get(key)]
    about = [
        f"Cloud: {setting.account.cloud['name']}. API version: {VERSION}. "
        f"Location: {setting.location}.",
        f"Answered: {len(QUESTIONS) - len(unanswered)} of {len(QUESTIONS)} questions.",
        *([f"Ended early: {failure}"] if failure else []),
        *left,
    ]
    scrubber = report.Scrubber(_known(setting), setting.secrets)
    for path in report.write(folder, flow.answers, setting.session.recordings, scrubber, about):
        _tell(f"wrote {path}")
    for line in about[1:]:
        _tell(scrubber.text(line))
    return 1 if unanswered or failure else 0


def _known(setting: Setting) -> dict[str, str]:
    """What only this subscription or this flow has, and what stands for it."""
    account = setting.account
    return {
        account.subscription: "00000000-0000-0000-0000-000000000000",
        account.tenant: "72f988bf-86f1-41af-91ab-2d7cd011db47",
        account.object_id: "55d6af6c-b4d5-4614-93ee-9417c506c9f1",
        account.user: "test@example.com",
        setting.prefix: "contoso",
    }


def _deleted(setting: Setting) -> list[str]:
    """Delete everything; return what stays."""
    try:
        return setting.delete()
    except Exception as error:  # noqa: BLE001  # the report is still to be written
        command = f"az group delete --name {setting.group_name}"
        return [f"The resource group can exist still ({error}). To delete it, run: {command}"]


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
