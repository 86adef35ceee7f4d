"""How a transfer is split into runs, and what its runs and blobs are called."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_acrtransfer.kinds import EXPORT, IMPORT
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer import splitting
from azext_acrtransfer.transfer.specs import RunSpec, TransferSpec
from tests.support.wording import TOO_LARGE, TOO_MANY_REFERRERS


def artifacts(count: int) -> tuple[Artifact, ...]:
    return tuple(Artifact("hello", f"v{number}") for number in range(count))


def exporting(
    count: int, name: str = "myrun", blob: str = "my/blob.tar"
) -> tuple[tuple[Artifact, ...], tuple[RunSpec, ...]]:
    chosen = artifacts(count)
    spec = TransferSpec(EXPORT, name, (blob,), chosen, force_update_tag="tag")
    return chosen, splitting.plan(spec, spec.blobs, [(artifact,) for artifact in chosen])


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
        (f"myrun00{number}", f"my/blob-00{number}.tar") for number in range(1, len(sizes) + 1)
    ]
    assert {run.force_update_tag for run in runs} == {"tag"}


def test_a_thousand_runs_have_four_digits() -> None:
    _, runs = exporting(50_000)
    assert (runs[0].name, runs[-1].blob) == ("myrun0001", "my/blob-1000.tar")


@pytest.mark.parametrize(
    ("blob", "first"),
    [
        ("images", "images-001"),
        ("images.tar", "images-001.tar"),
        ("2026.01/images.tar.gz", "2026.01/images-001.tar.gz"),
        ("images.backup.tar", "images.backup-001.tar"),
        ("images-1.25", "images-1.25-001"),
        (".tar", ".tar-001"),
        ("a/.tar", "a/.tar-001"),
        ("v1.0/images", "v1.0/images-001"),
        ("images.tarofmanyletters", "images.tarofmanyletters-001"),
    ],
)
def test_a_numbered_blob_keeps_its_extension(blob: str, first: str) -> None:
    assert exporting(51, blob=blob)[1][0].blob == first


A, B, C, D = artifacts(4)
CONTENTS = {
    A: {"sha256:0a": 10, "sha256:ff": 50},
    B: {"sha256:0b": 20, "sha256:ff": 50},
    C: {"sha256:0c": 30},
    D: {"sha256:0d": 40},
}


def split(
    most_bytes: int, *groups: tuple[Artifact, ...]
) -> list[tuple[list[Artifact], int | None]]:
    spec = TransferSpec(EXPORT, "myrun", ("myblob",), artifacts(4), max_blob_size=most_bytes)
    runs = splitting.plan(spec, spec.blobs, groups, CONTENTS)
    return [([*run.artifacts], run.size) for run in runs]


@pytest.mark.parametrize(
    ("most_bytes", "runs"),
    [
        (150, [([A, B, C, D], 150)]),
        (149, [([A, B, C], 110), ([D], 40)]),
        (109, [([A, B], 80), ([C, D], 70)]),
        (80, [([A, B], 80), ([C, D], 70)]),
        (79, [([A], 60), ([B], 70), ([C, D], 70)]),
        (70, [([A], 60), ([B], 70), ([C, D], 70)]),
    ],
)
def test_a_run_ends_before_its_blob_would_be_too_large(
    most_bytes: int, runs: list[tuple[list[Artifact], int]]
) -> None:
    assert split(most_bytes, (A,), (B,), (C,), (D,)) == runs


def test_what_belongs_together_is_in_one_run() -> None:
    assert split(100, (A,), (B, C), (D,)) == [([A], 60), ([B, C], 100), ([D], 40)]


def test_what_is_larger_alone_is_named() -> None:
    with pytest.raises(InvalidArgumentValueError) as raised:
        split(69, (A,), (B,), (C, D))
    assert str(raised.value) == (
        f"2 of 3 {TOO_LARGE} 69 bytes:\n"
        "  hello:v1: 70 bytes\n"
        "  hello:v2 with its referrers: 70 bytes"
    )
    assert raised.value.recommendations == [
        "Nothing was exported. Use a larger --max-blob-size, or leave them out with --exclude."
    ]


def test_without_sizes_those_of_blobs_are_unknown() -> None:
    assert [run.size for run in exporting(51)[1]] == [None, None]


def test_fifty_artifacts_of_one_group_fit_into_a_run() -> None:
    chosen = artifacts(101)
    spec = TransferSpec(EXPORT, "myrun", ("myblob",), chosen)
    runs = splitting.plan(spec, spec.blobs, [chosen[:1], chosen[1:51], chosen[51:]])
    assert [run.artifacts for run in runs] == [chosen[:1], chosen[1:51], chosen[51:]]


def test_more_referrers_than_fit_into_a_run_are_an_error() -> None:
    chosen = artifacts(52)
    spec = TransferSpec(EXPORT, "myrun", ("myblob",), chosen)
    with pytest.raises(InvalidArgumentValueError) as raised:
        splitting.plan(spec, spec.blobs, [chosen[:51], chosen[51:]])
    assert str(raised.value) == (
        f"1 of 2 artifacts have more than 49 {TOO_MANY_REFERRERS}\n  hello:v0: 50"
    )
    assert raised.value.recommendations == [
        "Nothing was exported. Leave referrers out with --exclude, or export without "
        "--include-referrers."
    ]


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
        ("images.tar", None, "images-retry.tar"),
        ("images-retry.tar", None, "images-retry2.tar"),
        ("images-retry2.tar.gz", None, "images-retry3.tar.gz"),
        ("n" * 1020 + ".tar", None, "n" * 1010 + "-retry.tar"),
    ],
)
def test_names_of_another_attempt_are_new_and_short_enough_for_a_number(
    typed: str, name: str | None, blob: str
) -> None:
    assert splitting.retry_blob(typed) == blob
    if name:
        assert splitting.retry_name(typed) == name
