"""The commands that are printed: quoted for the user's shell, and for the right subscription."""

from __future__ import annotations

import shlex
import subprocess
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_acrtransfer import command_lines
from azext_acrtransfer.command_lines import Output, Shell, Terminal, az, comment
from tests.support.az import ANYBODY, SUBSCRIPTION, Login, az_cli, run_az
from tests.unit.conftest import REGISTRY, Service

OTHER = "99999999-9999-9999-9999-999999999999"
TWO_SUBSCRIPTIONS = Login(other=OTHER)


@given(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1))
def test_a_posix_shell_reads_every_value_as_one_word(values: list[str]) -> None:
    line = az("acr show", *values, name=values[0]).line(Shell.POSIX)
    name = [f"--name={values[0]}"] if values[0].startswith("-") else ["--name", values[0]]
    assert shlex.split(line) == ["az", "acr", "show", *values, *name]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
def test_bash_runs_no_part_of_a_value(values: list[str]) -> None:
    words = " ".join(map(Shell.POSIX.quote, values))
    script = f"printf '%s\\0' {words}"
    printed = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    assert printed.decode().split("\0")[:-1] == values


@pytest.mark.parametrize(
    ("value", "posix", "powershell", "cmd"),
    [
        ("mygroup", "mygroup", "mygroup", "mygroup"),
        ("", "''", "'\"\"'", '""'),
        ("Key Vault User", '"Key Vault User"', '"Key Vault User"', '"Key Vault User"'),
        ("rg(prod)", '"rg(prod)"', "'\"rg(prod)\"'", '"rg(prod)"'),
        ("$web", "'$web'", "'\"$web\"'", '"$web"'),
        ("[].name", '"[].name"', "'\"[].name\"'", '"[].name"'),
        ("it's", '"it\'s"', "'\"it''s\"'", '"it\'s"'),
        ('a"b', "'a\"b'", '\'"a\\"b"\'', '"a""b"'),
        ("a,b@c", "a,b@c", "'\"a,b@c\"'", '"a,b@c"'),
        ("%PATH%", "%PATH%", "'\"%PATH%\"'", '""^%"PATH"^%""'),
        ("a&b", '"a&b"', "'\"a&b\"'", '"a&b"'),
        ("x; touch y #", '"x; touch y #"', "'\"x; touch y #\"'", '"x; touch y #"'),
    ],
)
def test_each_shell_has_its_own_quotes(value: str, posix: str, powershell: str, cmd: str) -> None:
    assert [shell.quote(value) for shell in Shell] == [posix, powershell, cmd]


ID = Output(az("storage account show", name="a", query="id"), "scope")
SAS = Output(az("storage container generate-sas", output="tsv"), "sas", prefix="?")
MD5 = Output("openssl md5 -binary f | base64", "md5")


@pytest.mark.parametrize(
    ("output", "posix", "powershell", "cmd"),
    [
        (
            ID,
            "az x --y $(az storage account show --name a --query id)",
            '$scope = az storage account show --name a --query id\naz x --y """$scope"""',
            "az storage account show --name a --query id\naz x --y SCOPE",
        ),
        (
            SAS,
            'sas=$(az storage container generate-sas --output tsv) && az x --y "?$sas"',
            '$sas = az storage container generate-sas --output tsv\naz x --y """?$sas"""',
            'az storage container generate-sas --output tsv\naz x --y "?SAS"',
        ),
        (MD5, "az x --y $(openssl md5 -binary f | base64)", "az x --y MD5", "az x --y MD5"),
    ],
    ids=["inserted", "stored first", "only in a POSIX shell"],
)
def test_the_output_of_a_command_is_a_word_of_another(
    output: Output, posix: str, powershell: str, cmd: str
) -> None:
    command = az("x", y=output)
    assert [command.line(shell) for shell in Shell] == [posix, powershell, cmd]


def test_several_outputs_are_stored_before_a_command() -> None:
    key = Output(az("storage account keys list"), "key", prefix="=")
    assert az("x", y=SAS, z=key).line(Shell.POSIX) == (
        "sas=$(az storage container generate-sas --output tsv) && "
        'key=$(az storage account keys list) && az x --y "?$sas" --z "=$key"'
    )


def test_options_are_flags_and_lists_too() -> None:
    command = az("acr run", "-t", "x", no_wait=True, artifacts=["a:1", "b 2"])
    assert str(command.adding(storage_blob="-x", name="n")) == (
        'az acr run -t x --no-wait --artifacts a:1 "b 2" --storage-blob=-x --name n'
    )


def test_facts_are_filled_into_words_and_then_quoted() -> None:
    inner = az("acr show", name="{registry}")
    command = az("acr {group} list", Output(inner, "id"), MD5, scope="/x/{registry}")
    filled = command.filled({"group": "a b", "registry": "r; {group}"})
    assert filled.line(Shell.POSIX) == (
        'az acr "a b" list $(az acr show --name "r; {group}") '
        '$(openssl md5 -binary f | base64) --scope "/x/r; {group}"'
    )


@pytest.mark.parametrize(
    ("system", "parent", "shell"),
    [
        ("posix", "cmd.exe", Shell.POSIX),
        ("nt", "powershell.exe", Shell.POWERSHELL),
        ("nt", "pwsh.exe", Shell.POWERSHELL),
        ("nt", "CMD.EXE", Shell.CMD),
        ("nt", "bash.exe", Shell.POSIX),
        ("nt", None, Shell.CMD),
    ],
)
def test_the_shell_is_the_one_that_runs_az(
    monkeypatch: pytest.MonkeyPatch, system: str, parent: str | None, shell: Shell
) -> None:
    monkeypatch.setattr("azure.cli.core.util.get_parent_proc_name", lambda: parent)
    with monkeypatch.context() as patched:  # pathlib looks at the name too
        patched.setattr("os.name", system)
        chosen, text = Terminal().shell, comment("or:")
    assert chosen is shell
    assert text == ("rem or:" if shell is Shell.CMD else "# or:")


@pytest.mark.parametrize(
    ("active", "suffix"),
    [
        (None, ""),
        (SUBSCRIPTION, ""),
        (SUBSCRIPTION.upper(), ""),
        (OTHER, f" --subscription {OTHER}"),
    ],
)
def test_a_command_names_a_subscription_that_is_not_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, active: str | None, suffix: str
) -> None:
    show = az("acr show", name="myregistry")
    with az_cli(tmp_path, TWO_SUBSCRIPTIONS) as cli:
        monkeypatch.setattr(command_lines, "TERMINAL", Terminal(cli, active))
        nested = az("x", scope=Output(show, "id"))
        assert str(show) == f"az acr show --name myregistry{suffix}"
        assert str(nested) == f"az x --scope $(az acr show --name myregistry{suffix}){suffix}"
        assert str(az("config set", "a=b")) == "az config set a=b"
        assert str(replace(show, is_elsewhere=True)) == "az acr show --name myregistry"
        elsewhere = show.in_subscription("mysubscription")
        assert str(elsewhere) == "az acr show --name myregistry --subscription mysubscription"


def test_a_command_without_the_option_names_no_subscription() -> None:
    terminal, cli = Terminal(chosen=OTHER), Mock()
    terminal.follow(cli)
    [((_, take), _)] = cli.register_event.call_args_list
    take(cli, args=Namespace())
    assert terminal.subscription is None


def test_without_a_login_a_chosen_subscription_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with az_cli(tmp_path) as cli:
        monkeypatch.setattr("azure.cli.core._profile.Profile.load_cached_subscriptions", list)
        monkeypatch.setattr(command_lines, "TERMINAL", Terminal(cli, OTHER))
        assert str(az("acr list")) == f"az acr list --subscription {OTHER}"


@pytest.mark.parametrize(
    ("login", "options", "suffix"),
    [
        (ANYBODY, (), ""),
        (TWO_SUBSCRIPTIONS, ("--subscription", "test"), ""),
        (TWO_SUBSCRIPTIONS, ("--subscription", "other"), f" --subscription {OTHER}"),
    ],
)
def test_errors_print_commands_for_the_subscription_of_the_command(
    tmp_path: Path, service: Service, login: Login, options: tuple[str, ...], suffix: str
) -> None:
    missing = f"{REGISTRY}/exportPipelines/mypipeline"
    error = {"error": {"code": "ResourceNotFound", "message": "No."}}
    service.answers(
        "GET", missing.replace(SUBSCRIPTION, OTHER if suffix else SUBSCRIPTION), error, status=404
    )
    named = ("-g", "mygroup", "-n", "mypipeline")
    show = ("acr", "export-pipeline", "show", *named, *options)
    of_service = run_az(tmp_path, *show, "-r", "myregistry", login=login)
    of_validator = run_az(tmp_path, *show, "-r", "-", login=login)
    assert f"'az acr export-pipeline list -r myregistry -o table{suffix}'" in of_service.stderr
    assert f"'az acr list --query \"[].name\"{suffix}'" in of_validator.stderr
