"""Which commands and options of `az acr` the tests of a folder name, read from their sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: Stands for what is known only when a test runs.
UNKNOWN = "\0"
_DEEPEST = 9
_LINE = re.compile(r"\bacr\s+([\w\0-]+)\s+(\w+)\b(.*?)(?=\bacr\s|\baz\s|\Z)", re.DOTALL)
_OPTION = re.compile(r"(?<!\S)(--?[a-z][a-z-]*)")
_PIPELINES = ("export-pipeline", "import-pipeline")

#: What each name stands for: an expression, or a function or property that returns one.
Names = dict[str, ast.AST]


@dataclass(frozen=True)
class NamedCommand:
    """A command line's command and options."""

    name: str
    options: frozenset[str]


def command_lines(folder: Path, *shared: Path) -> Iterator[NamedCommand]:
    """Every command line in the modules of a folder.

    What a line is put together from is followed within its function, its module, the folder and
    the shared modules. One whose verb is a parameter of the test counts for nothing.
    """
    modules = [_parsed(path) for path in sorted(folder.glob("*.py"))]
    around: Names = {}
    for module in [*modules, *map(_parsed, shared)]:
        around |= _names(module.body)
    for module in modules:
        for text in _texts(module, around | _names(module.body)):
            for group, verb, rest in _LINE.findall(text):
                options = frozenset(_OPTION.findall(rest))
                # A group with something unknown in it is one of the two kinds of pipeline.
                for name in _PIPELINES if UNKNOWN in group else (group,):
                    yield NamedCommand(f"acr {name} {verb}", options)


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _names(nodes: Iterable[ast.AST]) -> Names:
    """What the names mean that these statements, or those within them, give."""
    names: Names = {}
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        match node:
            case ast.FunctionDef(name=name):
                names[name] = node
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names[name] = value
            case ast.For(target=ast.Name(id=name), iter=value):
                names[name] = value
    return names


def _inside(function: ast.FunctionDef, known: Names) -> Names:
    """What names mean in a function, whose parameters hide what is around it."""
    hidden = {argument.arg for argument in function.args.args}
    visible = {name: node for name, node in known.items() if name not in hidden}
    return visible | _names(function.body)


def _texts(module: ast.Module, known: Names) -> Iterator[str]:
    """The text of every call in a function."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            names = _inside(node, known)
            for call in ast.walk(node):
                if isinstance(call, ast.Call):
                    yield _text(call, names)


def _text(node: ast.AST, known: Names, depth: int = 0) -> str:
    """What an expression is known to hold, in the order in which it is written."""
    meaning = _meaning(node, known)
    if meaning and depth < _DEEPEST:
        return _text(meaning, known, depth + 1)
    match node:
        case ast.Constant(value=value):
            return str(value)
        case ast.JoinedStr(values=values):
            return "".join(_text(value, known, depth) for value in values)
        case ast.FunctionDef():
            returns = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
            return _joined(filter(None, returns), _inside(node, known), depth)
        case ast.Name():
            return UNKNOWN
        case _:
            return _joined(ast.iter_child_nodes(node), known, depth)


def _meaning(node: ast.AST, known: Names) -> ast.AST | None:
    """What a name stands for; an attribute only if it is the name of a property that is known."""
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case ast.Attribute(attr=name) if isinstance(known.get(name), ast.FunctionDef):
            return known[name]
    return None


def _joined(nodes: Iterable[ast.AST], known: Names, depth: int) -> str:
    pieces = [_text(node, known, depth) for node in nodes]
    return " ".join(piece for piece in pieces if piece)
