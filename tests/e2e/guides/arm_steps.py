"""Both ARM guides' common way, with a check of what each line is said to bring about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.guides.arm_setting import Setting, template_files
from tests.e2e.guides.shell import GuideShell
from tests.support.cloud import Json, eventually

_ARTIFACTS = ["samples/hello-world:v1", "samples/nginx:v1"]


@dataclass(frozen=True)
class ArmSteps:
    """The lines from the first pipeline to the last deletion."""

    shell: GuideShell
    source: Setting
    target: Setting
    folder: Path
    mode: str
    #: Whether the templates contain the registry, as those of the first guide did. Resource Manager
    #: sorts what was deployed by id: the printed [1] is the pipeline only then.
    with_registry: bool = False

    def pipelines(self) -> None:
        """Create both, first with their own identity, then with one that is given."""
        for kind, setting in (("export", self.source), ("import", self.target)):
            local = self._pipeline_files(kind, setting)
            own = self._create(f"create {kind} pipeline", local, kind, setting)
            assert own["identity"]["type"] == "systemAssigned"
            given = self._create(f"create {kind} pipeline with identity", local, kind, setting)
            assert given["identity"]["type"] == "userAssigned"
            self.shell.type(f"store {kind} pipeline")
            variable = f"{kind.upper()}_RES_ID"
            if not self.with_registry:
                assert "/Microsoft.Authorization/roleAssignments/" in self.shell.variables[variable]
                path = f"Microsoft.Resources/deployments/{kind}Pipeline"
                outputs = setting.arm("GET", path)["properties"]["outputs"]
                self.shell.variables[variable] = outputs["pipelineResourceId"]["value"]
            assert self.shell.variables[variable] == given["id"]

    def _pipeline_files(self, kind: str, setting: Setting) -> Path:
        side = "target" if kind == "export" else "source"
        local = template_files(
            f"{kind.title()}Pipelines",
            self.folder,
            registryName=setting.registry,
            **{f"{kind}PipelineName": f"my{kind}pipeline", f"{side}Uri": setting.container_uri},
            keyVaultName=setting.vault,
            sasTokenSecretName=f"acr{kind}sas",
            storageAccessMode=self.mode,
        )
        if self.with_registry:
            _add_registry(local / "azuredeploy.json")
        return local

    def _create(self, name: str, local: Path, kind: str, setting: Setting) -> Json:
        """What the deployment reports exists, and works: runs show whether it may."""
        deployed = self.shell.type(name, local).json["properties"]
        assert deployed["provisioningState"] == "Succeeded"
        pipeline = setting.resource(f"{kind}Pipelines/my{kind}pipeline")
        index = 1 if self.with_registry else 0
        assert deployed["outputResources"][index]["id"] == pipeline["id"]
        side = "target" if kind == "export" else "source"
        assert pipeline["properties"][side]["storageAccessMode"] == self.mode
        return pipeline

    def export(self) -> None:
        """Run the export pipeline, and see the blob."""
        for artifact in _ARTIFACTS:
            repository, _, tag = artifact.partition(":")
            self.source.registry_client.push(repository, tag, layer=artifact.encode())
        local = template_files(
            "PipelineRun/PipelineRun-Export",
            self.folder,
            registryName=self.source.registry,
            pipelineRunName="myexportrun",
            pipelineResourceId=self.shell.variables["EXPORT_RES_ID"],
            targetName="myblob",
            artifacts=_ARTIFACTS,
        )
        deployed = self.shell.type("export", local).json["properties"]
        assert deployed["provisioningState"] == "Succeeded"
        self.shell.type("store export run")
        run = self.source.resource("pipelineRuns/myexportrun")
        assert self.shell.variables["EXPORT_RUN_RES_ID"] == run["id"]
        assert run["properties"]["response"]["status"] == "Succeeded"
        assert "myblob" in self.shell.type("list blobs").stdout

    def carry(self) -> None:
        """Copy the blob; the import pipeline's trigger brings it in."""
        self.shell.variables |= {
            "SOURCE_SAS": self.source.sas("r"),
            "TARGET_SAS": self.target.sas("rwac"),
        }
        self.shell.type("copy blob")
        eventually(self._triggered)
        self._assert_repositories("list repositories after the trigger")

    def _triggered(self) -> Json | None:
        """A run that the service made by itself, once it has succeeded."""
        runs = self.target.resource("pipelineRuns")["value"]
        done = [run for run in runs if run["properties"]["provisioningState"] == "Succeeded"]
        return done[0] if done else None

    def import_by_hand(self) -> None:
        """Run the import pipeline on a blob that its trigger, now disabled, leaves alone."""
        pipeline = self.target.resource("importPipelines/myimportpipeline")
        pipeline["properties"]["trigger"]["sourceTrigger"]["status"] = "Disabled"
        path = f"{self.target.registry_path}/importPipelines/myimportpipeline"
        self.target.arm("PUT", path, pipeline)
        exported = self.source.container.download_blob("myblob").readall()
        self.target.container.upload_blob("myblob", exported)
        local = template_files(
            "PipelineRun/PipelineRun-Import",
            self.folder,
            registryName=self.target.registry,
            pipelineRunName="myimportrun",
            pipelineResourceId=self.shell.variables["IMPORT_RES_ID"],
            sourceName="myblob",
        )
        deployed = self.shell.type("import", local).json["properties"]
        assert deployed["provisioningState"] == "Succeeded"
        self.shell.type("store import run")
        run = self.target.resource("pipelineRuns/myimportrun")
        assert self.shell.variables["IMPORT_RUN_RES_ID"] == run["id"]
        assert sorted(run["properties"]["response"]["importedArtifacts"]) == _ARTIFACTS
        self._assert_repositories("list repositories after the run")

    def _assert_repositories(self, name: str) -> None:
        repositories = [artifact.partition(":")[0] for artifact in _ARTIFACTS]
        assert self.shell.type(name).json == repositories

    def export_again(self) -> None:
        """With another forceUpdateTag, the same run is carried out once more."""
        before = self.source.resource("pipelineRuns/myexportrun")["properties"]
        self.shell.type("take the time")
        self.shell.type("export again", self.folder / "PipelineRun-Export")
        after = self.source.resource("pipelineRuns/myexportrun")["properties"]
        assert after["forceUpdateTag"] == self.shell.variables["CURRENT_DATETIME"]
        assert after["response"]["startTime"] > before["response"]["startTime"]

    def delete(self) -> None:
        """Nothing is left of what the guide has created."""
        for kind, setting in (("export", self.source), ("import", self.target)):
            self.shell.type(f"delete {kind} resources")
            assert setting.resource(f"{kind}Pipelines")["value"] == []
            names = [run["name"] for run in setting.resource("pipelineRuns")["value"]]
            assert f"my{kind}run" not in names


def _add_registry(template: Path) -> None:
    """Have a template deploy the registry of its pipeline, too."""
    document = json.loads(template.read_text())
    registry = {
        "type": "Microsoft.ContainerRegistry/registries",
        "apiVersion": "2023-07-01",
        "name": "[parameters('registryName')]",
        "location": "[resourceGroup().location]",
        "sku": {"name": "Premium"},
    }
    document["resources"].insert(0, registry)
    template.write_text(json.dumps(document))
