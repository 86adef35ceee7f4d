"""What a recording needs next to the commands: content, pipelines with their rights, faults."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.site import Site

#: What push() puts under hello:latest and samples/greeting:v2.
HELLO = "sha256:be050fde5b76f0f44da143978fae5eb439a64e9c3b01d7fee5d92eee6c6f00f4"
#: The tag of the signature that signed() attaches as cosign does, its digest, and the other one's.
SIGNATURE_BY_TAG = f"hello:{HELLO.replace(':', '-')}.sig"
COSIGNED = "sha256:331a334db9f4b68e700a9dc4d850bf53d62bcd4d1aec03a07376ec9d3e387a90"
SIGNATURE = "sha256:bc6359b2e8f80a045b7fc60bfaaf79941d000638e5bd3d3ecfa960c5494866a0"
GREETING = "sha256:88b809d167cacebdcf8833bf54a39630c9e6716857cbd8753ad44045d7c5e6ce"


def push(site: Site) -> None:
    """Have two artifacts."""
    client = site.registry_client
    assert client.push("hello", "v1", "latest", layer=b"hello") == HELLO
    client.push("samples/greeting", "v2", layer=b"greeting")


def create_identity(site: Site) -> None:
    """Have a user-assigned identity."""
    path = "Microsoft.ManagedIdentity/userAssignedIdentities/myidentity"
    site.arm("PUT", path, {"location": "westus"})


def use_roles(site: Site) -> None:
    """Have the key vault use role assignments."""
    properties = {"enableRbacAuthorization": True}
    site.arm("PATCH", f"Microsoft.KeyVault/vaults/{site.vault}", {"properties": properties})


def ready_to_export(site: Site) -> None:
    """Have artifacts and a pipeline that may do its work."""
    push(site)
    site.pipeline("export")


def signed(site: Site) -> None:
    """Have an image with two signatures, one as notation and one as cosign attaches it."""
    ready_to_export(site)
    client = site.registry_client
    image = client.manifest("hello", HELLO) or b""
    config = client.push_blob("hello", b"{}")
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.cncf.notary.signature",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", **config},
        "layers": [],
    }
    subject = {"mediaType": manifest["mediaType"], "digest": HELLO, "size": len(image)}
    client.push_manifest("hello", manifest | {"subject": subject})
    client.push_manifest("hello", manifest, SIGNATURE_BY_TAG.partition(":")[2])


def ready_to_import(site: Site) -> None:
    """Have a blob with both artifacts, and a pipeline that may do its work."""
    have_blob(site)
    site.pipeline("import")


def have_blob(site: Site) -> None:
    """Have a blob with both artifacts, and nothing else left of its export."""
    push(site)
    pipeline = site.pipeline("export", "exporter")
    site.run("export01", pipeline, "myblob", "hello:v1", "samples/greeting:v2")
    site.finished("export01")
    for path in ("pipelineRuns/export01", "exportPipelines/exporter"):
        site.resource(path, "DELETE")


def many_to_export(site: Site) -> None:
    """Have an artifact with as many tags as a run takes, another one, and a pipeline for them."""
    tags = [f"v{number}" for number in range(50)]
    site.registry_client.push("samples/many", *tags, layer=b"many")
    push(site)
    site.pipeline("export")


def two_blobs(site: Site) -> None:
    """Have two blobs, and a pipeline that may import them."""
    ready_to_import(site)
    blob = site.container.download_blob("myblob").readall()
    site.container.upload_blob("another blob", blob)


def three_runs(site: Site) -> None:
    """Have a run that failed, one that succeeded, and another that failed, in this order."""
    push(site)
    pipeline = site.pipeline("export")
    for name, artifact in (("run01", "nothing"), ("run02", "hello"), ("run03", "nowhere")):
        site.run(name, pipeline, f"blob-of-{name}", f"{artifact}:latest")
        site.finished(name)


def past_runs(site: Site) -> None:
    """Have runs of three pipelines, two of which share a name, on pages of two runs each."""
    for prefix, pipeline, count, days, error in (
        ("exported", site.pipeline("export"), 2, 4, "It broke."),
        ("other", site.pipeline("export", "otherpipeline"), 1, 3, "It broke."),
        ("imported", site.pipeline("import"), 2, 1, ""),
    ):
        apart = timedelta(days=days).total_seconds()
        past = {"pipeline": pipeline["id"], "prefix": prefix, "count": count, "error": error}
        site.cloud.control("past-runs", **past, apart=apart)
    site.cloud.control("pages", size=2)


def triggered_run(site: Site) -> None:
    """Have an import pipeline whose source trigger started a run, which is over."""
    from tests.support.cloud import eventually

    have_blob(site)
    properties = site.pipeline("import")["properties"]
    properties["trigger"] = {"sourceTrigger": {"status": "Enabled"}}
    body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
    site.resource("importPipelines/mypipeline", "PUT", body)
    [run] = eventually(lambda: site.resource("pipelineRuns")["value"] or None)
    site.finished(run["name"])


def long_sas(site: Site) -> None:
    """Have a SAS whose expiry is the same in every recording, and lies ahead in every replay."""
    expiry = datetime(2099, 1, 1, tzinfo=timezone.utc)
    site.write_secret(site.sas("rwdla", expiry))


def without_secret_access(site: Site) -> None:
    """Have an export pipeline that can't read its secret, and could do its work otherwise."""
    ready_to_export(site)
    site.revoke_secret(site.resource("exportPipelines/mypipeline"))


def with_secret_access(site: Site) -> None:
    """Let it read the secret."""
    site.grant_secret(site.resource("exportPipelines/mypipeline"))
