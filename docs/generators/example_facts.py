"""What the pages of docs/ print for what a command fills in only when it runs."""

from __future__ import annotations

from azext_acrtransfer.diagnostics.facts import Facts

EXAMPLES = Facts(
    {
        "account": "mystorage",
        "artifact": "samples/nginx:1.25",
        "blob": "myblob",
        "container": "mycontainer",
        "container-uri": "https://mystorage.blob.core.windows.net/mycontainer",
        "expiry": "2027-06-30",
        "group": "mygroup",
        "pipeline": "mypipeline",
        "pipeline-group": "export-pipeline",
        "principal-id": "11111111-1111-1111-1111-111111111111",
        "registry": "myregistry",
        "sas-permissions": "alrw",
        "secret": "mysecret",
        "secret-uri": "https://myvault.vault.azure.net/secrets/mysecret",
        "storage-role": "Storage Blob Data Contributor",
        "subscription": "00000000-0000-0000-0000-000000000000",
        "vault": "myvault",
        "you": "operator@contoso.com",
    }
)
