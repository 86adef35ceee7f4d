"""What `make faults PART=race` does for two minutes, in short."""

from pathlib import Path

from tests.faults.race import Race


def test_clients_that_race_meet_no_error_and_leave_nothing(tmp_path: Path) -> None:
    race = Race(tmp_path)
    race.run(8)
    assert race.failed == []
    assert race.answers["201"] > 10
