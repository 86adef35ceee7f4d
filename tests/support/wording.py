"""Texts of the extension that several suites expect: a better sentence is one change here."""

from __future__ import annotations

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES

#: Sentences, and lines before a command, that several modules expect.
TO_RESUME = "To resume waiting, run:"
TO_TRANSFER_THE_REST = "To transfer the rest, run:"
TO_CHECK = "To check the prerequisites, run:"
NO_NEW_RUN = "No new run was created"
ANSWERED_BY_ANOTHER = "A proxy or captive portal might have answered instead."
CHECK_THE_REGISTRY = "Check --registry, --resource-group and the active subscription."
UNKNOWN_FAILURE = "This failure isn't a known one"
MIGHT_BE_CREATED = "The run might have been created."

_CATALOG = {row.code: row for row in KNOWN_FAILURES}


def cause(code: str) -> str:
    """Return the explanation of a known failure, up to its first fact."""
    return _CATALOG[code].means.partition("'{")[0]


def note(code: str) -> str:
    """Return what a known failure's recommendation says besides its commands."""
    return _CATALOG[code].remedy.note


def no_permission(action: str) -> str:
    """Return how the extension says that the caller isn't allowed to do something."""
    return f"You don't have permission to {action}"
