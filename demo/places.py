"""Where things lie in the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
PAYLOAD = TOOLS / "payload"
DEV = ROOT / ".venv" / "dev"
AZ = ROOT / ".venv" / "az-2.91.0"
