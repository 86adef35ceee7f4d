"""Command lines about SAS tokens that guides print alike but for the date of expiry."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.guides.line import Line


def sas_lines(section: str, expiry: str) -> Iterator[Line]:
    """Make and store a SAS for each direction; the date is for the reader to set."""
    for kind, side, permissions in (("export", "SOURCE", "alrw"), ("import", "TARGET", "dlr")):
        variable = f"{kind.upper()}_SAS"
        yield Line(
            f"make {kind} SAS",
            section,
            f"""\
{variable}=?$(az storage container generate-sas \\
  --name transfer \\
  --account-name ${side}_SA \\
  --expiry {expiry} \\
  --permissions {permissions} \\
  --https-only \\
  --output tsv)""",
            {expiry: "$EXPIRY"},
        )
        yield Line(
            f"store {kind} SAS",
            section,
            f"""\
az keyvault secret set \\
  --name acr{kind}sas \\
  --value ${variable} \\
  --vault-name ${side}_KV""",
        )
