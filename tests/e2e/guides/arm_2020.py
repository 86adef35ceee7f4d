"""The guide to transferring artifacts, as of October 2020: ARM templates and SAS tokens."""

from __future__ import annotations

from tests.e2e.guides.arm_lines import LINES, deletions
from tests.e2e.guides.line import Guide, Line

_PREREQUISITES = "Prerequisites"
_SAS = "Create and store SAS keys"
#: The guide has its reader set a date of his own.
_EXPIRY = {"2021-01-01": "$EXPIRY"}


def _sas(variable: str, account: str, permissions: str) -> str:
    return f"""\
{variable}=?$(az storage container generate-sas \\
  --name transfer \\
  --account-name {account} \\
  --expiry 2021-01-01 \\
  --permissions {permissions} \\
  --https-only \\
  --output tsv)"""


def _secret(name: str, variable: str, vault: str) -> str:
    return f"""\
az keyvault secret set \\
  --name {name} \\
  --value {variable} \\
  --vault-name {vault} """


GUIDE = Guide(
    name="transfer-images-2020",
    title="Transfer artifacts to another registry (2020)",
    lines=(
        Line(
            "set names",
            _PREREQUISITES,
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
        Line("make export SAS", _SAS, _sas("EXPORT_SAS", "$SOURCE_SA", "alrw"), _EXPIRY),
        Line("store export SAS", _SAS, _secret("acrexportsas", "$EXPORT_SAS", "$SOURCE_KV")),
        Line("make import SAS", _SAS, _sas("IMPORT_SAS", "$TARGET_SA", "dlr"), _EXPIRY),
        Line("store import SAS", _SAS, _secret("acrimportsas", "$IMPORT_SAS", "$TARGET_KV")),
        *LINES,
        *deletions("2019-12-01-preview"),
    ),
)
