#!/usr/bin/env bash
# transfer-test.sh: exports an image, imports it into another registry, and verifies it.
# For `acr-emulator run -- bash transfer-test.sh`, whose environment has a service principal.
set -euo pipefail
export AZURE_DEFAULTS_GROUP=test AZURE_DEFAULTS_LOCATION=westus AZURE_CORE_OUTPUT=none AZURE_CORE_ONLY_SHOW_ERRORS=true

az login --service-principal --username "$AZURE_CLIENT_ID" --password "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"
az extension add --source acrtransfer-3.0.0-py3-none-any.whl --yes
az group create --name test
az acr create --name testsource --sku Premium
az acr create --name testtarget --sku Premium
az storage account create --name teststorage
az storage container create --account-name teststorage --name transfer --auth-mode login
account=$(az storage account show --name teststorage --query id --output tsv)

# An image with the notes of this commit
echo "Hello." >notes.txt
tar --create --file notes.tar notes.txt
REGISTRY_AUTH_FILE=$PWD/registries.json
export REGISTRY_AUTH_FILE
az acr login --name testsource --expose-token --query accessToken --output tsv |
    skopeo login --username 00000000-0000-0000-0000-000000000000 --password-stdin testsource.azurecr.io
skopeo --insecure-policy copy --quiet tarball:notes.tar docker://testsource.azurecr.io/samples/notes:1.0

declare -A registry=([export]=testsource [import]=testtarget)
for kind in export import; do
    principal=$(az acr "$kind-pipeline" create --registry "${registry[$kind]}" --name "test$kind" \
        --storage-container-uri https://teststorage.blob.core.windows.net/transfer \
        --query identity.principalId --output tsv)
    az role assignment create --role "Storage Blob Data Contributor" --assignee-object-id "$principal" \
        --assignee-principal-type ServicePrincipal --scope "$account"
done
az acr pipeline-run create --registry testsource --pipeline testexport --pipeline-type export --name export01 \
    --storage-blob notes.tar --artifacts 'samples/*' --manifest manifest.json
az acr pipeline-run wait --registry testtarget --pipeline testimport --storage-blob notes.tar --interval 1 --timeout 60
az acr pipeline-run verify --registry testtarget --manifest manifest.json --output table
