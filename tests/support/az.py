"""Running the extension's commands in process, with no others of az, and one answer object."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from azure.cli.core import AzCli, MainCommandsLoader, __version__
from azure.cli.core._help import AzCliHelp
from azure.cli.core._output import AzOutputProducer
from azure.cli.core._profile import Profile
from azure.cli.core.auth.identity import Identity
from azure.cli.core.azlogging import AzCliLogging
from azure.cli.core.commands import AzCliCommandInvoker, ExtensionCommandSource
from azure.cli.core.parser import AzCliCommandParser

from azext_acrtransfer import COMMAND_LOADER_CLS
from azext_acrtransfer.command_lines import TERMINAL

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
TENANT = "11111111-1111-1111-1111-111111111111"
#: Whatever a token is for, where nobody checks it.
TOKEN = "none"


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The result, parsed."""
        return json.loads(self.stdout)


def non_null(value: Any) -> Any:
    """A result without the keys that az adds for what the service did not tell."""
    if isinstance(value, dict):
        return {key: non_null(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [non_null(inner) for inner in value]
    return value


class Loader(MainCommandsLoader):  # type: ignore[misc]  # core is untyped
    """az's main loader, with the extension as the only module."""

    def load_command_table(self, args: list[str]) -> Any:
        extension = COMMAND_LOADER_CLS(cli_ctx=self.cli_ctx)
        self.command_table = extension.load_command_table(args)
        self.command_group_table = extension.command_group_table
        for name, command in self.command_table.items():
            # As az marks the commands of an extension: core words its errors by it.
            command.command_source = ExtensionCommandSource(
                extension_name="acrtransfer", overrides_command=False, preview=False
            )
            self.cmd_to_loader_map[name] = [extension]
        return self.command_table


@dataclass(frozen=True)
class Login:
    """A user who is signed in to one subscription of the public cloud, with the tokens to send."""

    subscription: str = SUBSCRIPTION
    tenant: str = TENANT
    token_for: Callable[[str], str] = field(default=lambda _: TOKEN, repr=False)
    #: Another subscription of the user, which isn't the default one; its name is "other".
    other: str | None = None

    def acquire_token(self, scopes: list[str], **_: Any) -> dict[str, Any]:
        """Core's way to ask for one."""
        token = self.token_for(scopes[0].removesuffix("/.default"))
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    @property
    def account(self) -> dict[str, Any]:
        """The subscription as ``az account`` keeps it."""
        return {
            "id": self.subscription,
            "name": "test",
            "state": "Enabled",
            "isDefault": True,
            "tenantId": self.tenant,
            "environmentName": "AzureCloud",
            "user": {"name": "user@example.com", "type": "user"},
        }

    @property
    def accounts(self) -> list[dict[str, Any]]:
        """Every subscription of the user."""
        other = {"id": self.other, "name": "other", "isDefault": False}
        return [self.account, *([self.account | other] if self.other else [])]


#: For tests without a service that would check the token.
ANYBODY = Login()


@contextmanager
def _logging_of_its_own() -> Iterator[None]:
    """Let core set up its logging as in a new process, though pytest or a command came before."""
    loggers = [logging.getLogger(name) for name in (None, "cli", "azure")]
    before = [(logger, logger.handlers[:], logger.level) for logger in loggers]
    for logger in loggers:
        logger.handlers.clear()
    try:
        yield
    finally:
        for logger, handlers, level in before:
            logger.handlers[:] = handlers
            logger.setLevel(level)


@contextmanager
def az_cli(config_dir: Path, login: Login = ANYBODY) -> Iterator[AzCli]:
    """az as a new process would set it up."""
    # Without it a new configuration folder makes core ask the network for its newest version.
    known = {"versions": {"core": {"local": __version__}}}
    (config_dir / "versionCheck.json").write_text(json.dumps(known))
    with (
        _logging_of_its_own(),
        # core reads it in places that do not ask the CLI for its folder
        patch.multiple(TERMINAL, cli_ctx=None, chosen=None),
        patch.dict(os.environ, AZURE_CONFIG_DIR=str(config_dir), COLUMNS="100"),
        patch.object(Profile, "load_cached_subscriptions", return_value=login.accounts),
        patch.object(Identity, "get_user_credential", return_value=login),
    ):
        yield AzCli(
            cli_name="az",
            config_dir=str(config_dir),
            config_env_var_prefix="AZURE",
            commands_loader_cls=Loader,
            invocation_cls=AzCliCommandInvoker,
            parser_cls=AzCliCommandParser,
            logging_cls=AzCliLogging,
            output_cls=AzOutputProducer,
            help_cls=AzCliHelp,
        )


def run_az(config_dir: Path, *argv: str, login: Login = ANYBODY) -> Result:
    """Run ``az`` with these words."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr), az_cli(config_dir, login) as cli:
        try:
            exit_code = cli.invoke(list(argv), out_file=stdout)
        except SystemExit as stop:
            exit_code = stop.code
    return Result(int(exit_code or 0), stdout.getvalue(), stderr.getvalue())
