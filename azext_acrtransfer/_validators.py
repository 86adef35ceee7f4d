"""One validator an argument: it replaces the text by a typed value, or raises an error."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar

from azure.cli.core.azclierror import (
    FileOperationError,
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)
from azure.cli.core.commands.parameters import file_type
from knack.log import get_logger
from knack.validators import DefaultStr

from azext_acrtransfer import arguments
from azext_acrtransfer.arguments import ContainerUri, IdentityId, SecretUri
from azext_acrtransfer.command_lines import az
from azext_acrtransfer.hosts import host_suffix, is_in, storage_domains, vault_domains
from azext_acrtransfer.kinds import (
    DEFAULT_CONCURRENT_RUNS,
    MAX_CONCURRENT_RUNS,
    PipelineOption,
)
from azext_acrtransfer.manifest.files import ManifestFile, read
from azext_acrtransfer.manifest.model import ManifestKind
from azext_acrtransfer.registry import patterns
from azext_acrtransfer.registry.references import Artifact

logger = get_logger(__name__)
_LOGIN_SERVER = "acr_login_server_endpoint"
Uri = TypeVar("Uri", ContainerUri, SecretUri)


Validator = Callable[..., None]
#: Options with lists of lines, as an @file has them, and those with JSON.
_LINES, _JSON = ("--artifacts", "--exclude"), ("--set", "--add")
_JSON_VALUE = re.compile(r"(?:[^=]*=)?\s*[\[{]")


def check_words(argument: Any) -> None:
    """Let the parser refuse words for an argument that nobody types on purpose."""
    settings = argument.type.settings
    if str(settings.get("action")).startswith("store_"):  # a flag, which takes no word
        return
    option = max(map(str, settings["options_list"]), key=len)
    convert = settings.get("type", _as_typed)

    @wraps(convert)  # the parser's errors name it
    def checked(text: str) -> Any:
        if option in _LINES:
            patterns.check_lines(text, option)
        elif not (option in _JSON and _JSON_VALUE.match(text)):
            arguments.check_word(text, option, is_path=convert is file_type)
        return convert(text)

    settings["type"] = checked


def _as_typed(text: str) -> str:
    return text


def _parsed(argument: str, parse: Callable[[Any], Any]) -> Validator:
    """Return a validator that replaces the text of an argument, if there is any, by its value."""

    def validate(namespace: Namespace) -> None:
        typed = getattr(namespace, argument)
        if isinstance(typed, str | list):
            setattr(namespace, argument, parse(typed))

    return validate


def _parsed_in_cloud(argument: str, parse: Callable[[Any, Any], Any]) -> Validator:
    """Return such a validator for a parser that needs the active cloud as its first argument."""

    def validate(cmd: Any, namespace: Namespace) -> None:
        _parsed(argument, partial(parse, cmd.cli_ctx.cloud))(namespace)

    return validate


def _registry_name(cloud: Any, text: str) -> str:
    name = arguments.registry_name(text, host_suffix(cloud, _LOGIN_SERVER))
    # The configured default stays known as one.
    return DefaultStr(name) if getattr(text, "is_default", False) else name


def _container(cloud: Any, text: str) -> ContainerUri:
    return _of_cloud(ContainerUri.parse(text), storage_domains(cloud))


def _secret(cloud: Any, text: str) -> SecretUri:
    return _of_cloud(SecretUri.parse(text), vault_domains(cloud))


def _artifacts(cloud: Any, texts: list[str]) -> tuple[patterns.Reference, ...]:
    references = patterns.parse_references(
        texts, Artifact.OPTION, host_suffix(cloud, _LOGIN_SERVER)
    )
    if not references:
        raise InvalidArgumentValueError(
            f"{Artifact.OPTION} is empty, or has nothing but comments.",
            recommendation=Artifact.ADVICE,
        )
    return references


def _exclude(cloud: Any, texts: list[str]) -> tuple[patterns.Reference, ...]:
    """Parse references that can be none in a file: an unset variable must not exclude nothing."""
    if "" in texts and not patterns.file_with(""):
        raise arguments.invalid(
            "", "--exclude", "it is empty (is a variable unset?)", "Omit --exclude."
        )
    references = patterns.parse_references(texts, "--exclude", host_suffix(cloud, _LOGIN_SERVER))
    if not references:
        logger.warning("--exclude excludes nothing: its list is empty.")
    return references


def _of_cloud(uri: Uri, domains: tuple[str, ...]) -> Uri:
    """Accept a URI of another cloud, with a warning."""
    if domains and not is_in(domains, uri.host):
        logger.warning(
            "%s '%s' isn't in the active cloud, whose hosts end in '%s'. It is used as typed. To "
            "use another cloud, run '%s'.",
            uri.OPTION,
            uri.text,
            domains[0],
            az("cloud set"),
        )
    return uri


def _options(words: list[str]) -> tuple[PipelineOption, ...]:
    return tuple(dict.fromkeys(map(PipelineOption, words)))


def _blobs(names: list[str]) -> tuple[str, ...]:
    return tuple(map(arguments.blob_name, names))


validate_registry_name = _parsed_in_cloud("registry_name", _registry_name)
validate_new_name = _parsed("resource_name", arguments.new_name)
validate_existing_name = _parsed("resource_name", arguments.existing_name)
validate_pipeline_name = _parsed(
    "pipeline_name", partial(arguments.existing_name, option="--pipeline")
)
validate_container = _parsed_in_cloud("container", _container)
validate_secret = _parsed_in_cloud("secret", _secret)
# argparse has compared these with what there is.
validate_access_mode = _parsed("access_mode", arguments.StorageAccessMode)
validate_options = _parsed("options", _options)
validate_status = _parsed("status", arguments.RunStatus)
validate_identity = _parsed("identity", IdentityId.parse)
validate_artifacts = _parsed_in_cloud("artifacts", _artifacts)
validate_exclude = _parsed_in_cloud("exclude", _exclude)
validate_storage_blob = _parsed("storage_blob", _blobs)
validate_imported_blob = _parsed("storage_blob", arguments.blob_name)
validate_max_blob_size = _parsed(
    "max_blob_size", partial(arguments.byte_count, option="--max-blob-size")
)
validate_age = _parsed("older_than", arguments.age)


def manifest_to_write(argument: str, kind: ManifestKind) -> Validator:
    """Return the validator of a file to write a manifest of a kind to."""
    return _parsed(argument, partial(ManifestFile.parse, option=_option(argument), kind=kind))


def manifest_to_read(argument: str, *kinds: ManifestKind) -> Validator:
    """Return the validator that reads a manifest of one of these kinds from a file."""
    return _parsed(argument, lambda text: read(text, _option(argument), *kinds))


#: What ``wait`` can wait for instead of a run by its name, and what that includes already.
_ENDS_BY = {
    "manifest": "which waits until all runs have ended",
    "storage_blob": "which waits until the run for the blob has ended",
}
_NAMES_AND_CONDITIONS = ("resource_name", "deleted", "updated", "exists", "custom")


def validate_what_to_wait_for(namespace: Namespace) -> None:
    """Validate that a run, the manifest of several runs, or a blob is specified, and only one."""
    if namespace.storage_blob is None and namespace.pipeline_name is not None:
        raise RequiredArgumentMissingError(
            "--pipeline goes with --storage-blob, which names the blob that it imports.",
            recommendation="Add --storage-blob, or omit --pipeline.",
        )
    chosen = next((name for name in _ENDS_BY if getattr(namespace, name) is not None), None)
    if chosen != "manifest":
        wanted = {"--name/-n": chosen or namespace.resource_name}
        _require(
            {**wanted, "--registry/-r": namespace.registry_name},
            "Or specify the --manifest of an export, to wait for all its runs, or the "
            "--storage-blob that a source trigger imports.",
        )
    if not chosen:
        return
    others = [name for name in (*_ENDS_BY, *_NAMES_AND_CONDITIONS) if name != chosen]
    for option in (_option(name) for name in others if getattr(namespace, name)):
        raise MutuallyExclusiveArgumentError(
            f"{option} doesn't go with {_option(chosen)}, {_ENDS_BY[chosen]}.",
            recommendation=f"Omit {option}, or {_option(chosen)}.",
        )
    if chosen == "manifest":
        kind = ManifestKind.EXPORT
        read(namespace.manifest, "--manifest", kind)  # it has to exist
        namespace.manifest = ManifestFile.parse(namespace.manifest, "--manifest", kind)
        if getattr(namespace.registry_name, "is_default", False):
            namespace.registry_name = None  # the manifest names the registry
    namespace.created = True


def _require(arguments_by_option: dict[str, Any], advice: str) -> None:
    """Fail as the parser does if it misses an argument."""
    missing = ", ".join(option for option, value in arguments_by_option.items() if not value)
    if missing:
        error = RequiredArgumentMissingError(
            f"the following arguments are required: {missing}", recommendation=advice
        )
        error.print_error()
        raise SystemExit(2)


def validate_what_to_verify(namespace: Namespace) -> None:
    """Validate that either a registry or a folder with carried files is specified."""
    # Deferred: most commands don't need it.
    from azext_acrtransfer.manifest.carried_files import CarriedFiles

    manifest = read(namespace.manifest, "--manifest", ManifestKind.EXPORT)
    file, namespace.manifest = Path(namespace.manifest), manifest
    if namespace.blobs is None:
        required = {"--registry/-r": namespace.registry_name}
        _require(required, "Or specify --blobs, to verify carried files without a registry.")
        return
    is_default = getattr(namespace.registry_name, "is_default", False)
    values = {"registry": not is_default and namespace.registry_name, "write": namespace.write}
    for option in (_option(name) for name, value in values.items() if value):
        raise MutuallyExclusiveArgumentError(
            f"{option} doesn't go with --blobs, which verifies files without a registry.",
            recommendation=f"Omit {option}, or --blobs.",
        )
    folder = Path(namespace.blobs)
    if not folder.is_dir():
        raise FileOperationError(
            f"The folder of --blobs doesn't exist: '{folder}'.",
            recommendation="Specify the folder that contains the blobs of the manifest as files.",
        )
    namespace.blobs = CarriedFiles.of(manifest, folder, file)


def validate_grant_access(namespace: Namespace) -> None:
    """Validate that the command waits for the pipeline whose identity gets access."""
    if namespace.grant_access and namespace.no_wait:
        raise MutuallyExclusiveArgumentError(
            "--grant-access doesn't go with --no-wait: it needs the identity of the pipeline, and "
            "waits until the access can be read.",
            recommendation="Omit --no-wait, or --grant-access.",
        )


def _option(argument: str) -> str:
    return "--" + argument.removeprefix("resource_").replace("_", "-")


def validate_top(namespace: Namespace) -> None:
    """Validate a number of runs."""
    if namespace.top is not None:
        _check_positive(namespace.top, "--top", "Omit --top to list all runs.")


def validate_interval(namespace: Namespace) -> None:
    """Validate the seconds between two looks."""
    _check_positive(namespace.interval, "--interval", "Use a value such as 5.")


def validate_timeout(namespace: Namespace) -> None:
    """Validate the seconds to wait."""
    if namespace.timeout is not None:
        _check_positive(namespace.timeout, "--timeout", "Omit --timeout to wait without a limit.")


def validate_max_concurrent_runs(namespace: Namespace) -> None:
    """Validate a number of runs in progress."""
    if namespace.max_concurrent_runs is not None:
        _check_positive(
            namespace.max_concurrent_runs,
            "--max-concurrent-runs",
            f"Omit --max-concurrent-runs for {DEFAULT_CONCURRENT_RUNS}.",
            MAX_CONCURRENT_RUNS,
        )


def _check_positive(number: int, option: str, advice: str, largest: int | None = None) -> None:
    if number < 1 or (largest and number > largest):
        expected = "expected a whole number from 1" + (f" to {largest}" if largest else "")
        raise arguments.invalid(str(number), option, expected, advice)
