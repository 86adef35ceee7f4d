r"""The command lines of the demo, in the order in which they are run.

Before `$` stands the terminal: `source`, `target`, or `both` at once. A backslash continues a line.
"""

from __future__ import annotations

PREPARE = r"""
both$ az config set --only-show-errors core.only_show_errors=true core.output=none \
  defaults.group=$CLOUD-rg defaults.acr=contoso$CLOUD storage.account=contoso$CLOUD
both$ az login --service-principal --tenant $AZURE_TENANT_ID \
  --username $AZURE_CLIENT_ID --password $AZURE_CLIENT_SECRET
both$ az extension add --source *.whl --yes
both$ az group create --name $CLOUD-rg --location westus
both$ az acr create --name contoso$CLOUD --sku Premium
both$ az storage account create --name contoso$CLOUD
both$ az storage container create --name transfer
both$ az acr login --expose-token --query accessToken --output tsv | skopeo login \
  contoso$CLOUD.azurecr.io --username 00000000-0000-0000-0000-000000000000 --password-stdin
"""

PUSH = r"""
source$ for artifact in samples/busybox:1.0 samples/busybox:1.1 samples/busybox:1.1-debug \
  samples/large:1.0 samples/notes:1.0 internal/busybox:1.1; do \
  skopeo copy --quiet --all --preserve-digests oci:payload:${artifact#*/} \
    docker://contososource.azurecr.io/$artifact; done
source$ for name in signature sbom; do \
  skopeo copy --quiet --preserve-digests oci:payload:$name \
    docker://contososource.azurecr.io/samples/busybox@$(cat payload/$name.digest); done
"""

CREATE = r"""
source$ az acr export-pipeline create --name export \
  --storage-container-uri https://contososource.blob.core.windows.net/transfer
target$ az keyvault create --name contoso-target-kv --enable-rbac-authorization false
target$ az keyvault secret set --vault-name contoso-target-kv --name import-sas \
  --value "$(az storage container generate-sas --name transfer --permissions lr --https-only \
    --expiry $(date --utc --date '30 days' +%F) --output tsv)"
target$ az acr import-pipeline create --name import \
  --storage-container-uri https://contosotarget.blob.core.windows.net/transfer \
  --secret-uri https://contoso-target-kv.vault.azure.net/secrets/import-sas
target$ az keyvault set-policy --name contoso-target-kv --secret-permissions get \
  --object-id $(az acr import-pipeline show --name import --query identity.principalId -o tsv)
"""

CHECK = r"""
source$ ! az acr export-pipeline check --name export --storage-blob transfer.tar \
  --artifacts 'samples/*' --query "[?status=='fail'].recommendation[]" --output tsv > fix.sh
source$ bash -e fix.sh
source$ az acr export-pipeline check --name export --storage-blob transfer.tar \
  --artifacts 'samples/*' --output table | grep -E 'Code|--|Storage|warn'
"""

EXPORT = r"""
source$ az acr pipeline-run create --pipeline-type export --pipeline export --name export01 \
  --artifacts 'samples/*' --exclude '*/*:*-debug' --include-referrers \
  --storage-blob transfer.tar --manifest manifest.json --output table
"""

#: The source trigger imports only blobs that have an MD5 and this metadata.
CARRY = r"""
source$ az storage blob download --container-name transfer --name transfer.tar \
  --file medium/transfer.tar --no-progress
source$ az storage blob show --container-name transfer --name transfer.tar \
  --query properties.contentSettings.contentMd5 --output tsv > medium/transfer.md5
source$ cp manifest.json medium
target$ az storage blob upload --container-name transfer --name transfer.tar \
  --file medium/transfer.tar --no-progress --content-md5 $(cat medium/transfer.md5) \
  --metadata category=acr-transfer-blob
"""

IMPORT = r"""
target$ az acr pipeline-run wait --pipeline import --storage-blob transfer.tar --interval 1
target$ az acr pipeline-run list --output table
"""

VERIFY = r"""
target$ az acr pipeline-run verify --manifest medium/manifest.json --query [].status \
  --output tsv | sort | uniq --count
target$ az acr manifest list-referrers --registry contosotarget --name samples/busybox:1.1 \
  --query manifests[].[artifactType,digest] --output tsv --only-show-errors
"""

#: What the pattern and the exclusion of EXPORT choose from the artifacts of PUSH.
TRANSFERRED = (
    "samples/busybox:1.0",
    "samples/busybox:1.1",
    "samples/large:1.0",
    "samples/notes:1.0",
)
#: The one of these that has referrers.
SIGNED = "samples/busybox:1.1"
