"""Key vaults and their secrets."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

_NEW = "-n ${name}new"
_IN = "--vault-name $vault"

SECTION = Section(
    "vaults and secrets",
    (
        works("keyvault check-name -n ${name}new", {"nameAvailable": True}),
        works(
            f"keyvault create {_NEW} -g $group -l westus --enable-rbac-authorization false "
            "--retention-days 7",
            {
                "name": "${name}new",
                "properties.provisioningState": "Succeeded",
                "properties.vaultUri": "https://${name}new.vault.azure.net/",
                "properties.softDeleteRetentionInDays": 7,
            },
        ),
        refused("keyvault create -n 1x -g $group", "VaultNameNotValid"),
        works("keyvault list -g $group", {"sort([].name)": ["${name}new", "$vault"]}),
        works("keyvault list --query \"[?name=='$vault'].name\"", {"@": ["$vault"]}),
        works("keyvault list --resource-type vault -g $group -o table", prints=r"(?s).*$vault.*"),
        works("keyvault show -n $vault", {"name": "$vault", "properties.tenantId": "$tenant"}),
        works(
            "keyvault show -n $vault --query properties.vaultUri -o tsv",
            prints="https://$vault.vault.azure.net/\n",
        ),
        refused("keyvault show -n ${name}none", "not found|could not be found|ResourceNotFound"),
        works(
            f"keyvault update {_NEW} --enable-rbac-authorization true",
            {"properties.enableRbacAuthorization": True},
        ),
        works(f"keyvault update {_NEW} --set tags.a=b", {"tags": {"a": "b"}}),
        works(
            f"keyvault update {_NEW} --enable-rbac-authorization false "
            "--public-network-access Enabled",
            {"properties.publicNetworkAccess": "Enabled"},
        ),
        works(
            f"keyvault update {_NEW} --default-action Deny --bypass AzureServices",
            {"properties.networkAcls.defaultAction": "Deny"},
        ),
        works(
            "keyvault network-rule add -n ${name}new --ip-address 203.0.113.7/32",
            {"properties.networkAcls.ipRules[].value": ["203.0.113.7/32"]},
        ),
        works("keyvault network-rule list -n ${name}new", {"ipRules[].value": ["203.0.113.7/32"]}),
        works(
            "keyvault network-rule remove -n ${name}new --ip-address 203.0.113.7/32",
            {"properties.networkAcls.ipRules": []},
        ),
        works(
            "keyvault set-policy -n ${name}new --object-id $admin --secret-permissions get list "
            "set delete",
            {"length(properties.accessPolicies[?objectId=='$admin'])": 1},
        ),
        works(
            "keyvault set-policy -n ${name}new --spn $client --secret-permissions all",
            {"properties.accessPolicies[?objectId=='$admin'].permissions.secrets[]": ["all"]},
        ),
        works(
            "keyvault delete-policy -n ${name}new --object-id $admin",
            {"properties.accessPolicies[?objectId=='$admin']": []},
        ),
        works("keyvault wait -n ${name}new --created"),
        works(
            f"keyvault secret set {_IN} -n mysas --value '?sv=1&sig=abc'",
            {"name": "mysas", "value": "?sv=1&sig=abc", "attributes.enabled": True},
            keep={"secret": "id"},
        ),
        works(
            f"keyvault secret set {_IN} -n mysas --value second --expires 2030-01-01T00:00:00Z "
            "--tags a=b",
            {"attributes.expires": "2030-01-01T00:00:00+00:00"},
        ),
        works(f"keyvault secret set {_IN} -n fromfile --file $folder/up.txt", {"value": "up\n"}),
        refused(f"keyvault secret set {_IN} -n bad_name --value x", "BadParameter|pattern"),
        works(f"keyvault secret show {_IN} -n mysas", {"value": "second"}),
        works(
            f"keyvault secret show {_IN} -n mysas --query id -o tsv",
            prints=r"https://$vault\.vault\.azure\.net/secrets/mysas/[0-9a-f]{32}\n",
        ),
        works("keyvault secret show --id $secret --query value -o tsv", prints=r"\?sv=1&sig=abc\n"),
        refused(f"keyvault secret show {_IN} -n none", "SecretNotFound"),
        refused(
            "keyvault secret show --vault-name ${name}none -n x",
            "(?i)resolve|exist|connect|not found|403",
        ),
        works(
            f"keyvault secret list {_IN} --query [].name",
            {"sort(@)": ["acrsas", "fromfile", "mysas"]},
        ),
        works(f"keyvault secret list {_IN} -o table", prints=r"(?s)Name .*mysas.*"),
        works(f"keyvault secret list-versions {_IN} -n mysas", {"length(@)": 2}),
        works(
            f"keyvault secret set-attributes {_IN} -n mysas --enabled false",
            {"attributes.enabled": False},
        ),
        refused(f"keyvault secret show {_IN} -n mysas", "(?i)disabled|not allowed on a disabled"),
        works(
            f"keyvault secret set-attributes {_IN} -n mysas --enabled true "
            "--not-before 2020-01-01T00:00:00Z",
            {"attributes.notBefore": "2020-01-01T00:00:00+00:00"},
        ),
        works(f"keyvault secret download {_IN} -n fromfile -f $folder/secret.txt"),
        works(f"keyvault secret backup {_IN} -n fromfile -f $folder/secret.backup"),
        works(f"keyvault secret delete {_IN} -n fromfile", {"name": "fromfile"}),
        refused(f"keyvault secret show {_IN} -n fromfile", "SecretNotFound"),
        works(f"keyvault secret list-deleted {_IN} --query [].name", {"@": ["fromfile"]}),
        works(f"keyvault secret show-deleted {_IN} -n fromfile", {"name": "fromfile"}),
        works(f"keyvault secret recover {_IN} -n fromfile", {"name": "fromfile"}),
        works(f"keyvault secret delete {_IN} -n fromfile", {"name": "fromfile"}),
        works(f"keyvault secret purge {_IN} -n fromfile"),
        works(f"keyvault secret restore {_IN} -f $folder/secret.backup", {"name": "fromfile"}),
        not_imitated(f"keyvault key create {_IN} -n mykey --kty RSA"),
        not_imitated(f"keyvault key list {_IN}"),
        not_imitated(f"keyvault certificate list {_IN}"),
        not_imitated("keyvault private-link-resource list --vault-name ${name}new"),
        not_imitated("keyvault list --resource-type hsm", "--resource-type hsm"),
        works(f"keyvault delete {_NEW}"),
        works(
            "keyvault list-deleted --resource-type vault --query \"[?name=='${name}new'].name\"",
            {"@": ["${name}new"]},
        ),
        works(f"keyvault show-deleted {_NEW}", {"name": "${name}new"}),
        refused(f"keyvault create {_NEW} -g $group -l westus", "(?i)deleted|recover"),
        works(f"keyvault recover {_NEW}", {"name": "${name}new"}),
        works(f"keyvault delete {_NEW} -g $group"),
        works(f"keyvault purge {_NEW}"),
        works("keyvault list -g $group --query [].name -o tsv", prints="$vault\n"),
    ),
)
