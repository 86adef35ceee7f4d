"""Command lines of az that a person types around a transfer, typed one after the other.

`make az-lines` types all of them and writes build/az-lines.md. In `make test`, AZ_LINES isn't set:
one section is typed, another one each day.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jwt
import pytest

from tests.e2e.strangers.az_lines.line import Section
from tests.e2e.strangers.az_lines.outcome import Typist
from tests.e2e.strangers.az_lines.sections import SECTIONS
from tests.support.cloud import Cloud
from tests.support.site import Site
from tests.support.terminal import ROOT, Terminal

TABLE = ROOT / "build/az-lines.md"
_TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}},
    "resources": [
        {
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "apiVersion": "2023-01-31",
            "name": "[parameters('name')]",
            "location": "westus",
        }
    ],
    "outputs": {
        "principal": {
            "type": "string",
            "value": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities',"
            " parameters('name'))).principalId]",
        }
    },
}


def chosen() -> tuple[Section, ...]:
    """The section of today, or those that AZ_LINES names: all, a day's number, or names."""
    words = os.environ.get("AZ_LINES") or datetime.now().astimezone().strftime("%j")
    if words == "all":
        return SECTIONS
    if words.isdecimal():
        return (SECTIONS[int(words) % len(SECTIONS)],)
    named = {section.name: section for section in SECTIONS}
    return tuple(named[name] for name in words.split(","))


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """Rows of the table, which is written at the end."""
    rows: list[str] = []
    yield rows
    TABLE.parent.mkdir(exist_ok=True)
    head = "| section | command line | outcome | difference |\n|---|---|---|---|\n"
    TABLE.write_text(head + "\n".join(rows) + "\n")


def surroundings(cloud: Cloud, name: str, folder: Path) -> dict[str, str]:
    """Make what the lines of a section name: a registry with images, a vault and so on."""
    site = Site.prepare(cloud, name, group=name, account=f"{name}storage")
    registry = site.registry_client
    digest = registry.push("samples/hello", "1.0", layer=b"hello")
    registry.push("samples/hello", "1.1", layer=b"hello again")
    registry.push("samples/tools", "1.0", layer=b"tools")
    (folder / "batch/deep").mkdir(parents=True)
    for file, content in (
        ("up.txt", "up\n"),
        ("batch/a.txt", "a"),
        ("batch/deep/b.txt", "b"),
        ("identity.json", json.dumps(_TEMPLATE)),
        ("identity.parameters.json", json.dumps({"parameters": {"name": {"value": f"{name}id"}}})),
    ):
        (folder / file).write_text(content)
    token = cloud.token(cloud.hosts.arm_url)
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    return {
        "name": name,
        "group": site.group,
        "registry": site.registry,
        "server": site.login_server,
        "digest": digest,
        "account": site.account,
        "container": site.container_name,
        "container_uri": site.container_uri,
        "vault": site.vault,
        "secret_uri": site.secret_uri,
        "subscription": cloud.environment["AZURE_SUBSCRIPTION_ID"],
        "tenant": cloud.environment["AZURE_TENANT_ID"],
        "client": cloud.environment["AZURE_CLIENT_ID"],
        "secret": cloud.environment["AZURE_CLIENT_SECRET"],
        "admin": jwt.decode(token, options={"verify_signature": False})["oid"],
        "folder": str(folder),
        "tomorrow": f"{tomorrow:%Y-%m-%dT%H:%MZ}",
    }


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("section", chosen(), ids=lambda section: section.name)
def test_every_line_has_the_expected_outcome(
    section: Section, az: Terminal, table: list[str], tmp_path: Path
) -> None:
    name = "lines" + "".join(filter(str.isalpha, section.name))[:8]
    typist = Typist(az, surroundings(az.cloud, name, tmp_path))
    differences = []
    for line in section.lines:
        difference = typist.type(line)
        if difference:
            differences.append(f"az {line.typed}\n    {difference}")
        cells = (section.name, f"`az {line.typed}`", line.outcome, difference)
        table.append("| {} |".format(" | ".join(cell.replace("|", "\\|") for cell in cells)))
    assert not differences, "\n".join(differences)
