"""Deployments of templates."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

_AT = "-g $group"
_FILE = "--template-file $folder/identity.json"
_NAMED = f"{_AT} -n first"

SECTION = Section(
    "deployments",
    (
        works(
            f"deployment group validate {_AT} {_FILE} -p name=${{name}}id",
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
            f"deployment group create {_AT} {_FILE} --parameters $folder/identity.parameters.json",
            {"name": "identity"},
        ),
        works(f"deployment group create {_AT} -n quiet {_FILE} -p name=${{name}}id --no-wait"),
        works(f"deployment group wait {_AT} -n quiet --created"),
        refused(f"deployment group create {_AT} {_FILE} -p other=1", "(?i)parameter"),
        refused(
            f"deployment group create {_AT} --template-file $folder/none.json",
            "(?i)no such file|not found",
        ),
        refused(
            f"deployment group create {_AT} --template-file $folder/up.txt -n bad", "(?i)json|parse"
        ),
        works(
            f"deployment group show {_NAMED} --query properties.outputs.principal.value -o tsv",
            prints="$principal\n",
        ),
        works(
            f"deployment group show {_NAMED} --query 'properties.outputResources[0].id' -o tsv",
            prints="/subscriptions/$subscription/.*/${name}id\n",
        ),
        refused(f"deployment group show {_AT} -n none", "DeploymentNotFound"),
        works(
            f"deployment group list {_AT} --query [].name",
            {"sort(@)": ["first", "identity", "quiet"]},
        ),
        works(f"deployment group list {_AT} -o table", prints=r"(?s)Name .*first.*"),
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
        not_imitated(f"deployment group what-if {_AT} {_FILE} -p name=${{name}}id"),
        not_imitated(
            f"deployment group create {_AT} {_FILE} -p name=${{name}}id --mode Complete",
            "--mode Complete",
        ),
        not_imitated(f"deployment group cancel {_AT} -n first"),
        not_imitated("deployment sub list"),
        not_imitated(f"deployment sub create -l westus {_FILE} -p name=${{name}}id"),
        not_imitated("deployment-scripts list"),
        not_imitated("ts list"),
        not_imitated("stack group list -g $group"),
    ),
)
