"""Azure's own recorded exchanges, sent to the emulator: it must answer as Azure did."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.replay import replay
from tests.emulator.running import SUBSCRIPTION, Emulator

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.json"))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Emulator]:
    """A new emulator: the recordings use the same names."""
    running = Emulator(tmp_path / "state")
    yield running
    running.stop()


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_the_emulator_answers_as_azure_did(fresh: Emulator, recording: Path) -> None:
    replay(fresh, recording.read_text(encoding="utf-8"))


def test_all_recordings_are_here() -> None:
    assert [path.stem for path in RECORDINGS] == [
        "export-pipeline-2022-location-delete",
        "export-pipeline-managed-identity",
        "export-pipelines-list-2025-09-older-version",
        "import-pipeline-2025-09-older-version",
        "import-pipeline-sas-token",
    ]
    assert SUBSCRIPTION.endswith(PUBLIC.subscription_id)
