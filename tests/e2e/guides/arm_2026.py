"""The guide to ACR Transfer with ARM templates, as of February 2026."""

from __future__ import annotations

from tests.e2e.guides.arm_lines import LINES, deletions
from tests.e2e.guides.line import Guide

GUIDE = Guide(
    name="transfer-arm-template-2026",
    title="ACR Transfer with ARM templates (2026)",
    lines=(*LINES, *deletions("2025-06-01-preview")),
)
