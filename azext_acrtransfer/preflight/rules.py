"""The table of checks: every rule, in the order in which a transfer depends on them."""

from __future__ import annotations

from collections.abc import Sequence

from azure.cli.core.azclierror import AzureResponseError

from azext_acrtransfer.preflight import rules_content, rules_pipeline, rules_sas
from azext_acrtransfer.preflight.rule import Check, CheckStatus
from azext_acrtransfer.preflight.snapshot import Snapshot

_INDISPENSABLE = ("PipelineFound", "CallerAuthorized")
RULES = (*rules_pipeline.RULES, *rules_sas.RULES, *rules_content.RULES)


def evaluate(snapshot: Snapshot) -> list[Check]:
    """Return every check that applies, in the order of the table."""
    return [check for rule in RULES if (check := rule.apply(snapshot))]


def failure(checks: Sequence[Check], *, strict: bool = False) -> AzureResponseError | None:
    """Return the error for failed checks, if there are any, with their recommendations.

    If it's strict, an unknown check counts as a failed one.
    """
    counted = (CheckStatus.FAIL, CheckStatus.UNKNOWN) if strict else (CheckStatus.FAIL,)
    failed = [check for check in checks if check["status"] in counted]
    if not failed:
        return None
    return AzureResponseError(
        f"{len(failed)} of {len(checks)} checks failed:\n{_lines(failed)}",
        recommendation=[line for check in failed for line in check["recommendation"]],
    )


def unknown_prerequisites(checks: Sequence[Check]) -> AzureResponseError | None:
    """Return the error if the pipeline or the caller's permission to run it is unknown."""
    unknown = [
        check
        for check in checks
        if check["code"] in _INDISPENSABLE and check["status"] == CheckStatus.UNKNOWN
    ]
    if not unknown:
        return None
    return AzureResponseError(
        f"No check failed, but the most important ones are unknown:\n{_lines(unknown)}",
        recommendation="Get the permissions that the messages name, and check again.",
    )


def _lines(checks: Sequence[Check]) -> str:
    return "\n".join(f"{check['code']}: {check['message']}" for check in checks)
