"""The prerequisites of 2026: line by line, and each kind of access that they describe."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.e2e.conftest import new_name
from tests.e2e.guides.prerequisites_2026 import GUIDE
from tests.e2e.guides.shell import GuideShell
from tests.e2e.guides.side import BLOB, Side
from tests.support.site import SAS_PERMISSIONS, Kind, Site
from tests.support.terminal import Terminal

EXPIRY = f"{datetime.now(timezone.utc) + timedelta(days=30):%Y-%m-%d}"

# Variations of the guide's own line: without the leading `?`, and for the whole account.
CONTAINER_SAS = r"""
SAS=$(az storage container generate-sas \
  --name $MyContainer \
  --account-name $MyStorage \
  --expiry $EXPIRY \
  --permissions $PERMISSIONS \
  --https-only \
  --output tsv)
"""
ACCOUNT_SAS = r"""
SAS=?$(az storage account generate-sas \
  --account-name $MyStorage \
  --services b \
  --resource-types sco \
  --expiry $EXPIRY \
  --permissions $PERMISSIONS \
  --https-only \
  --output tsv)
"""
STORE_SAS = r"""
az keyvault secret set \
  --name $MySecret \
  --value $SAS \
  --vault-name $MyKV
"""
# The guide names the role; the lines are those of Azure's documentation of roles.
CREATE_WITH_IDENTITY = r"""
PIPELINE=$(az acr $KIND-pipeline create \
  --resource-group $MyRG \
  --registry $MyReg \
  --name mypipeline \
  --storage-access-mode ManagedIdentity \
  --storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer \
  --query identity.principalId --output tsv)
az role assignment create \
  --assignee-object-id $PIPELINE \
  --assignee-principal-type ServicePrincipal \
  --role "Storage Blob Data Contributor" \
  --scope $(az storage account show --name $MyStorage --query id --output tsv)
"""


def transfer(source: Side, target: Side) -> None:
    """Export and import by runs of pipelines that exist; all must arrive."""
    pushed = source.fill()
    *_, untagged = pushed
    notes = source.site.registry_client.push(
        "samples/notes", "1.0", layer=b"text", artifact_type="application/vnd.example.notes"
    )
    run = f"--name myrun01 --pipeline mypipeline --storage-blob {BLOB}"
    source.az.ok(
        f"acr pipeline-run create {source.site.args} {run} --pipeline-type export"
        f" --artifacts hello-world:latest hello-world@{untagged} samples/notes:1.0"
    )
    target.receive(source)
    target.az.ok(f"acr pipeline-run create {target.site.args} {run} --pipeline-type import")
    assert target.held(pushed) == pushed
    assert target.site.registry_client.digest("samples/notes", "1.0") == notes


def typed(side: Side, script: str, **names: str) -> str:
    result = side.az.type(script, **side.names, **names)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_every_line_of_the_guide(az: Terminal, far_az: Terminal, tmp_path: Path) -> None:
    source = Side(az, replace(Site.prepare(az.cloud, "transfer"), secret="acrexportsas"))
    target = Side(far_az, replace(Site.prepare(far_az.cloud, "transfer"), secret="acrimportsas"))
    with GuideShell(az, GUIDE, tmp_path, {"EXPIRY": EXPIRY}) as shell:
        shell.type("set names")
        for kind, side, permissions in (("export", source, "rawl"), ("import", target, "rdl")):
            shell.az = side.az
            shell.type(f"make {kind} SAS")
            sas = shell.variables[f"{kind.upper()}_SAS"]
            assert sas.startswith("?")
            assert {f"se={EXPIRY}", f"sp={permissions}", "spr=https", "sr=c"} < set(
                sas[1:].split("&")
            )
            stored = shell.type(f"store {kind} SAS").json
            assert (stored["value"], stored["id"].rpartition("/")[0]) == (sas, side.site.secret_uri)
    source.site.pipeline("export")
    target.site.pipeline("import")
    transfer(source, target)


@pytest.mark.parametrize(
    ("script", "beginning", "part"),
    [(CONTAINER_SAS, "se=", "sr=c"), (ACCOUNT_SAS, "?se=", "srt=sco")],
    ids=["container-without-question-mark", "account"],
)
def test_another_sas(az: Terminal, script: str, beginning: str, part: str) -> None:
    def prepared(kind: Kind) -> Side:
        side = Side(az, Site.prepare(az.cloud, new_name(), kind))
        permissions = SAS_PERMISSIONS[kind]
        stored = typed(side, script + STORE_SAS, EXPIRY=EXPIRY, PERMISSIONS=permissions)
        sas = json.loads(stored)["value"]
        assert sas.startswith(beginning)
        assert part in sas.split("&")
        side.site.pipeline(kind)
        return side

    transfer(prepared("export"), prepared("import"))


def test_managed_identities(az: Terminal, far_az: Terminal) -> None:
    def prepared(az: Terminal, kind: Kind) -> Side:
        side = Side(az, Site.prepare(az.cloud, new_name(), kind))
        granted = typed(side, CREATE_WITH_IDENTITY, KIND=kind)
        assert "Microsoft.Storage/storageAccounts/mystorage" in granted
        return side

    transfer(prepared(az, "export"), prepared(far_az, "import"))
