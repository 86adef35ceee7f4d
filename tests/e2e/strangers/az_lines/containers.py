"""Blob containers by key, SAS, connection string and login."""

from tests.e2e.strangers.az_lines.line import Section, refused, works

_KEY = "--account-name $account --account-key $key"
_LOGIN = "--account-name $account --auth-mode login"

SECTION = Section(
    "containers",
    (
        works("storage account keys list -n $account", {"length(@)": 2}, keep={"key": "[0].value"}),
        works(
            "storage account show-connection-string -n $account",
            {"contains(connectionString, 'AccountKey')": True},
            keep={"connection": "connectionString"},
        ),
        works(f"storage container create -n one {_KEY}", {"created": True}),
        works(f"storage container create -n one {_KEY}", {"created": False}),
        refused(
            f"storage container create -n one {_KEY} --fail-on-exist",
            "ContainerAlreadyExists|already exists",
        ),
        works(f"storage container create -n two {_LOGIN}", {"created": True}),
        works(
            "storage container create -n three --connection-string '$connection'", {"created": True}
        ),
        works("storage container create -n four --account-name $account", {"created": True}),
        refused(f"storage container create -n Bad_Name {_KEY}", "InvalidResourceName|invalid"),
        works(f"storage container exists -n one {_KEY}", {"exists": True}),
        works(f"storage container exists -n none {_LOGIN}", {"exists": False}),
        works(
            f"storage container list {_LOGIN} --query [].name",
            {"sort(@)": ["four", "$container", "one", "three", "two"]},
        ),
        works(f"storage container list {_KEY} --prefix t --query [].name", {"@": ["three", "two"]}),
        works(f"storage container list {_KEY} -o table", prints=r"(?s)Name .*"),
        works(
            f"storage container show -n one {_LOGIN}",
            {"name": "one", "properties.lease.state": "available"},
        ),
        refused(f"storage container show -n none {_LOGIN}", "ContainerNotFound|does not exist"),
        works(
            f"storage container metadata update -n one {_KEY} --metadata a=b",
            {"contains(keys(@), 'etag')": True},
        ),
        works(f"storage container metadata show -n one {_KEY}", {"a": "b"}),
        works(f"storage container show-permission -n one {_KEY}", {"publicAccess": "off"}),
        works(
            f"storage container set-permission -n one {_KEY} --public-access off",
            {"contains(keys(@), 'etag')": True},
        ),
        works(
            f"storage container policy create -c one -n reader {_KEY} --permissions rl "
            "--expiry 2030-01-01",
            {"contains(keys(@), 'etag')": True},
        ),
        works(f"storage container policy list -c one {_KEY}", {"reader.permission": "rl"}),
        works(f"storage container policy show -c one -n reader {_KEY}", {"permission": "rl"}),
        works(
            f"storage container policy update -c one -n reader {_KEY} --permissions rwl",
            {"contains(keys(@), 'etag')": True},
        ),
        works(
            f"storage container generate-sas -n one {_KEY} --policy-name reader -o tsv",
            prints=".*si=reader.*\n",
        ),
        works(
            f"storage container policy delete -c one -n reader {_KEY}",
            {"contains(keys(@), 'etag')": True},
        ),
        works(
            f"storage container generate-sas -n one {_KEY} --permissions racwdl "
            "--expiry 2030-01-01 --https-only",
            {"contains(@, 'sp=racwdl')": True},
            keep={"sas": "@"},
        ),
        works("storage blob list -c one --account-name $account --sas-token '$sas'", {"@": []}),
        works(
            f"storage container generate-sas -n one {_LOGIN} --as-user --permissions rl "
            "--expiry $tomorrow",
            {"contains(@, 'skoid=')": True},
            keep={"usersas": "@"},
        ),
        works("storage blob list -c one --account-name $account --sas-token '$usersas'", {"@": []}),
        refused(
            "storage blob list -c two --account-name $account --sas-token '$sas'",
            "blocked by network rules",
        ),
        refused(
            f"storage container generate-sas -n one {_LOGIN} --as-user --permissions rl "
            "--expiry 2099-01-01",
            "7 days|invalid|InvalidXmlNodeValue|out of range",
        ),
        works(
            f"storage container lease acquire -c one {_KEY} --lease-duration -1",
            {"length(@)": 36},
            keep={"lease": "@"},
        ),
        refused(f"storage container delete -n one {_KEY}", "LeaseIdMissing|lease"),
        works(f"storage container lease release -c one {_KEY} --lease-id $lease"),
        works(
            f"storage container lease acquire -c one {_LOGIN} --lease-duration 15",
            {"length(@)": 36},
        ),
        works(f"storage container lease break -c one {_KEY} --lease-break-period 0", {"@": 0}),
        works(
            "storage container immutability-policy create -c two --account-name $account -g $group "
            "--period 7",
            {"immutabilityPeriodSinceCreationInDays": 7, "state": "Unlocked"},
        ),
        works(
            "storage container legal-hold show -c two --account-name $account -g $group",
            {"hasLegalHold": False, "tags": []},
        ),
        works(f"storage container delete -n one {_KEY}", {"deleted": True}),
        works(f"storage container delete -n two {_LOGIN}", {"deleted": True}),
        works(f"storage container delete -n none {_LOGIN}", {"deleted": False}),
    ),
)
