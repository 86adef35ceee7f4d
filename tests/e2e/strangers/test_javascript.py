"""The Azure SDK for JavaScript: registries, pipelines and runs, content, blobs and secrets."""

from __future__ import annotations

from tests.e2e.conftest import new_name
from tests.e2e.strangers.artifacts import (
    ARTIFACTS,
    artifact_digests,
    granted_identity,
    push_artifacts,
)
from tests.e2e.strangers.programs import node
from tests.support.cloud import Json
from tests.support.oci import digest_of
from tests.support.site import Site
from tests.support.terminal import Terminal


def test_pipelines_and_runs_with_the_default_pollers(
    az: Terminal, site: Site, importing_site: Site
) -> None:
    digests = push_artifacts(site)
    site.write_secret(site.sas("rwdla"))
    answer = node(
        az,
        "transfer.cjs",
        group=site.group,
        source=site.registry,
        target=importing_site.registry,
        identity=granted_identity(site),
        containerUri=site.container_uri,
        secretUri=site.secret_uri,
        artifacts=ARTIFACTS,
    )
    for kind, side, registry in (("export", "target", site), ("import", "source", importing_site)):
        pipeline, run = answer[f"{kind}er"], answer[f"{kind}ed"]
        assert pipeline["id"] == registry.id_of(f"{kind}Pipelines/js{kind}")
        assert pipeline["provisioningState"] == "Succeeded"
        assert pipeline["identity"]["type"] == "userAssigned"
        assert pipeline[side]["uri"] == site.container_uri
        assert (run["name"], run["provisioningState"]) == (f"js{kind}run", "Succeeded")
        assert run["response"]["status"] == "Succeeded"
        assert run["request"]["pipelineResourceId"] == pipeline["id"]
    assert answer["imported"]["response"]["importedArtifacts"] == ARTIFACTS
    assert answer["failure"]["code"] == "PipelineRunFailed"
    runs = [["jsexportrun", "jsfailure"], ["jsimportrun"]]
    assert answer["before"] == [["jsexport"], ["jsimport"], *runs]
    assert answer["after"] == [[], [], [], []]
    assert answer["missing"] == {"status": 404, "code": "ResourceNotFound"}
    assert site.blobs == ["jsblob"]
    assert artifact_digests(importing_site) == digests


def test_registries(az: Terminal, site: Site) -> None:
    name = f"{site.name}made"
    answer = node(az, "registries.cjs", group=site.group, registry=name)
    assert answer["free"]["nameAvailable"] is True
    assert answer["taken"]["nameAvailable"] is False
    created = answer["created"]
    assert created["name"] == name
    assert created["loginServer"] == f"{name}.azurecr.io"
    assert created["provisioningState"] == "Succeeded"
    assert created["tags"] == {"made": "by JavaScript"}
    assert answer["updated"]["adminUserEnabled"] is True
    before, after = (
        {each["name"]: each["value"] for each in answer[key]["passwords"]}
        for key in ("credentials", "renewed")
    )
    assert before["password"] != after["password"]
    assert before["password2"] == after["password2"]
    assert {site.registry, name} <= set(answer["listed"])
    assert "Size" in [each["name"] for each in answer["usages"]["value"]]
    assert answer["missing"] == {"status": 404, "code": "ResourceNotFound"}


def test_content_of_a_registry(az: Terminal, site: Site) -> None:
    hello, _ = push_artifacts(site)
    answer = node(az, "content.cjs", endpoint=f"https://{site.login_server}")
    assert answer["text"] == "a layer"
    assert answer["got"]["digest"] == answer["digest"]
    assert answer["got"]["manifest"]["layers"][0]["digest"] == digest_of(b"a layer")
    assert answer["properties"] == {"name": "samples/hello", "manifestCount": 1}
    assert answer["manifests"] == [{"digest": hello, "tags": ["1.0"]}]
    assert answer["tags"] == ["1.0"]
    assert answer["locked"] == {"canWrite": False, "canDelete": False}
    assert answer["kept"]["status"] == 405
    assert answer["left"] == 0
    assert answer["names"] == ["js/made", "samples/hello", "samples/tools"]
    assert answer["after"] == ["samples/hello", "samples/tools"]
    assert answer["missing"]["status"] == 404


def key_of(site: Site) -> str:
    """The first key of the site's storage account."""
    path = f"Microsoft.Storage/storageAccounts/{site.account}/listKeys"
    return str(site.arm("POST", path)["keys"][0]["value"])


def test_blobs_in_two_accounts(az: Terminal, site: Site) -> None:
    other = Site.prepare(site.cloud, new_name(), account="otherstorage")
    answer = node(
        az,
        "blobs.cjs",
        account=site.account,
        url=site.container_uri.rpartition("/")[0],
        key=key_of(site),
        otherAccount=other.account,
        otherUrl=other.container_uri.rpartition("/")[0],
        otherKey=key_of(other),
    )
    metadata = {"category": "acr-transfer-blob"}
    expected: Json = {
        "type": "application/x-tar",
        "metadata": metadata,
        "blocks": 5,
        "bySharedKey": "words",
        "byUser": "words",
        "copied": "success",
        "copiedText": "words",
        "copy": {"metadata": metadata, "type": "application/x-tar", "status": "success"},
        "fromUrl": True,
        "leased": {"status": 412, "code": "LeaseIdMissing"},
        "names": ["blocks"],
        "otherNames": ["copied", "from-url"],
        "missing": {"status": 404, "code": "BlobNotFound"},
    }
    assert answer == expected


def test_secrets_of_a_vault(az: Terminal, site: Site) -> None:
    answer = node(az, "secrets.cjs", vaultUrl=site.cloud.hosts.vault_url(site.vault))
    not_found = {"status": 404, "code": "SecretNotFound"}
    assert answer == {
        "got": {"value": "second", "tags": {"by": "js"}},
        "version": "first",
        "versions": 2,
        "enabled": False,
        "disabled": {"status": 403, "code": "Forbidden"},
        "names": ["acrsas", "jssecret"],
        "deleted": "jssecret",
        "missing": not_found,
        "recovered": "jssecret",
        "purged": not_found,
        "restored": "jssecret",
    }
