"""What nobody types on purpose, in every option of every command: refused, and shown escaped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.events import EVENT_INVOKER_CMD_TBL_LOADED

from azext_acrtransfer.kinds import EXPORT, PipelineKind
from tests.support.az import Loader, az_cli
from tests.support.wording import IN_QUOTES, invalid
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, pipeline

Parsers = dict[str, tuple[Any, list[str]]]
GIT_BASH = "Git Bash converted a value that begins with '/' to a Windows path"
#: Options with lists of lines, and those with paths of files.
LISTS = ("--artifacts", "--exclude")
PATHS = ("--manifest", "--skip", "--only-failed", "--write", "--blobs")


@pytest.fixture(scope="module")
def parsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parsers]:
    """For each command, its parser and its options with a value, from the parameter table."""
    by_command: Parsers = {}

    def record(_: Any, cmd_tbl: Any, parser: Any) -> None:
        for command, entry in cmd_tbl.items():
            settings = [argument.type.settings for argument in entry.arguments.values()]
            by_command[command] = (
                parser,
                [
                    max(each["options_list"], key=len)
                    for each in settings
                    if each.get("nargs") != 0 and "store_" not in str(each.get("action"))
                ],
            )

    with az_cli(tmp_path_factory.mktemp("config")) as cli:
        commands = list(Loader(cli).load_command_table([]))
        cli.register_event(EVENT_INVOKER_CMD_TBL_LOADED, record)
        for command in commands:
            with redirect_stdout(StringIO()), pytest.raises(SystemExit):
                cli.invoke([*command.split(), "-h"])
        yield by_command


def test_every_option_is_walked(parsers: Parsers) -> None:
    assert len(parsers) == 21
    assert "--artifacts" in parsers["acr pipeline-run create"][1]
    assert "--set" in parsers["acr import-pipeline update"][1]
    assert all("--subscription" in options for _, options in parsers.values())


BLANK = ("it begins or ends with a space", "Remove the blank.")


@pytest.mark.parametrize(
    ("typed", "shown", "why", "advice", "but"),
    [
        pytest.param(
            "typed\r",
            r"typed\r",
            r"it contains a carriage return, '\r'",
            r"Remove it, such as by `| tr -d '\r'`: Windows ends lines with it, and bash keeps it.",
            (),
            id="carriage return",
        ),
        pytest.param(
            "ty\tped",
            r"ty\tped",
            r"it contains a tab, '\t'",
            r"Remove it, such as by `| tr -d '\t'`.",
            (),
            id="tab",
        ),
        pytest.param(
            "one\ntwo",
            r"one\ntwo",
            r"it contains a line feed, '\n'",
            "Separate the values with spaces.",
            LISTS,
            id="line feed",
        ),
        *(
            pytest.param(
                f"ty{char}ped",
                f"ty{shown}ped",
                f"it contains a character that isn't shown, '{shown}'",
                "Type it anew.",
                (),
                id=shown,
            )
            for char, shown in [
                ("\x1b", r"\x1b"),
                ("\x00", r"\x00"),
                ("\xa0", r"\xa0"),
                ("\u200b", r"\u200b"),
                ("\u202e", r"\u202e"),
                ("\ufeff", r"\ufeff"),
                ("\udc80", r"\udc80"),
            ]
        ),
        pytest.param(" typed", " typed", *BLANK, (), id="leading blank"),
        pytest.param("typed ", "typed ", *BLANK, (), id="trailing blank"),
        pytest.param(
            '"typed"',
            '"typed"',
            IN_QUOTES,
            "Add '-o tsv' to the command that printed it: JSON puts text in quotes.",
            (),
            id="quotes",
        ),
        pytest.param(
            "C:/Program Files/Git/subscriptions/1",
            "C:/Program Files/Git/subscriptions/1",
            GIT_BASH,
            "Set the environment variable MSYS_NO_PATHCONV=1 for the command.",
            PATHS,
            id="Git Bash",
        ),
    ],
)
def test_every_option_refuses_what_nobody_types_on_purpose(
    parsers: Parsers, typed: str, shown: str, why: str, advice: str, but: tuple[str, ...]
) -> None:
    errors, expected = {}, {}
    for command, (parser, options) in parsers.items():
        for option in set(options) - set(but):
            with pytest.raises(InvalidArgumentValueError) as refused:
                parser.parse_args([*command.split(), f"{option}={typed}"])
            error = refused.value
            errors[command, option] = (error.error_msg, error.recommendations)
            expected[command, option] = (f"{invalid(shown, option)}: {why}.", [advice])
    assert errors == expected


def refused(az: Az, command: str, option: str, typed: str) -> str:
    """The error of a command for what was typed for one of its options."""
    result = az(*command.split(), f"{option}={typed}")
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


@pytest.mark.parametrize(
    "typed",
    [
        "D:/msys64/subscriptions/1",
        "C:/Users/me/AppData/Local/Programs/Git/images.tar",
        r"C:\Program Files\Git\images.tar",
        "e:/tools/bash/subscriptions/1",
        "identity=C:/Program Files/Git/subscriptions/1",
    ],
)
def test_git_bash_is_known_wherever_it_is_installed(az: Az, typed: str) -> None:
    assert GIT_BASH in refused(az, "acr pipeline-run create", "--storage-blob", typed)


@pytest.mark.parametrize("option", LISTS)
@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ("hello:v1\nhello:v2\r", r"'hello:v2\r'"),
        ("hello:v1\nhel\tlo:v2\n", r"'hel\tlo:v2'"),
        ("hello:v1\n\thello:v2", r"'\thello:v2'"),
        ("hello:v1\n\x1b[31mhello:v2", r"'\x1b[31mhello:v2'"),
        ("\ufeffhello:v1\nhello:v2", r"'\ufeffhello:v1'"),
    ],
)
def test_every_line_of_a_file_is_checked(az: Az, option: str, lines: str, shown: str) -> None:
    error = refused(az, "acr pipeline-run create", option, lines)
    number = 2 if "v2" in shown else 1
    assert error.startswith(
        f"ERROR: Line {number} of the list: Invalid value {shown} for {option}: it contains "
    )


def test_lines_can_have_comments_blanks_and_the_ends_of_windows(az: Az, service: Service) -> None:
    stop = {"error": {"code": "Stop", "message": "here"}}
    service.answers("GET", f"{REGISTRY}/exportPipelines/mypipeline", stop, status=403)
    lines = "  hello:v1  \r\n\r\nhello:v2\t# a comment\twith a tab\r\n# another\r\n"
    result = az(
        *("acr", "pipeline-run", "create", *WHERE, "-p", "mypipeline", "-n", "myrun01"),
        *("-t", "export", "-b", "myblob", "-a", lines),
    )
    assert "(Stop) here" in result.stderr


def test_json_of_set_and_add_can_have_several_lines(az: Az, service: Service) -> None:
    path = f"{REGISTRY}/exportPipelines/mypipeline"
    service.answers("GET", path, pipeline(EXPORT))
    service.answers("PUT", path, pipeline(EXPORT))
    result = az(
        *("acr", "export-pipeline", "update", *WHERE, "-n", "mypipeline"),
        *("--set", 'options=[\n\t"ContinueOnErrors"\n]'),
    )
    assert result.exit_code == 0
    assert service.body("PUT")["properties"]["options"] == ["ContinueOnErrors"]


@pytest.mark.parametrize(
    "blob", ["Bilder für Übersee.tar", "نمی\u200cدانم.tar", "\U000e0fff", "\ue000", "👩\u200d💻"]
)
def test_a_blob_can_have_any_name_that_is_shown(az: Az, service: Service, blob: str) -> None:
    stop = {"error": {"code": "Stop", "message": "here"}}
    service.answers("GET", f"{REGISTRY}/importPipelines/mypipeline", stop, status=403)
    result = az(
        *("acr", "pipeline-run", "create", *WHERE, "-p", "mypipeline", "-n", "myrun01"),
        *("-t", "import", "-b", blob),
    )
    assert "(Stop) here" in result.stderr


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("ContinueOnErrors,OverwriteBlobs", "ContinueOnErrors OverwriteBlobs"),
        ('["ContinueOnErrors"]', "ContinueOnErrors"),
        ("ContinueOnErrors OverwriteTags", "ContinueOnErrors OverwriteTags"),
        ("- ContinueOnErrors", "ContinueOnErrors"),
    ],
)
def test_a_list_of_options_in_one_word_is_refused(
    az: Az, kind: PipelineKind, typed: str, words: str
) -> None:
    assert refused(az, f"acr {kind.group} create", "--options", typed) == (
        f"ERROR: {invalid(typed, '--options')}: expected a space-separated list.\n"
        f"Use '--options {words}'.\n"
    )


@pytest.mark.parametrize(
    ("word", "argv", "mode"),
    [
        ("entra-mi-auth", [], "ManagedIdentity"),
        ("Storage-SAS-Token", ["-s", "https://myvault.vault.azure.net/secrets/sas"], "SasToken"),
    ],
)
def test_the_announced_words_of_access_modes_are_taken(
    az: Az, service: Service, kind: PipelineKind, word: str, argv: list[str], mode: str
) -> None:
    service.answers("PUT", f"{REGISTRY}/{kind.resource_type}/mypipeline", pipeline(kind))
    result = az(
        *("acr", kind.group, "create", *WHERE, "-n", "mypipeline", "-m", word, *argv),
        *("-c", "https://mystorage.blob.core.windows.net/transfer"),
    )
    assert result.exit_code == 0
    assert service.body("PUT")["properties"][kind.side]["storageAccessMode"] == mode
    hint = f"WARNING: --storage-access-mode '{word}' stands for {mode}. Use that word.\n"
    assert result.stderr.startswith(hint)
