"""The guide to transferring artifacts, as of October 2020: ARM templates and SAS tokens."""

from __future__ import annotations

from tests.e2e.guides.arm_lines import LINES, deletions
from tests.e2e.guides.line import Guide, Line
from tests.e2e.guides.sas_lines import sas_lines

GUIDE = Guide(
    name="transfer-images-2020",
    title="Transfer artifacts to another registry (2020)",
    lines=(
        Line(
            "set names",
            "Prerequisites",
            """\
SOURCE_RG="<source-resource-group>"
TARGET_RG="<target-resource-group>"
SOURCE_KV="<source-key-vault>"
TARGET_KV="<target-key-vault>"
SOURCE_SA="<source-storage-account>"
TARGET_SA="<target-storage-account>\"""",
            {
                "<source-resource-group>": "source-rg",
                "<target-resource-group>": "target-rg",
                "<source-key-vault>": "contososourcevault",
                "<target-key-vault>": "contosotargetvault",
                "<source-storage-account>": "contososource",
                "<target-storage-account>": "contosotarget",
            },
        ),
        *sas_lines("Create and store SAS keys", "2021-01-01"),
        *LINES,
        *deletions("2019-12-01-preview"),
    ),
)
