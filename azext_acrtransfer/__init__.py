"""Where azure-cli-core finds the extension: the loader of its commands and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.cli.core import AzCommandsLoader

# core reads the help texts that this registers
from azext_acrtransfer import _help  # noqa: F401  pylint: disable=unused-import

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand


class AcrTransferCommandsLoader(AzCommandsLoader):  # type: ignore[misc]  # core is untyped
    """The three command groups of ACR Transfer."""

    def __init__(self, cli_ctx: Any = None) -> None:
        from azure.cli.core.commands import CliCommandType
        from azure.cli.core.profiles import ResourceType

        super().__init__(
            cli_ctx=cli_ctx,
            # az's code to log in to registries looks for its models by it
            resource_type=ResourceType.MGMT_CONTAINERREGISTRY,
            custom_command_type=CliCommandType(operations_tmpl="azext_acrtransfer.custom#{}"),
        )

    def load_command_table(self, args: list[str] | None) -> dict[str, AzCliCommand]:
        """Register every command; core calls it with the words that were typed."""
        from azext_acrtransfer.commands import load_command_table

        load_command_table(self, args)
        table: dict[str, AzCliCommand] = self.command_table
        return table

    def load_arguments(self, command: str) -> None:
        """Register the arguments of the one command that was typed."""
        from azext_acrtransfer._params import load_arguments

        load_arguments(self, command)


COMMAND_LOADER_CLS = AcrTransferCommandsLoader
