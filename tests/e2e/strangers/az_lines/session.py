"""Login, subscription, providers, and az's own configuration."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

SECTION = Section(
    "session",
    (
        works(
            "login --service-principal -u $client -p $secret --tenant $tenant",
            {"[].id": ["$subscription"], "[].user.name": ["$client"]},
        ),
        refused(
            "login --service-principal -p x --tenant $tenant "
            "-u 55555555-5555-5555-5555-555555555555",
            "AADSTS700016",
        ),
        works(
            "account show",
            {
                "id": "$subscription",
                "tenantId": "$tenant",
                "environmentName": "AzureCloud",
                "user.type": "servicePrincipal",
            },
        ),
        works("account show --query id -o tsv", prints="$subscription\n"),
        works("account list", {"[].id": ["$subscription"], "[].isDefault": [True]}),
        works("account list --all --refresh", {"[].state": ["Enabled"]}),
        works("account set --subscription $subscription"),
        works("account set --subscription Emulator"),
        refused("account set --subscription nobodys", "doesn't exist"),
        works("account list-locations", {"[?name=='westus'].displayName": ["West US"]}),
        works("account get-access-token", {"tokenType": "Bearer", "tenant": "$tenant"}),
        works(
            "account get-access-token --resource https://vault.azure.net", {"tokenType": "Bearer"}
        ),
        works(
            "account get-access-token --scope https://storage.azure.com/.default",
            {"subscription": "$subscription"},
        ),
        works("account get-access-token --resource-type ms-graph", {"tokenType": "Bearer"}),
        works("account get-access-token --query tokenType -o tsv", prints="Bearer\n"),
        refused("account get-access-token --resource https://example.com", "AADSTS500011"),
        not_imitated("account management-group list"),
        not_imitated("account lock list"),
        works("cloud show", {"name": "AzureCloud", "isActive": True}),
        works('cloud list --query "[?isActive].name"', {"@": ["AzureCloud"]}),
        works("cloud set --name AzureCloud"),
        works(
            "provider show --namespace Microsoft.ContainerRegistry",
            {"namespace": "Microsoft.ContainerRegistry", "registrationState": "Registered"},
        ),
        works(
            "provider show -n Microsoft.KeyVault --query registrationState -o tsv",
            prints="Registered\n",
        ),
        works(
            "provider show -n Microsoft.ContainerRegistry "
            "--query \"resourceTypes[?resourceType=='registries/exportPipelines'].apiVersions[0]\"",
            {"length(@)": 1},
        ),
        works('provider list --query "[].registrationState | sort(@)[0]"', {"@": "Registered"}),
        works("provider register --namespace Microsoft.ContainerRegistry"),
        works("provider register --namespace Microsoft.KeyVault --wait"),
        not_imitated("feature list --namespace Microsoft.ContainerRegistry"),
        not_imitated("feature show --namespace Microsoft.ContainerRegistry --name x"),
        not_imitated("policy assignment list"),
        works("config set core.survey_message=no"),
        works("config get core.survey_message", {"value": "no"}),
        works("config unset core.survey_message"),
        works("configure --defaults group=$group acr=$registry"),
        works("configure --list-defaults", {"[?name=='acr'].value": ["$registry"]}),
        works("acr show", {"name": "$registry"}),
        works("configure --defaults group='' acr=''"),
        works("extension list", {"[].name": ["acrtransfer"]}),
        works("extension show --name acrtransfer", {"name": "acrtransfer"}),
        works("version", {"extensions | keys(@)": ["acrtransfer"]}),
        works(
            "rest --method get --url /subscriptions?api-version=2022-12-01",
            {"value[].subscriptionId": ["$subscription"]},
        ),
        works(
            "rest --method get --url https://graph.microsoft.com/v1.0/servicePrincipals",
            {"length(value[?appId=='$client'])": 1},
        ),
        refused("rest --method get --url /subscriptions", "MissingApiVersionParameter"),
    ),
)
