"""The CLI guide's way from one cloud to another, with a check of what each line brings about."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.guides.shell import GuideShell
from tests.e2e.guides.side import BLOB, Side
from tests.support.cloud import Json, eventually
from tests.support.emulator_wording import TRIGGER_DISABLED
from tests.support.site import Kind

_PLAIN, _FULL = "plainpipeline", "fullpipeline"
_SIDES: dict[Kind, str] = {"export": "target", "import": "source"}
_OPTIONS: dict[Kind, list[str]] = {
    "export": ["OverwriteBlobs", "ContinueOnErrors"],
    "import": ["DeleteSourceBlobOnSuccess", "OverwriteTags", "ContinueOnErrors"],
}


@dataclass(frozen=True)
class CliSteps:
    """The lines from the installation to the last deletion.

    Of each kind there are two pipelines: a plain one, and a full one with all options.
    """

    shell: GuideShell
    source: Side
    target: Side

    def go(self) -> None:
        """All of it, with something to carry."""
        pushed = self.source.fill()
        self.install()
        self.pipelines("export")
        self.pipelines("import")
        self.export(pushed)
        self.carry(pushed)
        self.import_by_hand(pushed)
        self.delete()

    def install(self) -> None:
        """Install from an index of each cloud's own: later lines need the extension."""
        self.source.enter(self.shell, AZURE_EXTENSION_INDEX_URL=self.source.publish_release())
        self.shell.type("install")
        self.target.enter(self.shell, AZURE_EXTENSION_INDEX_URL=self.target.publish_release())
        self.shell.again("install")

    def pipelines(self, kind: Kind) -> None:
        """Create both, and let them read the secret: runs show whether they can."""
        side = self.source if kind == "export" else self.target
        identity = side.create_identity()
        side.enter(self.shell, MyPipeline=_PLAIN)
        plain = self.shell.type(f"create {kind} pipeline").json
        _assert_pipeline(plain, side, kind, "systemAssigned", [])

        side.enter(self.shell, MyPipeline=_FULL)
        full = self.shell.type(f"create {kind} pipeline with all options").json
        _assert_pipeline(full, side, kind, "userAssigned", _OPTIONS[kind])
        [assigned] = full["identity"]["userAssignedIdentities"].values()
        assert assigned["principalId"] == identity["principalId"]
        if kind == "import":
            statuses = [made["trigger"]["sourceTrigger"]["status"] for made in (plain, full)]
            assert statuses == ["Enabled", "Disabled"]

        side.enter(self.shell, MyPipeline=_PLAIN)
        assert self.shell.type(f"show {kind} pipeline").json == plain
        grant = f"let {kind} pipeline read the secret"
        side.enter(self.shell, MyPrincipalID=plain["identity"]["principalId"])
        self.shell.type(grant)
        side.enter(self.shell, MyPrincipalID=identity["principalId"])
        vault = self.shell.again(grant).json
        permissions = {
            policy["objectId"]: policy["permissions"]["secrets"]
            for policy in vault["properties"]["accessPolicies"]
        }
        for principal in (plain["identity"]["principalId"], identity["principalId"]):
            assert permissions[principal] == ["get"]

    def export(self, pushed: dict[str, str]) -> None:
        """Run both pipelines; the one that overwrites its blob, twice."""
        *_, digest = pushed
        self.source.enter(self.shell, MyPipeline=_PLAIN, MyPipelineRun="plainrun", MyDigest=digest)
        run = self.shell.type("export").json
        _assert_succeeded(run)
        assert run["request"]["artifacts"] == ["hello-world:latest", f"hello-world@{digest}"]
        assert run["response"]["target"]["uri"] == f"{self.source.site.container_uri}/{BLOB}"
        self._assert_same_does_nothing("export", run)

        self.source.enter(self.shell, MyPipeline=_FULL, MyPipelineRun="fullrun")
        first, second = self.shell.again("export").json, self.shell.again("export").json
        _assert_succeeded(first)
        _assert_succeeded(second)
        assert second["response"]["startTime"] > first["response"]["startTime"]
        assert BLOB in self.shell.type("list blobs").stdout

    def _assert_same_does_nothing(self, name: str, run: Json) -> None:
        again = self.shell.again(name, without="--force-redeploy")
        assert again.json == run
        assert "--force-redeploy" in again.stderr

    def carry(self, pushed: dict[str, str]) -> None:
        """The blob's arrival starts the plain pipeline, and not the full one."""
        self.target.receive(self.source)
        run = self.target.triggered()
        assert run["request"]["pipelineResourceId"] == self._import_pipeline(_PLAIN)
        assert run["response"]["status"] == "Succeeded"
        assert self.target.held(pushed) == pushed
        self.target.enter(self.shell)
        assert self.shell.type("show tags after the trigger").json == ["latest"]
        full = self._import_pipeline(_FULL)
        reasons = eventually(lambda: self.target.az.cloud.status()["trigger"]["reasons"].get(full))
        assert reasons == {"": TRIGGER_DISABLED}
        assert len(self.target.site.resource("pipelineRuns")["value"]) == 1

    def _import_pipeline(self, name: str) -> str:
        return self.target.site.id_of(f"importPipelines/{name}")

    def import_by_hand(self, pushed: dict[str, str]) -> None:
        """The full pipeline puts a tag right that has moved, and removes the blob."""
        self.target.site.registry_client.push("hello-world", "latest", layer=b"something else")
        assert self.target.held(pushed) != pushed
        self.target.enter(self.shell, MyPipeline=_FULL, MyPipelineRun="fullrun")
        run = self.shell.type("import").json
        _assert_succeeded(run)
        *_, digest = pushed
        artifacts = ["hello-world:latest", f"hello-world@{digest}"]
        assert sorted(run["response"]["importedArtifacts"]) == artifacts
        assert self.target.held(pushed) == pushed
        assert self.target.site.blobs == []
        self._assert_same_does_nothing("import", run)
        assert self.shell.type("show tags after the run").json == ["latest"]

    def delete(self) -> None:
        """What is named goes, and no more: a run's deletion does not undo it."""
        for kind, side in (("export", self.source), ("import", self.target)):
            side.enter(self.shell, MyPipeline=_PLAIN)
            self.shell.type(f"delete {kind} pipeline")
            assert _names(side, f"{kind}Pipelines") == [_FULL]
        self.source.enter(self.shell, MyPipelineRun="plainrun")
        self.shell.type("delete run")
        assert _names(self.source, "pipelineRuns") == ["fullrun"]
        assert self.source.site.blobs == [BLOB]


def _assert_pipeline(
    pipeline: Json, side: Side, kind: Kind, identity: str, options: list[str]
) -> None:
    storage = pipeline[_SIDES[kind]]
    assert (storage["uri"], storage["keyVaultUri"], storage["storageAccessMode"]) == (
        side.site.container_uri,
        side.site.secret_uri,
        side.sas_mode,
    )
    assert pipeline["provisioningState"] == "Succeeded"
    assert pipeline["identity"]["type"] == identity
    assert (pipeline["options"] or []) == options


def _assert_succeeded(run: Json) -> None:
    states = run["provisioningState"], run["response"]["status"]
    assert states == ("Succeeded", "Succeeded")


def _names(side: Side, collection: str) -> list[str]:
    return [resource["name"] for resource in side.site.resource(collection)["value"]]
