"""The command table: which function runs for each command."""

from __future__ import annotations

from typing import Any, NoReturn

from azext_acrtransfer import _client_factory, _format
from azext_acrtransfer.command_lines import TERMINAL
from azext_acrtransfer.diagnostics.exit_status import keep_stderr, lookup_errors
from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN


def load_command_table(loader: Any, _: list[str] | None) -> None:
    """Register every command of the extension."""
    keep_stderr()
    TERMINAL.follow(loader.cli_ctx)
    _pipeline_commands(loader)
    _run_commands(loader)


def _pipeline_commands(loader: Any) -> None:
    for kind, client_factory, table in (
        (EXPORT, _client_factory.cf_export_pipelines, _format.export_pipelines_table),
        (IMPORT, _client_factory.cf_import_pipelines, _format.import_pipelines_table),
    ):
        with loader.command_group(
            f"acr {kind.group}",
            client_factory=client_factory,
            table_transformer=table,
            exception_handler=_explain,
        ) as group:
            group.custom_command("create", "create_pipeline", supports_no_wait=True)
            group.generic_update_command(
                "update",
                getter_name="show_resource",
                getter_type=loader.module_kwargs["custom_command_type"],
                custom_func_name="change_pipeline",
                setter_name="put_pipeline",
                setter_type=loader.module_kwargs["custom_command_type"],
                setter_arg_name="pipeline",
                supports_no_wait=True,
            )
            group.custom_command(
                "check",
                "check_pipeline",
                table_transformer=_format.checks_table,
                exception_handler=_explain_lookup,
            )
            group.custom_show_command("show", "show_resource")
            group.custom_command("list", "list_pipelines")
            group.custom_command("delete", "delete_resource", supports_no_wait=True)
            group.custom_command("wait", "wait_for_pipeline")


def _run_commands(loader: Any) -> None:
    with loader.command_group(
        f"acr {RUN.group}",
        client_factory=_client_factory.cf_pipeline_runs,
        table_transformer=_format.runs_table,
        exception_handler=_explain,
    ) as group:
        group.custom_command(
            "create",
            "create_run",
            table_transformer=_format.created_runs_table,
        )
        group.custom_show_command("show", "show_run")
        group.custom_command("list", "list_runs")
        group.custom_command("delete", "delete_resource", supports_no_wait=True)
        group.custom_command("clean", "clean_runs", table_transformer=_format.cleaned_runs_table)
        group.custom_command(
            "verify",
            "verify_manifest",
            client_factory=None,  # it sends requests to the registry only, or none
            table_transformer=_format.findings_table,
            exception_handler=_explain_lookup,
        )
        group.custom_command("wait", "wait_for_run")


def _explain(error: Exception) -> NoReturn:
    # Deferred: only a command that fails needs the table of known failures, and it needs the SDK.
    from azext_acrtransfer.diagnostics.diagnosis import raise_explained

    raise_explained(error)


def _explain_lookup(error: Exception) -> None:
    with lookup_errors():
        _explain(error)
