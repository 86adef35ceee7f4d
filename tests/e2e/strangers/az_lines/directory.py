"""Service principals, applications and users of Entra."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

_REGISTRY_ID = (
    "/subscriptions/$subscription/resourceGroups/$group/providers"
    "/Microsoft.ContainerRegistry/registries/$registry"
)

SECTION = Section(
    "directory",
    (
        works(
            "ad sp show --id $client",
            {"appId": "$client", "servicePrincipalType": "Application"},
            keep={"object": "id"},
        ),
        works("ad sp show --id $object", {"appId": "$client"}),
        works("ad sp show --id $client --query id -o tsv", prints="$object\n"),
        refused("ad sp show --id 44444444-4444-4444-4444-444444444444", "does not exist"),
        works("ad sp list --all --query \"[?appId=='$client'].id\"", {"@": ["$object"]}),
        works("ad sp list --spn $client", {"[].id": ["$object"]}),
        works("ad sp list --display-name nobody", {"@": []}),
        works("ad sp list --filter \"appId eq '$client'\"", {"[].id": ["$object"]}),
        works(
            f"ad sp create-for-rbac -n ${{name}}push --role AcrPush --scopes {_REGISTRY_ID}",
            {"displayName": "${name}push", "tenant": "$tenant"},
            keep={"pusher": "appId"},
        ),
        works(
            f"role assignment list --scope {_REGISTRY_ID}",
            {"[].roleDefinitionName": ["AcrPush"], "[].principalName": ["$pusher"]},
        ),
        works(
            "ad sp create-for-rbac -n ${name}bare",
            {"displayName": "${name}bare"},
            keep={"bare": "appId"},
        ),
        works("ad sp list --display-name ${name}push", {"[].appId": ["$pusher"]}),
        works("ad sp credential list --id $pusher", {"@": []}),
        works("ad app credential list --id $pusher", {"length(@)": 1}),
        works(
            "ad sp credential reset --id $pusher --years 1",
            {"appId": "$pusher", "tenant": "$tenant"},
            keep={"password": "password"},
        ),
        works(
            "login --service-principal -u $pusher -p $password --tenant $tenant",
            {"[].user.name": ["$pusher"]},
        ),
        refused("acr show -n $registry", "could not be found"),
        works("acr login -n $registry --expose-token", {"loginServer": "$server"}),
        works(
            "login --service-principal -u $client -p $secret --tenant $tenant",
            {"[].user.name": ["$client"]},
        ),
        works("ad sp delete --id $bare"),
        works("ad app show --id $pusher", {"appId": "$pusher", "displayName": "${name}push"}),
        works("ad app list --display-name ${name}push", {"[].appId": ["$pusher"]}),
        works(
            "ad app create --display-name ${name}app",
            {"displayName": "${name}app"},
            keep={"app": "appId"},
        ),
        works("ad sp create --id $app", {"appId": "$app", "displayName": "${name}app"}),
        works("ad app credential reset --id $app", {"appId": "$app"}),
        works("ad app delete --id $app"),
        works("ad user list", {"@": []}),
        refused("ad user show --id nobody@example.com", "does not exist"),
        works("ad group list", {"@": []}),
        refused("ad group show --group pushers", "No group matches"),
        not_imitated("ad group create --display-name pushers --mail-nickname pushers"),
        refused("ad signed-in-user show", "delegated authentication flow"),
    ),
)
