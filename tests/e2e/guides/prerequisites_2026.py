"""The overview and prerequisites of ACR Transfer, as of February 2026."""

from __future__ import annotations

from tests.e2e.guides.line import Guide, Line
from tests.e2e.guides.sas_lines import sas_lines

GUIDE = Guide(
    name="transfer-prerequisites-2026",
    title="Transfer artifacts to another registry: prerequisites (2026)",
    lines=(
        Line(
            "set names",
            "Environment variables",
            """\
SOURCE_RG="<source-resource-group>"
TARGET_RG="<target-resource-group>"
SOURCE_KV="<source-key-vault>"  # Only needed for SAS Token mode
TARGET_KV="<target-key-vault>"  # Only needed for SAS Token mode
SOURCE_SA="<source-storage-account>"
TARGET_SA="<target-storage-account>\"""",
            {
                "<source-resource-group>": "mygroup",
                "<target-resource-group>": "mygroup",
                "<source-key-vault>": "transfervault",
                "<target-key-vault>": "transfervault",
                "<source-storage-account>": "mystorage",
                "<target-storage-account>": "mystorage",
            },
        ),
        *sas_lines("Create and store SAS tokens", "2027-01-01"),
    ),
)
