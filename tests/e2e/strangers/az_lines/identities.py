"""Managed identities, role definitions and role assignments."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

_GROUP_ID = "/subscriptions/$subscription/resourceGroups/$group"
_REGISTRY_ID = f"{_GROUP_ID}/providers/Microsoft.ContainerRegistry/registries/$registry"
_ACCOUNT_ID = f"{_GROUP_ID}/providers/Microsoft.Storage/storageAccounts/$account"
_ROLE = "Pipeline operator $name"


def _custom(*kinds: str) -> str:
    """The definition of a role that may do everything with these children of registries."""
    actions = ", ".join(f'"Microsoft.ContainerRegistry/registries/{kind}/*"' for kind in kinds)
    return (
        f'{{"Name": "{_ROLE}", "Description": "Runs pipelines.", "Actions": [{actions}], '
        f'"AssignableScopes": ["{_GROUP_ID}"]}}'
    )


SECTION = Section(
    "identities and roles",
    (
        works(
            "identity create -g $group -n ${name}id -l westus --tags a=b",
            {"name": "${name}id", "type": "Microsoft.ManagedIdentity/userAssignedIdentities"},
            keep={"principal": "principalId", "identity": "id", "clientid": "clientId"},
        ),
        works("identity create -g $group -n ${name}other", {"location": "westus"}),
        works(
            "identity show -g $group -n ${name}id",
            {"principalId": "$principal", "tenantId": "$tenant"},
        ),
        works("identity show --ids $identity --query clientId -o tsv", prints="$clientid\n"),
        refused("identity show -g $group -n nothing", "ResourceNotFound"),
        works("identity list -g $group", {"sort([].name)": ["${name}id", "${name}other"]}),
        works("identity list --query \"[?name=='${name}id'].id\"", {"@": ["$identity"]}),
        works("identity update -g $group -n ${name}id --tags c=d", {"tags": {"a": "b", "c": "d"}}),
        not_imitated("identity list-operations"),
        not_imitated("identity federated-credential list -g $group --identity-name ${name}id"),
        not_imitated(
            "identity federated-credential create -g $group --identity-name ${name}id -n github "
            "--issuer https://token.example --subject repo:x --audiences api://AzureADTokenExchange"
        ),
        works(
            "role definition list --name AcrPull",
            {"[].roleName": ["AcrPull"], "[].roleType": ["BuiltInRole"]},
        ),
        works(
            "role definition list --name 'Storage Blob Data Contributor' --query [].name -o tsv",
            prints="ba92f5b4-2d11-453d-a403-e96b0029c9fe\n",
        ),
        works("role definition list --custom-role-only", {"@": []}),
        works("role definition list --name nobody", {"@": []}),
        works(
            f"role definition list --scope {_REGISTRY_ID} "
            "--query \"[?roleName=='Owner'].roleName\"",
            {"@": ["Owner"]},
        ),
        works(
            "role definition show --name ba92f5b4-2d11-453d-a403-e96b0029c9fe "
            "--scope /subscriptions/$subscription",
            {"roleName": "Storage Blob Data Contributor"},
        ),
        works(
            f"role definition create --role-definition '{_custom('pipelineRuns')}'",
            {"roleName": _ROLE, "roleType": "CustomRole", "assignableScopes": [_GROUP_ID]},
            keep={"role": "name"},
        ),
        works("role definition list --custom-role-only", {"[].name": ["$role"]}),
        works(
            "role definition update --role-definition "
            f"'{_custom('exportPipelines', 'pipelineRuns')}'",
            {"name": "$role", "length(permissions[0].actions)": 2},
        ),
        works(
            f"role assignment create --assignee $principal --role '{_ROLE}' --scope {_GROUP_ID}",
            {"principalId": "$principal"},
        ),
        refused(f"role definition delete --name '{_ROLE}'", "RoleDefinitionHasAssignments"),
        works(f"role assignment delete --assignee $principal --role '{_ROLE}' -g $group"),
        works(f"role definition delete --name '{_ROLE}'"),
        works("role definition list --custom-role-only --name $role", {"@": []}),
        works(
            f"role assignment create --assignee-object-id $principal "
            "--assignee-principal-type ServicePrincipal --role 'Storage Blob Data Contributor' "
            f"--scope {_ACCOUNT_ID}",
            {"principalId": "$principal", "scope": _ACCOUNT_ID},
        ),
        works(
            f"role assignment create --assignee $principal --role AcrPull --scope {_REGISTRY_ID}",
            {"principalType": "ServicePrincipal"},
            keep={"assignment": "id"},
        ),
        works(
            f"role assignment create --assignee $principal --role AcrPull --scope {_REGISTRY_ID}",
            {"id": "$assignment"},
        ),
        works(
            f"role assignment create --assignee $clientid --role Reader --scope {_GROUP_ID}",
            {"principalId": "$principal"},
        ),
        refused(
            f"role assignment create --assignee $principal --role NoSuchRole --scope {_GROUP_ID}",
            "Role 'NoSuchRole' doesn't exist",
        ),
        refused(
            f"role assignment create --assignee nobody --role Reader --scope {_GROUP_ID}",
            "Cannot find user or service principal in graph database for 'nobody'",
        ),
        refused(
            "role assignment create --assignee-object-id 33333333-3333-3333-3333-333333333333 "
            f"--assignee-principal-type ServicePrincipal --role Reader --scope {_GROUP_ID}",
            "PrincipalNotFound",
        ),
        works(
            f"role assignment list --scope {_REGISTRY_ID}",
            {"[].roleDefinitionName": ["AcrPull"]},
        ),
        works(
            f"role assignment list --scope {_REGISTRY_ID} --include-inherited "
            "--assignee $principal",
            {"sort([].roleDefinitionName)": ["AcrPull", "Reader"]},
        ),
        works("role assignment list --assignee $principal --all", {"length(@)": 3}),
        works("role assignment list -g $group", {"[].roleDefinitionName": ["Reader"]}),
        works(
            f"role assignment list --assignee $principal --role AcrPull --scope {_REGISTRY_ID}",
            {"[].principalName": ["$clientid"]},
        ),
        works(
            f"role assignment list --scope {_ACCOUNT_ID} --query [].principalId -o tsv",
            prints="$principal\n",
        ),
        works(
            "role assignment list --assignee $principal --all -o table",
            prints=r"(?s)Principal .*Storage Blob Data Contributor.*",
        ),
        works("role assignment delete --ids $assignment"),
        works(f"role assignment delete --assignee $principal --role Reader --scope {_GROUP_ID}"),
        works("role assignment list -g $group", {"@": []}),
        refused(
            f"role assignment delete --assignee $principal --scope {_REGISTRY_ID} --yes",
            "No matched assignments were found to delete",
        ),
        not_imitated("role assignment list-changelogs"),
        works(f"role deny-assignment list --scope {_GROUP_ID}", {"@": []}),
        works("identity delete -g $group -n ${name}other"),
        works("identity list -g $group --query [].name -o tsv", prints="${name}id\n"),
    ),
)
