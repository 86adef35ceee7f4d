"""Registries: the resource, its settings and its children."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

_GROUP_ID = "/subscriptions/$subscription/resourceGroups/$group"
_ENTRIES = "repositories samples/hello content/read"

SECTION = Section(
    "registries",
    (
        works("acr check-name -n ${name}free", {"nameAvailable": True}),
        works("acr check-name -n $registry", {"nameAvailable": False, "reason": "AlreadyExists"}),
        works("acr check-name -n x", {"nameAvailable": False, "reason": "Invalid"}),
        works(
            "acr create -n ${name}new -g $group --sku Premium -l eastus --admin-enabled --tags a=b",
            {
                "name": "${name}new",
                "sku.name": "Premium",
                "location": "eastus",
                "adminUserEnabled": True,
                "loginServer": "${name}new.azurecr.io",
                "provisioningState": "Succeeded",
            },
        ),
        works("acr create -g $group -n ${name}basic --sku Basic", {"sku.tier": "Basic"}),
        refused("acr create -g $group -n a --sku Basic", "InvalidResourceName"),
        refused("acr create -g ${name}none -n ${name}x1 --sku Basic", "ResourceGroupNotFound"),
        works(
            "acr list -g $group",
            {"sort([].name)": ["${name}basic", "${name}new", "$registry"]},
        ),
        works("acr list -g $group -o table", prints=r"(?s)NAME .*${name}basic.*"),
        works("acr list --query \"[?name=='$registry'].loginServer\" -o tsv", prints="$server\n"),
        works("acr show -n $registry", {"name": "$registry", "resourceGroup": "$group"}),
        works(
            "acr show -n $registry -g $group --query id -o tsv",
            prints=f"{_GROUP_ID}/providers/Microsoft.ContainerRegistry/registries/$registry\n",
        ),
        works("acr show --name $server --query name -o tsv", prints="$registry\n"),
        refused("acr show -n ${name}none", "could not be found"),
        refused("acr show -n ${name}none -g $group", "ResourceNotFound"),
        works("acr update -n $registry --tags team=release", {"tags": {"team": "release"}}),
        works("acr update -n $registry --admin-enabled true", {"adminUserEnabled": True}),
        works("acr update -n $registry --set tags.more=1", {"tags": {"more": "1"}}),
        works("acr update -n ${name}basic --sku Standard", {"sku.name": "Standard"}),
        works(
            "acr update -n $registry --anonymous-pull-enabled true", {"anonymousPullEnabled": True}
        ),
        works(
            "acr update -n $registry --data-endpoint-enabled true", {"dataEndpointEnabled": True}
        ),
        works("acr show-endpoints -n $registry", {"loginServer": "$server"}),
        works(
            "acr update -n $registry --data-endpoint-enabled false", {"dataEndpointEnabled": False}
        ),
        works(
            "acr update -n ${name}new --default-action Deny",
            {"networkRuleSet.defaultAction": "Deny"},
        ),
        works(
            "acr update -n ${name}new --allow-trusted-services false",
            {"networkRuleBypassOptions": "None"},
        ),
        works(
            "acr update -n ${name}new --public-network-enabled false",
            {"publicNetworkAccess": "Disabled"},
        ),
        works(
            "acr update -n ${name}new --allow-exports false",
            {"policies.exportPolicy.status": "disabled"},
        ),
        works(
            "acr update -n ${name}new --allow-exports true --public-network-enabled true",
            {"policies.exportPolicy.status": "enabled", "publicNetworkAccess": "Enabled"},
        ),
        works("acr show-usage -n $registry", {"value[?name=='Size'].unit": ["Bytes"]}),
        works("acr show-usage -n $registry -o table", prints=r"(?s)NAME .*Size .*"),
        works(
            "acr credential show -n $registry",
            {"username": "$registry", "length(passwords)": 2},
            keep={"password": "passwords[0].value"},
        ),
        works(
            "acr credential show -n $registry --query passwords[0].value -o tsv",
            prints="$password\n",
        ),
        works(
            "acr credential renew -n $registry --password-name password2",
            {"passwords[0].value": "$password"},
        ),
        refused("acr credential show -n ${name}basic", "to enable admin first"),
        works("acr login -n $registry --expose-token", {"loginServer": "$server"}),
        works(
            "acr login -n $registry --expose-token --query accessToken -o tsv",
            prints=r"[\w.-]+\n",
        ),
        refused("acr login -n $registry", "(?i)docker"),
        works("acr check-health -n $registry --yes --ignore-errors"),
        works("acr network-rule list -n ${name}new", {"ipRules": []}),
        works(
            "acr network-rule add -n ${name}new --ip-address 203.0.113.0/24",
            {"networkRuleSet.ipRules[].ipAddressOrRange": ["203.0.113.0/24"]},
        ),
        works(
            "acr network-rule remove -n ${name}new --ip-address 203.0.113.0/24",
            {"networkRuleSet.ipRules": []},
        ),
        works(
            "identity create -g $group -n ${name}id", {"name": "${name}id"}, keep={"identity": "id"}
        ),
        works(
            "acr identity assign -n $registry --identities [system] $identity",
            {"identity.type": "SystemAssigned, UserAssigned"},
        ),
        works("acr identity show -n $registry", {"type": "SystemAssigned, UserAssigned"}),
        works(
            "acr identity remove -n $registry --identities $identity",
            {"identity.type": "SystemAssigned"},
        ),
        works("acr encryption show -n $registry", {"status": "disabled"}),
        works("acr config retention show -r $registry", {"status": "disabled"}),
        works(
            "acr config retention update -r $registry --status enabled --days 30 "
            "--type UntaggedManifests",
            {"status": "enabled", "days": 30},
        ),
        works("acr config content-trust show -r $registry", {"status": "disabled"}),
        works(
            "acr config content-trust update -r $registry --status disabled --yes",
            {"status": "disabled"},
        ),
        works("acr config soft-delete show -r $registry", {"status": "disabled"}),
        works("acr config authentication-as-arm show -r $registry", {"status": "enabled"}),
        works(
            "acr config authentication-as-arm update -r $registry --status disabled",
            {"status": "disabled"},
        ),
        works("acr private-endpoint-connection list -r $registry", {"@": []}),
        not_imitated("acr private-link-resource list -n $registry"),
        works("acr replication list -r $registry", {"[].name": ["westus"]}),
        works("acr replication list -r $registry -o table", prints=r"(?s)NAME .*westus.*"),
        not_imitated("acr replication create -r $registry -l eastus"),
        works("acr webhook list -r $registry", {"@": []}),
        not_imitated(
            "acr webhook create -r $registry -n ${name}hook --uri https://hook.example "
            "--actions push"
        ),
        works("acr token list -r $registry", {"@": []}),
        not_imitated(
            "acr token create -r $registry -n puller --repository samples/hello content/read"
        ),
        works("acr scope-map list -r $registry", {"length(@)": 5}),
        not_imitated(
            "acr scope-map create -r $registry -n reader --repository samples/hello content/read"
        ),
        works("acr cache list -r $registry", {"@": []}),
        not_imitated(
            "acr cache create -r $registry -n hub -s docker.io/library/busybox -t busybox"
        ),
        works("acr credential-set list -r $registry", {"@": []}),
        works("acr connected-registry list -r $registry", {"@": []}),
        works("acr task list -r $registry", {"@": []}),
        not_imitated("acr task create -r $registry -n nightly --cmd busybox --context /dev/null"),
        works("acr task list-runs -r $registry", {"@": []}),
        works("acr agentpool list -r $registry", {"@": []}),
        works("acr taskrun list -r $registry", {"@": []}),
        not_imitated("acr run -r $registry --cmd busybox /dev/null"),
        works("acr delete -n ${name}basic --yes"),
        works("acr delete -n ${name}new -g $group -y"),
        refused("acr delete -n ${name}new -y", "could not be found"),
        works("acr list -g $group --query [].name -o tsv", prints="$registry\n"),
    ),
)
