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

TOO_MANY_ARTIFACTS = f"A run exports at most {MAX_ARTIFACTS_PER_RUN} artifacts."
_NEW_ROLE = "Role assignments can take a few minutes to propagate."
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
_UNLOCK = az("acr repository update", name="{registry}", image="{artifact}")
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
    # `show` and `wait` print it, too.
    FORCED = "Then run the same create command again with --force-redeploy."


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
        """Return what to do in addition to its commands."""
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
        "The Key Vault secret that stores the SAS token doesn't exist.",
        Remedy(_STORE_NEW_SAS, Alternative("if it was deleted", (RECOVER_SECRET,))),
    ),
    KnownFailure(
        "secret-disabled",
        f"{_VAULT}403 (Operation get is not allowed on a disabled secret)",
        _vault("403", "disabled secret|secret is disabled", "SecretDisabled"),
        "The Key Vault secret that stores the SAS token is disabled.",
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
        "The pipeline's identity doesn't have permission to read the Key Vault secret that stores "
        "the SAS token.",
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
        "The SAS token has expired.",
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
        "The SAS token isn't valid yet: its start time is in the future.",
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
        "Storage rejected the SAS token. It might be for another account or container, truncated, "
        "signed with a rotated key, or expired, or the secret contains something else.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-protocol",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "protocol)",
        _storage("403", "using this protocol", "AuthorizationProtocolMismatch"),
        "The SAS token doesn't allow HTTPS, which the service uses.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-source-ip",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "source IP 203.0.113.7)",
        _storage("403", "using this source IP", "AuthorizationSourceIPMismatch"),
        "The SAS token is limited to IP addresses that don't include the service's address.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-service",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "service)",
        _storage("403", "using this service", "AuthorizationServiceMismatch"),
        "The SAS token is an account SAS that doesn't allow the blob service.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-resource-type",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "resource type)",
        _storage("403", "using this resource type", "AuthorizationResourceTypeMismatch"),
        "The SAS token is an account SAS without a required resource type: service, container and "
        "object.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "sas-permission",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _NO_PERMISSION,
        "The SAS token doesn't have all permissions that the pipeline and its options require: "
        "'{sas-permissions}'.",
        Remedy(_STORE_NEW_SAS),
        mode=SAS,
    ),
    KnownFailure(
        "shared-key-off",
        f"{_STORAGE}403 (Key based authentication is not permitted on this storage account)",
        _storage("403", "key based authentication", "KeyBasedAuthenticationNotPermitted"),
        "The storage account doesn't allow access with its keys, and a key signed the SAS token.",
        Remedy(
            (az("storage account update", name="{account}", allow_shared_key_access="true"),),
            otherwise="Or use the pipeline's managed identity: --storage-access-mode "
            "ManagedIdentity.",
        ),
        mode=SAS,
    ),
    KnownFailure(
        "role-cannot-delete",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _NO_PERMISSION,
        "The pipeline deletes imported blobs (DeleteSourceBlobOnSuccess), and its identity has no "
        "role on the storage account that allows that.",
        Remedy((GRANT_STORAGE,), note=_NEW_ROLE),
        mode=MANAGED_IDENTITY,
        option=PipelineOption.DELETE_SOURCE_BLOB,
    ),
    KnownFailure(
        "role-missing",
        f"{_STORAGE}403 (This request is not authorized to perform this operation using this "
        "permission)",
        _NO_PERMISSION,
        "The pipeline's identity has no role on the storage account that allows what the pipeline "
        "and its options require.",
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
        "The storage firewall blocks ACR Transfer, which isn't a trusted service of storage. Allow "
        "access from all networks.",
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
        "The storage account in the pipeline's container URI doesn't exist.",
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
        "The key vault in the pipeline's secret URI doesn't exist.",
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
        "The blob doesn't exist in the container.",
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
        "The pipeline's container doesn't exist.",
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
        "The blob has an active lease, so it can't be overwritten or deleted.",
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
        "The storage account reported a server error, or is receiving too many requests.",
        Remedy(note="Wait a few minutes."),
    ),
    KnownFailure(
        "blob-exists",
        "Blob 'images.tar' already exists in the container; the pipeline does not have the "
        "OverwriteBlobs option.",
        _says(rf"{_START}blob(?: {_NAME})? already exists{_END}|\bErrorCode: BlobAlreadyExists\b"),
        "The blob already exists, and the pipeline doesn't have the option OverwriteBlobs.",
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
        "The tag already exists with another digest, and the pipeline doesn't have the option "
        "OverwriteTags.",
        Remedy(
            (az("acr import-pipeline update", **OF_PIPELINE, add=["options", "OverwriteTags"]),)
        ),
    ),
    KnownFailure(
        "artifact-missing",
        "Artifact 'samples/ngnix:1.25' was not found in registry 'myregistry'.",
        _says(rf"{_START}artifact(?: {_NAME})? (?:was |is )?not found{_END}"),
        "The artifact doesn't exist in the registry.",
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
        "The artifact is an index, and the registry doesn't contain all its manifests.",
        Remedy(
            note="Push the missing manifests, or export single platforms of the index by digest."
        ),
    ),
    KnownFailure(
        "artifact-locked",
        "Failed to import 'samples/nginx:1.25'.  The operation is disallowed on this registry, "
        "repository or image. View troubleshooting steps at "
        "https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation",
        _says(
            r"(?:'(?P<artifact>[^'\n]+)'\. The )?"
            r"\boperation is disallowed on this registry, repository or image\b"
        ),
        "The tag, manifest or repository is locked in the registry: an import can't write it, or "
        "an export can't read it. Ask the registry's owner before you unlock it.",
        Remedy(
            (_UNLOCK.adding(write_enabled="true"),),
            Alternative("for an export", (_UNLOCK.adding(read_enabled="true"),)),
            note="If the whole repository is locked, use --repository instead of --image.",
        ),
    ),
    KnownFailure(
        "archive-invalid",
        "The blob is not a tar archive, or is damaged (unexpected end of data).",
        _says(
            r"\barchive (?:ends within|has no|has an?|is not|holds no|is (?:damaged|truncated))\b"
            r"|\bnot a tar archive\b|\bin the archive; it should be\b|\bends too early\b"
        ),
        "The blob isn't a valid transfer blob. It might be truncated, modified, or another file.",
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
        "A layer is larger than 8 GB, the maximum that the service transfers.",
        Remedy(note="Build the image with smaller layers.", rerun=None),
    ),
    KnownFailure(
        "interrupted",
        "The run was interrupted by a restart of the service.",
        _says(rf"{_START}run was interrupted{_END}"),
        "The service was restarted while the run was in progress, and didn't resume the run.",
        Remedy(),
    ),
    KnownFailure(
        "registry-not-premium",
        "Transfer needs a Premium registry; 'myregistry' has the SKU Standard.",
        _says(
            rf"{_START}premium (?:registry|registries|sku|tier){_END}"
            rf"|{_START}(?:sku|tier)\b{_REST}{_START}premium{_END}"
        ),
        "Pipelines and runs require a Premium registry, for exports and imports.",
        Remedy((az("acr update", name="{registry}", sku="Premium"),), rerun=Rerun.SAME),
    ),
    KnownFailure(
        "exports-disabled",
        "The registry 'myregistry' has exports disabled: it can have no export pipeline.",
        _says(rf"{_START}exports? (?:policy )?(?:is |are )?disabled{_END}"),
        "The registry's export policy is disabled, which prevents data exfiltration. Ask the "
        "registry's owner before you enable it.",
        Remedy((az("acr update", name="{registry}", allow_exports="true"),), rerun=Rerun.SAME),
    ),
    KnownFailure(
        "too-many-artifacts",
        "A run exports at most 50 artifacts, not 51.",
        _says(rf"{_START}(?:at most|maximum of|limit of|more than) 50{_END}"),
        TOO_MANY_ARTIFACTS,
        Remedy(note="Create several runs, each with a separate blob.", rerun=None),
    ),
    KnownFailure(
        "caller-not-allowed",
        "The client 'me@example.com' with object id '33333333-3333-3333-3333-333333333333' does "
        "not have authorization to perform action "
        "'Microsoft.ContainerRegistry/registries/pipelineRuns/write' over scope '...' or the scope "
        "is invalid.",
        _says(r"(with object id '(?P<you>[^']+)' )?does not have authorization to perform action"),
        "You don't have permission to manage transfers in this registry. Someone with permission "
        "to assign roles has to run the command.",
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
            note="Role assignments can take a few minutes to propagate, or until you log in again.",
            rerun=Rerun.SAME,
        ),
    ),
    KnownFailure(
        "identical-run",
        "Pipeline run 'run01' with the same properties already exists. No new run was created. To "
        "run it again, add --force-redeploy.",
        None,
        "A run with the same properties already exists. The service returned the existing run and "
        "transferred nothing.",
        Remedy(note="Add --force-redeploy.", rerun=None),
    ),
    _quiet_trigger(
        "trigger-disabled",
        "The pipeline's source trigger is disabled.",
        Remedy(
            (az("acr import-pipeline update", **OF_PIPELINE, source_trigger_enabled="true"),),
            rerun=None,
            otherwise="Or run the pipeline manually.",
        ),
    ),
    _quiet_trigger(
        "trigger-too-old",
        "A source trigger ignores blobs that were last modified more than 60 days ago. An update "
        "of the metadata counts as a modification.",
        Remedy((_MARK_BLOB,), rerun=None, otherwise="Or run the pipeline manually."),
    ),
    _quiet_trigger(
        "trigger-no-md5",
        "A source trigger ignores blobs without a Content-MD5. Some tools don't set it when they "
        "upload in blocks.",
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
            note="With azcopy, use the option --put-md5.",
            rerun=None,
            otherwise="Or run the pipeline manually.",
        ),
    ),
    _quiet_trigger(
        "trigger-metadata-lost",
        "A source trigger imports only blobs with the metadata category=acr-transfer-blob. An "
        "export sets it, but a file doesn't keep it.",
        Remedy(
            (_MARK_BLOB,),
            rerun=None,
            otherwise="Or upload it with --metadata category=acr-transfer-blob, or run the "
            "pipeline manually.",
        ),
    ),
    _quiet_trigger(
        "trigger-no-list",
        "A source trigger requires permission to list the container: a SAS token with the "
        "permission l, or a role that reads blobs.",
        Remedy(_STORE_NEW_SAS, note="Manual runs don't require it.", rerun=None),
    ),
)
