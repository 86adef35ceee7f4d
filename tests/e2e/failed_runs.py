"""What makes a run fail, for each row of the table of known failures, and what fixes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from azure.storage.blob import Services

from tests.e2e.failing import ARTIFACT, BLOB, READER, Scene
from tests.support.oci import INDEX, MANIFEST
from tests.support.site import Kind, Mode

Change = Callable[[Scene], object]
Typed = Literal["all", "first", "second"]
#: Which of the printed commands are typed, where they are alternatives with a comment in between.
TYPED: dict[Typed, Callable[[list[str]], list[str]]] = {
    "all": lambda printed: printed,
    "first": lambda printed: printed[:1],
    "second": lambda printed: printed[2:],
}


def _nothing(_: Scene) -> None:
    """A cause may need nothing to be typed besides what is printed."""


@dataclass(frozen=True)
class Case:
    """A failed run: what is wrong, and what to do besides typing what is printed.

    ``typed`` says which of the printed commands; ``then`` is what only the user can know.
    """

    code: str
    cause: Change
    kind: Kind = "export"
    mode: Mode = "SasToken"
    options: tuple[str, ...] = ()
    typed: Typed = "all"
    then: Change = _nothing

    def __str__(self) -> str:
        return "-".join([self.code, self.cause.__name__.strip("_"), self.kind])


def secret_missing(scene: Scene) -> None:
    scene.put_pipeline(keyVaultUri=f"{scene.site.secret_uri}not")


def secret_deleted(scene: Scene) -> None:
    scene.vault("DELETE")


def secret_disabled(scene: Scene) -> None:
    scene.vault("PUT", {"value": scene.site.sas("rwla"), "attributes": {"enabled": False}})


def not_granted(scene: Scene) -> None:
    scene.revoke()


def vault_by_roles(scene: Scene) -> None:
    vault = f"Microsoft.KeyVault/vaults/{scene.site.vault}"
    scene.site.arm("PATCH", vault, {"properties": {"enableRbacAuthorization": True}})


def expired(scene: Scene) -> None:
    scene.write_sas(hours=-1)


def expired_version(scene: Scene) -> None:
    scene.write_sas(hours=-1)
    scene.put_pipeline(keyVaultUri=scene.vault("GET")["id"])


def of_the_future(scene: Scene) -> None:
    start = datetime.now(timezone.utc) + timedelta(days=1)
    scene.write_sas(hours=48, start=start)


def of_another_account(scene: Scene) -> None:
    scene.write_sas(key="YW5vdGhlciBhY2NvdW50")


def cut_short(scene: Scene) -> None:
    scene.site.write_secret("?" + scene.write_sas().partition("&")[0])


def http_only(scene: Scene) -> None:
    scene.write_sas(protocol="http")


def for_containers_only(scene: Scene) -> None:
    scene.write_account_sas("sc")


def for_queues(scene: Scene) -> None:
    scene.write_account_sas("sco", services=Services(queue=True))


def for_an_office(scene: Scene) -> None:
    scene.write_sas(ip="203.0.113.7")


def of_a_missing_policy(scene: Scene) -> None:
    scene.write_sas(policy_id="nobody")


def archived(scene: Scene) -> None:
    scene.stored.set_standard_blob_tier("Archive")


def leased(scene: Scene) -> None:
    if scene.kind == "export":
        scene.stored.upload_blob(b"to be overwritten")
    scene.stored.acquire_lease()


def truncated(scene: Scene) -> None:
    scene.content = scene.stored.download_blob().readall()
    scene.stored.upload_blob(scene.content[:-2048], overwrite=True)


def something_else(scene: Scene) -> None:
    scene.content = scene.stored.download_blob().readall()
    scene.stored.upload_blob(b"something else" * 100, overwrite=True)


def copy_again(scene: Scene) -> None:
    scene.stored.upload_blob(scene.content, overwrite=True)


def incomplete_index(scene: Scene) -> None:
    """As a registry has it after somebody deleted a child."""
    client = scene.site.registry_client
    digest = client.push("samples/multi", layer=b"child")
    size = len(client.manifest("samples/multi", digest) or b"")
    child = {"mediaType": MANIFEST, "digest": digest, "size": size}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}
    client.push_manifest("samples/multi", index, "1")
    client.delete("samples/multi", digest)
    scene.artifacts = ("samples/multi:1",)


def complete_index(scene: Scene) -> None:
    scene.site.registry_client.push("samples/multi", layer=b"child")


def for_users_only(scene: Scene) -> None:
    scene.change_account(allowSharedKeyAccess=False)


def cannot_write(scene: Scene) -> None:
    scene.write_sas(permissions="rl")


def cannot_read(scene: Scene) -> None:
    scene.write_sas(permissions="l")


def cannot_delete(scene: Scene) -> None:
    if scene.mode == "SasToken":
        scene.write_sas(permissions="lr")
    else:
        scene.revoke()
        scene.grant(READER)


def firewall(scene: Scene) -> None:
    scene.change_account(networkAcls={"defaultAction": "Deny", "bypass": "AzureServices"})


def no_public_access(scene: Scene) -> None:
    scene.change_account(publicNetworkAccess="Disabled")


def misspelt_account(scene: Scene) -> None:
    scene.put_pipeline(uri=scene.site.container_uri.replace("mystorage", "mystorgae"))


def misspelt_vault(scene: Scene) -> None:
    scene.put_pipeline(keyVaultUri=scene.site.secret_uri.replace("vault.", "vualt.", 1))


def misspelt_blob(scene: Scene) -> None:
    scene.blob = "myblbo"


def spell_blob(scene: Scene) -> None:
    scene.blob = BLOB


def no_container(scene: Scene) -> None:
    scene.site.container.delete_container()


def blob_in_the_way(scene: Scene) -> None:
    scene.site.container.upload_blob(BLOB, b"in the way")


def tag_in_the_way(scene: Scene) -> None:
    scene.brought = (ARTIFACT,)
    scene.site.registry_client.push("samples/hello", "1.0", layer=b"in the way")


def locked_tag(scene: Scene) -> None:
    client = scene.site.registry_client
    client.push("samples/hello", "1.0", layer=b"locked")
    client.lock("samples/hello", "1.0", "writeEnabled")


def locked_for_reading(scene: Scene) -> None:
    scene.site.registry_client.lock("samples/hello", "1.0", "readEnabled")


def misspelt_artifact(scene: Scene) -> None:
    scene.artifacts = ("samples/helol:1.0",)


def spell_artifact(scene: Scene) -> None:
    scene.artifacts = (ARTIFACT,)


def large_layer(scene: Scene) -> None:
    """As the manifest says it; what it says is what counts before anything moves."""
    client = scene.site.registry_client
    config = {"mediaType": "application/vnd.oci.image.config.v1+json"}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar"}
    layer |= client.push_blob("samples/model", b"weights") | {"size": 9 * 1024**3}
    config |= client.push_blob("samples/model", b"{}")
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    client.push_manifest("samples/model", manifest, "1")
    scene.artifacts = ("samples/model:1",)


def smaller_layer(scene: Scene) -> None:
    scene.site.registry_client.push("samples/model", "1", layer=b"weights")


def standard_registry(scene: Scene) -> None:
    registry = f"Microsoft.ContainerRegistry/registries/{scene.site.registry}"
    scene.site.arm("PATCH", registry, {"sku": {"name": "Standard"}})


MANAGED: Mode = "ManagedIdentity"
DELETE = ("DeleteSourceBlobOnSuccess",)
CASES = [
    Case("secret-missing", secret_missing, typed="first"),
    Case("secret-missing", secret_deleted, typed="second"),
    Case("secret-disabled", secret_disabled),
    Case("secret-not-readable", not_granted, typed="first"),
    Case("secret-not-readable", vault_by_roles, typed="second"),
    Case("sas-expired", expired),
    Case("sas-expired", expired_version, "import"),
    Case("sas-not-yet-valid", of_the_future, "import"),
    Case("sas-not-authenticated", of_another_account),
    Case("sas-not-authenticated", cut_short, "import"),
    Case("sas-policy-missing", of_a_missing_policy),
    Case("sas-protocol", http_only),
    Case("sas-source-ip", for_an_office),
    Case("sas-service", for_queues),
    Case("sas-resource-type", for_containers_only),
    Case("shared-key-off", for_users_only),
    Case("sas-permission", cannot_write),
    Case("sas-permission", cannot_read, "import"),
    Case("sas-permission", cannot_delete, "import", options=DELETE),
    Case("role-cannot-delete", cannot_delete, "import", MANAGED, DELETE),
    Case("role-missing", not_granted, mode=MANAGED),
    Case("role-missing", not_granted, "import", MANAGED),
    Case("storage-firewall", firewall),
    Case("storage-firewall", no_public_access, "import", MANAGED),
    Case("storage-unknown", misspelt_account),
    Case("vault-unknown", misspelt_vault),
    Case("blob-missing", misspelt_blob, "import", then=spell_blob),
    Case("container-missing", no_container),
    Case("blob-archived", archived, "import"),
    Case("blob-leased", leased, options=("OverwriteBlobs",)),
    Case("blob-leased", leased, "import", options=DELETE),
    Case("blob-exists", blob_in_the_way),
    Case("tag-exists", tag_in_the_way, "import"),
    Case("artifact-missing", misspelt_artifact, then=spell_artifact),
    Case("artifact-incomplete", incomplete_index, then=complete_index),
    Case("artifact-locked", locked_tag, "import", options=("OverwriteTags",), typed="first"),
    Case("artifact-locked", locked_for_reading, typed="second"),
    Case("archive-invalid", truncated, "import", then=copy_again),
    Case("archive-invalid", something_else, "import", then=copy_again),
    Case("layer-too-large", large_layer, then=smaller_layer),
    Case("registry-not-premium", standard_registry),
]
