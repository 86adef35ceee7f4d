"""The catalog of known failures: message of the service, meaning, commands to run next.

Only a few messages are known from Azure itself (a user's report of a closed firewall; Blob
Storage's documented error texts). The others are the emulator's, and are matched on words that
any wording is likely to contain. `docs/troubleshooting.md` is generated from this catalog.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.diagnostics.facts import (
    GRANT_SECRET,
    GRANT_SECRET_BY_ROLE,
    GRANT_STORAGE,
    Facts,
)
from azext_acrtransfer.kinds import MAX_ARTIFACTS_PER_RUN, PipelineOption

MANAGED_IDENTITY, SAS = StorageAccessMode.MANAGED_IDENTITY, StorageAccessMode.SAS_TOKEN

TOO_MANY_ARTIFACTS = f"The service takes at most {MAX_ARTIFACTS_PER_RUN} artifacts in one run."
RERUN = "Then run the same command again with --force-redeploy."
_ROLE_RERUN = "A new role takes a few minutes to count. " + RERUN
FIRST_RUN = "Then run the same command again."
_STORE_NEW_SAS = (
    "sas=$(az storage container generate-sas --account-name {account} --name {container} "
    "--permissions {sas-permissions} --https-only --expiry {expiry} --output tsv) && "
    'az keyvault secret set --vault-name {vault} --name {secret} --value "?$sas" --output none',
)
RECOVER_SECRET = "az keyvault secret recover --vault-name {vault} --name {secret}"
UPDATE_PIPELINE = (
    "az acr {pipeline-group} update --resource-group {group} --registry {registry} "
    "--name {pipeline}"
)
#: What to do beside storing a new SAS if the pipeline names one version of the secret.
_READ_NEWEST_SECRET = UPDATE_PIPELINE + " --secret-uri {newest-secret-uri}"
_MARK_BLOB = (
    "az storage blob metadata update --account-name {account} --container-name {container} "
    "--name {blob} --metadata category=acr-transfer-blob"
)
_STORAGE = "Failed to access storage.  Service request failed.  Status: "
_VAULT = "Failed to access key vault.  Service request failed.  Status: "


def _says(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _any(_: re.Match[str]) -> bool:
    return True


def _in_order(first: str, second: str) -> Callable[[re.Match[str]], bool]:
    """Return a test of whether one time in a message of storage is before another."""

    def compare(match: re.Match[str]) -> bool:
        try:
            return parsedate_to_datetime(match[first]) < parsedate_to_datetime(match[second])
        except (TypeError, ValueError):  # a time that is left blank, or written otherwise
            return False

    return compare


_TIME_FRAME = _says(
    r"storage.*time frame: *Start \[(?P<start>[^]]*)\] - Expiry \[(?P<expiry>[^]]*)\] - "
    r"Current \[(?P<current>[^]]+)\]"
)


@dataclass(frozen=True)
class KnownFailure:  # pylint: disable=too-many-instance-attributes  # the columns of a table
    """A known failure: one row of the catalog.

    ``says`` is searched in the service's message, and ``quote`` is one such message; a row without
    ``says`` is a failure without any message of the service. Of the rows that match, the first
    counts. ``mode`` and ``option`` limit a row to pipelines of that storage access mode, or with
    that option.
    """

    code: str
    quote: str
    says: re.Pattern[str] | None
    means: str
    commands: tuple[str, ...] = ()
    advice: str = RERUN
    mode: StorageAccessMode | None = None
    option: PipelineOption | None = None
    holds: Callable[[re.Match[str]], bool] = _any

    def commands_with(self, facts: Facts) -> tuple[str, ...]:
        """Return its commands, and further ones where the facts require them."""
        if self.commands[:1] == _STORE_NEW_SAS and "newest-secret-uri" in facts:
            # A new SAS makes a new version of the secret, which such a pipeline would not read.
            return (self.commands[0], _READ_NEWEST_SECRET, *self.commands[1:])
        return self.commands

    def facts_in(self, message: str) -> dict[str, str]:
        """Return the facts for its commands in a message: the named groups of ``says``."""
        match = self.says and self.says.search(message)
        return {fact: text for fact, text in match.groupdict().items() if text} if match else {}


def _quiet_trigger(
    code: str, means: str, commands: tuple[str, ...], advice: str = "Or run the pipeline by hand."
) -> KnownFailure:
    """Return a row for a source trigger that doesn't start a run, without any message."""
    quote = "No run appears for a blob in the container of an import pipeline."
    return KnownFailure(code, quote, None, means, commands, advice)


KNOWN_FAILURES = (
    KnownFailure(
        "secret-missing",
        f"{_VAULT}404 (Secret not found)",
        _says(r"key ?vault.*(404|not found)"),
        "The Key Vault secret that should hold the SAS does not exist.",
        (
            *_STORE_NEW_SAS,
            "# or, if it was deleted:",
            RECOVER_SECRET,
        ),
    ),
    KnownFailure(
        "secret-disabled",
        f"{_VAULT}403 (Operation get is not allowed on a disabled secret)",
        _says(r"key ?vault.*disabled"),
        "The Key Vault secret that holds the SAS is disabled.",
        ("az keyvault secret set-attributes --vault-name {vault} --name {secret} --enabled true",),
    ),
    KnownFailure(
        "secret-not-readable",
        f"{_VAULT}403 (Forbidden)",
        _says(r"key ?vault.*(403|forbidden|denied)"),
        "The pipeline's identity may not read the Key Vault secret that holds the SAS.",
        (GRANT_SECRET, "# or, for a vault that uses roles:", GRANT_SECRET_BY_ROLE),
    ),
    KnownFailure(
        "sas-expired",
        f"{_STORAGE}403 (Server failed to authenticate the request. Make sure the value of "
        "Authorization header is formed correctly including the signature. Signature not valid in "
        "the specified time frame: Start [Thu, 01 Jan 2026 00:00:00 GMT] - Expiry [Fri, 02 Jan "
        "2026 00:00:00 GMT] - Current [Sat, 03 Jan 2026 00:00:00 GMT])",
        _TIME_FRAME,
        "The SAS has expired.",
        _STORE_NEW_SAS,
        holds=_in_order("expiry", "current"),
    ),
    KnownFailure(
        "sas-not-yet-valid",
        f"{_STORAGE}403 (Server failed to authenticate the request. Make sure the value of "
        "Authorization header is formed correctly including the signature. Signature not valid in "
        "the specified time frame: Start [Sun, 04 Jan 2026 00:00:00 GMT] - Expiry [Mon, 05 Jan "
        "2026 00:00:00 GMT] - Current [Sat, 03 Jan 2026 00:00:00 GMT])",
        _TIME_FRAME,
        "The SAS is not valid yet: its start lies ahead.",
        _STORE_NEW_SAS,
        holds=_in_order("current", "start"),
    ),
    KnownFailure(
        "sas-not-authenticated",
        f"{_STORAGE}403 (Server failed to authenticate the request. Make sure the value of "
        "Authorization header is formed correctly including the signature)",
        _says(r"storage.*failed to authenticate"),
        "Storage does not accept the SAS: it is of another account or container, it was cut short "
        "or changed, the secret holds something else, or the key that signed it has been rotated. "
        "Where the service tells no times, it may have expired as well.",
        _STORE_NEW_SAS,
        mode=SAS,
    ),
    KnownFailure(
        "sas-protocol",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "protocol)",
        _says(r"storage.*403.*using this protocol"),
        "The SAS does not allow https, by which the service reaches storage.",
        _STORE_NEW_SAS,
        mode=SAS,
    ),
    KnownFailure(
        "sas-source-ip",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "source IP 203.0.113.7)",
        _says(r"storage.*403.*using this source IP"),
        "The SAS is for certain IP addresses, and the service's is not among them.",
        _STORE_NEW_SAS,
        mode=SAS,
    ),
    KnownFailure(
        "sas-service",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "service)",
        _says(r"storage.*403.*using this service"),
        "The SAS is an account SAS for other services than blobs.",
        _STORE_NEW_SAS,
        mode=SAS,
    ),
    KnownFailure(
        "sas-resource-type",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "resource type)",
        _says(r"storage.*403.*using this resource type"),
        "The SAS is an account SAS that lacks a resource type: it needs service, container and "
        "object.",
        _STORE_NEW_SAS,
        mode=SAS,
    ),
    KnownFailure(
        "sas-permission",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _says(r"storage.*403.*using this permission"),
        "The SAS lacks a permission that this direction and these options need: "
        "'{sas-permissions}' would do.",
        _STORE_NEW_SAS,
        mode=SAS,
    ),
    KnownFailure(
        "shared-key-off",
        f"{_STORAGE}403 (Key based authentication is not permitted on this storage account)",
        _says(r"storage.*403.*key based authentication"),
        "The storage account takes nothing that was signed with its keys, and the SAS was.",
        ("az storage account update --name {account} --allow-shared-key-access true",),
        RERUN + " Or let the pipeline use its identity: --storage-access-mode ManagedIdentity.",
        mode=SAS,
    ),
    KnownFailure(
        "role-cannot-delete",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _says(r"storage.*403.*using this permission"),
        "The pipeline deletes the blob after a success (DeleteSourceBlobOnSuccess), and the role "
        "of its identity on the storage account does not go that far; or it has none.",
        (GRANT_STORAGE,),
        _ROLE_RERUN,
        mode=MANAGED_IDENTITY,
        option=PipelineOption.DELETE_SOURCE_BLOB,
    ),
    KnownFailure(
        "role-missing",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _says(r"storage.*403.*using this permission"),
        "The pipeline's identity has no role on the storage account that is enough for this "
        "direction and these options.",
        (GRANT_STORAGE,),
        _ROLE_RERUN,
        mode=MANAGED_IDENTITY,
    ),
    KnownFailure(
        "storage-firewall",
        f"{_STORAGE}403 (This request is not authorized to perform this operation)",
        _says(r"storage.*403.*not authorized to perform this operation(?! using)"),
        "The storage account's firewall is closed, and the service is not among those that storage "
        "trusts: the account must be reachable from all networks.",
        (
            "az storage account update --name {account} --public-network-access Enabled "
            "--default-action Allow",
        ),
    ),
    KnownFailure(
        "storage-unknown",
        "Failed to access storage.  No such host is known. (mystorage.blob.core.windows.net:443)",
        _says(r"storage.*no such host"),
        "There is no storage account of the name in the pipeline's container URI.",
        (
            "az storage account list --query [].primaryEndpoints.blob --output tsv",
            UPDATE_PIPELINE + " --storage-container-uri {container URI}",
        ),
    ),
    KnownFailure(
        "vault-unknown",
        "Failed to access key vault.  No such host is known. (myvault.vault.azure.net:443)",
        _says(r"key ?vault.*no such host"),
        "There is no key vault of the name in the pipeline's secret URI.",
        (
            "az keyvault list --query [].properties.vaultUri --output tsv",
            UPDATE_PIPELINE + " --storage-access-mode SasToken --secret-uri {secret URI}",
        ),
    ),
    KnownFailure(
        "blob-missing",
        f"{_STORAGE}404 (The specified blob does not exist)",
        _says(r"storage.*404.*blob"),
        "The container holds no blob of that name.",
        (
            "az storage blob list --account-name {account} --container-name {container} "
            "--output table",
        ),
        "Check --storage-blob.",
    ),
    KnownFailure(
        "container-missing",
        f"{_STORAGE}404 (The specified container does not exist)",
        _says(r"storage.*404"),
        "The pipeline's container does not exist.",
        ("az storage container create --account-name {account} --name {container}",),
    ),
    KnownFailure(
        "blob-exists",
        "Blob 'images.tar' already exists in the container; the pipeline does not have the "
        "OverwriteBlobs option.",
        _says(r"blob.*already exists"),
        "A blob of that name is there already, and the pipeline may not overwrite it.",
        (
            "az acr export-pipeline update --resource-group {group} --registry {registry} "
            "--name {pipeline} --add options OverwriteBlobs",
        ),
        RERUN + " Or choose another --storage-blob.",
    ),
    KnownFailure(
        "tag-exists",
        "Tag 'samples/nginx:1.25' already exists with digest sha256:0a2e; the pipeline does not "
        "have the OverwriteTags option.",
        _says(r"tag.*already exists"),
        "A tag of that name is there already with other content, and the pipeline may not "
        "overwrite it.",
        (
            "az acr import-pipeline update --resource-group {group} --registry {registry} "
            "--name {pipeline} --add options OverwriteTags",
        ),
    ),
    KnownFailure(
        "artifact-missing",
        "Artifact 'samples/ngnix:1.25' was not found in registry 'myregistry'.",
        _says(r"artifact.*not found"),
        "The registry holds no artifact of that name.",
        ("az acr repository list --name {registry} --output table",),
        "Check the spelling in --artifacts.",
    ),
    KnownFailure(
        "layer-too-large",
        "Layer sha256:0a2e of 'samples/model:1' is 9000000000 bytes; the limit is 8589934592.",
        _says(r"layer.*(limit|larger|too large)"),
        "A layer is larger than the 8 GB that the service carries.",
        (),
        "Build the image with smaller layers.",
    ),
    KnownFailure(
        "interrupted",
        "The run was interrupted by a restart of the service.",
        _says(r"interrupted"),
        "The service was restarted while the run was under way, and did not take it up again.",
    ),
    KnownFailure(
        "registry-not-premium",
        "Transfer needs a Premium registry; 'myregistry' has the SKU Standard.",
        _says(r"premium"),
        "Pipelines and their runs need a registry of the Premium tier, on both sides.",
        ("az acr update --name {registry} --sku Premium",),
        FIRST_RUN,
    ),
    KnownFailure(
        "exports-disabled",
        "The registry 'myregistry' has exports disabled: it can have no export pipeline.",
        _says(r"exports? .*disabled"),
        "The registry's export policy is disabled, to prevent data loss; its owner must want the "
        "export.",
        ("az acr update --name {registry} --allow-exports true",),
        FIRST_RUN,
    ),
    KnownFailure(
        "too-many-artifacts",
        "A run exports at most 50 artifacts, not 51.",
        _says(r"at most 50|maximum of 50|50 artifacts"),
        TOO_MANY_ARTIFACTS,
        (),
        "Make several runs, each with a blob of its own.",
    ),
    KnownFailure(
        "caller-not-allowed",
        "The client 'me@example.com' with object id '33333333-3333-3333-3333-333333333333' does "
        "not have authorization to perform action "
        "'Microsoft.ContainerRegistry/registries/pipelineRuns/write' over scope '...' or the scope "
        "is invalid.",
        _says(r"(with object id '(?P<you>[^']+)' )?does not have authorization to perform action"),
        "You, not the pipeline, lack the right to manage transfer in this registry. Someone who "
        "may assign roles has to give it to you.",
        (
            'az role assignment create --role "Container Registry Transfer Pipeline Contributor" '
            "--assignee {you} --scope /subscriptions/{subscription}/resourceGroups/{group}"
            "/providers/Microsoft.ContainerRegistry/registries/{registry}",
        ),
        "A new role takes a few minutes to count, or a new login. " + FIRST_RUN,
    ),
    KnownFailure(
        "identical-run",
        "Nothing was run: a run 'run01' with the same properties is there already, and this is it. "
        "Add --force-redeploy to run it again.",
        None,
        "The service answers a run that changes nothing with the one that it has, and moves "
        "nothing.",
        (),
        "Add --force-redeploy.",
    ),
    _quiet_trigger(
        "trigger-disabled",
        "The pipeline's source trigger is disabled.",
        (
            "az acr import-pipeline update --resource-group {group} --registry {registry} "
            "--name {pipeline} --source-trigger-enabled true",
        ),
    ),
    _quiet_trigger(
        "trigger-too-old",
        "A source trigger takes no blob that was last modified more than 60 days ago. Changing its "
        "metadata makes it new.",
        (_MARK_BLOB,),
    ),
    _quiet_trigger(
        "trigger-no-md5",
        "A source trigger takes no blob without a ContentMD5; some tools leave it out when they "
        "copy in blocks.",
        (
            "az storage blob download --account-name {account} --container-name {container} "
            "--name {blob} --file transfer.tar --no-progress --output none && "
            "az storage blob update --account-name {account} --container-name {container} "
            "--name {blob} --content-md5 $(openssl md5 -binary transfer.tar | base64)",
        ),
        "Tools have an option for it: azcopy --put-md5. Or run the pipeline by hand.",
    ),
    _quiet_trigger(
        "trigger-metadata-lost",
        "A source trigger takes only blobs with the metadata category=acr-transfer-blob, which an "
        "export sets and a copy by file loses.",
        (_MARK_BLOB,),
        "Or upload it with --metadata category=acr-transfer-blob, or run the pipeline by hand.",
    ),
    _quiet_trigger(
        "trigger-no-list",
        "A source trigger must be allowed to list the container: a SAS with the permission l, or a "
        "role that reads blobs.",
        _STORE_NEW_SAS,
        "Runs by hand go on without it.",
    ),
)
