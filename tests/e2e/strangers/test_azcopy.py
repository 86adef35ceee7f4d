"""azcopy and az's own copies: blobs between two storage accounts, and files up and down."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.e2e.conftest import new_name
from tests.support.az import Result
from tests.support.cloud import Cloud, Json, eventually
from tests.support.site import Site
from tests.support.terminal import Terminal, run

OTHER_ACCOUNT = "otherstorage"
_MEBIBYTE = 1024 * 1024


@pytest.fixture
def far_site(cloud: Cloud) -> Site:
    """An import side whose container is in another storage account of the same cloud."""
    return Site.prepare(cloud, new_name(), "import", account=OTHER_ACCOUNT)


@pytest.fixture
def exported(az: Terminal, site: Site) -> Json:
    """A run that has exported a layer of 3 MiB; `digest` is the image's."""
    digest = site.registry_client.push("samples/hello", "1.0", layer=os.urandom(3 * _MEBIBYTE))
    site.pipeline("export")
    shown: Json = az.ok(
        f"acr pipeline-run create {site.args} -n myrun01 -p mypipeline -t export -b myblob "
        "-a samples/hello:1.0"
    ).json
    return {**shown["response"], "digest": digest}


def login(az: Terminal) -> dict[str, str]:
    """What has azcopy log in as the built-in administrator."""
    return {
        "AZCOPY_AUTO_LOGIN_TYPE": "SPN",
        "AZCOPY_SPA_APPLICATION_ID": az.environment["AZURE_CLIENT_ID"],
        "AZCOPY_SPA_CLIENT_SECRET": az.environment["AZURE_CLIENT_SECRET"],
        "AZCOPY_TENANT_ID": az.environment["AZURE_TENANT_ID"],
    }


def copy(az: Terminal, *arguments: str, **environment: str) -> Result:
    """Run `azcopy copy`."""
    return run(az.environment | environment, "azcopy", "copy", *arguments)


def assert_alike(site: Site, far_site: Site) -> None:
    """A copy has what the source trigger looks at; names of metadata have no case."""
    original, copied = (
        each.container.get_blob_client("myblob").get_blob_properties() for each in (site, far_site)
    )
    assert copied.size == original.size
    assert copied.content_settings == original.content_settings
    assert copied.content_settings.content_md5
    assert {name.lower(): value for name, value in copied.metadata.items()} == original.metadata


def assert_imported(exported: Json, run: Json, far_site: Site) -> None:
    """A run has imported the exported artifact."""
    assert run["provisioningState"] == "Succeeded"
    assert run["response"]["importedArtifacts"] == ["samples/hello:1.0"]
    assert run["response"]["catalogDigest"] == exported["catalogDigest"]
    assert far_site.registry_client.digest("samples/hello", "1.0") == exported["digest"]


def triggered(far_site: Site) -> Json:
    """Enable the source trigger of an import pipeline; the run that it starts, once it ended."""
    pipeline = far_site.pipeline("import", mode="ManagedIdentity")
    pipeline["properties"]["trigger"]["sourceTrigger"]["status"] = "Enabled"
    far_site.resource("importPipelines/mypipeline", "PUT", pipeline)

    def look() -> str | None:
        runs = far_site.resource("pipelineRuns")["value"]
        return str(runs[0]["name"]) if runs else None

    return far_site.finished(eventually(look))


IN_BLOCKS = ("--block-size-mb", "1", "--put-blob-size-mb", "1")


@pytest.mark.parametrize("options", [(), IN_BLOCKS], ids=["at once", "in blocks"])
@pytest.mark.parametrize("how", ["SAS", "service principal"])
def test_the_source_trigger_imports_what_azcopy_copied(
    az: Terminal, site: Site, far_site: Site, exported: Json, how: str, options: tuple[str, ...]
) -> None:
    source, target = (f"{each.container_uri}/myblob" for each in (site, far_site))
    if how == "SAS":
        copied = copy(az, source + site.sas("r"), target + far_site.sas("rwac"), *options)
    else:
        copied = copy(az, source, target, *options, **login(az))
    assert copied.exit_code == 0, copied.stdout
    assert "Final Job Status: Completed" in copied.stdout
    assert_alike(site, far_site)
    blocks, _ = far_site.container.get_blob_client("myblob").get_block_list()
    assert len(blocks) == (4 if options else 0)
    assert_imported(exported, triggered(far_site), far_site)


def test_a_run_imports_what_az_copied(
    az: Terminal, site: Site, far_site: Site, exported: Json
) -> None:
    target = f"--account-name {OTHER_ACCOUNT} --sas-token '{far_site.sas('rwac')}' --output json"
    started = az.ok(
        f"storage blob copy start {target} --destination-container {far_site.name} "
        f"--destination-blob myblob --source-uri '{site.container_uri}/myblob{site.sas('r')}'"
    ).json
    assert started["copy_status"] == "success"
    shown = az.ok(f"storage blob show {target} -c {far_site.name} -n myblob").json
    assert shown["properties"]["copy"]["status"] == "success"
    assert shown["properties"]["copy"]["id"] == started["copy_id"]
    assert_alike(site, far_site)
    far_site.run("myrun01", far_site.pipeline("import"), "myblob")
    assert_imported(exported, far_site.finished("myrun01"), far_site)


@pytest.mark.parametrize("how", ["SAS", "service principal"])
def test_a_file_goes_up_and_down(az: Terminal, site: Site, tmp_path: Path, how: str) -> None:
    sas, environment = (site.sas("rwac"), {}) if how == "SAS" else ("", login(az))
    blob = f"{site.container_uri}/myblob{sas}"
    content = os.urandom(3 * _MEBIBYTE)
    (tmp_path / "up").write_bytes(content)
    metadata = ("--put-md5", "--metadata", "category=acr-transfer-blob")
    up = copy(az, str(tmp_path / "up"), blob, *metadata, *IN_BLOCKS, **environment)
    assert up.exit_code == 0, up.stdout
    properties = site.container.get_blob_client("myblob").get_blob_properties()
    assert properties.metadata == {"category": "acr-transfer-blob"}
    assert properties.content_settings.content_md5 == bytearray(hashlib.md5(content).digest())
    down = copy(az, blob, str(tmp_path / "down"), "--check-md5", "FailIfDifferent", **environment)
    assert down.exit_code == 0, down.stdout
    assert (tmp_path / "down").read_bytes() == content


def test_azcopy_logs_in_with_a_secret(az: Terminal) -> None:
    known = login(az)
    words = ("--service-principal", "--application-id", known["AZCOPY_SPA_APPLICATION_ID"])
    for secret, exit_code, text in (
        (known["AZCOPY_SPA_CLIENT_SECRET"], 0, "SPN Auth via secret succeeded."),
        ("wrong", 1, "AADSTS7000215"),
    ):
        environment = az.environment | {"AZCOPY_SPA_CLIENT_SECRET": secret}
        tenant = ("--tenant-id", known["AZCOPY_TENANT_ID"])
        result = run(environment, "azcopy", "login", *words, *tenant)
        assert result.exit_code == exit_code, result.stdout
        assert text in result.stdout + result.stderr


@pytest.mark.usefixtures("exported")
def test_azcopy_copies_nothing_that_its_sas_does_not_open(
    az: Terminal, site: Site, far_site: Site
) -> None:
    source, target = (f"{each.container_uri}/myblob" for each in (site, far_site))
    result = copy(az, source + site.sas("w"), target + far_site.sas("rwac"))
    assert result.exit_code == 1
    assert "ERROR CODE: AuthorizationPermissionMismatch" in result.stdout
    assert far_site.blobs == []
