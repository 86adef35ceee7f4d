"""Pipelines and runs, by the extension."""

from tests.e2e.strangers.az_lines.line import Section, refused, works

_WHERE = "-g $group -r $registry"

SECTION = Section(
    "transfers",
    (
        works(f"acr export-pipeline list {_WHERE}", {"@": []}),
        works(f"acr import-pipeline list {_WHERE}", {"@": []}),
        works(f"acr pipeline-run list {_WHERE}", {"@": []}),
        works(
            f"acr export-pipeline create {_WHERE} -n exporting -s $secret_uri -c $container_uri",
            {"name": "exporting", "provisioningState": "Succeeded"},
            keep={"exporter": "identity.principalId"},
        ),
        works(
            f"acr import-pipeline create {_WHERE} -n importing -s $secret_uri -c $container_uri "
            "--source-trigger-enabled false",
            {"name": "importing"},
            keep={"importer": "identity.principalId"},
        ),
        works(
            f"acr export-pipeline create {_WHERE} -n byroles -c $container_uri "
            "--storage-access-mode ManagedIdentity",
            {"storage.storageAccessMode || target.storageAccessMode": "ManagedIdentity"},
        ),
        works(f"acr export-pipeline show {_WHERE} -n exporting", {"name": "exporting"}),
        works(
            f"acr export-pipeline list {_WHERE} --query [].name", {"@": ["exporting", "byroles"]}
        ),
        works(f"acr import-pipeline list {_WHERE} -o table", prints=r"(?s)Name .*importing .*"),
        refused(
            f"acr export-pipeline show {_WHERE} -n none", "ResourceNotFound|not found|doesn't exist"
        ),
        refused(
            f"acr pipeline-run create {_WHERE} -n early -p exporting -t export -b early "
            "-a samples/hello:1.0",
            "(?i)key vault|secret",
        ),
        works(
            "keyvault set-policy -n $vault --secret-permissions get --object-id $exporter",
            {"name": "$vault"},
        ),
        works(
            "keyvault set-policy -n $vault --secret-permissions get --object-id $importer",
            {"name": "$vault"},
        ),
        works(
            f"acr pipeline-run create {_WHERE} -n first -p exporting -t export -b blob1 "
            "-a samples/hello:1.0 samples/tools:1.0",
            {"name": "first", "provisioningState": "Succeeded"},
        ),
        works(f"acr pipeline-run show {_WHERE} -n first", {"response.status": "Succeeded"}),
        works(
            f"acr pipeline-run list {_WHERE} --query \"[?provisioningState=='Succeeded'].name\"",
            {"@": ["first"]},
        ),
        works(f"acr pipeline-run wait {_WHERE} -n first --created --timeout 60"),
        works(
            "storage blob list --account-name $account -c $container --auth-mode login "
            "--query [].name",
            {"@": ["blob1"]},
        ),
        works(
            "acr repository delete -n $registry --repository samples/hello --yes",
            {"length(manifestsDeleted)": 2},
        ),
        works(
            f"acr pipeline-run create {_WHERE} -n second -p importing -t import -b blob1",
            {"sort(response.importedArtifacts)": ["samples/hello:1.0", "samples/tools:1.0"]},
        ),
        works("acr repository show-tags -n $registry --repository samples/hello", {"@": ["1.0"]}),
        works(f"acr pipeline-run delete {_WHERE} -n second"),
        works(f"acr pipeline-run clean {_WHERE}", {"[].name": ["early"]}),
        works(f"acr export-pipeline delete {_WHERE} -n byroles"),
        works(f"acr export-pipeline delete {_WHERE} -n exporting"),
        works(f"acr import-pipeline delete {_WHERE} -n importing"),
        works(f"acr export-pipeline list {_WHERE}", {"@": []}),
    ),
)
