"""How a transfer is split into runs, and what its runs and blobs are called."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_acrtransfer.kinds import EXPORT, IMPORT
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer import splitting
from azext_acrtransfer.transfer.specs import RunSpec, TransferSpec


def artifacts(count: int) -> tuple[Artifact, ...]:
    return tuple(Artifact("hello", f"v{number}") for number in range(count))


def exporting(
    count: int, name: str = "myrun", blob: str = "my/blob.tar"
) -> tuple[tuple[Artifact, ...], tuple[RunSpec, ...]]:
    chosen = artifacts(count)
    spec = TransferSpec(EXPORT, name, (blob,), chosen, force_update_tag="tag")
    return chosen, splitting.plan(spec, spec.blobs, chosen)


@pytest.mark.parametrize("count", [1, 50])
def test_one_run_keeps_the_names_as_typed(count: int) -> None:
    chosen, runs = exporting(count)
    assert runs == (RunSpec(EXPORT, "myrun", "my/blob.tar", chosen, "tag"),)


@pytest.mark.parametrize(("count", "sizes"), [(51, [50, 1]), (100, [50, 50]), (137, [50, 50, 37])])
def test_more_are_numbered_and_filled_in_order(count: int, sizes: list[int]) -> None:
    chosen, runs = exporting(count)
    assert [len(run.artifacts) for run in runs] == sizes
    assert tuple(artifact for run in runs for artifact in run.artifacts) == chosen
    assert [(run.name, run.blob) for run in runs] == [
        (f"myrun00{number}", f"my/blob.tar-00{number}") for number in range(1, len(sizes) + 1)
    ]
    assert {run.force_update_tag for run in runs} == {"tag"}


def test_a_thousand_runs_have_four_digits() -> None:
    _, runs = exporting(50_000)
    assert (runs[0].name, runs[-1].blob) == ("myrun0001", "my/blob.tar-1000")


def test_an_import_runs_once_for_each_blob_which_keeps_its_name() -> None:
    spec = TransferSpec(IMPORT, "myrun", ("one", "t*"))
    assert splitting.plan(spec, ("one", "two")) == (
        RunSpec(IMPORT, "myrun001", "one"),
        RunSpec(IMPORT, "myrun002", "two"),
    )
    assert splitting.plan(spec, ("one",)) == (RunSpec(IMPORT, "myrun", "one"),)


@pytest.mark.parametrize(("name", "blob"), [("r" * 47, "b"), ("myrun", "b" * 1020)])
def test_the_longest_names_that_can_be_numbered(name: str, blob: str) -> None:
    exporting(51, name, blob)
    with pytest.raises(InvalidArgumentValueError, match="2 runs are required"):
        exporting(51, name + "r" * (name != "myrun"), blob + "b" * (blob != "b"))


@pytest.mark.parametrize(
    ("typed", "name", "blob"),
    [
        ("export", "exportretry", "export-retry"),
        ("exportretry", "exportretry2", "exportretry-retry"),
        ("exportretry2", "exportretry3", "exportretry2-retry"),
        ("export-retry", None, "export-retry2"),
        ("export-retry9", None, "export-retry10"),
        ("retry9", "retry10", "retry9-retry"),
        ("n" * 50, "n" * 42 + "retry", "n" * 50 + "-retry"),
        ("n" * 1024, None, "n" * 1014 + "-retry"),
    ],
)
def test_names_of_another_try_are_new_and_leave_room_for_a_number(
    typed: str, name: str | None, blob: str
) -> None:
    assert splitting.retry_blob(typed) == blob
    if name:
        assert splitting.retry_name(typed) == name
