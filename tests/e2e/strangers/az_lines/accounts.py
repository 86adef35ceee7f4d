"""Storage accounts: the resource, its keys and rules."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

_NEW = "-n ${name}new -g $group"

SECTION = Section(
    "storage accounts",
    (
        works("storage account check-name -n ${name}new", {"nameAvailable": True}),
        works(
            "storage account check-name -n $account",
            {"nameAvailable": False, "reason": "AlreadyExists"},
        ),
        works(
            "storage account check-name -n Upper_Case",
            {"nameAvailable": False, "reason": "AccountNameInvalid"},
        ),
        works(
            f"storage account create {_NEW} -l westus --sku Standard_LRS --kind StorageV2 "
            "--https-only true --min-tls-version TLS1_2 --allow-blob-public-access false "
            "--tags a=b",
            {
                "name": "${name}new",
                "provisioningState": "Succeeded",
                "kind": "StorageV2",
                "sku.name": "Standard_LRS",
                "allowBlobPublicAccess": False,
                "primaryEndpoints.blob": "https://${name}new.blob.core.windows.net/",
            },
        ),
        works(
            f"storage account create {_NEW} -l westus --sku Standard_LRS", {"name": "${name}new"}
        ),
        refused(
            "storage account create -n Bad_Name -g $group -l westus",
            "AccountNameInvalid|not a valid storage account name",
        ),
        works("storage account list -g $group", {"sort([].name)": ["${name}new", "$account"]}),
        works(
            "storage account list --query \"[?name=='$account'].kind\" -o tsv", prints="StorageV2\n"
        ),
        works(
            f"storage account show {_NEW}", {"name": "${name}new", "statusOfPrimary": "available"}
        ),
        works(
            "storage account show -n $account --query primaryEndpoints.blob -o tsv",
            prints="https://$account.blob.core.windows.net/\n",
        ),
        refused("storage account show -n ${name}none -g $group", "ResourceNotFound"),
        works(
            "storage account show-connection-string -n $account -g $group --query "
            "\"contains(connectionString, 'AccountName=$account')\"",
            {"@": True},
        ),
        works(
            "storage account keys list -n $account -g $group",
            {"[].keyName": ["key1", "key2"]},
            keep={"key": "[0].value"},
        ),
        works("storage account keys list -n $account --query [0].value -o tsv", prints=".+=\n"),
        works(f"storage account keys renew {_NEW} --key primary", {"[].keyName": ["key1", "key2"]}),
        works(f"storage account update {_NEW} --tags c=d", {"tags": {"c": "d"}}),
        works(
            f"storage account update {_NEW} --allow-shared-key-access false",
            {"allowSharedKeyAccess": False},
        ),
        works(
            f"storage account update {_NEW} --min-tls-version TLS1_2",
            {"minimumTlsVersion": "TLS1_2"},
        ),
        works(f"storage account update {_NEW} --https-only true", {"enableHttpsTrafficOnly": True}),
        works(f"storage account update {_NEW} --sku Standard_GRS", {"sku.name": "Standard_GRS"}),
        works(f"storage account update {_NEW} --access-tier Cool --yes", {"accessTier": "Cool"}),
        works(
            f"storage account update {_NEW} --public-network-access Disabled",
            {"publicNetworkAccess": "Disabled"},
        ),
        works(
            f"storage account update {_NEW} --public-network-access SecuredByPerimeter",
            {"publicNetworkAccess": "SecuredByPerimeter"},
        ),
        works(
            f"storage account update {_NEW} --public-network-access Enabled "
            "--default-action Deny --bypass AzureServices",
            {"networkRuleSet.defaultAction": "Deny", "networkRuleSet.bypass": "AzureServices"},
        ),
        works(
            "storage account network-rule list --account-name ${name}new -g $group",
            {"ipRules": [], "virtualNetworkRules": []},
        ),
        works(
            "storage account network-rule add --account-name ${name}new -g $group "
            "--ip-address 203.0.113.7",
            {"networkRuleSet.ipRules[].ipAddressOrRange": ["203.0.113.7"]},
        ),
        works(
            "storage account network-rule remove --account-name ${name}new -g $group "
            "--ip-address 203.0.113.7",
            {"networkRuleSet.ipRules": []},
        ),
        works(
            "storage account generate-sas --account-name $account --account-key $key "
            "--services b --resource-types sco --permissions rl --expiry 2030-01-01 "
            "--https-only -o tsv",
            prints="se=.*sig=.*\n",
        ),
        not_imitated("storage account show-usage -l westus"),
        works(
            "storage account blob-service-properties show --account-name $account -g $group",
            {"name": "default"},
        ),
        works(
            "storage account blob-service-properties update --account-name $account -g $group "
            "--enable-delete-retention true --delete-retention-days 7",
            {"deleteRetentionPolicy.days": 7},
        ),
        works(
            "storage account blob-service-properties update --account-name $account -g $group "
            "--enable-versioning true",
            {"isVersioningEnabled": True},
        ),
        not_imitated("storage account management-policy show --account-name $account -g $group"),
        not_imitated(
            "storage account management-policy create --account-name $account -g $group "
            "--policy '{\"rules\": []}'"
        ),
        not_imitated("storage account encryption-scope list --account-name $account -g $group"),
        not_imitated(
            "storage account private-link-resource list --account-name $account -g $group"
        ),
        not_imitated("storage account or-policy list --account-name $account -g $group"),
        not_imitated("storage account failover -n $account --yes"),
        not_imitated("storage account revoke-delegation-keys -n $account -g $group"),
        not_imitated("storage account local-user list --account-name $account -g $group"),
        works(
            "storage container-rm list --storage-account $account -g $group",
            {"[].name": ["$container"]},
        ),
        works(
            "storage container-rm create -n arm --storage-account $account -g $group",
            {"name": "arm"},
        ),
        works(
            "storage container-rm show -n $container --storage-account $account -g $group",
            {"name": "$container", "leaseState": "Available"},
        ),
        works(
            "storage container-rm exists -n $container --storage-account $account -g $group",
            {"exists": True},
        ),
        works(
            "storage container-rm exists -n none --storage-account $account -g $group",
            {"exists": False},
        ),
        works("storage container-rm delete -n arm --storage-account $account -g $group --yes"),
        works(f"storage account delete {_NEW} --yes"),
        works("storage account delete -n ${name}new -g $group -y"),
        not_imitated("storage sku list"),
    ),
)
