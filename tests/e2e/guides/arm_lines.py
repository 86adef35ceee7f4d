"""Command lines that both ARM template guides print alike."""

from __future__ import annotations

from tests.e2e.guides.line import Line

_CREATE_EXPORT = "Create ExportPipeline with Resource Manager"
_CREATE_IMPORT = "Create ImportPipeline with Resource Manager"
_RUN_EXPORT = "Create PipelineRun for export with Resource Manager"
_RUN_IMPORT = "Create PipelineRun for import with Resource Manager (optional)"
_REDEPLOY = "Redeploy PipelineRun resource"
_DELETE = "Delete pipeline resources"

_IDENTITY = (
    "/subscriptions/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx/resourcegroups/myResourceGroup"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/myUserAssignedIdentity"
)
_REGISTRY = {"<target-registry-name>": "$TARGET_REGISTRY"}


def _pipeline(name: str, group: str) -> tuple[str, str]:
    """Both options of creating a pipeline."""
    create = f"""\
az deployment group create \\
  --resource-group {group} \\
  --template-file azuredeploy.json \\
  --name {name} \\
  --parameters azuredeploy.parameters.json"""
    with_identity = f"""{create} \\
  --parameters userAssignedIdentity="{_IDENTITY}\""""
    return create, with_identity


def _store_id(variable: str, name: str, group: str, index: int) -> str:
    return f"""\
{variable}=$(az deployment group show \\
  --resource-group {group} \\
  --name {name} \\
  --query 'properties.outputResources[{index}].id' \\
  --output tsv)"""


_EXPORT, _EXPORT_WITH_IDENTITY = _pipeline("exportPipeline", "$SOURCE_RG")
_IMPORT, _IMPORT_WITH_IDENTITY = _pipeline("importPipeline", "$TARGET_RG")

LINES = (
    Line("create export pipeline", _CREATE_EXPORT, _EXPORT),
    Line(
        "create export pipeline with identity",
        _CREATE_EXPORT,
        _EXPORT_WITH_IDENTITY,
        {_IDENTITY: "$SOURCE_IDENTITY"},
    ),
    Line(
        "store export pipeline",
        _CREATE_EXPORT,
        _store_id("EXPORT_RES_ID", "exportPipeline", "$SOURCE_RG", 1),
    ),
    Line("create import pipeline", _CREATE_IMPORT, _IMPORT),
    Line(
        "create import pipeline with identity",
        _CREATE_IMPORT,
        _IMPORT_WITH_IDENTITY,
        {_IDENTITY: "$TARGET_IDENTITY"},
    ),
    Line(
        "store import pipeline",
        _CREATE_IMPORT,
        _store_id("IMPORT_RES_ID", "importPipeline", "$TARGET_RG", 1),
    ),
    Line(
        "export",
        _RUN_EXPORT,
        r"""az deployment group create \
  --resource-group $SOURCE_RG \
  --template-file azuredeploy.json \
  --name exportPipelineRun \
  --parameters azuredeploy.parameters.json""",
    ),
    Line(
        "store export run",
        _RUN_EXPORT,
        _store_id("EXPORT_RUN_RES_ID", "exportPipelineRun", "$SOURCE_RG", 0),
    ),
    Line(
        "list blobs",
        _RUN_EXPORT,
        r"""az storage blob list \
  --account-name $SOURCE_SA \
  --container transfer \
  --output table""",
    ),
    Line(
        "copy blob",
        "Transfer blob (optional)",
        r"""azcopy copy \
  'https://<source-storage-account-name>.blob.core.windows.net/transfer/myblob'$SOURCE_SAS \
  'https://<destination-storage-account-name>.blob.core.windows.net/transfer/myblob'$TARGET_SAS \
  --overwrite true""",
        # The guide's words stand within single quotes, where no variable does.
        {
            "<source-storage-account-name>": "'\"$SOURCE_SA\"'",
            "<destination-storage-account-name>": "'\"$TARGET_SA\"'",
        },
    ),
    Line(
        "list repositories after the trigger",
        "Trigger ImportPipeline resource",
        "az acr repository list --name <target-registry-name>",
        _REGISTRY,
    ),
    Line(
        "import",
        _RUN_IMPORT,
        r"""az deployment group create \
  --resource-group $TARGET_RG \
  --name importPipelineRun \
  --template-file azuredeploy.json \
  --parameters azuredeploy.parameters.json""",
    ),
    Line(
        "store import run",
        _RUN_IMPORT,
        _store_id("IMPORT_RUN_RES_ID", "importPipelineRun", "$TARGET_RG", 0),
    ),
    Line(
        "list repositories after the run",
        _RUN_IMPORT,
        "az acr repository list --name <target-registry-name>",
        _REGISTRY,
    ),
    Line("take the time", _REDEPLOY, 'CURRENT_DATETIME=`date +"%Y-%m-%d:%T"`'),
    Line(
        "export again",
        _REDEPLOY,
        r"""az deployment group create \
  --resource-group $SOURCE_RG \
  --template-file azuredeploy.json \
  --name exportPipelineRun \
  --parameters azuredeploy.parameters.json \
  --parameters forceUpdateTag=$CURRENT_DATETIME""",
    ),
)


def deletions(api_version: str) -> tuple[Line, ...]:
    """The last lines, which differ by API version."""
    return tuple(
        Line(
            f"delete {kind} resources",
            _DELETE,
            f"""\
# Delete {kind} resources
az resource delete \\
--resource-group {group} \\
--ids ${kind.upper()}_RES_ID ${kind.upper()}_RUN_RES_ID \\
--api-version {api_version}""",
        )
        for kind, group in (("export", "$SOURCE_RG"), ("import", "$TARGET_RG"))
    )
