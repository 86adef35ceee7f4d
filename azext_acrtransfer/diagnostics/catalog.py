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
from enum import Enum

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.command_lines import Command, Output, az, comment
from azext_acrtransfer.diagnostics.facts import (
    GRANT_SECRET,
    GRANT_SECRET_BY_ROLE,
    GRANT_STORAGE,
    OF_PIPELINE,
    Facts,
)
from azext_acrtransfer.kinds import MAX_ARTIFACTS_PER_RUN, PipelineOption

MANAGED_IDENTITY, SAS = StorageAccessMode.MANAGED_IDENTITY, StorageAccessMode.SAS_TOKEN

TOO_MANY_ARTIFACTS = f"The service takes at most {MAX_ARTIFACTS_PER_RUN} artifacts in one run."
_NEW_ROLE = "A new role takes a few minutes to count."
#: In two steps: if no SAS is generated, the secret stays as it is.
_NEW_SAS = Output(
    az(
        "storage container generate-sas",
        account_name="{account}",
        name="{container}",
        permissions="{sas-permissions}",
        https_only=True,
        expiry="{expiry}",
        output="tsv",
    ),
    "sas",
    prefix="?",
)
_SECRET = {"vault_name": "{vault}", "name": "{secret}"}
_STORE_NEW_SAS = (az("keyvault secret set", **_SECRET, value=_NEW_SAS, output="none"),)
RECOVER_SECRET = az("keyvault secret recover", **_SECRET)
UPDATE_PIPELINE = az("acr {pipeline-group} update", **OF_PIPELINE)
#: A new SAS makes a new version of the secret, which a pipeline that names a version doesn't read.
_READ_NEWEST_SECRET = UPDATE_PIPELINE.adding(secret_uri="{newest-secret-uri}")
_BLOB = {"account_name": "{account}", "container_name": "{container}", "name": "{blob}"}
_MARK_BLOB = az("storage blob metadata update", **_BLOB, metadata="category=acr-transfer-blob")
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


class Rerun(str, Enum):
    """How to repeat what failed, after the commands of a remedy."""

    SAME = "Then run the same command again."
    FORCED = "Then run the same command again with --force-redeploy."


@dataclass(frozen=True)
class Alternative:
    """Commands to run instead, and when."""

    condition: str
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Remedy:
    """What to do about a failure.

    ``note`` is to be known before the rerun, and ``otherwise`` is another way, without commands.
    """

    commands: tuple[Command, ...] = ()
    alternative: Alternative | None = None
    note: str = ""
    rerun: Rerun | None = Rerun.FORCED
    otherwise: str = ""

    def steps(self, facts: Facts) -> list[str]:
        """Return its commands, and a further one where the facts require it."""
        commands = list(self.commands)
        if self.commands == _STORE_NEW_SAS and "newest-secret-uri" in facts:
            commands.append(_READ_NEWEST_SECRET)
        return list(map(facts.fill, commands))

    def alternative_steps(self, facts: Facts) -> list[str]:
        """Return the commands of its alternative, after a comment that says when to run them."""
        if not self.alternative:
            return []
        commands = map(facts.fill, self.alternative.commands)
        return [comment(f"or, {self.alternative.condition}:"), *commands]

    def advice(self, *, with_rerun: bool = True) -> str:
        """Return what to do beside its commands."""
        rerun = self.rerun.value if self.rerun and with_rerun else ""
        return " ".join(filter(None, (self.note, rerun, self.otherwise)))

    def lines(self, facts: Facts, *, with_rerun: bool = True) -> list[str]:
        """Return the whole remedy, line by line."""
        advice = self.advice(with_rerun=with_rerun)
        return [*self.steps(facts), *self.alternative_steps(facts), *([advice] if advice else [])]


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
    remedy: Remedy
    mode: StorageAccessMode | None = None
    option: PipelineOption | None = None
    holds: Callable[[re.Match[str]], bool] = _any

    def facts_in(self, message: str) -> dict[str, str]:
        """Return the facts for its commands in a message: the named groups of ``says``."""
        match = self.says and self.says.search(message)
        return {fact: text for fact, text in match.groupdict().items() if text} if match else {}


def _quiet_trigger(code: str, means: str, remedy: Remedy) -> KnownFailure:
    """Return a row for a source trigger that doesn't start a run, without any message."""
    quote = "No run appears for a blob in the container of an import pipeline."
    return KnownFailure(code, quote, None, means, remedy)


KNOWN_FAILURES = (
    KnownFailure(
        "secret-missing",
        f"{_VAULT}404 (Secret not found)",
        _says(r"key ?vault.*(404|not found)"),
        "The Key Vault secret that should hold the SAS does not exist.",
        Remedy(_STORE_NEW_SAS, Alternative("if it was deleted", (RECOVER_SECRET,))),
    ),
    KnownFailure(
        "secret-disabled",
        f"{_VAULT}403 (Operation get is not allowed on a disabled secret)",
        _says(r"key ?vault.*disabled"),
        "The Key Vault secret that holds the SAS is disabled.",
        Remedy((az("keyvault secret set-attributes", **_SECRET, enabled="true"),)),
    ),
    KnownFailure(
        "secret-not-readable",
        f"{_VAULT}403 (Forbidden)",
        _says(r"key ?vault.*(403|forbidden|denied)"),
        "The pipeline's identity may not read the Key Vault secret that holds the SAS.",
        Remedy(
            (GRANT_SECRET,), Alternative("for a vault that uses roles", (GRANT_SECRET_BY_ROLE,))
        ),
    ),
    KnownFailure(
        "sas-expired",
        f"{_STORAGE}403 (Server failed to authenticate the request. Make sure the value of "
        "Authorization header is formed correctly including the signature. Signature not valid in "
        "the specified time frame: Start [Thu, 01 Jan 2026 00:00:00 GMT] - Expiry [Fri, 02 Jan "
        "2026 00:00:00 GMT] - Current [Sat, 03 Jan 2026 00:00:00 GMT])",
        _TIME_FRAME,
        "The SAS has expired.",
        Remedy(_STORE_NEW_SAS),
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
        Remedy(_STORE_NEW_SAS),
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
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-protocol",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "protocol)",
        _says(r"storage.*403.*using this protocol"),
        "The SAS does not allow https, by which the service reaches storage.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-source-ip",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "source IP 203.0.113.7)",
        _says(r"storage.*403.*using this source IP"),
        "The SAS is for certain IP addresses, and the service's is not among them.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-service",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "service)",
        _says(r"storage.*403.*using this service"),
        "The SAS is an account SAS for other services than blobs.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-resource-type",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "resource type)",
        _says(r"storage.*403.*using this resource type"),
        "The SAS is an account SAS that lacks a resource type: it needs service, container and "
        "object.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-permission",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _says(r"storage.*403.*using this permission"),
        "The SAS lacks a permission that this direction and these options need: "
        "'{sas-permissions}' would do.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "shared-key-off",
        f"{_STORAGE}403 (Key based authentication is not permitted on this storage account)",
        _says(r"storage.*403.*key based authentication"),
        "The storage account takes nothing that was signed with its keys, and the SAS was.",
        Remedy(
            (az("storage account update", name="{account}", allow_shared_key_access="true"),),
            otherwise="Or let the pipeline use its identity: --storage-access-mode "
            "ManagedIdentity.",
        ),
        mode=SAS,
    ),
    KnownFailure(
        "role-cannot-delete",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _says(r"storage.*403.*using this permission"),
        "The pipeline deletes the blob after a success (DeleteSourceBlobOnSuccess), and the role "
        "of its identity on the storage account does not go that far; or it has none.",
        Remedy((GRANT_STORAGE,), note=_NEW_ROLE),
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
        Remedy((GRANT_STORAGE,), note=_NEW_ROLE),
        mode=MANAGED_IDENTITY,
    ),
    KnownFailure(
        "storage-firewall",
        f"{_STORAGE}403 (This request is not authorized to perform this operation)",
        _says(r"storage.*403.*not authorized to perform this operation(?! using)"),
        "The storage account's firewall is closed, and the service is not among those that storage "
        "trusts: the account must be reachable from all networks.",
        Remedy(
            (
                az(
                    "storage account update",
                    name="{account}",
                    public_network_access="Enabled",
                    default_action="Allow",
                ),
            )
        ),
    ),
    KnownFailure(
        "storage-unknown",
        "Failed to access storage.  No such host is known. (mystorage.blob.core.windows.net:443)",
        _says(r"storage.*no such host"),
        "There is no storage account of the name in the pipeline's container URI.",
        Remedy(
            (
                az("storage account list", query="[].primaryEndpoints.blob", output="tsv"),
                UPDATE_PIPELINE.adding(storage_container_uri="{container-uri}"),
            )
        ),
    ),
    KnownFailure(
        "vault-unknown",
        "Failed to access key vault.  No such host is known. (myvault.vault.azure.net:443)",
        _says(r"key ?vault.*no such host"),
        "There is no key vault of the name in the pipeline's secret URI.",
        Remedy(
            (
                az("keyvault list", query="[].properties.vaultUri", output="tsv"),
                UPDATE_PIPELINE.adding(storage_access_mode="SasToken", secret_uri="{secret-uri}"),
            )
        ),
    ),
    KnownFailure(
        "blob-missing",
        f"{_STORAGE}404 (The specified blob does not exist)",
        _says(r"storage.*404.*blob"),
        "The container holds no blob of that name.",
        Remedy(
            (
                az(
                    "storage blob list",
                    account_name="{account}",
                    container_name="{container}",
                    output="table",
                ),
            ),
            note="Check --storage-blob.",
            rerun=None,
        ),
    ),
    KnownFailure(
        "container-missing",
        f"{_STORAGE}404 (The specified container does not exist)",
        _says(r"storage.*404"),
        "The pipeline's container does not exist.",
        Remedy((az("storage container create", account_name="{account}", name="{container}"),)),
    ),
    KnownFailure(
        "blob-exists",
        "Blob 'images.tar' already exists in the container; the pipeline does not have the "
        "OverwriteBlobs option.",
        _says(r"blob.*already exists"),
        "A blob of that name is there already, and the pipeline may not overwrite it.",
        Remedy(
            (az("acr export-pipeline update", **OF_PIPELINE, add=["options", "OverwriteBlobs"]),),
            otherwise="Or choose another --storage-blob.",
        ),
    ),
    KnownFailure(
        "tag-exists",
        "Tag 'samples/nginx:1.25' already exists with digest sha256:0a2e; the pipeline does not "
        "have the OverwriteTags option.",
        _says(r"tag.*already exists"),
        "A tag of that name is there already with other content, and the pipeline may not "
        "overwrite it.",
        Remedy(
            (az("acr import-pipeline update", **OF_PIPELINE, add=["options", "OverwriteTags"]),)
        ),
    ),
    KnownFailure(
        "artifact-missing",
        "Artifact 'samples/ngnix:1.25' was not found in registry 'myregistry'.",
        _says(r"artifact.*not found"),
        "The registry holds no artifact of that name.",
        Remedy(
            (az("acr repository list", name="{registry}", output="table"),),
            note="Check the spelling in --artifacts.",
            rerun=None,
        ),
    ),
    KnownFailure(
        "layer-too-large",
        "Layer sha256:0a2e of 'samples/model:1' is 9000000000 bytes; the limit is 8589934592.",
        _says(r"layer.*(limit|larger|too large)"),
        "A layer is larger than the 8 GB that the service carries.",
        Remedy(note="Build the image with smaller layers.", rerun=None),
    ),
    KnownFailure(
        "interrupted",
        "The run was interrupted by a restart of the service.",
        _says(r"interrupted"),
        "The service was restarted while the run was under way, and did not take it up again.",
        Remedy(),
    ),
    KnownFailure(
        "registry-not-premium",
        "Transfer needs a Premium registry; 'myregistry' has the SKU Standard.",
        _says(r"premium"),
        "Pipelines and their runs need a registry of the Premium tier, on both sides.",
        Remedy((az("acr update", name="{registry}", sku="Premium"),), rerun=Rerun.SAME),
    ),
    KnownFailure(
        "exports-disabled",
        "The registry 'myregistry' has exports disabled: it can have no export pipeline.",
        _says(r"exports? .*disabled"),
        "The registry's export policy is disabled, to prevent data loss; its owner must want the "
        "export.",
        Remedy((az("acr update", name="{registry}", allow_exports="true"),), rerun=Rerun.SAME),
    ),
    KnownFailure(
        "too-many-artifacts",
        "A run exports at most 50 artifacts, not 51.",
        _says(r"at most 50|maximum of 50|50 artifacts"),
        TOO_MANY_ARTIFACTS,
        Remedy(note="Make several runs, each with a blob of its own.", rerun=None),
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
        Remedy(
            (
                az(
                    "role assignment create",
                    role="Container Registry Transfer Pipeline Contributor",
                    assignee="{you}",
                    scope="/subscriptions/{subscription}/resourceGroups/{group}"
                    "/providers/Microsoft.ContainerRegistry/registries/{registry}",
                ),
            ),
            note="A new role takes a few minutes to count, or a new login.",
            rerun=Rerun.SAME,
        ),
    ),
    KnownFailure(
        "identical-run",
        "Nothing was run: a run 'run01' with the same properties is there already, and this is it. "
        "Add --force-redeploy to run it again.",
        None,
        "The service answers a run that changes nothing with the one that it has, and moves "
        "nothing.",
        Remedy(note="Add --force-redeploy.", rerun=None),
    ),
    _quiet_trigger(
        "trigger-disabled",
        "The pipeline's source trigger is disabled.",
        Remedy(
            (az("acr import-pipeline update", **OF_PIPELINE, source_trigger_enabled="true"),),
            rerun=None,
            otherwise="Or run the pipeline by hand.",
        ),
    ),
    _quiet_trigger(
        "trigger-too-old",
        "A source trigger takes no blob that was last modified more than 60 days ago. Changing its "
        "metadata makes it new.",
        Remedy((_MARK_BLOB,), rerun=None, otherwise="Or run the pipeline by hand."),
    ),
    _quiet_trigger(
        "trigger-no-md5",
        "A source trigger takes no blob without a ContentMD5; some tools leave it out when they "
        "copy in blocks.",
        Remedy(
            (
                az(
                    "storage blob download",
                    **_BLOB,
                    file="transfer.tar",
                    no_progress=True,
                    output="none",
                ),
                az(
                    "storage blob update",
                    **_BLOB,
                    content_md5=Output("openssl md5 -binary transfer.tar | base64", "md5"),
                ),
            ),
            note="Tools have an option for it: azcopy --put-md5.",
            rerun=None,
            otherwise="Or run the pipeline by hand.",
        ),
    ),
    _quiet_trigger(
        "trigger-metadata-lost",
        "A source trigger takes only blobs with the metadata category=acr-transfer-blob, which an "
        "export sets and a copy by file loses.",
        Remedy(
            (_MARK_BLOB,),
            rerun=None,
            otherwise="Or upload it with --metadata category=acr-transfer-blob, or run the "
            "pipeline by hand.",
        ),
    ),
    _quiet_trigger(
        "trigger-no-list",
        "A source trigger must be allowed to list the container: a SAS with the permission l, or a "
        "role that reads blobs.",
        Remedy(_STORE_NEW_SAS, note="Runs by hand go on without it.", rerun=None),
    ),
)
