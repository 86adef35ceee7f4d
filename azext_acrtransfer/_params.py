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
        with loader.argument_context(f"acr {kind.group} create") as context:
            _new_name_argument(context, kind.noun)
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
        help="Name or login server of the registry. A default can be set with "
        "`az configure --defaults acr=<registry name>`.",
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
        help="Name of the registry's resource group; found from the registry if left out.",
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
        help="Resource ID of a user-assigned identity, or [system] for one of the pipeline's own. "
        "Default at creation: [system].",
        validator=validators.validate_identity,
    )
    context.argument(
        "options",
        get_enum_type(kind.options),
        options_list=["--options", "-z"],
        nargs="*",
        type=option_word,
        help="What the pipeline may do beside its plain task, parted by blanks.",
        validator=validators.validate_options,
    )
    if kind is EXPORT:
        context.ignore("source_trigger")
        return
    context.argument(
        "source_trigger",
        get_three_state_flag(),
        options_list=["--source-trigger-enabled", "-e"],
        help="Import new blobs of the container by itself. Default at creation: true.",
    )


def _storage_arguments(context: Any) -> None:
    context.argument(
        "container",
        options_list=["--storage-container-uri", "-c"],
        help="URI of the blob container, such as "
        "https://mystorage.blob.core.windows.net/mycontainer.",
        validator=validators.validate_container,
    )
    context.argument(
        "access_mode",
        get_enum_type(StorageAccessMode),
        type=access_mode_word,
        options_list=["--storage-access-mode", "-m"],
        help="How the pipeline gets at the container. If left out: SasToken with --secret-uri, "
        "else ManagedIdentity.",
        validator=validators.validate_access_mode,
    )
    context.argument(
        "secret",
        options_list=["--secret-uri", "-s"],
        help="URI of the Key Vault secret that holds the SAS, such as "
        "https://myvault.vault.azure.net/secrets/mysecret. Only with SasToken.",
        validator=validators.validate_secret,
    )


def _check_arguments(context: Any, kind: PipelineKind) -> None:
    does = "is to bring: would a tag be in the way" if kind is IMPORT else "is to move: is it there"
    context.argument(
        "artifacts",
        options_list=["--artifacts", "-a"],
        nargs="+",
        help=f"Check what the {kind.name} {does}? As in `az acr pipeline-run create`.",
        validator=validators.validate_artifacts,
    )
    context.argument(
        "storage_blob",
        options_list=["--storage-blob", "-b"],
        nargs="+",
        help=f"Check the blobs of these names, parted by blanks, that the {kind.name} is to "
        f"{'read' if kind is IMPORT else 'write'}.",
        validator=validators.validate_storage_blob,
    )
    context.argument(
        "manifest",
        _FILE,
        help="Check what the manifest of an export names"
        + (": its blobs, and its artifacts by their digests." if kind is IMPORT else "."),
        validator=validators.manifest_to_read("manifest", ManifestKind.EXPORT),
    )
    context.argument(
        "strict",
        action="store_true",
        help="Count unknown checks as failed. Default: only an unknown pipeline, or your unknown "
        "permission to run it, fails the command (exit code 4).",
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
    ):
        with loader.argument_context(f"{scope} {verb}") as context:
            register(context)
    with loader.argument_context(f"{scope} wait") as context:
        context.argument(
            "manifest",
            _FILE,
            help="Path to the manifest of an export. Wait until all its runs have ended, and add "
            "the results to it; the command fails if a run failed. The manifest names the registry "
            "and the runs.",
            validator=validators.validate_what_to_wait_for,
        )


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
        help="Kind of the pipeline to run.",
    )
    context.argument(
        "storage_blob",
        options_list=["--storage-blob", "-b"],
        nargs="+",
        help="Name of the blob that an export writes, or of those that an import reads, parted "
        "by blanks. In those, * stands for any characters but / and ** for any.",
        validator=validators.validate_storage_blob,
    )
    context.argument(
        "dry_run",
        action="store_true",
        help="List the runs that it would take, what each would move and how many bytes, which "
        "artifacts don't exist, and which ones --skip leaves out; run nothing.",
    )
    context.argument(
        "check",
        action="store_true",
        help="First check that all is in place, as `az acr export-pipeline check` and `az acr "
        "import-pipeline check` do; run nothing if a check fails.",
    )
    context.argument(
        "force_redeploy",
        options_list=["--force-redeploy", "-f"],
        action="store_true",
        help="Run again although a run of this name with the same properties is there.",
    )
    # Not core's own no_wait, which drops the result.
    context.argument(
        "wait",
        options_list=["--no-wait"],
        action="store_false",
        help="Return the runs as submitted, and don't wait for their end.",
    )


def _export_arguments(context: Any) -> None:
    context.argument(
        "artifacts",
        options_list=["--artifacts", "-a"],
        nargs="+",
        help="What to export, parted by blanks: <repository> (its tag latest), "
        "<repository>:<tag>, <repository>@<digest>, or globs. @<file> takes them from the "
        "lines of a file.",
        validator=validators.validate_artifacts,
    )
    context.argument(
        "exclude",
        nargs="+",
        help="Space-separated list of artifacts and patterns not to export, written as for "
        "--artifacts, also with --only-failed. A digest excludes the tags that name it, too, and a "
        "tag its digest. Each value must match something in the registry, or nothing is exported.",
        validator=validators.validate_exclude,
    )
    context.argument(
        "manifest",
        _FILE,
        help="Path to a manifest, to which the artifacts, their digests and results are added, for "
        "`verify` in the target registry.",
        validator=validators.manifest_to_write("manifest", ManifestKind.EXPORT),
    )
    context.argument(
        "skip",
        _FILE,
        help="Leave out what the target registry has with the same digest, by the manifest "
        "that `verify --write` wrote of it.",
        validator=validators.manifest_to_read("skip", ManifestKind.VERIFICATION),
    )
    context.argument(
        "only_failed",
        _FILE,
        help="Instead of --artifacts: what failed by the manifest of an export, or what is "
        "missing or different by one that `verify --write` wrote.",
        validator=validators.manifest_to_read("only_failed", *ManifestKind),
    )


def _verify_arguments(context: Any) -> None:
    context.argument(
        "manifest",
        _FILE,
        help="Manifest that the export wrote.",
        validator=validators.manifest_to_read("manifest", ManifestKind.EXPORT),
    )
    context.argument(
        "write",
        _FILE,
        help="Write what the registry has to this file, for --skip or --only-failed of the "
        "next export; also if something is missing or different.",
        validator=validators.manifest_to_write("write", ManifestKind.VERIFICATION),
    )


def _which_pipeline(context: Any) -> None:
    context.argument(
        "pipeline_name",
        options_list=["--pipeline", "-p"],
        help="Runs of the pipeline of this name only; if an export and an import pipeline "
        "share it, of both.",
        validator=validators.validate_pipeline_name,
    )


def _list_arguments(context: Any) -> None:
    _which_pipeline(context)
    context.argument(
        "status",
        get_enum_type(RunStatus),
        help="List only runs with this status. Failed includes PartlyFailed and Canceled. "
        "Unknown: the run ended in a state that isn't documented.",
        validator=validators.validate_status,
    )
    context.argument(
        "top",
        type=int,
        help="List only this many runs, those started last.",
        validator=validators.validate_top,
    )


def _clean_arguments(context: Any) -> None:
    _which_pipeline(context)
    context.argument(
        "older_than",
        help="Runs only that ended longer ago than this: a number and m, h, d or w for "
        "minutes, hours, days or weeks, such as 30d.",
        validator=validators.validate_age,
    )
    context.argument(
        "dry_run",
        action="store_true",
        help="List the runs that would be deleted, and delete nothing.",
    )
