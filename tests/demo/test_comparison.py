"""The comparison of the demo notices every difference between two registries."""

from __future__ import annotations

import hashlib
import json

import pytest

from demo.comparison import print_comparison, size_of

APP = json.dumps(
    {"config": {"digest": "sha256:a", "size": 5}, "layers": [{"digest": "sha256:b", "size": 7}]}
)
SHARING_A_LAYER = json.dumps(
    {"config": {"digest": "sha256:c", "size": 3}, "layers": [{"digest": "sha256:b", "size": 7}]}
)
INDEX = json.dumps({"manifests": [{"digest": "sha256:d"}]})
SOURCE = {
    "samples/app:1": INDEX,
    "samples/app:1 amd64": APP,
    "samples/tool:1": SHARING_A_LAYER,
    "samples/debug:1": INDEX,
    "samples/debug:1 amd64": APP,
}
TRANSFERRED = ("samples/app:1", "samples/tool:1")
TARGET = {name: raw for name, raw in SOURCE.items() if "debug" not in name}
EQUAL = dict.fromkeys(TARGET, "equal")


def digest(raw: str) -> str:
    return f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}"


def without(content: dict[str, str], name: str) -> dict[str, str]:
    return {other: raw for other, raw in content.items() if other != name}


@pytest.mark.parametrize(
    ("source", "target", "differences", "is_equal"),
    [
        (SOURCE, TARGET, {}, True),
        (SOURCE, without(TARGET, "samples/tool:1"), {"samples/tool:1": "missing"}, False),
        (SOURCE, without(TARGET, "samples/app:1 amd64"), {"samples/app:1 amd64": "missing"}, False),
        (SOURCE, TARGET | {"samples/tool:1": APP}, {"samples/tool:1": digest(APP)}, False),
        (SOURCE, SOURCE, dict.fromkeys(SOURCE.keys() - TARGET.keys(), "unexpected"), False),
        (SOURCE, {}, dict.fromkeys(TARGET, "missing"), False),
        ({}, TARGET, {name: digest(raw) for name, raw in TARGET.items()}, False),
        ({}, {}, dict.fromkeys(TRANSFERRED, "missing"), False),
    ],
)
def test_only_what_was_to_be_transferred_counts_as_equal(
    source: dict[str, str],
    target: dict[str, str],
    differences: dict[str, str],
    is_equal: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert print_comparison(source, target, TRANSFERRED) is is_equal
    _, *rows = capsys.readouterr().out.splitlines()
    cells = {row[:29].strip(): row[29:].split(maxsplit=1) for row in rows}
    left_out = {"samples/debug:1": "not transferred"} if source else {}
    expected = left_out | (EQUAL if source else {}) | differences
    assert {name: status for name, (_, status) in cells.items()} == expected
    sent = {name: digest(source[name]) if name in source else "missing" for name in expected}
    assert {name: source_digest for name, (source_digest, _) in cells.items()} == sent


def test_the_size_counts_a_shared_layer_once() -> None:
    assert size_of(TARGET) == 5 + 7 + 3
