"""Deployments of templates."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

_GROUP = "-g $group"
_FILE = "--template-file $folder/identity.json"
_NAMED = f"{_GROUP} -n first"

SECTION = Section(
    "deployments",
    (
        works(
            f"deployment group validate {_GROUP} {_FILE} -p name=${{name}}id",
            {"properties.provisioningState": "Succeeded"},
        ),
        works(
            f"deployment group create {_NAMED} {_FILE} -p name=${{name}}id",
            {
                "properties.provisioningState": "Succeeded",
                "name": "first",
                "properties.outputs.principal.type": "String",
            },
            keep={"principal": "properties.outputs.principal.value"},
        ),
        works(
            f"deployment group create {_GROUP} {_FILE} "
            "--parameters $folder/identity.parameters.json",
            {"name": "identity"},
        ),
        works(f"deployment group create {_GROUP} -n quiet {_FILE} -p name=${{name}}id --no-wait"),
        works(f"deployment group wait {_GROUP} -n quiet --created"),
        refused(f"deployment group create {_GROUP} {_FILE} -p other=1", "(?i)parameter"),
        refused(
            f"deployment group create {_GROUP} --template-file $folder/none.json",
            "(?i)no such file|not found",
        ),
        refused(
            f"deployment group create {_GROUP} --template-file $folder/up.txt -n bad",
            "(?i)json|parse",
        ),
        works(
            f"deployment group show {_NAMED} --query properties.outputs.principal.value -o tsv",
            prints="$principal\n",
        ),
        works(
            f"deployment group show {_NAMED} --query 'properties.outputResources[0].id' -o tsv",
            prints="/subscriptions/$subscription/.*/${name}id\n",
        ),
        refused(f"deployment group show {_GROUP} -n none", "DeploymentNotFound"),
        works(
            f"deployment group list {_GROUP} --query [].name",
            {"sort(@)": ["first", "identity", "quiet"]},
        ),
        works(f"deployment group list {_GROUP} -o table", prints=r"(?s)Name .*first.*"),
        works(
            f"deployment operation group list {_NAMED}",
            {"[].properties.provisioningState": ["Succeeded"]},
        ),
        works(
            f"deployment group export {_NAMED}",
            {"resources[0].type": "Microsoft.ManagedIdentity/userAssignedIdentities"},
        ),
        works(
            "identity show -g $group -n ${name}id --query principalId -o tsv", prints="$principal\n"
        ),
        works(f"deployment group delete {_NAMED}"),
        refused(f"deployment group show {_NAMED}", "DeploymentNotFound"),
        not_imitated(f"deployment group what-if {_GROUP} {_FILE} -p name=${{name}}id"),
        not_imitated(
            f"deployment group create {_GROUP} {_FILE} -p name=${{name}}id --mode Complete",
            "--mode Complete",
        ),
        not_imitated(f"deployment group cancel {_GROUP} -n first"),
        not_imitated("deployment sub list"),
        not_imitated(f"deployment sub create -l westus {_FILE} -p name=${{name}}id"),
        not_imitated("deployment-scripts list"),
        not_imitated("ts list"),
        not_imitated("stack group list -g $group"),
    ),
)
