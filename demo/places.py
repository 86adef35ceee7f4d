"""Where things lie in the checkout."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
PAYLOAD = TOOLS / "payload"
DEV = Path(sys.prefix)
AZ = DEV.parent / "az-2.91.0"
