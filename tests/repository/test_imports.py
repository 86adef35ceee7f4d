"""A rule about imports that import-linter cannot say without a list that goes stale."""

from __future__ import annotations

import grimp


def test_the_transfer_engine_imports_nothing_else_of_the_emulator() -> None:
    graph = grimp.build_graph("acr_emulator", cache_dir=None)
    engine = {"acr_emulator.engine"} | graph.find_descendants("acr_emulator.engine")
    imported = {name for room in engine for name in graph.find_modules_directly_imported_by(room)}
    assert len(engine) > 1
    assert imported - engine == set()
