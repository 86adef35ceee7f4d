"""One function an argument: the text as typed becomes a value, or a typed error."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError
from azure.cli.core.cloud import CloudSuffixNotSetException
from knack.log import get_logger

from azext_acrtransfer import globs, values
from azext_acrtransfer.kinds import PipelineOption
from azext_acrtransfer.manifest_files import ManifestFile, read
from azext_acrtransfer.transfer_manifest import ManifestKind
from azext_acrtransfer.values import Artifact, ContainerUri, IdentityId, SecretUri

logger = get_logger(__name__)


def validate_registry_name(cmd: Any, namespace: Namespace) -> None:
    """A registry's name or login server becomes its name."""
    if namespace.registry_name:
        suffix = _suffix(cmd, "acr_login_server_endpoint")
        namespace.registry_name = values.registry_name(namespace.registry_name, suffix)


def validate_pipeline_name(namespace: Namespace) -> None:
    """Name of a pipeline."""
    if namespace.resource_name:
        values.pipeline_name(namespace.resource_name)


def validate_new_run_name(namespace: Namespace) -> None:
    """Name of a run to be created."""
    if namespace.resource_name:
        values.new_run_name(namespace.resource_name)


def validate_existing_run_name(namespace: Namespace) -> None:
    """Name of a run that exists."""
    if namespace.resource_name:
        values.existing_run_name(namespace.resource_name)


def validate_container(cmd: Any, namespace: Namespace) -> None:
    """URI of a container; one of another cloud is let through with a warning."""
    if isinstance(namespace.container, str):
        namespace.container = ContainerUri.parse(namespace.container)
        _compare_cloud(cmd, namespace.container, "storage_endpoint")


def validate_secret(cmd: Any, namespace: Namespace) -> None:
    """URI of a Key Vault secret; one of another cloud is let through with a warning."""
    if isinstance(namespace.secret, str):
        namespace.secret = SecretUri.parse(namespace.secret)
        _compare_cloud(cmd, namespace.secret, "keyvault_dns")


def validate_access_mode(namespace: Namespace) -> None:
    """One of the storage access modes; argparse has compared it with them."""
    if isinstance(namespace.access_mode, str):
        namespace.access_mode = values.StorageAccessMode(namespace.access_mode)


def validate_identity(namespace: Namespace) -> None:
    """Resource ID of an identity, or ``[system]``."""
    if isinstance(namespace.identity, str):
        namespace.identity = IdentityId.parse(namespace.identity)


def validate_options(namespace: Namespace) -> None:
    """Options of a pipeline; argparse has compared them with those of its kind."""
    if isinstance(namespace.options, list):
        chosen = (PipelineOption(word) for word in namespace.options)
        namespace.options = tuple(dict.fromkeys(chosen))


def validate_artifacts(cmd: Any, namespace: Namespace) -> None:
    """References and globs of artifacts to take."""
    if isinstance(namespace.artifacts, list):
        namespace.artifacts = _artifacts(cmd, namespace.artifacts, Artifact.OPTION)


def validate_exclude(cmd: Any, namespace: Namespace) -> None:
    """References and globs of artifacts to leave out."""
    if isinstance(namespace.exclude, list):
        namespace.exclude = _artifacts(cmd, namespace.exclude, "--exclude")


def _artifacts(cmd: Any, texts: list[str], option: str) -> tuple[globs.Reference, ...]:
    return globs.parse_references(texts, option, _suffix(cmd, "acr_login_server_endpoint"))


def validate_storage_blob(namespace: Namespace) -> None:
    """Names of blobs, or globs over them."""
    if isinstance(namespace.storage_blob, list):
        namespace.storage_blob = tuple(values.blob_name(text) for text in namespace.storage_blob)


def manifest_to_write(argument: str) -> Callable[[Namespace], None]:
    """A validator: a file that can be written to, which is seen before anything is moved."""

    def validate(namespace: Namespace) -> None:
        text = getattr(namespace, argument)
        if isinstance(text, str):
            setattr(namespace, argument, ManifestFile.parse(text, _option(argument)))

    return validate


def manifest_to_read(argument: str, *kinds: ManifestKind) -> Callable[[Namespace], None]:
    """A validator: a file that holds a manifest of one of these kinds becomes the manifest."""

    def validate(namespace: Namespace) -> None:
        text = getattr(namespace, argument)
        if isinstance(text, str):
            setattr(namespace, argument, read(text, _option(argument), *kinds))

    return validate


def _option(argument: str) -> str:
    return "--" + argument.replace("_", "-")


def validate_status(namespace: Namespace) -> None:
    """Where a run stands; argparse has compared it with what there is."""
    if isinstance(namespace.status, str):
        namespace.status = values.RunStatus(namespace.status)


def validate_age(namespace: Namespace) -> None:
    """How long ago a run ended."""
    if isinstance(namespace.older_than, str):
        namespace.older_than = values.age(namespace.older_than)


def validate_top(namespace: Namespace) -> None:
    """A count of runs."""
    if namespace.top is not None and namespace.top < 1:
        raise InvalidArgumentValueError(
            f"Invalid value '{namespace.top}' for --top: expected a whole number from 1.",
            recommendation="Leave --top out to list all runs.",
        )


def _suffix(cmd: Any, name: str) -> str | None:
    try:
        return str(getattr(cmd.cli_ctx.cloud.suffixes, name))
    except CloudSuffixNotSetException:  # a private cloud need not define every suffix
        return None


def _compare_cloud(cmd: Any, uri: ContainerUri | SecretUri, name: str) -> None:
    suffix = _suffix(cmd, name)
    if suffix and not uri.host.endswith(f".{suffix.lstrip('.')}".lower()):
        logger.warning(
            "%s '%s' is not of the active cloud, whose hosts end in '%s'. It is used as typed; "
            "run 'az cloud set' if another cloud was meant.",
            uri.OPTION,
            uri.text,
            suffix,
        )
