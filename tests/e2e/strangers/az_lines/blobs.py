"""Blobs: upload, copy, download, and what a person looks at."""

from tests.e2e.strangers.az_lines.line import Section, refused, works

_LOGIN = "--account-name $account --auth-mode login"
_IN = f"-c $container {_LOGIN}"
_KEY = "-c $container --account-name $account --account-key $key"
_URL = "https://$account.blob.core.windows.net/$container"

SECTION = Section(
    "blobs",
    (
        works("storage account keys list -n $account", {"length(@)": 2}, keep={"key": "[0].value"}),
        works(
            f"storage blob upload {_IN} -n up.txt -f $folder/up.txt",
            {"request_server_encrypted": True},
        ),
        refused(
            f"storage blob upload {_IN} -n up.txt -f $folder/up.txt",
            "BlobAlreadyExists|already exists",
        ),
        works(
            f"storage blob upload {_IN} -n up.txt -f $folder/up.txt --overwrite "
            "--metadata category=acr-transfer-blob",
            {"request_server_encrypted": True},
        ),
        works(
            f"storage blob upload {_KEY} -f $folder/up.txt --overwrite --tags a=b --tier Cool",
            {"request_server_encrypted": True},
        ),
        works(
            f"storage blob upload {_IN} -n data.txt --data words --overwrite",
            {"request_server_encrypted": True},
        ),
        refused(f"storage blob upload {_IN} -n x -f $folder/none", "(?i)no such file|not found"),
        refused(
            f"storage blob upload -c none {_LOGIN} -n x -f $folder/up.txt",
            "ContainerNotFound|does not exist",
        ),
        works(
            f"storage blob upload-batch -d $container {_LOGIN} -s $folder/batch", {"length(@)": 2}
        ),
        works(
            f"storage blob list {_IN} --query [].name",
            {"@": ["a.txt", "data.txt", "deep/b.txt", "up.txt"]},
        ),
        works(
            f"storage blob list {_IN} --prefix up --query [].properties.contentLength", {"@": [3]}
        ),
        works(f"storage blob list {_IN} --num-results 1 --query [].name", {"@": ["a.txt"]}),
        works(
            f"storage blob list {_IN} --include m --query \"[?name=='up.txt'].metadata\"",
            {"length(@)": 1},
        ),
        works(f"storage blob list {_KEY} -o table", prints=r"(?s)Name .*up.txt.*"),
        works(
            f"storage blob list {_IN} --delimiter / --query [].name",
            {"@": ["deep/", "a.txt", "data.txt", "up.txt"]},
        ),
        works(
            f"storage blob show {_IN} -n up.txt",
            {"name": "up.txt", "properties.blobType": "BlockBlob", "properties.contentLength": 3},
        ),
        refused(f"storage blob show {_IN} -n none", "BlobNotFound|does not exist"),
        works(f"storage blob exists {_IN} -n up.txt", {"exists": True}),
        works(f"storage blob exists {_IN} -n none", {"exists": False}),
        works(f"storage blob url {_IN} -n up.txt -o tsv", prints=f"{_URL}/up.txt\n"),
        works(
            f"storage blob metadata update {_IN} -n up.txt --metadata category=acr-transfer-blob",
            {"length(keys(@)) > `2`": True},
        ),
        works(f"storage blob metadata show {_IN} -n up.txt", {"category": "acr-transfer-blob"}),
        works(
            f"storage blob update {_IN} -n up.txt --content-type text/markdown",
            {"length(keys(@)) > `2`": True},
        ),
        works(f"storage blob set-tier {_IN} -n up.txt --tier Hot"),
        works(
            f"storage blob download {_IN} -n up.txt -f $folder/down.txt",
            {"name": "up.txt", "properties.contentLength": 3},
        ),
        refused(
            f"storage blob download {_IN} -n none -f $folder/none.txt",
            "BlobNotFound|does not exist",
        ),
        works(
            f"storage blob download-batch -s $container {_LOGIN} -d $folder --pattern 'deep/*'",
            {"@": ["deep/b.txt"]},
        ),
        works(
            f"storage blob generate-sas {_KEY} -n up.txt --permissions r --expiry 2030-01-01 "
            "--https-only",
            {"contains(@, 'sr=b')": True},
            keep={"sas": "@"},
        ),
        works(
            f"storage blob generate-sas {_KEY} -n up.txt --permissions r --expiry 2030-01-01 "
            "--full-uri -o tsv",
            prints=rf"{_URL}/up\.txt\?se=.*\n",
        ),
        works(
            f"storage blob generate-sas {_IN} -n up.txt --as-user --permissions r "
            "--expiry $tomorrow",
            {"contains(@, 'skoid=')": True},
            keep={"usersas": "@"},
        ),
        works(
            "storage blob download --account-name $account -c $container -n up.txt "
            "--sas-token '$usersas' -f $folder/user.txt",
            {"name": "up.txt"},
        ),
        works(
            f"storage blob download --blob-url '{_URL}/up.txt?$sas' -f $folder/url.txt",
            {"name": "up.txt"},
        ),
        refused(
            "storage blob delete --account-name $account -c $container -n up.txt "
            "--sas-token '$sas'",
            "required permissions",
        ),
        works(
            "storage blob copy start --account-name $account --auth-mode login "
            f"--destination-container $container --destination-blob copy.txt "
            f"--source-uri '{_URL}/up.txt?$sas'",
            {"copy_status": "success"},
        ),
        works(
            "storage blob copy start --account-name $account --account-key $key "
            "-c $container -b again.txt --source-container $container --source-blob up.txt",
            {"copy_status": "success"},
        ),
        works(
            "storage blob copy start-batch --account-name $account --account-key $key "
            "--source-container $container --destination-container $container "
            "--destination-path batch --pattern 'a*.txt'",
            {"length(@)": 2},
        ),
        refused(
            f"storage blob copy start {_LOGIN} -c $container -b x.txt "
            f"--source-uri '{_URL}/none?$sas'",
            "CannotVerifyCopySource|Auth|exist",
        ),
        works(f"storage blob snapshot {_IN} -n up.txt", {"snapshot != null": True}),
        works(
            f"storage blob lease acquire -b up.txt {_IN} --lease-duration -1",
            {"length(@)": 36},
            keep={"lease": "@"},
        ),
        refused(
            f"storage blob delete {_IN} -n up.txt --delete-snapshots include",
            "LeaseIdMissing|lease",
        ),
        works(f"storage blob lease break -b up.txt {_IN} --lease-break-period 0", {"@": 0}),
        works(f"storage blob delete {_IN} -n up.txt --delete-snapshots include"),
        refused(f"storage blob delete {_IN} -n up.txt", "BlobNotFound|does not exist"),
        works(f"storage blob delete-batch -s $container {_LOGIN} --pattern 'batch/*'"),
        works(
            f"storage blob list {_IN} --query [].name -o tsv",
            prints="a.txt\nagain.txt\ncopy.txt\ndata.txt\ndeep/b.txt\n",
        ),
        works(
            "storage blob service-properties show --account-name $account --auth-mode login",
            {"staticWebsite.enabled": False},
        ),
    ),
)
