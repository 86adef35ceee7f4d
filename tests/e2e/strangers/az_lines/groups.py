"""Resource groups, tags, locks, and resources of any type."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

_REGISTRY_ID = (
    "/subscriptions/$subscription/resourceGroups/$group/providers"
    "/Microsoft.ContainerRegistry/registries/$registry"
)
_VERSION = "2023-07-01"

SECTION = Section(
    "groups and resources",
    (
        works(
            "group create --name ${name}one --location westus --tags env=test owner=ci",
            {
                "name": "${name}one",
                "location": "westus",
                "tags": {"env": "test", "owner": "ci"},
                "properties.provisioningState": "Succeeded",
            },
        ),
        works("group create -n ${name}two -l eastus -o table", prints=r"Location +Name\n.*\n.*\n"),
        works("group create -n ${name}one -l westus --tags env=test", {"tags": {"env": "test"}}),
        refused("group create -n 'bad name!' -l westus", "InvalidResourceGroup"),
        works("group exists -n ${name}one", {"@": True}),
        works("group exists -n ${name}none", {"@": False}),
        works("group show -n ${name}one", {"name": "${name}one", "location": "westus"}),
        refused("group show -n ${name}none", "ResourceGroupNotFound"),
        works(
            "group list --query \"[?starts_with(name, '$name')].name\"",
            {"sort(@)": ["$name", "${name}one", "${name}two"]},
        ),
        works("group list --tag env=test", {"[].name": ["${name}one"]}),
        works("group list --tag env", {"[].name": ["${name}one"]}),
        works("group list --tag nobody=1", {"@": []}),
        works("group update -n ${name}two --tags source=ci", {"tags": {"source": "ci"}}),
        works("group update -n ${name}two --set tags.more=1", {"tags.more": "1"}),
        works("group wait -n ${name}two --created"),
        works("group wait -n ${name}two --exists --timeout 10"),
        not_imitated("group export -n $group"),
        works("group delete -n ${name}two --yes --no-wait"),
        works("group wait -n ${name}two --deleted --timeout 30"),
        works("group delete --name ${name}one --yes"),
        refused("group delete -n ${name}none --yes", "ResourceGroupNotFound"),
        not_imitated("group lock create -n keep --lock-type CanNotDelete -g $group"),
        not_imitated("group lock list -g $group"),
        not_imitated("lock create -n keep --lock-type ReadOnly -g $group"),
        not_imitated("lock list"),
        works(
            "resource list -g $group",
            {"[].name | sort(@)": ["$registry", "$account", "$vault"]},
        ),
        works("resource list -g $group -o table", prints=r"(?s)Name .*$registry .*"),
        works(
            "resource list -g $group --resource-type Microsoft.ContainerRegistry/registries",
            {"[].name": ["$registry"]},
        ),
        works("resource list --name $registry", {"[].id": [_REGISTRY_ID]}),
        works("resource list -g $group --name nothing", {"@": []}),
        works(f"resource tag --ids {_REGISTRY_ID} --tags stage=lines", {"tags.stage": "lines"}),
        works("resource list --tag stage=lines", {"[].name": ["$registry"]}),
        works("resource list --tag stage=other", {"@": []}),
        works("resource list --location westus -g $group", {"length(@)": 3}),
        works(
            "resource show -g $group -n $registry "
            "--resource-type Microsoft.ContainerRegistry/registries",
            {"id": _REGISTRY_ID, "sku.name": "Premium"},
        ),
        works(f"resource show --ids {_REGISTRY_ID}", {"name": "$registry"}),
        works(
            f"resource show --ids {_REGISTRY_ID} --api-version {_VERSION}", {"name": "$registry"}
        ),
        works(
            "resource show -g $group -n $account --namespace Microsoft.Storage "
            "--resource-type storageAccounts",
            {"name": "$account"},
        ),
        refused(
            "resource show -g $group -n nothing "
            "--resource-type Microsoft.ContainerRegistry/registries",
            "ResourceNotFound",
        ),
        works(
            f"resource update --ids {_REGISTRY_ID} --set properties.adminUserEnabled=true",
            {"properties.adminUserEnabled": True},
        ),
        works(
            f"resource invoke-action --ids {_REGISTRY_ID} --action listCredentials "
            f"--api-version {_VERSION}",
            {"@": {}},  # az shows nothing but the outputs of a deployment
        ),
        works(f"resource wait --ids {_REGISTRY_ID} --created"),
        works(f"resource wait --ids {_REGISTRY_ID} --exists"),
        works(
            "resource create -g $group -n ${name}made "
            "--resource-type Microsoft.ContainerRegistry/registries -l westus --is-full-object "
            '--properties \'{"location": "westus", "sku": {"name": "Basic"}}\'',
            {"name": "${name}made", "sku.name": "Basic"},
        ),
        works(
            "resource patch -g $group -n ${name}made "
            "--resource-type Microsoft.ContainerRegistry/registries --is-full-object "
            '--properties \'{"tags": {"a": "b"}}\'',
            {"tags": {"a": "b"}},
        ),
        works(
            "resource delete -g $group -n ${name}made "
            "--resource-type Microsoft.ContainerRegistry/registries"
        ),
        not_imitated(f"resource move --destination-group ${{name}} --ids {_REGISTRY_ID}"),
        not_imitated(
            "resource lock list -g $group --resource-name $registry "
            "--resource-type Microsoft.ContainerRegistry/registries"
        ),
        not_imitated(f"tag list --resource-id {_REGISTRY_ID}"),
        not_imitated(f"tag update --resource-id {_REGISTRY_ID} --operation Merge --tags a=b"),
        not_imitated(f"tag create --resource-id {_REGISTRY_ID} --tags a=b"),
        works(
            f"rest --method get --url {_REGISTRY_ID}?api-version={_VERSION}",
            {"tags": {"stage": "lines"}},
        ),
        works(
            f"rest --method patch --url {_REGISTRY_ID}?api-version={_VERSION} "
            '--body \'{"properties": {"anonymousPullEnabled": true}}\'',
            {"properties.anonymousPullEnabled": True},
        ),
        not_imitated("monitor activity-log list -g $group --offset 1h"),
        not_imitated("network private-endpoint list -g $group"),
    ),
)
