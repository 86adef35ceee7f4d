"""`make faults PART=commands`, in short: a few faults at each command, each fault somewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.commands import cases, prepared
from tests.faults.scenes import SCENES, Scene
from tests.faults.trial import FaultInjection

#: Every so many cases one is tried; it shares no divisor with the number of faults.
_EVERY = 89


@pytest.fixture(scope="module")
def injection() -> Iterator[FaultInjection]:
    with prepared() as running:
        yield running


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.line)
def test_a_fault_is_reported_or_recovered_and_leaves_nothing_half_made(
    injection: FaultInjection, scene: Scene
) -> None:
    clean = injection.clean(scene)
    every = list(cases(scene, clean))
    tried = every[SCENES.index(scene) % min(_EVERY, len(every)) :: _EVERY]
    outcomes = [got for case in tried for got in injection.outcomes(case, clean)]
    assert outcomes
    assert {str(got.case): got.wrong for got in outcomes if got.wrong} == {}
