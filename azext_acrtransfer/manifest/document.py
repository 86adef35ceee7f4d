"""Parser of manifest documents: as strict as the schema, with the path of what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, NoReturn, TypeVar

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_acrtransfer.arguments import blob_name, existing_name, registry_name
from azext_acrtransfer.manifest.model import (
    RESULTS,
    SCHEMA_VERSION,
    Entry,
    ManifestKind,
    ManifestRun,
    Result,
    TransferManifest,
)
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact

_LONGEST_SHOWN = 80
_HOST = re.compile(r"[A-Za-z0-9-]+\.[A-Za-z0-9.-]+")
_WITHOUT_CONTROLS = re.compile(r"[^\x00-\x1f\x7f-\x9f]*")
T = TypeVar("T")
Word = TypeVar("Word", bound=Enum)


def parse(content: bytes) -> TransferManifest:
    """Parse a document as strictly as its schema; raise ValueError."""
    if not content.strip():
        raise ValueError("it's empty")
    try:
        return _manifest(_Node(json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)))
    except UnicodeDecodeError as error:
        raise ValueError("it isn't UTF-8 text") from error
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"it isn't JSON from {position} on") from error
    except RecursionError as error:
        raise ValueError("it's nested too deeply") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


@dataclass(frozen=True)
class _Node:
    """A value in the document, and its path."""

    value: Any
    path: str = "$"

    def wrong(self, expected: str) -> ValueError:
        actual = f", not '{self.value[:_LONGEST_SHOWN]}'" if isinstance(self.value, str) else ""
        return ValueError(f"expected {expected} at {self.path}{actual}")

    def find(self, name: str, reader: Callable[[_Node], T]) -> T | None:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        if name not in self.value:
            return None
        return reader(_Node(self.value[name], f"{self.path}.{name}"))

    def get(self, name: str, reader: Callable[[_Node], T]) -> T:
        value = self.find(name, reader)
        if value is None:
            raise self.wrong(f"an object with '{name}'")
        return value

    def items(self, reader: Callable[[_Node], T]) -> tuple[T, ...]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        nodes = (_Node(item, f"{self.path}[{index}]") for index, item in enumerate(self.value))
        return tuple(map(reader, nodes))


def _manifest(node: _Node) -> TransferManifest:
    node.get("schemaVersion", _version)
    kind = node.get("kind", _word(ManifestKind))
    return TransferManifest(
        kind,
        node.get("created", _time),
        node.get("registry", _server),
        node.find("pipeline", _resource_id),
        node.get("runs", lambda runs: runs.items(_run)),
        node.get("artifacts", lambda artifacts: artifacts.items(_entry(_word(RESULTS[kind])))),
        node.find("extensionVersion", _extension_version),
    )


def _run(node: _Node) -> ManifestRun:
    return ManifestRun(
        node.get("name", _run_name),
        node.get("blob", _blob),
        node.find("status", _text),
        node.find("started", _time),
        node.find("finished", _time),
        node.find("error", _text),
        node.find("estimatedSize", _size),
        node.find("blobSize", _size),
        node.find("blobMd5", _md5),
        node.find("catalogDigest", _text),
    )


def _entry(result: Callable[[_Node], Result]) -> Callable[[_Node], Entry]:
    def read_entry(node: _Node) -> Entry:
        entry = Entry(
            node.get("reference", _artifact),
            node.get("result", result),
            _descriptor(node) if node.find("digest", _digest) else None,
            node.find("run", _run_name),
            node.find("error", _text),
            node.find("movedTo", _descriptor),
        )
        if not entry.descriptor and entry.result is not Result.MISSING:
            raise node.wrong("an object with 'digest'")
        return entry

    return read_entry


def _descriptor(node: _Node) -> Descriptor:
    return Descriptor(
        node.get("digest", _digest),
        node.get("mediaType", _text),
        node.get("size", _size),
        node.find("children", lambda children: children.items(_descriptor)) or (),
        node.find("subject", _digest),
    )


def _artifact(node: _Node) -> Artifact:
    artifact = _parsed(Artifact.parse, "REPOSITORY:TAG or REPOSITORY@DIGEST", node)
    if str(artifact) != node.value:
        raise node.wrong(f"'{artifact}', or another tag or digest,")
    return artifact


def _parsed(parse_text: Callable[[str], T], expected: str, node: _Node) -> T:
    try:
        return parse_text(_text(node))
    except InvalidArgumentValueError as error:
        raise node.wrong(expected) from error


def _server(node: _Node) -> str:
    text = _text_like(_HOST, "a login server", node)
    _parsed(partial(registry_name, login_server_suffix=None), "a login server", node)
    return text


def _run_name(node: _Node) -> str:
    return _parsed(existing_name, "the name of a pipeline run", node)


def _blob(node: _Node) -> str:
    _text_like(_WITHOUT_CONTROLS, "a name without control characters", node)
    return _parsed(blob_name, "the name of a blob", node)


def _text_like(pattern: re.Pattern[str], expected: str, node: _Node) -> str:
    if not (isinstance(node.value, str) and pattern.fullmatch(node.value)):
        raise node.wrong(expected)
    return node.value


_text = partial(_text_like, re.compile("(?s:.*)"), "a text")
# A manifest is carried: what it names goes into requests and commands as if it were typed.
_resource_id = partial(_text_like, re.compile(r"(/[\w.()-]+){10}"), "the ID of a pipeline")
_time = partial(
    _text_like,
    re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
    ),
    "a time as in RFC 3339",
)
_md5 = partial(_text_like, re.compile("[A-Za-z0-9+/]{21}[AQgw]=="), "an MD5 of 16 bytes in Base64")
_extension_version = partial(
    _text_like,
    re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*((a|b|rc)[0-9]{1,9})?"),
    "a version such as 3.0.0",
)
_digest = partial(_text_like, re.compile("sha256:[0-9a-f]{64}"), "a sha256 digest")


def _word(words: Iterable[Word]) -> Callable[[_Node], Word]:
    known = {str(word.value): word for word in words}

    def read_word(node: _Node) -> Word:
        text = _text(node)
        if text not in known:
            raise node.wrong("one of " + ", ".join(known))
        return known[text]

    return read_word


def _size(node: _Node) -> int:
    size = node.value
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:  # a bool is an int, too
        raise node.wrong("a whole number from 0")
    return size


def _version(node: _Node) -> int:
    if _size(node) != SCHEMA_VERSION:
        raise node.wrong(f"{SCHEMA_VERSION}, as this version of the extension reads no other,")
    return SCHEMA_VERSION
