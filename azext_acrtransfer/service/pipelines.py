"""What a pipeline says of itself: its state, and whether that can still change."""

from __future__ import annotations

from typing import Any

SUCCEEDED = "Succeeded"


def describe(pipeline: Any) -> str:
    """State of a pipeline; one that tells none has nothing to wait for."""
    return str((pipeline.properties or {}).get("provisioningState") or SUCCEEDED)


def is_over(pipeline: Any) -> bool:
    """Whether the service has done with a pipeline what it was asked to."""
    return describe(pipeline) in (SUCCEEDED, "Failed", "Canceled")


def has_failed(pipeline: Any) -> bool:
    """Whether a pipeline could not be made."""
    return is_over(pipeline) and describe(pipeline) != SUCCEEDED
