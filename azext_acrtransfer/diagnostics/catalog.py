"""The catalog of known failures: message of the service, meaning, commands to run next.

Only a few messages are known from Azure itself (a user's report of a closed firewall; Blob
Storage's documented error texts). The others are the emulator's, and are matched on words that
any wording is likely to contain. `docs/reference/known-failures.md` is generated from this catalog.
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


# A name in a message, in quotes or not.
_NAME = r"""(?:'[^']*'|"[^"]*"|[^\s'"]+)"""
# Any words up to an empty line, but nothing within quotes: that is a name, whatever it reads like.
_REST = r"""(?:[^'"\n]|\n(?!\n)|'[^'\n]*'|"[^"\n]*")*?"""
# The ends of a word that is no part of a name, such as `premium/base:1`.
_START, _END = r"""(?<![\w'"/:.@-])""", r"""(?![\w'"/@-]|[.:]\w)"""


def _says(pattern: str) -> re.Pattern[str]:
    """Return a pattern in which a blank is any white space: a message can have several lines."""
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE | re.DOTALL)


def _refused(service: str, status: str, words: str = "", codes: str = "") -> re.Pattern[str]:
    """Return the pattern of a refusal by storage or a vault, in the form of .NET's exceptions.

    ``words`` are parts of the reason after the status, and ``codes`` are error codes; without
    either, any reason matches. Digits and words elsewhere, as in a request ID, don't count.
    """
    reasons = [rf" \([^()]*?\b(?:{words})"] if words else []
    reasons += [rf".*?\bErrorCode: (?:{codes})\b"] if codes else []
    return _says(rf"\b{service}\b.*?\bStatus: {status}\b(?:{'|'.join(reasons)})")


def _storage(status: str, words: str = "", codes: str = "") -> re.Pattern[str]:
    return _refused("access storage", status, words, codes)


def _vault(status: str, words: str = "", codes: str = "") -> re.Pattern[str]:
    return _refused("key ?vault", status, words, codes)


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
    r"\baccess storage\b.*\bStatus: 403\b.*\btime frame: Start \[(?P<start>[^]]*)\] - "
    r"Expiry \[(?P<expiry>[^]]*)\] - "
    r"Current \[(?P<current>[^]]+)\]"
)
_NO_PERMISSION = _storage("403", "using this permission", "AuthorizationPermissionMismatch")


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

    @property
    def facts(self) -> frozenset[str]:
        """Names of the facts in its commands."""
        alternative = self.alternative.commands if self.alternative else ()
        return frozenset().union(*(command.facts for command in (*self.commands, *alternative)))

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
        _vault("404"),
        "The Key Vault secret that should hold the SAS does not exist.",
        Remedy(_STORE_NEW_SAS, Alternative("if it was deleted", (RECOVER_SECRET,))),
    ),
    KnownFailure(
        "secret-disabled",
        f"{_VAULT}403 (Operation get is not allowed on a disabled secret)",
        _vault("403", "disabled secret|secret is disabled", "SecretDisabled"),
        "The Key Vault secret that holds the SAS is disabled.",
        Remedy((az("keyvault secret set-attributes", **_SECRET, enabled="true"),)),
    ),
    KnownFailure(
        "secret-not-readable",
        f"{_VAULT}403 (Forbidden)",
        _says(
            r"\bkey ?vault\b.*?\bStatus: 403\b"
            # A closed firewall is another cause.
            r"(?!.*\b(?:public network access|firewall|ForbiddenBy(?:Connection|Firewall))\b)"
        ),
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
        "sas-policy-missing",
        f"{_STORAGE}403 (Server failed to authenticate the request. Make sure the value of "
        "Authorization header is formed correctly including the signature. SAS identifier cannot "
        "be found for specified signed identifier)",
        _says(
            r"\baccess storage\b.*\bStatus: 403\b.*\b(?:signed identifier|stored access policy)\b"
        ),
        "The SAS token refers to a stored access policy that the container doesn't have.",
        Remedy(_STORE_NEW_SAS, otherwise="Or create the policy in the container again."),
        mode=SAS,
    ),
    KnownFailure(
        "sas-not-authenticated",
        f"{_STORAGE}403 (Server failed to authenticate the request. Make sure the value of "
        "Authorization header is formed correctly including the signature)",
        _storage("403", "failed to authenticate", "AuthenticationFailed"),
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
        _storage("403", "using this protocol", "AuthorizationProtocolMismatch"),
        "The SAS does not allow https, by which the service reaches storage.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-source-ip",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "source IP 203.0.113.7)",
        _storage("403", "using this source IP", "AuthorizationSourceIPMismatch"),
        "The SAS is for certain IP addresses, and the service's is not among them.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-service",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "service)",
        _storage("403", "using this service", "AuthorizationServiceMismatch"),
        "The SAS is an account SAS for other services than blobs.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-resource-type",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "resource type)",
        _storage("403", "using this resource type", "AuthorizationResourceTypeMismatch"),
        "The SAS is an account SAS that lacks a resource type: it needs service, container and "
        "object.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-permission",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _NO_PERMISSION,
        "The SAS lacks a permission that this direction and these options need: "
        "'{sas-permissions}' would do.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "shared-key-off",
        f"{_STORAGE}403 (Key based authentication is not permitted on this storage account)",
        _storage("403", "key based authentication", "KeyBasedAuthenticationNotPermitted"),
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
        _NO_PERMISSION,
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
        _NO_PERMISSION,
        "The pipeline's identity has no role on the storage account that is enough for this "
        "direction and these options.",
        Remedy((GRANT_STORAGE,), note=_NEW_ROLE),
        mode=MANAGED_IDENTITY,
    ),
    KnownFailure(
        "storage-firewall",
        f"{_STORAGE}403 (This request is not authorized to perform this operation)",
        _storage(
            "403",
            r"not authorized to perform this operation\b(?! using)",
            "AuthorizationFailure",
        ),
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
        _says(r"\baccess storage\b.*\bno such host\b"),
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
        _says(r"\bkey ?vault\b.*\bno such host\b"),
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
        _storage("404", "blob does not exist", "BlobNotFound"),
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
        _storage(
            "404", "(?:container|resource) does not exist", "ContainerNotFound|ResourceNotFound"
        ),
        "The pipeline's container does not exist.",
        Remedy((az("storage container create", account_name="{account}", name="{container}"),)),
    ),
    KnownFailure(
        "blob-archived",
        f"{_STORAGE}409 (This operation is not permitted on an archived blob)",
        _storage("409", "archived blob|being rehydrated", "BlobArchived|BlobBeingRehydrated"),
        "The blob is in the archive tier, where it can't be read.",
        Remedy(
            (az("storage blob set-tier", **_BLOB, tier="Hot"),),
            note="It can take up to 15 hours until the blob can be read.",
        ),
    ),
    KnownFailure(
        "blob-leased",
        f"{_STORAGE}412 (There is currently a lease on the blob and no lease ID was specified in "
        "the request)",
        _storage("4(?:09|12)", "lease", r"Lease\w+"),
        "Somebody holds a lease on the blob, so it can't be overwritten or deleted.",
        Remedy(
            (
                az(
                    "storage blob lease break",
                    account_name="{account}",
                    container_name="{container}",
                    blob_name="{blob}",
                ),
            ),
        ),
    ),
    KnownFailure(
        "storage-server-error",
        f"{_STORAGE}503 (The server is busy)",
        _storage("5[0-9][0-9]"),
        "The storage account has a fault of its own, or too many requests at the moment.",
        Remedy(note="Wait some minutes."),
    ),
    KnownFailure(
        "blob-exists",
        "Blob 'images.tar' already exists in the container; the pipeline does not have the "
        "OverwriteBlobs option.",
        _says(rf"{_START}blob(?: {_NAME})? already exists{_END}|\bErrorCode: BlobAlreadyExists\b"),
        "A blob of that name already exists, and the pipeline isn't allowed to overwrite it.",
        Remedy(
            (az("acr export-pipeline update", **OF_PIPELINE, add=["options", "OverwriteBlobs"]),),
            otherwise="Or choose another --storage-blob.",
        ),
    ),
    KnownFailure(
        "tag-exists",
        "Tag 'samples/nginx:1.25' already exists with digest sha256:0a2e; the pipeline does not "
        "have the OverwriteTags option.",
        _says(rf"{_START}tag(?: {_NAME})? already exists{_END}"),
        "A tag of that name already exists with other content, and the pipeline isn't allowed to "
        "overwrite it.",
        Remedy(
            (az("acr import-pipeline update", **OF_PIPELINE, add=["options", "OverwriteTags"]),)
        ),
    ),
    KnownFailure(
        "artifact-missing",
        "Artifact 'samples/ngnix:1.25' was not found in registry 'myregistry'.",
        _says(rf"{_START}artifact(?: {_NAME})? (?:was |is )?not found{_END}"),
        "The registry holds no artifact of that name.",
        Remedy(
            (az("acr repository list", name="{registry}", output="table"),),
            note="Check the spelling in --artifacts.",
            rerun=None,
        ),
    ),
    KnownFailure(
        "artifact-incomplete",
        "Artifact 'samples/nginx:1.25' is not complete: samples/nginx has no manifest sha256:0a2e.",
        _says(rf"{_START}artifact(?: {_NAME})? is (?:not complete|incomplete){_END}"),
        "The artifact is an index, and the registry doesn't have all the manifests in it.",
        Remedy(
            note="Push the missing manifests, or export single platforms of the index by digest."
        ),
    ),
    KnownFailure(
        "archive-invalid",
        "The blob is not a tar archive, or is damaged (unexpected end of data).",
        _says(
            r"\barchive (?:ends within|has no|has an?|is not|holds no|is (?:damaged|truncated))\b"
            r"|\bnot a tar archive\b|\bin the archive; it should be\b|\bends too early\b"
        ),
        "The blob isn't a whole transfer blob: it's truncated, changed, or something else.",
        Remedy(
            (
                az(
                    "storage blob show",
                    **_BLOB,
                    query="properties.[contentLength, contentSettings.contentMd5]",
                    output="tsv",
                ),
            ),
            note="Compare the size and the MD5 with those of the exported blob, and copy it again.",
        ),
    ),
    KnownFailure(
        "layer-too-large",
        "Layer sha256:0a2e of 'samples/model:1' is 9000000000 bytes; the limit is 8589934592.",
        _says(rf"{_START}layer\b{_REST}\b(?:limit is|larger than|too large|exceeds)\b"),
        "A layer is larger than the 8 GB that the service carries.",
        Remedy(note="Build the image with smaller layers.", rerun=None),
    ),
    KnownFailure(
        "interrupted",
        "The run was interrupted by a restart of the service.",
        _says(rf"{_START}run was interrupted{_END}"),
        "The service was restarted while the run was under way, and did not take it up again.",
        Remedy(),
    ),
    KnownFailure(
        "registry-not-premium",
        "Transfer needs a Premium registry; 'myregistry' has the SKU Standard.",
        _says(
            rf"{_START}premium (?:registry|registries|sku|tier){_END}"
            rf"|{_START}(?:sku|tier)\b{_REST}{_START}premium{_END}"
        ),
        "Pipelines and their runs need a registry of the Premium tier, on both sides.",
        Remedy((az("acr update", name="{registry}", sku="Premium"),), rerun=Rerun.SAME),
    ),
    KnownFailure(
        "exports-disabled",
        "The registry 'myregistry' has exports disabled: it can have no export pipeline.",
        _says(rf"{_START}exports? (?:policy )?(?:is |are )?disabled{_END}"),
        "The registry's export policy is disabled, to prevent data loss; its owner must want the "
        "export.",
        Remedy((az("acr update", name="{registry}", allow_exports="true"),), rerun=Rerun.SAME),
    ),
    KnownFailure(
        "too-many-artifacts",
        "A run exports at most 50 artifacts, not 51.",
        _says(rf"{_START}(?:at most|maximum of|limit of|more than) 50{_END}"),
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
        "Pipeline run 'run01' with the same properties already exists. No new run was created. To "
        "run it again, add --force-redeploy.",
        None,
        "For a run that changes nothing, the service returns the existing run, and transfers "
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
