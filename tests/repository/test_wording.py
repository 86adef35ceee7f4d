"""A message is written once in the tests, so that a better one is one change.

Tests assert whole answers. What several modules assert is in `tests/support/wording.py`, for the
messages of the emulator in `tests/support/emulator_wording.py`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from tests.repository.conftest import ROOT
from tests.support.python_source import strings

EXTENSION, EMULATOR, TESTS = ROOT / "azext_acrtransfer", ROOT / "emulator", ROOT / "tests"
_WORDINGS = [TESTS / f"support/{name}.py" for name in ("wording", "emulator_wording")]
#: Fewer words in a row are a phrase that any two messages can share.
_FEWEST_WORDS = 5
_END_OF_SENTENCE = re.compile(r"(?<=[.:;?!])\s|\n")


def _phrases(text: str) -> Iterator[str]:
    """Each run of words in a sentence, but for commands and names, such as a role's."""
    for sentence in _END_OF_SENTENCE.split(text):
        words = sentence.split()
        for start in range(len(words) - _FEWEST_WORDS + 1):
            phrase = " ".join(words[start : start + _FEWEST_WORDS])
            is_command, is_name = phrase.startswith("az "), phrase.istitle()
            if not (is_command or is_name):
                yield phrase


def _phrases_of(source: str) -> Iterator[str]:
    for text in strings(source):
        yield from _phrases(text)


def repeated(messages: list[str], tests: dict[str, str]) -> dict[str, list[str]]:
    """Find what several modules of tests have of the same message.

    Args:
        messages: Source code that contains the messages. What it has twice belongs to no one
            message.
        tests: Source code of each module of tests by its name.

    Returns:
        The names of the modules by the phrase that each of them contains.
    """
    written = Counter(phrase for source in messages for phrase in _phrases_of(source))
    modules = defaultdict(list)
    for name, source in tests.items():
        for phrase in set(_phrases_of(source)):
            if written[phrase] == 1:
                modules[phrase].append(name)
    return {phrase: names for phrase, names in sorted(modules.items()) if len(names) > 1}


def _read(paths: list[Path], *folders: Path) -> dict[str, str]:
    """The source code of the modules in some folders, by their paths."""
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in paths
        if path.suffix == ".py" and path not in _WORDINGS and {*folders} & {*path.parents}
    }


def _suites(*left_out: str) -> list[Path]:
    return [path for path in TESTS.iterdir() if path.is_dir() and path.name not in left_out]


@pytest.mark.parametrize(
    ("messages", "suites"),
    [
        # The emulator's test suite asserts what the emulator says, which can be the same words.
        pytest.param(EXTENSION, _suites("emulator"), id="extension"),
        # The unit tests make up what the service says.
        pytest.param(EMULATOR, _suites("unit"), id="emulator"),
    ],
)
def test_a_message_is_written_in_one_module_of_tests(
    tracked: list[Path], messages: Path, suites: list[Path]
) -> None:
    sources, tests = _read(tracked, messages), _read(tracked, *suites)
    assert min(len(sources), len(tests)) > 50
    # The words of the service are facts, which each test may quote.
    quoted = {phrase for row in KNOWN_FAILURES for phrase in _phrases(row.quote)}
    wrong = repeated(list(sources.values()), tests)
    assert {phrase: names for phrase, names in wrong.items() if phrase not in quoted} == {}


MESSAGE = 'raise Error(f"The pipeline {name} has no identity that could read the secret.")'


@pytest.mark.parametrize(
    ("another", "is_repeated"),
    [
        (
            "assert line == 'ERROR: The pipeline a has no identity that could read the secret.'",
            True,
        ),
        ("assert 'has no identity that could' in line", True),
        ("assert 'has no identity that' in line", False),
        ("assert no_identity('a') in line", False),
        ("def test() -> None:\n    'It has no identity that could read.'", False),
    ],
)
def test_the_same_words_in_two_modules_are_found(another: str, *, is_repeated: bool) -> None:
    one = "assert line.endswith(' has no identity that could read the secret.')"
    phrases = repeated([MESSAGE], {"test_one": one, "test_another": another})
    assert bool(phrases) == is_repeated
    assert all(names == ["test_one", "test_another"] for names in phrases.values())
    assert repeated([MESSAGE, MESSAGE], {"test_one": one, "test_another": one}) == {}
