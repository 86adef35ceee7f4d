r"""The command lines of the demo, in the order in which a person types them.

{cloud} is `source` or `target`. A line ends where no backslash continues it.
"""

from __future__ import annotations

#: In both clouds, at once. {sas} are the permissions that the prerequisites name for the direction.
PREPARE = r"""
az login --service-principal --tenant $AZURE_TENANT_ID --output none \
  --username $AZURE_CLIENT_ID --password $AZURE_CLIENT_SECRET
az extension add --source {wheel} --yes --only-show-errors
az group create --name {cloud}-rg --location westus --output none
az acr create --name contoso{cloud} --resource-group {cloud}-rg --sku Premium --output none
az storage account create --name contoso{cloud} --resource-group {cloud}-rg --output none
az storage container create --name transfer --account-name contoso{cloud} --output none \
  --only-show-errors
az keyvault create --name contoso-{cloud}-kv --resource-group {cloud}-rg \
  --enable-rbac-authorization false --output none
az keyvault secret set --name acr{direction}sas --vault-name contoso-{cloud}-kv --output none \
  --value "?$(az storage container generate-sas --name transfer --account-name contoso{cloud} \
    --expiry {expiry} --permissions {sas} --https-only --output tsv --only-show-errors)"
"""

#: By plain OCI HTTP; any registry client does it with such a token.
FILL = r"""
export REGISTRY_TOKEN=$(az acr login --name contososource --expose-token \
  --query accessToken --output tsv --only-show-errors); \
  python -m demo.registry push .tools/payload contososource.azurecr.io
"""

EXPORT = r"""
az acr export-pipeline create --resource-group source-rg --registry contososource \
  --name exporter \
  --secret-uri https://contoso-source-kv.vault.azure.net/secrets/acrexportsas \
  --storage-container-uri https://contososource.blob.core.windows.net/transfer --output table
az keyvault set-policy --name contoso-source-kv --secret-permissions get --output none \
  --object-id $(az acr export-pipeline show --resource-group source-rg \
    --registry contososource --name exporter --query identity.principalId --output tsv)
az acr pipeline-run create --resource-group source-rg --registry contososource \
  --pipeline exporter --name firstexport --pipeline-type export --storage-blob transfer.tar \
  --artifacts samples/busybox:1.0 samples/large:1.0 samples/notes:1.0 \
  --force-redeploy --output table
az storage blob list --account-name contososource --container transfer --output table \
  --only-show-errors
"""

#: The blob crosses as a file on a medium, and with it its MD5.
CARRY_OUT = r"""
az storage blob download --account-name contososource --container-name transfer \
  --name transfer.tar --file "$MEDIUM/transfer.tar" --no-progress --output none \
  --only-show-errors
az storage blob show --account-name contososource --container-name transfer \
  --name transfer.tar --query properties.contentSettings.contentMd5 --output tsv \
  --only-show-errors > "$MEDIUM/transfer.md5"
"""

IMPORT = r"""
az acr import-pipeline create --resource-group target-rg --registry contosotarget \
  --name importer \
  --secret-uri https://contoso-target-kv.vault.azure.net/secrets/acrimportsas \
  --storage-container-uri https://contosotarget.blob.core.windows.net/transfer --output table
az keyvault set-policy --name contoso-target-kv --secret-permissions get --output none \
  --object-id $(az acr import-pipeline show --resource-group target-rg \
    --registry contosotarget --name importer --query identity.principalId --output tsv)
"""

#: The source trigger takes only blobs that have an MD5 and this category; a file has neither.
CARRY_IN = r"""
az storage blob upload --account-name contosotarget --container-name transfer \
  --name transfer.tar --file "$MEDIUM/transfer.tar" --no-progress --output none \
  --only-show-errors \
  --content-md5 "$(cat "$MEDIUM/transfer.md5")" --metadata category=acr-transfer-blob
"""

#: Once the source trigger has looked into the container.
ARRIVED = r"""
until run=$(az acr pipeline-run list --resource-group target-rg --registry contosotarget \
    --query '[0].name' --output tsv) && [ "$run" ]; do sleep 1; done; \
  az acr pipeline-run wait --resource-group target-rg --registry contosotarget \
    --name "$run" --created --interval 1
az acr pipeline-run list --resource-group target-rg --registry contosotarget --output table
az acr repository list --name contosotarget --output table
az acr repository show-tags --name contosotarget --repository samples/busybox --output table
"""

#: In both clouds, at once.
COMPARE = r"""
export REGISTRY_TOKEN=$(az acr login --name contoso{cloud} --expose-token \
  --query accessToken --output tsv --only-show-errors); \
  python -m demo.registry digests contoso{cloud}.azurecr.io > "$MEDIUM/{cloud}.json"
"""
