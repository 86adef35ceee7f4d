"""Typed values of options, parsed from text or refused with a recommendation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from urllib.parse import SplitResult, urlsplit

from azure.cli.core.azclierror import InvalidArgumentValueError
from azure.cli.core.cloud import CloudSuffixNotSetException

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.redaction import mask_sas

_RESOURCE_NAME = re.compile(r"[A-Za-z0-9]{5,50}")
# Runs that the service starts itself from a source trigger carry an underscore in their names.
_EXISTING_RUN_NAME = re.compile(r"[A-Za-z0-9_]{5,50}")
_LOGIN_SERVER_LABEL = re.compile(r"([A-Za-z0-9]{5,50})(-[A-Za-z0-9]+)?")
_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}|\$root|\$web")
_SECRET_PATH = re.compile(r"/secrets/(?P<name>[A-Za-z0-9-]{1,127})(?:/[0-9A-Za-z]+)?/?")
_BLOB_NAME = re.compile(r"[^/](?:.{0,1022}[^/.])?")
_AGE = re.compile(r"([1-9][0-9]{0,4})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def host_suffix(cloud: Any, name: str) -> str | None:
    """Return the suffix of a cloud's host names, or None if the cloud doesn't define it."""
    try:
        return str(getattr(cloud.suffixes, name))
    except CloudSuffixNotSetException:
        return None


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
        """Whether a user who asks for runs of this status means those of another one, too."""
        partial = (RunStatus.PARTLY_FAILED, RunStatus.CANCELED)
        return status is self or (self is RunStatus.FAILED and status in partial)


def invalid(value: str, option: str, why: str, advice: str) -> InvalidArgumentValueError:
    """Return the error for an invalid value, in the one wording for all options."""
    return InvalidArgumentValueError(
        mask_sas(f"Invalid value '{value}' for {option}: {why}."), recommendation=mask_sas(advice)
    )


def resource_name(text: str, option: str = "--name") -> str:
    """Validate the name of a pipeline or of a new run by the service's own rule."""
    return _name(text, option, _RESOURCE_NAME, "letters and digits")


def existing_run_name(text: str) -> str:
    """Validate the name of an existing run, which a source trigger creates with underscores."""
    return _name(text, "--name", _EXISTING_RUN_NAME, "letters, digits and underscores")


def _name(text: str, option: str, pattern: re.Pattern[str], allowed: str) -> str:
    if not pattern.fullmatch(text):
        why = f"expected 5 to 50 {allowed}"
        raise invalid(text, option, why, "Use a name such as 'export01'.")
    return text


def registry_name(text: str, login_server_suffix: str | None) -> str:
    """Return the name of a registry from its name or login server.

    A login server can have a hash after a hyphen (its domain name label scope); the registry's
    name is the part before it. ``login_server_suffix`` is the cloud's, such as ``.azurecr.io``,
    or None where a private cloud defines none: then any suffix is accepted.
    """
    label, dot, domain = text.partition(".")
    match = _LOGIN_SERVER_LABEL.fullmatch(label)
    if not match or (match[2] and not dot):
        raise invalid(
            text,
            "--registry",
            "expected a registry name of 5 to 50 letters and digits, or its login server",
            f"Run '{az('acr list', query='[].name')}' to see the registries of the subscription.",
        )
    if dot and login_server_suffix and f".{domain}".lower() != login_server_suffix.lower():
        raise invalid(
            text,
            "--registry",
            f"login servers of the active cloud end in '{login_server_suffix}'",
            f"Give the name alone, '{match[1]}', or run '{az('cloud set')}' to change the cloud.",
        )
    return match[1]


def _https(text: str, option: str, advice: str) -> SplitResult:
    """Split an https URI; an error never repeats a part of it that can be a secret."""
    try:
        uri = urlsplit(text)
        host = uri.hostname
    except ValueError as error:
        raise invalid(text, option, "it is not a URI", advice) from error
    shown = f"{uri.scheme}://{uri.netloc.rpartition('@')[2]}{uri.path}" if host else uri.path
    if uri.query or uri.fragment or uri.username is not None:
        raise invalid(
            shown,
            option,
            "it carried a query, fragment or user name, which may be secret and is not shown",
            "A SAS belongs into a Key Vault secret, named by --secret-uri. If the one typed was "
            f"real, revoke it. {advice}",
        )
    if uri.scheme.lower() != "https" or not host:
        raise invalid(shown, option, "expected an https URI", advice)
    return uri


@dataclass(frozen=True)
class ContainerUri:
    """A blob container; ``text`` is sent to the service as typed."""

    text: str
    host: str
    container: str

    OPTION = "--storage-container-uri"
    ADVICE = "Use https://<account>.blob.core.windows.net/<container>."

    @property
    def account(self) -> str:
        """Name of the storage account."""
        return self.host.partition(".")[0]

    @classmethod
    def parse(cls, text: str) -> ContainerUri:
        """Read an https URI of one container; raise InvalidArgumentValueError."""
        uri = _https(text, cls.OPTION, cls.ADVICE)
        segments = uri.path.removeprefix("/").removesuffix("/").split("/")
        if segments == [""]:
            raise invalid(text, cls.OPTION, "the container is missing", cls.ADVICE)
        if len(segments) > 1:
            raise invalid(
                text,
                cls.OPTION,
                "it names a blob, not a container",
                f"{cls.ADVICE} A blob is named by --storage-blob of "
                f"'{az('acr pipeline-run create')}'.",
            )
        if not _CONTAINER.fullmatch(segments[0]):
            raise invalid(
                text,
                cls.OPTION,
                f"'{segments[0]}' is not a container name: 3 to 63 lower-case letters, digits "
                "and single hyphens",
                cls.ADVICE,
            )
        return cls(text=text, host=(uri.hostname or "").lower(), container=segments[0])


@dataclass(frozen=True)
class SecretUri:
    """A Key Vault secret, with or without version; ``text`` is as typed."""

    text: str
    host: str
    name: str

    OPTION = "--secret-uri"
    ADVICE = "Use https://<vault>.vault.azure.net/secrets/<secret>."

    @property
    def vault(self) -> str:
        """Name of the vault."""
        return self.host.partition(".")[0]

    @classmethod
    def parse(cls, text: str) -> SecretUri:
        """Read an https URI of one secret; raise InvalidArgumentValueError."""
        uri = _https(text, cls.OPTION, cls.ADVICE)
        match = _SECRET_PATH.fullmatch(uri.path)
        if not match:
            raise invalid(
                text, cls.OPTION, "expected '/secrets/<secret>' after the vault", cls.ADVICE
            )
        return cls(text=text, host=(uri.hostname or "").lower(), name=match["name"])


@dataclass(frozen=True)
class IdentityId:
    """Resource ID of a user-assigned identity, or ``[system]`` for the system-assigned one."""

    text: str

    OPTION = "--assign-identity"

    @classmethod
    def parse(cls, text: str) -> IdentityId:
        """Read a resource ID or ``[system]``; raise InvalidArgumentValueError."""
        # Deferred: help and completion don't need azure.mgmt.core.
        from azure.mgmt.core.tools import is_valid_resource_id, parse_resource_id

        if text.lower() == SYSTEM_IDENTITY.text:
            return SYSTEM_IDENTITY
        parts = parse_resource_id(text) if is_valid_resource_id(text) else {}
        kind = f"{parts.get('namespace')}/{parts.get('type')}".lower()
        if kind != "microsoft.managedidentity/userassignedidentities" or "child_type_1" in parts:
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
            "Give the name alone; the container is the pipeline's.",
        )
    if not _BLOB_NAME.fullmatch(text):
        raise invalid(
            text,
            "--storage-blob",
            "expected 1 to 1,024 characters without '/' at either end or '.' at the last",
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
