"""What `make faults PART=soak` does two thousand times, in short."""

from pathlib import Path

from tests.faults.soak import Soak, growth


def test_forty_runs_leave_nothing_open(tmp_path: Path) -> None:
    with Soak(tmp_path) as soak:
        soak.run(20)
        early = soak.use()
        soak.run(40)
        assert growth(early, soak.use()) == []
