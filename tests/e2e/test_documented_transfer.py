"""Whole transfers between two disconnected clouds, by the command lines of the public guides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cloud import eventually
from tests.e2e.conftest import new_name
from tests.e2e.terminal import Terminal
from tests.oci import INDEX, MANIFEST, RegistryClient
from tests.site import ACCOUNT, GROUP, Site

# transfer-prerequisites
STORE_SAS = {
    "export": r"""
EXPORT_SAS=?$(az storage container generate-sas \
  --name $MyContainer \
  --account-name $SOURCE_SA \
  --expiry 2030-01-01 \
  --permissions alrw \
  --https-only \
  --output tsv)
az keyvault secret set \
  --name $MySecret \
  --value $EXPORT_SAS \
  --vault-name $SOURCE_KV
""",
    "import": r"""
IMPORT_SAS=?$(az storage container generate-sas \
  --name $MyContainer \
  --account-name $TARGET_SA \
  --expiry 2030-01-01 \
  --permissions dlr \
  --https-only \
  --output tsv)
az keyvault secret set \
  --name $MySecret \
  --value $IMPORT_SAS \
  --vault-name $TARGET_KV
""",
}

# transfer-cli, its older edition: no --storage-access-mode
CREATE = {
    "export": r"""
az acr export-pipeline create \
--resource-group $MyRG \
--registry $MyReg \
--name $MyPipeline \
--secret-uri https://$MyKV.vault.azure.net/secrets/$MySecret \
--storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer
""",
    "import": r"""
az acr import-pipeline create \
--resource-group $MyRG \
--registry $MyReg \
--name $MyPipeline \
--secret-uri https://$MyKV.vault.azure.net/secrets/$MySecret \
--storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer
""",
}
# Its third step, "copy the value in the principalId field", by --query.
GRANT_SECRET = {
    kind: rf"""
MyPrincipalID=$(az acr {kind}-pipeline show --resource-group $MyRG --registry $MyReg \
  --name $MyPipeline --query identity.principalId --output tsv)
az keyvault set-policy --name $MyKeyvault --secret-permissions get --object-id $MyPrincipalID
"""
    for kind in ("export", "import")
}
EXPORT = r"""
az acr pipeline-run create \
--resource-group $MyRG \
--registry $MyReg \
--pipeline $MyPipeline \
--name $MyPipelineRun \
--pipeline-type export \
--storage-blob $MyBlob \
--artifacts hello-world:latest hello-world@$Digest samples/multi:1.0 samples/notes:1.0 \
--force-redeploy
az storage blob list --account-name $MyStorageAccount --container $MyContainer --output table
"""
IMPORT = r"""
az acr pipeline-run create \
--resource-group $MyRG \
--registry $MyReg \
--pipeline $MyPipeline \
--name $MyPipelineRun \
--pipeline-type import \
--storage-blob $MyBlob \
--force-redeploy
az acr repository show-tags --name $MyRegistry --repository $MyRepository
"""
DELETE = r"""
az acr export-pipeline delete --resource-group $MyRG --registry $MyReg --name $MyPipeline
az acr pipeline-run delete --resource-group $MyRG --registry $MyReg --name $MyPipelineRun
"""
# Not in the guides, which leave the crossing to the reader.
CARRY_OUT = r"""
az storage blob download --account-name $MyStorage --container-name $MyContainer --name $MyBlob \
  --file "$Medium" --no-progress --output none
az storage blob show --account-name $MyStorage --container-name $MyContainer --name $MyBlob \
  --query properties.contentSettings.contentMd5 --output tsv > "$Medium.md5"
"""
CARRY_IN = r"""
az storage blob upload --account-name $MyStorage --container-name $MyContainer --name $MyBlob \
  --file "$Medium" --no-progress --output none \
  --content-md5 "$(cat "$Medium.md5")" --metadata category=acr-transfer-blob
"""


def names(site: Site) -> dict[str, str]:
    """The variables of the guides."""
    return {
        "MyRG": GROUP,
        "MyReg": site.registry,
        "MyRegistry": site.registry,
        "MyRepository": "hello-world",
        "MyPipeline": "mypipeline",
        "MyPipelineRun": "mypipelinerun",
        "MyKV": site.vault,
        "MyKeyvault": site.vault,
        "SOURCE_KV": site.vault,
        "TARGET_KV": site.vault,
        "MySecret": site.secret,
        "MyStorage": ACCOUNT,
        "MyStorageAccount": ACCOUNT,
        "SOURCE_SA": ACCOUNT,
        "TARGET_SA": ACCOUNT,
        "MyContainer": site.name,
        "MyBlob": "myblob",
    }


def fill(registry: RegistryClient) -> dict[str, str]:
    """Push an image with a tag, one without, an index, an artifact; reference -> digest."""
    untagged = registry.push("hello-world", layer=b"no tag leads here")
    platforms = {
        architecture: registry.push("samples/multi", layer=architecture.encode() * 9999)
        for architecture in ("amd64", "arm64")
    }
    manifests = [
        {
            "mediaType": MANIFEST,
            "digest": digest,
            "size": len(registry.manifest("samples/multi", digest) or b""),
            "platform": {"os": "linux", "architecture": architecture},
        }
        for architecture, digest in platforms.items()
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    return {
        "hello-world latest": registry.push("hello-world", "latest", layer=b"hello"),
        f"hello-world {untagged}": untagged,
        "samples/multi 1.0": registry.push_manifest("samples/multi", index, "1.0"),
        **{f"samples/multi {digest}": digest for digest in platforms.values()},
        "samples/notes 1.0": registry.push(
            "samples/notes", "1.0", layer=b"text", artifact_type="application/vnd.example.notes"
        ),
    }


def untagged_of(pushed: dict[str, str]) -> str:
    """The digest of the image that no tag leads to."""
    [digest] = [digest for name, digest in pushed.items() if name == f"hello-world {digest}"]
    return digest


def held(registry: RegistryClient, pushed: dict[str, str]) -> dict[str, str | None]:
    """What a registry holds under the same references."""
    return {reference: registry.digest(*reference.split()) for reference in pushed}


def typed(az: Terminal, script: str, site: Site, **more: str) -> str:
    """Type lines of the guides; their output."""
    result = az.type(script, **names(site), **more)
    assert result.exit_code == 0, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout


@pytest.fixture
def far_site(far_az: Terminal) -> Site:
    return Site.prepare(far_az.cloud, new_name(), "import")


def test_a_transfer_with_a_sas_whose_import_the_source_trigger_starts(
    az: Terminal, far_az: Terminal, site: Site, far_site: Site, tmp_path: Path
) -> None:
    pushed = fill(site.registry_client)
    untagged = untagged_of(pushed)
    medium = str(tmp_path / "medium")

    for script in (STORE_SAS["export"], CREATE["export"], GRANT_SECRET["export"]):
        typed(az, script, site)
    assert "myblob" in typed(az, EXPORT, site, Digest=untagged)
    typed(az, CARRY_OUT, site, Medium=medium)

    for script in (STORE_SAS["import"], CREATE["import"], GRANT_SECRET["import"]):
        typed(far_az, script, far_site)
    typed(far_az, CARRY_IN, far_site, Medium=medium)
    run = triggered_run(far_az, far_site)

    assert held(far_site.registry_client, pushed) == pushed
    assert run["response"]["status"] == "Succeeded"
    assert sorted(run["response"]["importedArtifacts"]) == [
        "hello-world:latest",
        f"hello-world@{untagged}",
        "samples/multi:1.0",
        "samples/notes:1.0",
    ]
    typed(az, DELETE, site)
    assert az.ok(f"acr export-pipeline list {site.at}").json == []
    assert az.ok(f"acr pipeline-run list {site.at}").json == []
    assert site.blobs == ["myblob"]


def triggered_run(az: Terminal, site: Site) -> Any:
    """The run that the service started by itself, once it is over, as az shows it."""

    def look() -> str | None:
        runs = site.resource("pipelineRuns")["value"]
        return str(runs[0]["name"]) if runs else None

    name = eventually(look)
    az.ok(f"acr pipeline-run wait --created {site.at} --name {name}")
    return az.ok(f"acr pipeline-run show {site.at} --name {name}").json


# transfer-cli of 2026 asks for the mode; the role is the one that its prerequisites name.
CREATE_WITH_IDENTITY = r"""
az acr {kind}-pipeline create \
--resource-group $MyRG \
--registry $MyReg \
--name $MyPipeline \
--storage-access-mode ManagedIdentity \
--storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer {more}
az role assignment create --role "Storage Blob Data Contributor" \
  --assignee-object-id $(az acr {kind}-pipeline show --resource-group $MyRG --registry $MyReg \
    --name $MyPipeline --query identity.principalId --output tsv) \
  --assignee-principal-type ServicePrincipal \
  --scope $(az storage account show --name $MyStorage --resource-group $MyRG --query id -o tsv)
"""


def test_a_transfer_with_managed_identities_and_an_import_by_hand(
    az: Terminal, far_az: Terminal, site: Site, far_site: Site, tmp_path: Path
) -> None:
    pushed = fill(site.registry_client)
    untagged = untagged_of(pushed)
    medium = str(tmp_path / "medium")

    typed(az, CREATE_WITH_IDENTITY.format(kind="export", more=""), site)
    typed(az, EXPORT, site, Digest=untagged)
    typed(az, CARRY_OUT, site, Medium=medium)

    create = CREATE_WITH_IDENTITY.format(kind="import", more="--source-trigger-enabled False")
    typed(far_az, create, far_site)
    typed(far_az, CARRY_IN, far_site, Medium=medium)
    assert '"latest"' in typed(far_az, IMPORT, far_site)

    assert held(far_site.registry_client, pushed) == pushed
    # By hand only: the trigger looked, and left the blob alone.
    pipeline = far_site.id_of("importPipelines/mypipeline")
    reasons = eventually(lambda: far_az.cloud.status()["trigger"]["reasons"].get(pipeline))
    assert reasons == {"": "The trigger is disabled."}
    assert [run["name"] for run in far_site.resource("pipelineRuns")["value"]] == ["mypipelinerun"]
