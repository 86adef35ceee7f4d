"""The table of checks: every rule, in the order in which a transfer depends on them."""

from __future__ import annotations

from azure.cli.core.azclierror import AzureResponseError

from azext_acrtransfer.preflight import rules_content, rules_pipeline, rules_sas
from azext_acrtransfer.preflight.rule import Check, CheckStatus
from azext_acrtransfer.preflight.snapshot import Snapshot

RULES = (*rules_pipeline.RULES, *rules_sas.RULES, *rules_content.RULES)


def evaluate(snapshot: Snapshot) -> list[Check]:
    """Return every check that applies, in the order of the table."""
    return [check for rule in RULES if (check := rule.apply(snapshot))]


def failure(checks: list[Check]) -> AzureResponseError | None:
    """Return the error for failed checks, if there are any, with their recommendations."""
    failed = [check for check in checks if check["status"] == CheckStatus.FAIL.value]
    if not failed:
        return None
    lines = "\n".join(f"{check['code']}: {check['message']}" for check in failed)
    return AzureResponseError(
        f"{len(failed)} of {len(checks)} checks failed:\n{lines}",
        recommendation=[line for check in failed for line in check["recommendation"]],
    )
