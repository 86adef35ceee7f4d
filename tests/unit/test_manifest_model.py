"""The transfer manifest: what is written is what the schema describes, and so is what is read."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from azext_acrtransfer.manifest.files import ManifestFile, read
from azext_acrtransfer.manifest.model import (
    RESULTS,
    Entry,
    ManifestKind,
    ManifestRun,
    TransferManifest,
)
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from docs.generators.manifest_page import EXPORT, SCHEMA, VERIFICATION

Json = Any
VALIDATOR = Draft202012Validator(SCHEMA)
OPTION = "--manifest"

# In a schema, `$` matches before a line feed at the end, too.
texts = st.text(max_size=20).filter(lambda text: not text.endswith("\n"))
names = st.from_regex(r"[\w.()-]{0,50}[\w()-]", fullmatch=True)
blobs = st.from_regex(r"[\w #;$'\"&-]{1,9}(/[\w #;$'\"&-]{1,9})?", fullmatch=True)
servers = st.from_regex(r"[A-Za-z0-9]{5,50}(-[a-z0-9]+)?\.[A-Za-z0-9.-]+", fullmatch=True)
pipelines = st.from_regex(r"(/[\w.()-]{1,9}){10}", fullmatch=True)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
artifacts = st.builds(
    Artifact,
    st.from_regex(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+)?", fullmatch=True),
    digests | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True),
)
descriptors = st.recursive(
    st.builds(Descriptor, digests, texts, st.integers(0)),
    lambda child: st.builds(
        Descriptor, digests, texts, st.integers(0), st.lists(child, max_size=3).map(tuple)
    ),
    max_leaves=5,
)
times = st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat()[:19] + "+02:00")
runs = st.builds(
    ManifestRun, names, blobs, *[st.none() | it for it in (texts, times, times, texts)]
)


@st.composite
def manifests(draw: st.DrawFn) -> TransferManifest:
    """Any manifest that the extension may write."""
    kind = draw(st.sampled_from(ManifestKind))
    entry = st.builds(
        Entry,
        artifacts,
        st.sampled_from(RESULTS[kind]),
        descriptors,
        st.none() | names,
        st.none() | texts,
    )
    return TransferManifest(
        kind,
        draw(times),
        draw(servers),
        draw(st.none() | pipelines),
        tuple(draw(st.lists(runs, max_size=3))),
        tuple(draw(st.lists(entry, max_size=3))),
    )


def read_text(folder: Path, text: str) -> TransferManifest:
    file = folder / "manifest.json"
    file.write_text(text, encoding="utf-8")
    return read(str(file), OPTION, *ManifestKind)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the properties write, case after case."""
    return tmp_path_factory.mktemp("manifests")


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@settings(deadline=None)  # it writes files
@given(manifest=manifests())
@example(manifest=EXPORT)
@example(manifest=VERIFICATION)
def test_what_is_written_fits_the_schema_and_is_read_again(
    folder: Path, manifest: TransferManifest
) -> None:
    file = folder / "written.json"
    file.unlink(missing_ok=True)
    ManifestFile.parse(str(file), OPTION, manifest.kind).update(lambda _: manifest)
    text = file.read_text(encoding="utf-8")
    VALIDATOR.validate(json.loads(text))
    assert read_text(folder, text) == manifest
    assert text.startswith('{\n  "schemaVersion": 1,\n  "kind": "')
    assert text.endswith("}\n")


def positions(document: Json) -> list[tuple[Any, Any]]:
    """Each container of the document with each of its keys or numbers."""
    own: list[Any] = []
    if isinstance(document, dict):
        own = list(document)
    elif isinstance(document, list):
        own = list(range(len(document)))
    deeper = [position for key in own for position in positions(document[key])]
    return [(document, key) for key in own] + deeper


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2),
    st.just(1.5),
    texts,
    st.sampled_from(["export", "verification", "present", "missing", "exported", "hello:v1"]),
    st.sampled_from(
        ["sha256:", "sha256:" + "A" * 64, "2026-01-20", "2026-01-20T12:34:56Z", "a:b:c"]
    ),
    st.sampled_from(
        ["x.tar; touch INJECTED #", "a/../b", "/a", "a.", "a?b", "https://a", "a\rb", "a\x9bb"]
    ),
    st.sampled_from(["a.azurecr.io", "myregistry-1.azurecr.io", "myregistry", "/a" * 10, "/a" * 9]),
    st.just([]),
    st.just({}),
)


@settings(max_examples=300, deadline=None)  # it writes files
@given(data=st.data(), manifest=st.sampled_from([EXPORT, VERIFICATION]))
def test_reader_and_schema_agree_on_what_is_wrong(
    folder: Path, data: st.DataObject, manifest: TransferManifest
) -> None:
    document = json.loads(manifest.to_json())
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(positions(document)))
        if data.draw(st.booleans()):
            container[key] = copy.deepcopy(data.draw(WRONG))
        elif isinstance(key, str):
            del container[key]
    text = json.dumps(document)
    if VALIDATOR.is_valid(document):
        read_text(folder, text)
    else:
        with pytest.raises(InvalidArgumentValueError, match="it isn't a transfer manifest"):
            read_text(folder, text)
