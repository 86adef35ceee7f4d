"""The demo's own judgement: it must see a difference, and build the same layers every time."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from demo.__main__ import compare
from demo.layout import Layout, Tree

IMAGE = {
    "name": "samples/app:1.0",
    "digest": "sha256:aa",
    "blobs": {"sha256:b1": 7, "sha256:b2": 5},
}
SHARING = {"name": "samples/other:1.0", "digest": "sha256:cc", "blobs": {"sha256:b1": 7}}


@pytest.mark.parametrize(
    ("target", "equal", "words"),
    [
        ([IMAGE, SHARING], True, "equal"),
        ([IMAGE], False, "missing"),
        ([IMAGE, {**SHARING, "digest": "sha256:dd"}], False, "sha256:dd"),
        ([IMAGE, {**SHARING, "blobs": {"sha256:b1": 6}}], False, "equal"),
    ],
)
def test_only_the_same_digests_and_blobs_are_equal(
    target: list[dict[str, Any]],
    equal: bool,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "source.json").write_text(json.dumps([IMAGE, SHARING]))
    (tmp_path / "target.json").write_text(json.dumps(target))
    assert compare(tmp_path) == (equal, 2, 12)
    assert capsys.readouterr().out.splitlines()[-1].split() == [
        "samples/other:1.0",
        "sha256:cc",
        words,
    ]


def test_two_empty_registries_are_no_success(tmp_path: Path) -> None:
    for side in ("source", "target"):
        (tmp_path / f"{side}.json").write_text("[]")
    assert compare(tmp_path) == (False, 0, 0)


def test_a_layer_does_not_depend_on_time_owner_or_order(tmp_path: Path) -> None:
    digests = set()
    for number, names in enumerate((("a", "b"), ("b", "a"))):
        tree, layout = tmp_path / f"tree{number}", Layout(tmp_path / f"layout{number}")
        tree.mkdir()
        layout.create()
        for name in names:
            (tree / name).write_text(name)
            os.utime(tree / name, (number, number))
        digests.add(layout.add_layer([Tree(tree, "opt")], [("bin/sh", "busybox")])["digest"])
    assert len(digests) == 1
