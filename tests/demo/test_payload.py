"""The image layout that the demo builds."""

from __future__ import annotations

import os
from pathlib import Path

from demo.payload import Layout


def test_a_layer_depends_on_nothing_but_names_and_content(tmp_path: Path) -> None:
    digests = set()
    for number, names in enumerate((("a", "b"), ("b", "a"))):
        tree, layout = tmp_path / f"tree{number}", Layout(tmp_path / f"layout{number}")
        (tree / "__pycache__").mkdir(parents=True)
        (tree / "__pycache__" / f"{number}.pyc").touch()
        for name in names:
            (tree / name).write_text(name)
            os.utime(tree / name, (number, number))
        os.utime(tree, (number, number))
        digests.add(layout.add_layer({"opt": tree, "bin/sh": tree / "a"})["digest"])
    assert len(digests) == 1
