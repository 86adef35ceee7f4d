"""Everything that people read uses the field's standard words: pages, help, messages, code.

A word of the private dialect that the project once had fails here, with the standard one.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from knack.help_files import helps

from tests.repository.conftest import ROOT
from tests.support.az import run_az
from tests.support.printed import pages
from tests.support.python_source import DOCUMENTED

#: A pattern of what isn't written, and what is written instead.
GLOSSARY = {
    r"parted by": "separated by",
    r"mend(s|ed|ing)?": "fix",
    r"let(s|ting)? (him|her|it|them|you|[\w']+ identity)? ?in(to)?": "grant access to",
    r"told": "returned, reported",
    r"knobs?": "settings",
    r"(is|are)(n't| not)? there(?! (is|are|was|were|a|an|any|no)\b)": "exists, wasn't found",
    r"goes on|go on|went on": "continues",
    r"real parts": "bundled services",
    r"in the way": "already exists",
    r"pos(e|es|ing) as": "emulate",
    r"beside": "next to, in addition to",
    r"as far as": "the subset that",
    r"judg(e|es|ed|ing)|verdicts?": "evaluate, status",
    r"by hand": "manually",
    r"of (its|their|his|your|our|my|one's) own": "separate",
    r"under way": "in progress",
    r"the other side": "the target",
    r"lanes?": "test suite",
    r"campaigns?": "fault injection",
    r"mutants (that are )?left": "surviving mutants",
    r"foresee(s|n)?": "predicts",
    r"moments?": "timestamp",
    r"torn": "truncated",
    r"rooms?": "modules",
    r"what is(n't| not) given": "unspecified properties",
    r"may not": "doesn't have permission to",
    r"(?-i:walk(s|ed|ing|through|throughs)?)": "guide test, go through",
    r"asks|asked|asking": "requests, sends",
}
#: Names of what code defines that say nothing of it, or say it in a word of the glossary.
NAMES = {
    "asked": "requested, sent",
    "at": "a noun: the index, the options, the time",
    "campaign": "fault injection",
    "found": "a noun: the check, the match, the row",
    "mended": "fixed",
    "moment": "timestamp",
    "place": "a noun: the storage side, the path",
    "places": "a noun: the storage sides, the paths",
    "said": "a noun: the message",
    "seen": "a noun: the snapshot, the values",
    "strike": "inject",
    "told": "returned, reported",
    "verdict": "status",
    "walk": "run; guide",
    "walked": "finished",
}
_WRONG = {re.compile(rf"\b({wrong})\b", re.IGNORECASE): right for wrong, right in GLOSSARY.items()}
#: Longer sentences are hard to read; a list in a sentence counts, too.
_MOST_WORDS = 35
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"``.+?``|`[^`]*`", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+")
_PLACEHOLDER = re.compile(r"<[a-z][a-z _-]*>")
_SHORT_OPTION = re.compile(r"(?<!\S)-[a-zA-Z]\b")
#: Sections of options that azure-cli adds and describes.
_OF_CORE = re.compile(r"^(?:Global|Generic) (?:.+\n)*", re.MULTILINE)
#: Folders of code, each with its pages.
CODE = ("azext_acrtransfer", "emulator", "demo", "docs", "scripts", "benchmarks", "tests")


def _wrong_words(text: str) -> list[str]:
    return [
        f"{match[0]!r}: write {right!r}"
        for wrong, right in _WRONG.items()
        for match in wrong.finditer(text)
    ]


def _texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Each comment and docstring of a module by its line; of the extension, every string."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    is_shown = ROOT / "azext_acrtransfer" in path.parents
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text
        elif is_shown and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.fixture(params=CODE)
def modules(tracked: list[Path], request: pytest.FixtureRequest) -> list[Path]:
    """The modules of each folder in turn."""
    folder = ROOT / request.param
    modules = [path for path in tracked if path.suffix == ".py" and folder in path.parents]
    assert modules
    return modules


def test_code_is_written_in_standard_words(modules: list[Path]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in modules
        if path != Path(__file__)
        for line, text in _texts_of(path)
        for word in _wrong_words(_CODE.sub("x", text))
    ]
    assert wrong == []


def _code_of(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all that it contains, but for the fields of a `TypedDict`."""
    yield node
    for child in ast.iter_child_nodes(node):
        match node, child:
            case ast.ClassDef(bases=[ast.Name(id="TypedDict"), *_]), ast.AnnAssign():
                continue
        yield from _code_of(child)


def _defined(source: str) -> Iterator[tuple[int, str]]:
    """Each function, class, parameter, variable and attribute of a module by its line."""
    for node in _code_of(ast.parse(source)):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.arg(arg=name)
                | ast.Name(id=name, ctx=ast.Store())
                | ast.Attribute(attr=name, ctx=ast.Store())
            ):
                yield node.lineno, name


def _plain(name: str) -> str:
    """A name as `NAMES` has it: without underscores, and constants in small letters."""
    return name.strip("_").lower() if name.isupper() else name.strip("_")


def test_code_has_names_of_standard_words(modules: list[Path]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name!r}: write {NAMES[plain]}"
        for path in modules
        for line, name in _defined(path.read_text(encoding="utf-8"))
        if (plain := _plain(name)) in NAMES
    ]
    assert wrong == []


PAGES = [page.path for page in pages()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_is_written_in_standard_words(page: Path) -> None:
    text = _CODE.sub("x", _FENCE.sub("", page.read_text(encoding="utf-8")))
    assert _wrong_words(text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_has_no_long_sentences(page: Path) -> None:
    text = _CODE.sub("x", _FENCE.sub("", page.read_text(encoding="utf-8")))
    prose = "\n".join(line for line in text.splitlines() if not line.startswith(("|", "#", " x")))
    paragraphs = re.split(r"\n\s*\n|\n(?=[-*\d])", prose)
    long = [
        sentence
        for paragraph in paragraphs
        for sentence in _SENTENCE.split(" ".join(paragraph.split()))
        if len(sentence.split()) > _MOST_WORDS
    ]
    assert long == []


@pytest.fixture(scope="module")
def help_texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The help of each command and group: its entry, and what az prints but for its own options."""
    config = tmp_path_factory.mktemp("config")
    run_az(config, "acr", "-h")  # loads the entries
    names = [name for name in helps if re.match(r"acr (\w+-pipeline|pipeline-run)\b", name)]
    return {
        name: {
            **yaml.safe_load(helps[name]),
            "printed": _OF_CORE.sub("", run_az(config, *name.split(), "-h").stdout),
        }
        for name in names
    }


def test_help_is_written_in_standard_words(help_texts: dict[str, dict[str, Any]]) -> None:
    wrong = {name: _wrong_words(entry["printed"]) for name, entry in help_texts.items()}
    assert {name: words for name, words in wrong.items() if words} == {}


def test_summaries_are_short_sentences(help_texts: dict[str, dict[str, Any]]) -> None:
    for name, entry in help_texts.items():
        summary = entry["short-summary"]
        assert (summary[0].isupper(), summary[-1], len(summary) <= 200) == (True, ".", True), name


def test_examples_use_long_options_and_real_values(help_texts: dict[str, dict[str, Any]]) -> None:
    for name, entry in help_texts.items():
        if entry["type"] == "command":
            examples = entry["examples"]
            assert 2 <= len(examples) <= 6, name
            for example in examples:
                assert not _SHORT_OPTION.search(example["text"]), example
                assert not _PLACEHOLDER.search(example["text"]), example


def test_an_example_is_printed_as_it_is_typed(help_texts: dict[str, dict[str, Any]]) -> None:
    """Help breaks what is wider than 100 columns anywhere; only a resource ID is."""
    broken = [
        line
        for entry in help_texts.values()
        for example in entry.get("examples", ())
        for line in example["text"].splitlines()
        if f"        {line}\n" not in entry["printed"] and "/subscriptions/" not in line
    ]
    assert broken == []


def test_a_summary_fits_one_line(help_texts: dict[str, dict[str, Any]]) -> None:
    for name, entry in help_texts.items():
        line = f"    az {name} : {entry['short-summary']}\n"
        assert line in entry["printed"]
        assert len(line.rstrip()) <= 80, line


def test_help_has_no_bare_placeholders(help_texts: dict[str, dict[str, Any]]) -> None:
    wrong = {name: _PLACEHOLDER.findall(entry["printed"]) for name, entry in help_texts.items()}
    assert {name: words for name, words in wrong.items() if words} == {}


def test_options_have_descriptions_that_end(help_texts: dict[str, dict[str, Any]]) -> None:
    for name, entry in help_texts.items():
        own = entry["printed"].partition("\nExamples\n")[0]
        for description in re.findall(r"^    --.+? : ((?:.+\n(?=      ))*.+)$", own, re.MULTILINE):
            assert re.search(r"[.:]\s*$|Allowed values|Default:", description), (name, description)
