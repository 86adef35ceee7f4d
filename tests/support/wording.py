"""Messages of the extension that several modules of tests expect: a better one is one change here.

`tests/repository/test_wording.py` finds what belongs here.
"""

from __future__ import annotations

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.kinds import ResourceKind

# Wrong command lines.
MISSING_OPTIONS = "the following arguments are required:"
EXPORT_ONLY = "applies only to --pipeline-type export"
NAME_RULE = "expected 5 to 50 letters and digits"
NAME_EXAMPLE = "Use a name such as 'export01'."
LIST_SHOWS_NAMES = "The group's command 'list' shows the names."
WHOLE_NUMBER = "expected a whole number from 1"
BLOB_NAME = "expected the name of a blob, not its URI"
NO_REGISTRY_IN_REFERENCE = "a reference begins with the repository"
NOT_IN_THE_REGISTRY = "it doesn't exist in the registry"
NO_TAG_NO_REPOSITORY = "A pattern without a tag excludes whole repositories."

# Requests.
ANSWERED_BY_ANOTHER = "A proxy or captive portal might have answered instead."
CHECK_THE_NETWORK = "Check the network, and the proxy that HTTPS_PROXY and NO_PROXY name."
CHECK_THE_REGISTRY = "Check --registry, --resource-group and the active subscription."
IN_THE_DEFAULT_GROUP = (
    "'mygroup' is your default resource group. If the registry is in another one, specify that "
    "group with --resource-group, or run 'az config unset defaults.group'."
)
NOT_JSON = "which is not the service's JSON."
NOT_IN_THE_CLOUD = "isn't known to be in the active cloud, so no request was sent."
NOT_A_RESOURCE = (
    "The service's list of the pipeline runs of registry 'myregistry' has an entry that isn't a "
    "resource."
)
VERSION_NOT_OFFERED = (
    "The active cloud doesn't offer API version 2025-06-01-preview of ACR Transfer."
)
CHOOSE_A_VERSION = "Choose one that it offers:"
_NO_PERMISSION = "You don't have permission to"
READ_REFUSED = f"{_NO_PERMISSION} read it."
GRANT_REFUSED = f"{_NO_PERMISSION} grant it."
OR_ACR_PULL = "allows it, or AcrPull if"

# Access of a pipeline's identity.
ACCESS_GRANTED = "Granted the pipeline's identity"
ACCESS_EXISTS = "already has access to the"
NO_ACCESS_GRANTED = "its identity was granted no access:"
TO_CHECK = "To check the prerequisites, run:"

# Runs.
AUTHENTICATION = "WARNING: Authenticating to Storage Account using Storage SAS Token.\n"
IN_QUOTES = "it is in double quotes"
UNKNOWN_FAILURE = (
    "This failure isn't a known one. If the message doesn't help, send the IDs of the run to Azure "
    "support."
)
NO_REASON = "The service returned no reason."
NO_NEW_RUN = "No new run was created"
RUN_EXISTS = "with the same properties already exists"
INTERRUPTED = "Interrupted before the service answered. The run might have been created."
WHETHER_CREATED = "To check whether the run was created"
STILL_IN_PROGRESS = "These pipeline runs are still in progress:"
WAIT_LONGER = "Wait longer with --timeout, or use 'show'."
TO_RESUME = "To resume waiting, run:"
TO_TRANSFER_THE_REST = "To transfer the rest, run:"
SAVE_THE_REST = "To transfer the rest, save these lines as"
NOTHING_LEFT = "no artifacts are left to export"
TOO_LARGE = "artifacts are larger than --max-blob-size,"

# Referrers.
REFERRERS_LEFT = "Signatures, SBOMs or other referrers of these artifacts that aren't exported:"
REFERRERS_UNKNOWN = (
    "Whether signatures, SBOMs or other referrers of these artifacts stay behind is unknown"
)
TO_COUNT_REFERRERS = "To count them, run the command again with --dry-run."
TO_EXPORT_REFERRERS = "To export them, too, add --include-referrers"
TOO_MANY_REFERRERS = "referrers, which don't fit into one run with them:"
NOT_TRANSFERRED = "Not among the artifacts, so not transferred:"
UNLISTED = "not listed as a referrer of"

# Manifests.
OF_KIND = "it is a manifest of kind"
OVERWRITTEN_BY = "It would be overwritten by a manifest of kind"
NO_BLOB_PROPERTIES = "doesn't contain the size and MD5 of"
TAGS_MOVED = (
    "These tags moved after the export was planned, so their blobs have the content from before or "
    "after. The manifest contains both digests:"
)
NOT_KNOWN_TO_BE_EXPORTED = "artifacts aren't known to be exported."
PUSH_OR_EXCLUDE = "Push them, or leave them out with --exclude."
TO_VERIFY_AGAIN = (
    "If a blob wasn't imported completely, import it and verify again.",
    "If a tag is different, the import pipeline needs the option OverwriteTags.",
)
TO_VERIFY_THE_UNREAD = (
    "Get permission to read them, and verify again. A manifest that --write writes doesn't contain "
    "them."
)
EXPORT_AGAIN = (
    "To export only these again: az acr pipeline-run create --pipeline-type export --only-failed"
)
FILE_OF_WRITE = "with the file that this command writes with --write FILE"

# Checks.
NO_POLICY = "No access policy allows the identity to read secrets."
POLICIES_OF_GROUPS = "Access policies allow groups to read secrets:"
UNKNOWN_MEMBER = "Whether the identity is a member isn't evaluated."
SAS_REJECTED = "Storage rejects the SAS token."
NO_SECRET = "The secret 'sas' doesn't exist, or not in this version."
VAULT_IS_CLOSED = "The firewall of the key vault blocks you."
UNUSABLE_ANSWER = "The answer can't be used:"
READER_ROLE = "the role Reader on it"
READER_IN_ITS_SUBSCRIPTION = (
    f"{READER_ROLE}, or it is in a subscription that you can't read, or deleted"
)

_CATALOG = {row.code: row for row in KNOWN_FAILURES}


def cause(code: str) -> str:
    """Return the explanation of a known failure, up to its first fact."""
    return _CATALOG[code].means.partition("'{")[0]


def note(code: str) -> str:
    """Return what a known failure's recommendation says besides its commands."""
    return _CATALOG[code].remedy.note


def no_permission(action: str) -> str:
    """Return how the extension says that the caller isn't allowed to do something."""
    return f"{_NO_PERMISSION} {action}"


def invalid(value: object, option: str) -> str:
    """Return the beginning of the error for an invalid value of an option."""
    return f"Invalid value '{value}' for {option}"


def not_in_registry(count: int, total: int, registry: str) -> str:
    """Return how the extension says that artifacts are missing in a registry."""
    return f"{count} of {total} artifacts are not in registry '{registry}'"


def not_written(option: str, file: object) -> str:
    """Return the beginning of the error for a manifest that can't be written."""
    return f"The manifest of {option} can't be written to '{file}'"


def invalid_resource(kind: ResourceKind, name: str, lacking: str) -> str:
    """Return the error for an answer that lacks something of a resource."""
    return (
        f"The service's answer about the {kind.noun} '{name}' of registry 'myregistry' isn't a "
        f"valid resource: no {lacking}."
    )


def managed_identity_needs_newer(version: str) -> str:
    """Return the error for managed identities on an API version that is too old for them."""
    return (
        "ERROR: --storage-access-mode ManagedIdentity (the default without --secret-uri) requires "
        "API version 2025-06-01-preview or later; the setting acrtransfer.api_version is "
        f"{version}.\n"
        "Specify --secret-uri to use a SAS token, or run 'az config set "
        "acrtransfer.api_version=2025-06-01-preview' where the cloud offers it.\n"
    )
