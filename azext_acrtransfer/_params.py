"""The arguments: their options, short help, choices and validators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argcomplete.completers import FilesCompleter
from azure.cli.core.commands.command_operation import WaitCommandOperation
from azure.cli.core.commands.parameters import (
    file_type,
    get_enum_type,
    get_resource_name_completion_list,
    get_three_state_flag,
    resource_group_name_type,
)
from knack.arguments import CLIArgumentType
from knack.events import EVENT_INVOKER_POST_CMD_TBL_CREATE

from azext_acrtransfer import _validators as validators
from azext_acrtransfer.arguments import (
    RunStatus,
    StorageAccessMode,
    access_mode_word,
    option_word,
)
from azext_acrtransfer.kinds import EXPORT, IMPORT, KINDS, RUN, PipelineKind
from azext_acrtransfer.manifest.model import ManifestKind

_FILE = CLIArgumentType(
    type=file_type,
    completer=FilesCompleter(),  # type: ignore[no-untyped-call]  # its package is typed but in parts
)
_IDENTITY = (
    "Resource ID of a user-assigned managed identity, or [system] for the system-assigned identity."
)
_ACCESS_MODE = "Authentication method for the storage container."


def load_arguments(loader: Any, _: str) -> None:
    """Register the arguments of the three groups, and check what is typed for any of them."""
    for kind in (EXPORT, IMPORT, RUN):
        with loader.argument_context(f"acr {kind.group}") as context:
            _registry_arguments(context)
        with loader.argument_context(f"acr {kind.group} wait") as context:
            # core's 30 s is longer than many a run
            _wait_arguments(context, interval=5 if kind is RUN else 30)
    for kind in (EXPORT, IMPORT):
        with loader.argument_context(f"acr {kind.group}") as context:
            _pipeline_arguments(context, kind)
        for verb in ("create", "update"):
            with loader.argument_context(f"acr {kind.group} {verb}") as context:
                _grant_argument(context)
        with loader.argument_context(f"acr {kind.group} create") as context:
            _new_name_argument(context, kind.noun)
            _new_pipeline_arguments(context, kind)
        with loader.argument_context(f"acr {kind.group} check") as context:
            _check_arguments(context, kind)
    _run_arguments(loader)

    def complete_arguments(_: Any, commands_loader: Any) -> None:
        for command in commands_loader.command_table.values():
            if command.loader is loader:
                for argument in command.arguments.values():
                    validators.check_words(argument)
                    _collect_words(argument)

    loader.cli_ctx.register_event(EVENT_INVOKER_POST_CMD_TBL_CREATE, complete_arguments)


def _collect_words(argument: Any) -> None:
    """Let an option with a list be repeated: its last words alone would exclude less than typed."""
    settings = argument.type.settings
    if settings.get("nargs") in ("+", "*"):
        settings.setdefault("action", "extend")


def _registry_arguments(context: Any) -> None:
    context.argument(
        "registry_name",
        options_list=["--registry", "-r"],
        help="Name or login server of the container registry. You can configure the default "
        "registry using `az configure --defaults acr=NAME`.",
        completer=get_resource_name_completion_list("Microsoft.ContainerRegistry/registries"),
        configured_default="acr",
        validator=validators.validate_registry_name,
    )
    # No part of --ids: the registry is what names the group here.
    context.argument(
        "resource_group_name",
        resource_group_name_type,
        id_part=None,
        required=False,
        help="Name of the registry's resource group. If omitted, it's looked up in the active "
        "subscription. You can configure the default group using "
        "`az configure --defaults group=NAME`.",
    )


def _wait_arguments(context: Any, *, interval: int) -> None:
    """Register the arguments of core's wait commands."""
    changes = {"interval": {"default": interval, "validator": validators.validate_interval}}
    for name, argument in WaitCommandOperation.wait_args().items():
        settings = argument.type.settings | changes.get(name, {})
        del settings["dest"]
        context.argument(name, **settings)


def _name_argument(context: Any, what: str, validator: Callable[..., None]) -> None:
    context.argument(
        "resource_name",
        options_list=["--name", "-n"],
        help=f"Name of the {what}",
        validator=validator,
    )


def _new_name_argument(context: Any, noun: str) -> None:
    _name_argument(context, f"{noun}: 5 to 50 letters and digits.", validators.validate_new_name)


def _pipeline_arguments(context: Any, kind: PipelineKind) -> None:
    _name_argument(context, f"{kind.noun}.", validators.validate_existing_name)
    _storage_arguments(context)
    context.argument(
        "identity",
        options_list=["--assign-identity", "-i"],
        help=_IDENTITY,
        validator=validators.validate_identity,
    )
    context.argument(
        "options",
        get_enum_type(kind.options),
        options_list=["--options", "-z"],
        nargs="*",
        type=option_word,
        help="Space-separated list of options. Specify no value to remove all options.",
        validator=validators.validate_options,
    )
    if kind is EXPORT:
        context.ignore("source_trigger")
        return
    context.argument(
        "source_trigger",
        get_three_state_flag(),
        options_list=["--source-trigger-enabled", "-e"],
        help="Import new blobs of the container automatically.",
    )


def _new_pipeline_arguments(context: Any, kind: PipelineKind) -> None:
    """Describe the defaults of a new pipeline; an update keeps the values."""
    context.argument("identity", help=f"{_IDENTITY} Default: [system].")
    context.argument(
        "options",
        get_enum_type(kind.options),
        type=option_word,
        help="Space-separated list of options. Default: none.",
    )
    context.argument(
        "access_mode",
        get_enum_type(StorageAccessMode),
        type=access_mode_word,
        help=f"{_ACCESS_MODE} Default: SasToken if --secret-uri is specified, otherwise "
        "ManagedIdentity.",
    )


def _grant_argument(context: Any) -> None:
    context.argument(
        "grant_access",
        action="store_true",
        help="Grant the pipeline's identity the access that it needs, with your permissions: a "
        "role on the storage account or, with SasToken, permission to read the secret. Waits until "
        "the grant can be read. If that fails, the pipeline is kept, the exit code is 1, and the "
        "command that grants the access is printed. Can't be combined with --no-wait.",
        validator=validators.validate_grant_access,
    )


def _storage_arguments(context: Any) -> None:
    context.argument(
        "container",
        options_list=["--storage-container-uri", "-c"],
        help="URI of the storage container, such as "
        "`https://mystorage.blob.core.windows.net/mycontainer`.",
        validator=validators.validate_container,
    )
    context.argument(
        "access_mode",
        get_enum_type(StorageAccessMode),
        type=access_mode_word,
        options_list=["--storage-access-mode", "-m"],
        help=f"{_ACCESS_MODE} Default with --secret-uri: SasToken.",
        validator=validators.validate_access_mode,
    )
    context.argument(
        "secret",
        options_list=["--secret-uri", "-s"],
        help="URI of the Key Vault secret that stores the SAS token, such as "
        "`https://myvault.vault.azure.net/secrets/mysecret`. Applies only to SasToken.",
        validator=validators.validate_secret,
    )


def _check_arguments(context: Any, kind: PipelineKind) -> None:
    condition = "their tags already exist" if kind is IMPORT else "they exist"
    context.argument(
        "artifacts",
        options_list=["--artifacts", "-a"],
        nargs="+",
        help=f"Space-separated list of artifacts to {kind.name}. Checks whether {condition}. Use "
        "@file to read the list from a file.",
        validator=validators.validate_artifacts,
    )
    context.argument(
        "storage_blob",
        options_list=["--storage-blob", "-b"],
        nargs="+",
        help="Space-separated list of names of blobs. Checks whether the "
        f"{kind.name} can {'read' if kind is IMPORT else 'write'} them.",
        validator=validators.validate_storage_blob,
    )
    context.argument(
        "manifest",
        _FILE,
        help="Path to the manifest of an export. Checks its artifacts"
        + (", by their digests, and its blobs." if kind is IMPORT else "."),
        validator=validators.manifest_to_read("manifest", ManifestKind.EXPORT),
    )
    context.argument(
        "strict",
        action="store_true",
        help="Count unknown checks as failed. By default, the command fails for an unknown check "
        "only if the pipeline, or your permission to run it, is unknown (exit code 4).",
    )


def _run_arguments(loader: Any) -> None:
    scope = f"acr {RUN.group}"
    with loader.argument_context(scope) as context:
        _name_argument(context, f"{RUN.noun}.", validators.validate_existing_name)
    for verb, register in (
        ("create", _create_arguments),
        ("create", _export_arguments),
        ("list", _list_arguments),
        ("clean", _clean_arguments),
        ("verify", _verify_arguments),
        ("wait", _what_to_wait_for),
    ):
        with loader.argument_context(f"{scope} {verb}") as context:
            register(context)


def _create_arguments(context: Any) -> None:
    _new_name_argument(context, RUN.noun)
    context.argument(
        "pipeline_name",
        options_list=["--pipeline", "-p"],
        help="Name of the pipeline to run.",
        validator=validators.validate_pipeline_name,
    )
    context.argument(
        "pipeline_type",
        get_enum_type(list(KINDS)),
        options_list=["--pipeline-type", "-t"],
        help="Type of the pipeline.",
    )
    context.argument(
        "storage_blob",
        options_list=["--storage-blob", "-b"],
        nargs="+",
        help="Name of the blob that an export writes, or space-separated list of names and "
        "patterns of blobs that an import reads.",
        validator=validators.validate_storage_blob,
    )
    context.argument(
        "dry_run",
        action="store_true",
        help="List the runs that would be created, with their artifacts and sizes, the artifacts "
        "that don't exist, and the artifacts that --skip leaves out. Nothing is created.",
    )
    context.argument(
        "check",
        action="store_true",
        help="Check all prerequisites first, as `az acr export-pipeline check` and `az acr "
        "import-pipeline check` do. If a check fails, nothing is created.",
    )
    context.argument(
        "force_redeploy",
        options_list=["--force-redeploy", "-f"],
        action="store_true",
        help="Repeat a run that already exists with the same properties.",
    )
    # Not named no_wait: core would drop the result.
    context.argument(
        "submit_only",
        options_list=["--no-wait"],
        arg_group="Waiting",
        action="store_true",
        help="Do not wait for the runs to complete. Returns the runs as submitted.",
    )
    context.argument(
        "timeout",
        type=int,
        arg_group="Waiting",
        help="Maximum wait time in seconds. When it has passed, the command fails (exit code 1) "
        "and prints how to resume waiting; runs in progress continue in Azure. Default: no limit.",
        validator=validators.validate_timeout,
    )
    context.argument(
        "max_concurrent_runs",
        type=int,
        arg_group="Waiting",
        help="Number of runs of this command that are in progress at a time, from 1 to 50. Further "
        "runs are created when others have ended. Default: 10.",
        validator=validators.validate_max_concurrent_runs,
    )


def _export_arguments(context: Any) -> None:
    context.argument(
        "artifacts",
        options_list=["--artifacts", "-a"],
        nargs="+",
        help="Space-separated list of artifacts or patterns to export: `repository[:tag]` or "
        "`repository@digest`. The tag defaults to latest; a pattern without a tag matches all "
        "tags. Use @file to read the list from a file.",
        validator=validators.validate_artifacts,
    )
    context.argument(
        "exclude",
        arg_group="Selection",
        nargs="+",
        help="Space-separated list of artifacts or patterns to leave out, in the format of "
        "--artifacts. Each value must match something in the registry. A digest also excludes its "
        "tags, and a tag also excludes its digest. Applies to --only-failed, too.",
        validator=validators.validate_exclude,
    )
    context.argument(
        "include_referrers",
        arg_group="Selection",
        action="store_true",
        help="Export the referrers of the artifacts, too: signatures, attestations, SBOMs and "
        "others, also those of the children of an index and of referrers. --exclude applies to "
        "them. Requires permission to read the registry.",
    )
    context.argument(
        "max_blob_size",
        arg_group="Selection",
        help="Maximum estimated size of a blob, such as 25GB. Larger exports are split into more "
        "runs; a single artifact that is larger is an error. Units: B, KB, MB, GB, TB, KiB, MiB, "
        "GiB, TiB. Default unit: B. Requires permission to read the registry.",
        validator=validators.validate_max_blob_size,
    )
    context.argument(
        "manifest",
        _FILE,
        arg_group="Manifest",
        help="Path to a manifest file. Adds the artifacts, their digests and their results to it. "
        "Use `az acr pipeline-run verify` to compare the target registry with it.",
        validator=validators.manifest_to_write("manifest", ManifestKind.EXPORT),
    )
    context.argument(
        "skip",
        _FILE,
        arg_group="Manifest",
        help="Path to a manifest that `az acr pipeline-run verify --write` wrote. Leaves out the "
        "artifacts that the target registry contains with the same digest.",
        validator=validators.manifest_to_read("skip", ManifestKind.VERIFICATION),
    )
    context.argument(
        "only_failed",
        _FILE,
        arg_group="Manifest",
        help="Path to a manifest, instead of --artifacts. Selects the artifacts that failed, "
        "according to the manifest of an export, or that are missing or different, according to "
        "a manifest that `az acr pipeline-run verify --write` wrote.",
        validator=validators.manifest_to_read("only_failed", *ManifestKind),
    )


def _verify_arguments(context: Any) -> None:
    context.argument(
        "manifest",
        _FILE,
        help="Path to the manifest of an export.",
        validator=validators.validate_what_to_verify,
    )
    context.argument(
        "blobs",
        _FILE,
        help="Path to a folder with the carried blobs as files. Verifies their size and MD5 before "
        "the upload, without a registry and without a network. Blobs that are missing, truncated "
        "or different are reported, and so are files that aren't in the manifest.",
    )
    context.argument(
        "only_differences",
        action="store_true",
        help="Return only differences from the manifest. Default: false.",
    )
    context.argument(
        "write",
        _FILE,
        help="Path to a manifest file to write. Contains the artifacts of this registry, for "
        "--skip or --only-failed of the next export. The file is also written if artifacts "
        "are missing or different.",
        validator=validators.manifest_to_write("write", ManifestKind.VERIFICATION),
    )


def _what_to_wait_for(context: Any) -> None:
    context.argument(
        "manifest",
        _FILE,
        help="Path to the manifest of an export, which names the registry and the runs. Waits "
        "until all its runs have ended, and adds the results to the manifest.",
        validator=validators.validate_what_to_wait_for,
    )
    context.argument(
        "storage_blob",
        options_list=["--storage-blob", "-b"],
        help="Name of a blob that a source trigger imports, such as images.tar. Waits until the "
        "trigger has created a run for the current content of the blob, and the run has ended.",
        validator=validators.validate_imported_blob,
    )
    context.argument(
        "pipeline_name",
        options_list=["--pipeline", "-p"],
        help="Name of the import pipeline of --storage-blob. Default: the only one of the registry "
        "whose source trigger is enabled.",
        validator=validators.validate_pipeline_name,
    )


def _which_pipeline(context: Any) -> None:
    context.argument(
        "pipeline_name",
        options_list=["--pipeline", "-p"],
        help="Name of the pipeline whose runs are selected. If an export and an import pipeline "
        "have the same name, selects the runs of both.",
        validator=validators.validate_pipeline_name,
    )


def _list_arguments(context: Any) -> None:
    _which_pipeline(context)
    context.argument(
        "status",
        get_enum_type(RunStatus),
        help="Status of the runs to list. Failed includes PartlyFailed and Canceled. Unknown means "
        "that a run ended in a state that isn't documented.",
        validator=validators.validate_status,
    )
    context.argument(
        "top",
        type=int,
        help="Number of runs to list, those that were started last.",
        validator=validators.validate_top,
    )


def _clean_arguments(context: Any) -> None:
    _which_pipeline(context)
    context.argument(
        "older_than",
        help="Delete only runs that ended before this age, in minutes (m), hours (h), days (d) or "
        "weeks (w), such as 30d.",
        validator=validators.validate_age,
    )
    context.argument(
        "dry_run",
        action="store_true",
        help="List the runs that would be deleted. Nothing is deleted.",
    )
