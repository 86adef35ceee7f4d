"""What `make faults PART=kill` does fifty times, in short."""

import random
from pathlib import Path

from tests.faults.kill import Series


def test_nothing_half_done_shows_after_a_kill(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    series = Series(tmp_path, seed)
    series.run(3)
    assert series.failed == [], f"SEED={seed}"
