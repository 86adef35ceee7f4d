"""The benchmarks work: each row has a measurement, and the smallest is run; no time is asserted."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import process, throughput
from benchmarks.measurement import Measurement, table
from benchmarks.workspace import Workspace

MIB = 1024 * 1024
#: How the lines of the table begin.
PROMISES = (
    "completion seen after the service is done, run of 3 s",
    "completion seen after the service is done, run of 30 s",
    "completion seen after the service is done, run of 10 min",
    "requests per command",
    "`clean` of 1,000 failed runs at 100 ms service latency",
    "export of 500 artifacts in 10 runs at 100 ms latency, each run 2 s",
    "`list` of 10,000 runs",
    "added start-up over `az acr webhook list`",
    "emulator: export of one 1,024 MiB layer",
    "emulator: import of one 1,024 MiB layer",
    "emulator: memory while moving layers of 1,024 MiB and 4,096 MiB",
    "`check` of an export at 100 ms latency",
    "pattern over 1,000 repositories at 20 ms latency",
    "pattern over 10,000 tags at 20 ms latency",
    "`--include-referrers` for 500 artifacts at 20 ms latency",
)


def test_the_last_results_have_every_promise_in_its_order() -> None:
    lines = [line for line in benchmarks.RESULTS.read_text().splitlines() if line.startswith("| ")]
    assert len(lines) == 1 + len(PROMISES)
    for line, promise in zip(lines[1:], PROMISES, strict=True):
        assert line.startswith(f"| {promise}")


def test_the_page_names_every_row() -> None:
    page = benchmarks.RESULTS.with_name("README.md").read_text()
    named = re.search(r"make bench ROW=clean .*: (.*)", page)
    assert named
    assert named[1].split() == list(benchmarks.ROWS)


def test_a_row_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["clean", "cleaner"]) == 2
    reported = f"No such row: cleaner. There are {', '.join(benchmarks.ROWS)}.\n"
    assert capsys.readouterr() == ("", reported)


def test_some_rows_are_printed_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    actual = Measurement("speed", "> 1 m/s", "2 m/s", is_met=True, notes=("measured downhill",))
    monkeypatch.setattr(benchmarks, "ROWS", {"walk": lambda _: iter([actual]), "run": None})
    monkeypatch.setattr(benchmarks, "RESULTS", tmp_path / "results.md")
    assert benchmarks.main(["walk"]) == 0
    printed = capsys.readouterr().out.partition("\n")[2]
    assert printed == f"\n{table([actual])}\n\nAlso measured:\n\n- measured downhill\n"
    assert not benchmarks.RESULTS.exists()


def test_all_rows_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    actual = Measurement("speed", "> 1 m/s", "2 m/s", is_met=True)
    monkeypatch.setattr(benchmarks, "ROWS", {"walk": lambda _: iter([actual])})
    monkeypatch.setattr(benchmarks, "RESULTS", tmp_path / "results.md")
    assert benchmarks.main([]) == 0
    assert benchmarks.RESULTS.read_text().endswith(f"\n\n{table([actual])}\n")


def test_the_table_can_be_read_as_it_is() -> None:
    met = Measurement("speed", "> 1 m/s", "2 m/s", is_met=True)
    missed = Measurement("weight", "< 1 kg", "1.25 kg", is_met=False)
    assert table([met, missed]).splitlines() == [
        "| what   | target  | result  |        |",
        "|--------|---------|---------|--------|",
        "| speed  | > 1 m/s | 2 m/s   | ok     |",
        "| weight | < 1 kg  | 1.25 kg | missed |",
    ]


def test_the_peak_of_a_process_is_its_own() -> None:
    ours = bytearray(200 * MIB)
    small, large = (
        process.ended(os.environ, sys.executable, "-c", f"print(len(b'x' * {size}))")
        for size in (1, 100 * MIB)
    )
    assert (small.stdout, large.stdout) == ("1\n", f"{100 * MIB}\n")
    assert small.peak < len(ours) / 2
    assert 95 * MIB < large.peak - small.peak < 105 * MIB


def test_a_process_that_fails_is_not_measured() -> None:
    with pytest.raises(RuntimeError, match="ended with 3:\nbroken"):
        process.ended(
            os.environ,
            sys.executable,
            "-c",
            "import sys; print('broken', file=sys.stderr); exit(3)",
        )


def test_a_small_layer_moves_by_the_engine_and_by_skopeo(tmp_path: Path) -> None:
    exported, imported = throughput.measure(Workspace(tmp_path), MIB, pairs=1)
    for measurement, what in ((exported, "export"), (imported, "import")):
        assert measurement.what == f"emulator: {what} of one 1 MiB layer, against `skopeo copy`"
        assert re.fullmatch(r"[\d.]+x: \d+ MB/s, skopeo \d+ MB/s", measurement.result)
