"""Typed values of options, parsed from text or refused with a recommendation."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from urllib.parse import urlsplit

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.log import get_logger

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.hosts import KEY_VAULTS, STORAGE_ACCOUNTS, Hosts
from azext_acrtransfer.redaction import escape, mask_sas

logger = get_logger(__name__)

_RESOURCE_NAME = re.compile(r"[A-Za-z0-9]{5,50}")
# A name that exists can be older than the service's rule for new ones, and runs that a source
# trigger starts have an underscore in theirs. The length is Resource Manager's.
_EXISTING_NAME = re.compile(r"[\w.()-]{0,259}[\w()-]")
_LOGIN_SERVER_LABEL = re.compile(r"([A-Za-z0-9]{5,50})(-[A-Za-z0-9]+)?")
_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9](?:-?[a-z0-9])+|\$root|\$web")
_SECRET_PATH = re.compile(r"/secrets/(?P<name>[A-Za-z0-9-]{1,127})(?:/[0-9A-Za-z]{32})?/?")
# A segment that ends in a dot doesn't survive the way through an HTTP client.
_BLOB_NAME = re.compile(r"(?s:(?!/)(?!.*\./)(?!(?:[^/]*/){254}).{0,1023}[^/.])")
_IDENTITY = re.compile(
    r"/subscriptions/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"/resourceGroups/[\w().-]{0,89}[\w()-]"
    r"/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
    re.IGNORECASE,
)
_URI = re.compile(r"[!-~]+")
_AGE = re.compile(r"([1-9][0-9]{0,4})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_BYTES = re.compile(
    r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?(?:(?:([KMGT])(I)?)?B)?", re.ASCII | re.IGNORECASE
)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_HIDDEN = {
    "\r": (
        "a carriage return",
        r"Remove it, such as by `| tr -d '\r'`: Windows ends lines with it, and bash keeps it.",
    ),
    "\n": ("a line feed", "Separate the values with spaces."),
    "\t": ("a tab", r"Remove it, such as by `| tr -d '\t'`."),
}
# Its installation folder, or that of another MSYS, stands before what begins with a slash.
_GIT_BASH = re.compile(
    r"(?:^|=)[A-Z]:[/\\](?:[^/\\=]+[/\\])*(?:git|msys32|msys64|subscriptions)[/\\]", re.IGNORECASE
)
_HTTPS_PORT = 443
_UNSET = "(is a variable unset?)"


class StorageAccessMode(str, Enum):
    """How a pipeline authenticates to the storage container."""

    MANAGED_IDENTITY = "ManagedIdentity"
    SAS_TOKEN = "SasToken"


class RunStatus(str, Enum):
    """The status of a run: in progress, or how it ended."""

    IN_PROGRESS = "Running"
    SUCCEEDED = "Succeeded"
    #: It transferred something, and not everything.
    PARTLY_FAILED = "PartlyFailed"
    FAILED = "Failed"
    CANCELED = "Canceled"
    #: It ended in a state that isn't documented.
    UNKNOWN = "Unknown"

    def includes(self, status: RunStatus) -> bool:
        """Whether a filter for this status includes those of another one, too."""
        partial = (RunStatus.PARTLY_FAILED, RunStatus.CANCELED)
        return status is self or (self is RunStatus.FAILED and status in partial)


#: Source: release notes of version 1.1.1b1 of the official extension.
_ANNOUNCED_MODES = {
    "entra-mi-auth": StorageAccessMode.MANAGED_IDENTITY,
    "storage-sas-token": StorageAccessMode.SAS_TOKEN,
}


def invalid(value: str, option: str, why: str, advice: str) -> InvalidArgumentValueError:
    """Return the error for an invalid value, in the one wording for all options."""
    visible = "".join(filter(str.isprintable, value))
    if mask_sas(visible) != visible:  # a hidden character would end the secret that is masked
        value = visible
    return InvalidArgumentValueError(
        escape(mask_sas(f"Invalid value '{value}' for {option}: {why}.")),
        recommendation=escape(mask_sas(advice)),
    )


def check_word(text: str, option: str, *, is_path: bool = False) -> None:
    """Refuse a word that nobody types on purpose, for any option."""
    hidden = next((char for char in text if _is_hidden(char)), None)
    if hidden:
        name, advice = _HIDDEN.get(hidden, ("a character that isn't shown", "Type it anew."))
        raise invalid(text, option, f"it contains {name}, '{hidden}'", advice)
    if text != text.strip():
        raise invalid(text, option, "it begins or ends with a space", "Remove the blank.")
    if len(text) > 1 and text[0] == text[-1] == '"':
        raise invalid(
            text,
            option,
            "it is in double quotes",
            "Add '-o tsv' to the command that printed it: JSON puts text in quotes.",
        )
    if _GIT_BASH.search(text) and not is_path:
        raise invalid(
            text,
            option,
            "Git Bash converted a value that begins with '/' to a Windows path",
            "Set the environment variable MSYS_NO_PATHCONV=1 for the command.",
        )


def _is_hidden(char: str) -> bool:
    # Scripts such as Persian need the two joiners.
    return not char.isprintable() and not (
        char in ("\u200c", "\u200d") or unicodedata.category(char) in ("Cn", "Co")
    )


def option_word(text: str) -> str:
    """Refuse a list of a pipeline's options in one word; the parser validates each option."""
    if text and not text.isalnum():
        words = " ".join(re.findall(r"\w+", text))
        raise invalid(
            text, "--options", "expected a space-separated list", f"Use '--options {words}'."
        )
    return text


def access_mode_word(text: str) -> str:
    """Translate a word that an early version of the official extension announced."""
    mode = _ANNOUNCED_MODES.get(text.lower())
    if not mode:
        return text
    logger.warning("--storage-access-mode '%s' stands for %s. Use that word.", text, mode.value)
    return mode.value


def new_name(text: str) -> str:
    """Validate the name of a pipeline or run to be created by the service's own rule."""
    if not _RESOURCE_NAME.fullmatch(text):
        raise invalid(
            text,
            "--name",
            "expected 5 to 50 letters and digits",
            "Use a name such as 'export01'.",
        )
    return text


def existing_name(text: str, option: str = "--name") -> str:
    """Validate a name that is looked up, which can break the rule for new ones."""
    if _EXISTING_NAME.fullmatch(text):
        return text
    name = _name_in_id(text)
    raise invalid(
        text,
        option,
        "expected a resource name" if text else f"the name is empty {_UNSET}",
        f"Use the name only, '{name}'." if name else "The group's command 'list' shows the names.",
    )


def _name_in_id(text: str) -> str:
    """Return the name at the end of a resource ID, or an empty text."""
    return text.rpartition("/")[2] if text.lower().startswith("/subscriptions/") else ""


def registry_name(text: str, login_server_suffix: str | None) -> str:
    """Return the name of a registry from its name or login server.

    A login server can have a hash after a hyphen (its domain name label scope); the registry's
    name is the part before it. ``login_server_suffix`` is the cloud's, such as ``.azurecr.io``,
    or None where a private cloud defines none: then any suffix is accepted.
    """
    label, dot, domain = text.partition(".")
    match = _LOGIN_SERVER_LABEL.fullmatch(label)
    if not match or (match[2] and not dot):
        name = _name_in_id(text)
        raise invalid(
            text,
            "--registry",
            "expected a registry name of 5 to 50 letters and digits, or its login server",
            f"Use the name only, '{name}'."
            if name
            else f"Run '{az('acr list', query='[].name')}' to see the registries of the "
            "subscription.",
        )
    if dot and login_server_suffix and f".{domain}".lower() != login_server_suffix.lower():
        raise invalid(
            text,
            "--registry",
            f"login servers of the active cloud end in '{login_server_suffix}'",
            f"Use the name only, '{match[1]}', or run '{az('cloud set')}' to change the cloud.",
        )
    return match[1]


def _https(text: str, option: str, advice: str, hosts: Hosts) -> tuple[str, str]:
    """Return the host and the path of an https URI; no error repeats a secret in it."""
    try:
        uri = urlsplit(text)
        host, port = uri.hostname, uri.port  # both can raise a ValueError
    except ValueError as error:
        raise invalid(text, option, "it is not a URI", advice) from error
    shown = f"{uri.scheme}://{uri.netloc.rpartition('@')[2]}{uri.path}" if host else uri.path
    if uri.query or uri.fragment or uri.username is not None:
        raise invalid(
            shown,
            option,
            "it must not contain a query, fragment or user info, which isn't shown because it "
            "might contain a secret",
            "Store a SAS token in a Key Vault secret, and specify --secret-uri. If the SAS token "
            f"was valid, revoke it. {advice}",
        )
    if uri.scheme.lower() != "https" or not host:
        raise invalid(shown, option, "expected an https URI", advice)
    if not _URI.fullmatch(text):
        raise invalid(text, option, "a URI contains only ASCII characters, and no spaces", advice)
    fault = hosts.fault_of(host)
    if fault:
        raise invalid(text, option, fault, advice)
    if port not in (None, _HTTPS_PORT):
        raise invalid(text, option, f"it has the port {port}", advice)
    return host, uri.path


@dataclass(frozen=True)
class ContainerUri:
    """A blob container; ``text`` is sent to the service as typed."""

    text: str
    host: str
    container: str

    OPTION = "--storage-container-uri"
    ADVICE = "Use https://ACCOUNT.blob.core.windows.net/CONTAINER."

    @classmethod
    def parse(cls, text: str) -> ContainerUri:
        """Read an https URI of one container; raise InvalidArgumentValueError."""
        host, path = _https(text, cls.OPTION, cls.ADVICE, STORAGE_ACCOUNTS)
        segments = path.removeprefix("/").removesuffix("/").split("/")
        if segments == [""]:
            raise invalid(text, cls.OPTION, f"the container is missing {_UNSET}", cls.ADVICE)
        if len(segments) > 1:
            raise invalid(
                text,
                cls.OPTION,
                "it names a blob, not a container",
                f"{cls.ADVICE} To name a blob, use --storage-blob of "
                f"'{az('acr pipeline-run create')}'.",
            )
        if not _CONTAINER.fullmatch(segments[0]):
            raise invalid(
                text,
                cls.OPTION,
                f"'{segments[0]}' isn't a valid name of a container: expected 3 to 63 lowercase "
                "letters, digits and single hyphens, no hyphen at an end",
                cls.ADVICE,
            )
        return cls(text, host, segments[0])


@dataclass(frozen=True)
class SecretUri:
    """A Key Vault secret, with or without version; ``text`` is as typed."""

    text: str
    host: str
    name: str

    OPTION = "--secret-uri"
    ADVICE = "Use https://VAULT.vault.azure.net/secrets/SECRET."

    @classmethod
    def parse(cls, text: str) -> SecretUri:
        """Read an https URI of one secret; raise InvalidArgumentValueError."""
        host, path = _https(text, cls.OPTION, cls.ADVICE, KEY_VAULTS)
        match = _SECRET_PATH.fullmatch(path)
        if not match:
            raise invalid(
                text,
                cls.OPTION,
                "expected '/secrets/SECRET' after the vault, and at most a version of 32 "
                "characters",
                cls.ADVICE,
            )
        return cls(text, host, match["name"])


@dataclass(frozen=True)
class IdentityId:
    """Resource ID of a user-assigned identity, or ``[system]`` for the system-assigned one."""

    text: str

    OPTION = "--assign-identity"

    @classmethod
    def parse(cls, text: str) -> IdentityId:
        """Read a resource ID or ``[system]``; raise InvalidArgumentValueError."""
        if text.lower() == SYSTEM_IDENTITY.text:
            return SYSTEM_IDENTITY
        if _IDENTITY.fullmatch(text.rstrip("/")) and text.endswith("/"):
            raise invalid(text, cls.OPTION, "it ends in '/'", f"Use '{text.rstrip('/')}'.")
        if not _IDENTITY.fullmatch(text):
            raise invalid(
                text,
                cls.OPTION,
                "expected the resource ID of a user-assigned identity, or [system]",
                f"Run '{az('identity show', '-g', 'GROUP', '-n', 'IDENTITY', query='id')}' to get "
                "it.",
            )
        return cls(text)


SYSTEM_IDENTITY = IdentityId("[system]")


def blob_name(text: str) -> str:
    """Validate the name of a blob in the pipeline's container."""
    if "://" in text or "?" in text or text != mask_sas(text):
        raise invalid(
            text,
            "--storage-blob",
            "expected the name of a blob, not its URI or a SAS",
            "Specify the name only. The pipeline defines the container.",
        )
    if not _BLOB_NAME.fullmatch(text):
        raise invalid(
            text,
            "--storage-blob",
            "expected 1 to 1,024 characters and at most 254 segments between '/', without '/' at "
            "either end or '.' at the end of a segment",
            "Choose a name such as 'images-2026-01.tar'.",
        )
    return text


def age(text: str) -> timedelta:
    """Parse an age: a whole number of minutes, hours, days or weeks."""
    match = _AGE.fullmatch(text)
    if not match:
        raise invalid(
            text,
            "--older-than",
            "expected a whole number from 1 to 99999 and m, h, d or w, for minutes, hours, days "
            "or weeks",
            "Use a value such as 30d.",
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def byte_count(text: str, option: str) -> int:
    """Parse a number of bytes, with or without a unit."""
    match = _BYTES.fullmatch(text)
    count = match and int(
        Decimal(match[1]) * (1024 if match[3] else 1000) ** _POWERS[(match[2] or "").upper()]
    )
    if not count:
        raise invalid(
            text,
            option,
            "expected a number of bytes, with or without a unit: B, KB, MB, GB or TB, or KiB, MiB, "
            "GiB or TiB",
            "Use a value such as 25GB (25,000,000,000 bytes) or 25GiB (26,843,545,600 bytes).",
        )
    return count
