"""The guide to ACR Transfer with the Azure CLI, as of October 2023: no storage access mode, SAS."""

from __future__ import annotations

from tests.e2e.guides.line import Guide, Line

_INSTALL = "Install the Az CLI extension"
_RUN_EXPORT = "Create PipelineRun for export"
_RUN_IMPORT = "Create PipelineRun for import"
_DELETE = "Delete ACR Transfer resources"

_ALL_OPTIONS = {
    "export": "--options OverwriteBlobs ContinueOnErrors",
    "import": "--options DeleteSourceBlobOnSuccess OverwriteTags ContinueOnErrors",
}
_TRIGGER_DISABLED = {"export": "", "import": " \\\n--source-trigger-enabled False"}
_DIGEST = "sha256:90659bf80b44ce6be8234e6ff90a1ac34acbeb826903b02cfa0da11c82cbc042"
_SHOW_TAGS = "az acr repository show-tags --name $MyRegistry --repository $MyRepository"


def _pipeline(kind: str) -> tuple[Line, ...]:
    """Two pipelines of a kind, and their rights."""
    create = f"Create {kind.title()}Pipeline"
    grant = f"Give the {kind.title()}Pipeline identity keyvault policy access"
    plain = f"""\
az acr {kind}-pipeline create \\
--resource-group $MyRG \\
--registry $MyReg \\
--name $MyPipeline \\
--secret-uri https://$MyKV.vault.azure.net/secrets/$MySecret \\
--storage-container-uri https://$MyStorage.blob.core.windows.net/$MyContainer"""
    full = f"""{plain} \\
{_ALL_OPTIONS[kind]} \\
--assign-identity /subscriptions/$MySubID/resourceGroups/$MyRG/providers\
/Microsoft.ManagedIdentity/userAssignedIdentities/$MyIdentity{_TRIGGER_DISABLED[kind]}"""
    return (
        Line(f"create {kind} pipeline", create, plain),
        Line(f"create {kind} pipeline with all options", create, full),
        Line(f"show {kind} pipeline", grant, _on(f"{kind}-pipeline show")),
        Line(
            f"let {kind} pipeline read the secret",
            grant,
            "az keyvault set-policy --name $MyKeyvault --secret-permissions get"
            " --object-id $MyPrincipalID",
        ),
    )


def _on(command: str, name: str = "$MyPipeline") -> str:
    return f"az acr {command} --resource-group $MyRG --registry $MyReg --name {name}"


GUIDE = Guide(
    name="transfer-cli-2023",
    title="ACR Transfer with Azure CLI (2023)",
    lines=(
        Line("install", _INSTALL, "az extension add --name acrtransfer"),
        *_pipeline("export"),
        *_pipeline("import"),
        Line(
            "export",
            _RUN_EXPORT,
            f"""\
az acr pipeline-run create \\
--resource-group $MyRG \\
--registry $MyReg \\
--pipeline $MyPipeline \\
--name $MyPipelineRun \\
--pipeline-type export \\
--storage-blob $MyBlob \\
--artifacts hello-world:latest hello-world@{_DIGEST} \\
--force-redeploy""",
            {_DIGEST: "$MyDigest"},
        ),
        Line(
            "list blobs",
            _RUN_EXPORT,
            "az storage blob list --account-name $MyStorageAccount --container $MyContainer"
            " --output table",
        ),
        Line("show tags after the trigger", "Trigger ImportPipeline resource", _SHOW_TAGS),
        Line(
            "import",
            _RUN_IMPORT,
            """\
az acr pipeline-run create \\
--resource-group $MyRG \\
--registry $MyReg \\
--pipeline $MyPipeline \\
--name $MyPipelineRun \\
--pipeline-type import \\
--storage-blob $MyBlob \\
--force-redeploy""",
        ),
        Line("show tags after the run", _RUN_IMPORT, _SHOW_TAGS),
        Line("delete export pipeline", _DELETE, _on("export-pipeline delete")),
        Line("delete import pipeline", _DELETE, _on("import-pipeline delete")),
        Line("delete run", _DELETE, _on("pipeline-run delete", "$MyPipelineRun")),
    ),
)
