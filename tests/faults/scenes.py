"""The commands that faults are injected into, and what each finds when it starts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cloud import Cloud, Json, eventually
from tests.support.oci import MANIFEST, digest_of
from tests.support.site import Kind, Site

ARTIFACT, BLOB = "samples/hello:1.0", "myblob"
_SIDES: dict[Kind, str] = {"export": "target", "import": "source"}
_OPTIONS: dict[Kind, list[str]] = {"export": ["OverwriteBlobs"], "import": ["OverwriteTags"]}
#: What differs each time: ids, times, entity tags.
_VOLATILE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)?"
)


def steady(text: str) -> str:
    """A text without what differs each time."""
    return _VOLATILE.sub("~", text)


@dataclass(frozen=True)
class World:
    """A registry with an image and pipelines that work; and what a command may find in it."""

    site: Site
    folder: Path

    @classmethod
    def prepare(cls, cloud: Cloud, folder: Path) -> World:
        """Have everything in order."""
        world = cls(Site.prepare(cloud, "faulty"), folder)
        world.site.registry_client.push("samples/hello", "1.0", layer=b"hello")
        for kind in _SIDES:
            world.site.grant_storage(world.put_pipeline(kind, f"my{kind}"))
        world.site.pipeline("import", "mysas", "SasToken")
        for run, blob in (("exported", "given"), ("exported2", "given2")):
            world.site.run(run, world.pipeline("export"), blob, ARTIFACT)
            assert world.site.finished(run)["response"]["status"] == "Succeeded"
        return world

    def pipeline(self, kind: Kind) -> Json:
        """The pipeline of a kind that works."""
        return {"id": self.site.id_of(f"{kind}Pipelines/my{kind}")}

    def put_pipeline(self, kind: Kind, name: str) -> Json:
        """Have a pipeline as it was at first."""
        storage = {"uri": self.site.container_uri, "storageAccessMode": "ManagedIdentity"}
        properties: Json = {_SIDES[kind]: storage, "options": _OPTIONS[kind]}
        if kind == "import":
            properties["trigger"] = {"sourceTrigger": {"status": "Disabled"}}
        body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
        return self.site.resource(f"{kind}Pipelines/{name}", "PUT", body)

    def remove(self, path: str) -> None:
        """Have something of the registry not be there."""
        self.site.resource(path, "DELETE")

    def put_failed_run(self, name: str) -> None:
        """Have a run that has failed."""
        self.site.run(name, self.pipeline("import"), "missing")
        assert self.site.finished(name)["response"]["status"] == "Failed"

    def remove_runs(self, *names: str, blob: str = "") -> None:
        """Have runs not be there, nor the blob that they made."""
        for name in names:
            self.remove(f"pipelineRuns/{name}")
        if blob in {stored.name for stored in self.site.container.list_blobs()}:
            self.site.container.delete_blob(blob)

    def write_manifest(self, result: str, run: str = "", **more: Any) -> None:
        """Have a manifest of one artifact, which is what the registry holds."""
        content = self.site.registry_client.manifest("samples/hello", "1.0") or b""
        described = {"digest": digest_of(content), "mediaType": MANIFEST, "size": len(content)}
        entry = {"reference": ARTIFACT, "result": result, **described}
        entry |= {"run": run} if run else {}
        manifest = {
            "schemaVersion": 1,
            "kind": "export",
            "created": "2026-01-01T00:00:00Z",
            "registry": self.site.login_server,
            "runs": [],
            "artifacts": [entry],
        } | more
        (self.folder / "manifest.json").write_text(json.dumps(manifest))

    def state(self) -> dict[str, str]:
        """Everything that a command could have changed, once no run is in progress."""
        parts = {f"blob {blob.name}": "" for blob in self.site.container.list_blobs()}
        for file in self.folder.glob("*.json"):
            json.loads(file.read_text())  # an unreadable one is worse than none
            parts[f"manifest {file.name}"] = ""
        for collection in ("exportPipelines", "importPipelines", "pipelineRuns"):
            for resource in self.site.resource(collection)["value"]:
                properties = resource["properties"]
                if properties["provisioningState"] == "Creating":
                    properties = self.site.finished(resource["name"])
                parts[f"{collection}/{resource['name']}"] = steady(str(properties))
        return parts


@dataclass(frozen=True)
class Scene:
    """A command line without ``az acr`` and the registry, and what it finds at its start."""

    line: str
    start: Callable[[World], Any] = lambda _: None
    #: Whether its result is an evaluation of what it read, which a fault may well change.
    evaluates: bool = False
    #: Whether only requests are struck that no scene of the command before it makes.
    adds: bool = False

    @property
    def command(self) -> str:
        """The command's name."""
        return " ".join(["acr", *self.line.split()[:2]])

    def argv(self, world: World) -> list[str]:
        """The words to type."""
        line = self.line.format(container=world.site.container_uri, folder=world.folder)
        return ["acr", *line.split(), "-r", world.site.registry]


_CHECKED: dict[Kind, str] = {
    "export": f"myexport -a {ARTIFACT} -b {BLOB}",
    "import": "mysas -b given",
}


def _of_pipelines(kind: Kind) -> list[Scene]:
    group, path = f"{kind}-pipeline", f"{kind}Pipelines/other"

    def there(world: World) -> Json:
        return world.put_pipeline(kind, "other")

    def absent(world: World) -> None:
        world.remove(path)

    return [
        Scene(f"{group} create -n other -c {{container}}", absent),
        Scene(f"{group} create -n other -c {{container}} --no-wait", absent),
        Scene(f"{group} update -n other --options ContinueOnErrors", there),
        Scene(f"{group} show -n other", there),
        Scene(f"{group} list", there),
        Scene(f"{group} list -o table", there),
        Scene(f"{group} delete -n other", there),
        Scene(f"{group} wait -n other --created", there),
        Scene(f"{group} check -n {_CHECKED[kind]}", evaluates=True),
    ]


_NEW, _EXPORT, _IMPORT = (
    "pipeline-run create -n myrun",
    "-p myexport -t export",
    "-p myimport -t import",
)


def _no_run(world: World) -> None:
    world.remove_runs("myrun", "myrun001", "myrun002", blob=BLOB)
    (world.folder / "new.json").unlink(missing_ok=True)


def _triggered(world: World) -> None:
    """Have runs that a source trigger started."""

    def triggered() -> list[str] | None:
        runs = world.site.resource("pipelineRuns")["value"]
        return [run["name"] for run in runs if run["name"].startswith("mysas_")] or None

    if triggered():
        return
    pipeline = world.site.resource("importPipelines/mysas")
    for status in ("Enabled", "Disabled"):
        properties = {**pipeline["properties"], "trigger": {"sourceTrigger": {"status": status}}}
        body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
        world.site.resource("importPipelines/mysas", "PUT", body)
        for name in eventually(triggered):
            world.site.finished(name)


def _exported(world: World) -> None:
    world.write_manifest("exported")


def _all_failed(world: World) -> None:
    _no_run(world)
    world.write_manifest("failed")


def _there_already(world: World) -> None:
    _no_run(world)
    world.write_manifest("present", kind="verification", registry="faraway.azurecr.io")


def _unfinished(world: World) -> None:
    """Have a manifest of a run whose end nobody waited for."""
    run = {"name": "exported", "blob": "given", "status": "Running"}
    pipeline = world.pipeline("export")["id"]
    world.write_manifest("unknown", "exported", runs=[run], pipeline=pipeline)


def _two_failed(world: World) -> None:
    world.put_failed_run("failed01")
    world.put_failed_run("failed02")


def _one_failed(world: World) -> None:
    world.put_failed_run("failed01")


SCENES = (
    *_of_pipelines("export"),
    *_of_pipelines("import"),
    Scene(f"{_NEW} -b {BLOB} {_EXPORT} -a {ARTIFACT}", _no_run),
    Scene(f"{_NEW} -b {BLOB} {_EXPORT} -a samples/*", _no_run, adds=True),
    Scene(f"{_NEW} -b {BLOB} {_EXPORT} -a {ARTIFACT} --manifest {{folder}}/new.json", _no_run),
    Scene(f"{_NEW} -b {BLOB} {_EXPORT} --only-failed {{folder}}/manifest.json", _all_failed),
    Scene(
        f"{_NEW} -b {BLOB} {_EXPORT} -a {ARTIFACT} --skip {{folder}}/manifest.json",
        _there_already,
    ),
    Scene(f"{_NEW} -b given {_IMPORT}", _no_run),
    Scene(f"{_NEW} -b given {_IMPORT} -f", _no_run),
    Scene(f"{_NEW} -b given given2 {_IMPORT}", _no_run, adds=True),
    Scene(f"{_NEW} -b given* {_IMPORT}", _no_run, adds=True),
    Scene("pipeline-run show -n exported"),
    Scene("pipeline-run show -n failed01", _one_failed),
    Scene("pipeline-run list"),
    Scene("pipeline-run list --top 1 -o table"),
    Scene("pipeline-run delete -n failed01", _one_failed),
    Scene("pipeline-run clean", _two_failed),
    Scene("pipeline-run clean --dry-run", _two_failed),
    Scene("pipeline-run wait -n exported --created"),
    Scene("pipeline-run wait --manifest {folder}/manifest.json", _unfinished),
    Scene("pipeline-run verify -g mygroup --manifest {folder}/manifest.json", _exported),
    Scene("pipeline-run wait -g mygroup -p mysas -b given --timeout 60", _triggered),
    Scene(f"{_NEW} {_IMPORT} -b given given2 --max-concurrent-runs 1 --timeout 3600", _no_run),
)
