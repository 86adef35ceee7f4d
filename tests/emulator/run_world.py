"""What tests of runs need: two registries, one with images, and a container between them."""

from dataclasses import dataclass
from typing import Any

from acr_emulator.runs.pipelines import EXPORT, IMPORT, PipelineKind
from azure.storage.blob import ContainerClient

from tests.emulator.running import GROUP, REGISTRIES, Emulator, Json

ACCOUNT, CONTAINER, VAULT = "runsacct", "transfer", "runsvault"
URI = f"https://{ACCOUNT}.blob.core.windows.net/{CONTAINER}"
CONTAINER_ID = (
    f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
    f"/blobServices/default/containers/{CONTAINER}"
)
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


@dataclass
class World:
    """The emulator, and what is in it."""

    emulator: Emulator
    container: ContainerClient
    digests: dict[str, str]

    def pipeline(self, kind: PipelineKind, name: str, *options: str, **container: str) -> str:
        """Put a pipeline; its principal."""
        location = {"uri": URI, "storageAccessMode": "ManagedIdentity", **container}
        requested: Json = {kind.side: location, "options": list(options)}
        if kind is IMPORT:
            requested["trigger"] = {"sourceTrigger": {"status": "Disabled"}}
        body = {"identity": {"type": "SystemAssigned"}, "properties": requested}
        answer = self.emulator.ok("PUT", f"{registry(kind)}/{kind.collection}/{name}", body)
        return str(answer["identity"]["principalId"])

    def allowed(
        self, kind: PipelineKind, name: str, *options: str, role: str = CONTRIBUTOR
    ) -> None:
        """Put a pipeline whose identity has a role on the container."""
        self.emulator.grant(self.pipeline(kind, name, *options), role, CONTAINER_ID)

    def start(self, kind: PipelineKind, pipeline: str, run: str, blob: str, **more: Any) -> Json:
        """Put a run; the answer's properties."""
        body = run_body(kind, pipeline, blob, **more)
        properties: Json = self.emulator.ok("PUT", run_path(kind, run), body)["properties"]
        return properties

    def run(self, kind: PipelineKind, pipeline: str, run: str, blob: str, **more: Any) -> Json:
        """Put a run and wait for its end; its properties."""
        self.start(kind, pipeline, run, blob, **more)
        return self.emulator.finished(run_path(kind, run))

    def secret(self, name: str, value: str, **attributes: Any) -> str:
        """Write a secret; its URI."""
        self.emulator.vault(VAULT)
        return self.emulator.secret(VAULT, name, value, **attributes)

    def sas(self, rights: str, *, hours: int = 1, **more: Any) -> str:
        return self.emulator.sas(ACCOUNT, CONTAINER, rights, hours=hours, **more)

    def account_sas(self, resource_types: str, **more: Any) -> str:
        return self.emulator.account_sas(ACCOUNT, resource_types, **more)

    def blobs(self) -> set[str]:
        return {blob.name for blob in self.container.list_blobs()}


def registry(kind: PipelineKind) -> str:
    return "runsource" if kind is EXPORT else "runtarget"


def run_path(kind: PipelineKind, run: str) -> str:
    return f"{registry(kind)}/pipelineRuns/{run}"


def run_body(kind: PipelineKind, pipeline: str, blob: str, **more: Any) -> Json:
    request: Json = {
        "pipelineResourceId": f"{REGISTRIES}/{registry(kind)}/{kind.collection}/{pipeline}",
        kind.side: {"name": blob},
    }
    if kind is EXPORT:
        request["artifacts"] = more.pop("artifacts", ["app:v1"])
    return {"properties": {"request": request, **more}}


def prepare(emulator: Emulator) -> World:
    """Make a world; close its container after use."""
    emulator.registry("runsource")
    emulator.registry("runtarget")
    client = emulator.client("runsource")
    digests = {
        f"app:{tag}": client.push("app", tag, layer=tag.encode() * 1000)
        for tag in ("v1", "v2", "latest")
    }
    return World(emulator, emulator.container(ACCOUNT, CONTAINER), digests)
