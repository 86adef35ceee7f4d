"""wait --manifest: completes the manifest of an export whose command ended early."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import responses

from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.manifest.document import parse
from azext_acrtransfer.manifest.model import (
    Entry,
    ManifestKind,
    ManifestRun,
    Result,
    TransferManifest,
)
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from docs.generators.manifest_page import VERIFICATION
from tests.support.az import SUBSCRIPTION, Login, run_az
from tests.support.az import Result as Answer
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    MISSING_OPTIONS,
    NO_BLOB_PROPERTIES,
    NOT_KNOWN_TO_BE_EXPORTED,
    TAGS_MOVED,
    TO_RESUME,
    TO_TRANSFER_THE_REST,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, pipeline, run
from tests.unit.fake_registry import BLOB, Registry, described, document_of, has
from tests.unit.fake_runs import REFUSED, RUNS, UNDER_WAY, error_of, failed

WAIT = ("acr", "pipeline-run", "wait")
NEW = document_of("new")


def descriptor(content: bytes) -> Descriptor:
    document = described(content)
    return Descriptor(document["digest"], document["mediaType"], document["size"])


IMAGE, OTHER = descriptor(document_of("image")), descriptor(document_of("other"))
V1, V2, V3 = (Artifact("samples/hello", f"v{number}") for number in (1, 2, 3))
FIRST, SECOND = ManifestRun("myrun001", "blob-001"), ManifestRun("myrun002", "blob-002")
STARTED, FINISHED = "2026-03-04T17:23:21.926152+00:00", "2026-03-04T17:24:21.926152+00:00"
CREATED = "2026-01-20T08:00:00Z"
PIPELINE = f"{REGISTRY}/exportPipelines/mypipeline"


def ended(run: ManifestRun, status: str, error: str | None = None) -> ManifestRun:
    ended = ManifestRun(run.name, run.blob, status, STARTED, FINISHED, error)
    if status not in ("Succeeded", "PartlyFailed"):
        return ended
    return replace(ended, blob_size=BLOB["blobSize"], blob_md5=BLOB["blobMd5"])


def unknown(artifact: Artifact, run: ManifestRun | None = FIRST) -> Entry:
    return Entry(artifact, Result.UNKNOWN, IMAGE, run.name if run else None)


def manifest(*entries: Entry, runs: tuple[ManifestRun, ...] = (FIRST, SECOND)) -> TransferManifest:
    registry = "myregistry.azurecr.io"
    return TransferManifest(ManifestKind.EXPORT, CREATED, registry, PIPELINE, runs, entries)


@pytest.fixture(autouse=True)
def registry(mock: responses.RequestsMock) -> Registry:
    """A registry that lets the caller in, whose tags didn't move."""
    registry = Registry(mock)
    registry.accepts_login()
    registry.has_blobs()
    has(registry, *map(str, (V1, V2, V3)), content=document_of("image"))
    return registry


def run_requests(mock: responses.RequestsMock) -> list[str]:
    """Paths of the requests about runs."""
    paths = (str(call.request.path_url).partition("?")[0] for call in mock.calls)
    return [path for path in paths if path.startswith(RUNS)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the manifest is."""
    return tmp_path / "manifest.json"


def write(file: Path, *entries: Entry, **more: Any) -> None:
    file.write_text(manifest(*entries, **more).to_json(), encoding="utf-8")


def content(file: Path) -> TransferManifest:
    """The manifest in a file, but for its time."""
    return replace(parse(file.read_bytes()), created=CREATED)


def answer(mock: responses.RequestsMock, name: str, *gets: dict[str, Any]) -> None:
    """Answer each GET of a run."""
    for body in gets:
        headers = {"x-ms-correlation-request-id": f"of {name}"}
        mock.get(f"{ARM}{RUNS}/{name}", json=body, headers=headers)


def wait(az: Az, file: Path, *more: str) -> Answer:
    return az(*WAIT, "--manifest", str(file), *more)


def test_wait_completes_a_manifest_and_needs_nothing_else(
    az: Az, mock: responses.RequestsMock, fake_time: FakeTime, file: Path
) -> None:
    write(file, unknown(V1), unknown(V2, SECOND))
    answer(mock, "myrun001", run(EXPORT, "myrun001", **UNDER_WAY), run(EXPORT, "myrun001"))
    answer(mock, "myrun002", run(EXPORT, "myrun002"))
    result = wait(az, file)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert content(file) == manifest(
        Entry(V1, Result.EXPORTED, IMAGE, "myrun001"),
        Entry(V2, Result.EXPORTED, IMAGE, "myrun002"),
        runs=(ended(FIRST, "Succeeded"), ended(SECOND, "Succeeded")),
    )
    assert sorted(run_requests(mock)) == [
        f"{RUNS}/myrun001",
        f"{RUNS}/myrun001",
        f"{RUNS}/myrun002",
    ]
    assert fake_time.now == 5

    before = file.read_bytes(), len(mock.calls)
    assert wait(az, file, *WHERE).exit_code == 0
    assert (file.read_bytes(), len(mock.calls)) == before


def test_a_run_in_a_state_without_a_meaning_is_read_again(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    write(file, unknown(V1), runs=(FIRST,))
    succeeded = run(EXPORT, "myrun001")
    response = succeeded["properties"]["response"] | {"status": "Pondering"}
    pondering = run(EXPORT, "myrun001", provisioningState="Pondering", response=response)
    answer(mock, "myrun001", pondering, succeeded)
    assert wait(az, file).exit_code == 1
    assert [actual.status for actual in content(file).runs] == ["Unknown"]
    assert wait(az, file).exit_code == 0
    assert content(file).runs == (ended(FIRST, "Succeeded"),)


def test_wait_adds_what_tags_name_that_moved(
    az: Az, registry: Registry, fake_time: FakeTime, file: Path
) -> None:
    moved, late = Artifact("samples/hello", "moved"), Artifact("samples/hello", "late")
    digest = Artifact("samples/hello", IMAGE.digest)
    write(file, unknown(V1), unknown(moved), unknown(digest), unknown(late, SECOND))
    has(registry, str(moved), str(late), content=NEW)
    answer(registry.mock, "myrun001", run(EXPORT, "myrun001"))
    under_way = run(EXPORT, "myrun002", **UNDER_WAY)
    answer(registry.mock, "myrun002", under_way, run(EXPORT, "myrun002"))
    result = wait(az, file)
    warning = f"WARNING: {TAGS_MOVED} "
    assert (result.exit_code, result.stderr) == (0, f"{warning}{moved}\n{warning}{late}\n")
    exported = Result.EXPORTED
    assert content(file).entries == (
        Entry(V1, exported, IMAGE, "myrun001"),
        Entry(moved, exported, IMAGE, "myrun001", moved_to=descriptor(NEW)),
        Entry(digest, exported, IMAGE, "myrun001"),
        Entry(late, exported, IMAGE, "myrun002", moved_to=descriptor(NEW)),
    )
    assert fake_time.now == 5


def test_wait_for_a_run_that_failed_says_what_to_retry(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    write(file, unknown(V1), unknown(V2, SECOND))
    mock.get(f"{ARM}{PIPELINE}", json=pipeline(EXPORT))
    answer(mock, "myrun001", run(EXPORT, "myrun001"))
    answer(mock, "myrun002", failed(EXPORT, f"{REFUSED}?sig=secret", "myrun002"))
    result = wait(az, file)
    assert (result.exit_code, result.stdout) == (1, "")
    error = f"{REFUSED}?sig=***"
    lines = error_of(result)
    assert lines[:6] == [
        "ERROR: 1 of 2 runs failed:",
        f"myrun002: {error}",
        f"  Run: {RUNS}/myrun002",
        "  Correlation ID: of myrun002",
        "Not exported:",
        "  samples/hello:v2",
    ]
    assert lines[-2:] == [
        TO_TRANSFER_THE_REST,
        "az acr pipeline-run create --resource-group mygroup --registry myregistry --name "
        "myrun002retry --pipeline mypipeline --pipeline-type export --storage-blob blob-002-retry "
        f"--only-failed {file} --manifest {file}",
    ]
    assert content(file).entries[1] == Entry(V2, Result.FAILED, IMAGE, "myrun002", error)
    assert content(file).runs[1] == ended(SECOND, "Failed", error)

    before = run_requests(mock)
    again = wait(az, file)
    assert (again.exit_code, error_of(again)[0]) == (
        1,
        f"ERROR: 1 of 2 {NOT_KNOWN_TO_BE_EXPORTED}",
    )
    assert error_of(again)[1:3] == lines[4:6]
    assert run_requests(mock) == before


def test_wait_excludes_from_the_retry_what_does_not_exist(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    write(file, unknown(V1), unknown(V2))
    mock.get(f"{ARM}{PIPELINE}", json=pipeline(EXPORT))
    answer(mock, "myrun001", failed(EXPORT, f"Artifact '{V2}' was not found.", "myrun001"))
    answer(mock, "myrun002", run(EXPORT, "myrun002"))
    for result in (wait(az, file), wait(az, file)):
        assert result.exit_code == 1
        assert error_of(result)[-1].endswith(
            f"--only-failed {file} --exclude {V2} --manifest {file}"
        )


@pytest.mark.parametrize(
    ("options", "unnamed"), [(["ContinueOnErrors"], Result.UNKNOWN), ([], Result.FAILED)]
)
def test_only_a_pipeline_that_continues_leaves_the_unnamed_unknown(
    az: Az, mock: responses.RequestsMock, file: Path, options: list[str], unnamed: Result
) -> None:
    write(file, unknown(V1), unknown(V2))
    mock.get(f"{ARM}{PIPELINE}", json=pipeline(EXPORT, options=options))
    answer(mock, "myrun001", failed(EXPORT, f"{V2} is too large.", "myrun001"))
    answer(mock, "myrun002", run(EXPORT, "myrun002"))
    assert wait(az, file).exit_code == 1
    assert [entry.result for entry in content(file).entries] == [unnamed, Result.FAILED]


def test_wait_without_the_pipeline_records_nothing_uncertain(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    write(file, unknown(V1), unknown(V2))
    gone = {"error": {"code": "ResourceNotFound", "message": "It is gone."}}
    mock.get(f"{ARM}{PIPELINE}", json=gone, status=404)
    answer(mock, "myrun001", failed(EXPORT, f"{V2} is too large.", "myrun001"))
    answer(mock, "myrun002", run(EXPORT, "myrun002"))
    for result in (wait(az, file), wait(az, file)):
        assert result.exit_code == 1
        assert error_of(result)[-1] == (
            "The manifest was completed. How to transfer the rest is unknown: The export pipeline "
            "'mypipeline' wasn't found in registry 'myregistry' of resource group 'mygroup'. The "
            "service said: It is gone."
        )
    assert content(file).entries == (
        unknown(V1),
        Entry(V2, Result.FAILED, IMAGE, "myrun001", f"{V2} is too large."),
    )


def test_wait_for_a_run_that_was_never_created_names_it(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    write(file, unknown(V1), unknown(V2, SECOND))
    mock.get(f"{ARM}{PIPELINE}", json=pipeline(EXPORT))
    gone = {"error": {"code": "ResourceNotFound", "message": "Not here."}}
    mock.get(f"{ARM}{RUNS}/myrun001", json=gone, status=404)
    answer(mock, "myrun002", run(EXPORT, "myrun002"))
    result = wait(az, file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)[1].startswith("myrun001: The pipeline run 'myrun001' wasn't found")
    assert error_of(result)[2:4] == ["Possibly not exported:", "  samples/hello:v1"]
    assert content(file) == manifest(
        unknown(V1),
        Entry(V2, Result.EXPORTED, IMAGE, "myrun002"),
        runs=(FIRST, ended(SECOND, "Succeeded")),
    )


def test_wait_completes_only_what_was_requested_of_the_run(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    write(file, unknown(V1), unknown(V2), unknown(V3, None))
    mock.get(f"{ARM}{PIPELINE}", json=pipeline(EXPORT))
    for name in ("myrun001", "myrun002"):
        taken = run(EXPORT, name)
        taken["properties"]["request"]["artifacts"] = [str(V2)]
        answer(mock, name, taken)
    assert wait(az, file).exit_code == 1
    assert content(file).entries == (
        unknown(V1),
        Entry(V2, Result.EXPORTED, IMAGE, "myrun001"),
        unknown(V3, None),
    )


def test_wait_changes_nothing_that_is_known(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    known = (
        Entry(V1, Result.EXPORTED, OTHER, "myrun001"),
        Entry(V2, Result.SKIPPED, OTHER),
    )
    refused = ManifestRun("myrun002", "blob-002", error="Not now.")
    write(file, *known, runs=(FIRST, refused))
    answer(mock, "myrun001", run(EXPORT, "myrun001"))
    assert wait(az, file).exit_code == 0
    assert content(file) == manifest(*known, runs=(ended(FIRST, "Succeeded"), refused))


WITHOUT_BLOB = ManifestRun("myrun001", "blob-001", "Succeeded", STARTED, FINISHED)


def test_wait_adds_the_blobs_of_runs_that_had_ended(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    exported = Entry(V1, Result.EXPORTED, OTHER, "myrun001")
    known = replace(WITHOUT_BLOB, name="known", blob="known", blob_size=1)
    failed = replace(WITHOUT_BLOB, name="failed", blob="failed", status="Failed")
    write(file, exported, runs=(WITHOUT_BLOB, known, failed))
    answer(mock, "myrun001", run(EXPORT, "myrun001"))
    result = wait(az, file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert content(file) == manifest(exported, runs=(ended(FIRST, "Succeeded"), known, failed))


def test_wait_tries_to_read_a_blob_once(
    az: Az, registry: Registry, fake_time: FakeTime, file: Path
) -> None:
    write(file, unknown(V2, SECOND), runs=(WITHOUT_BLOB, SECOND))
    registry.has_blobs(status=403)
    mock = registry.mock
    answer(mock, "myrun001", run(EXPORT, "myrun001"))
    under_way = run(EXPORT, "myrun002", **UNDER_WAY)
    answer(mock, "myrun002", under_way, under_way, run(EXPORT, "myrun002"))
    result = wait(az, file)
    assert (result.exit_code, fake_time.now) == (0, 10)
    assert run_requests(mock).count(f"{RUNS}/myrun001") == 1
    assert result.stderr.count(f"{NO_BLOB_PROPERTIES} 1 of 1 blobs") == 2
    assert content(file).runs[0] == WITHOUT_BLOB


@pytest.mark.parametrize("status", [200, 404])
def test_wait_adds_no_blob_of_another_run(
    az: Az, mock: responses.RequestsMock, file: Path, status: int
) -> None:
    exported = Entry(V1, Result.EXPORTED, OTHER, "myrun001")
    earlier = replace(WITHOUT_BLOB, finished=STARTED)
    write(file, exported, runs=(earlier,))
    mock.get(f"{ARM}{RUNS}/myrun001", json=run(EXPORT, "myrun001"), status=status)
    result = wait(az, file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert content(file) == manifest(exported, runs=(earlier,))


def test_wait_that_times_out_records_the_state(
    az: Az, mock: responses.RequestsMock, fake_time: FakeTime, file: Path
) -> None:
    write(file, unknown(V1), runs=(FIRST,))
    answer(mock, "myrun001", run(EXPORT, "myrun001", **UNDER_WAY))
    result = wait(az, file, "--timeout", "20", "--interval", "10")
    assert (result.exit_code, fake_time.now) == (1, 20)
    assert error_of(result) == [
        "ERROR: Wait operation timed-out after 20 seconds",
        TO_RESUME,
        f"az acr pipeline-run wait --manifest {file}",
    ]
    assert content(file) == manifest(
        unknown(V1), runs=(ManifestRun("myrun001", "blob-001", "Running"),)
    )


def test_wait_shows_each_minute_that_runs_are_in_progress(
    az: Az, mock: responses.RequestsMock, fake_time: FakeTime, file: Path
) -> None:
    write(file, unknown(V1), runs=(FIRST,))
    in_progress = [run(EXPORT, "myrun001", **UNDER_WAY)] * 2
    answer(mock, "myrun001", *in_progress, run(EXPORT, "myrun001"))
    result = wait(az, file, "--interval", "60")
    assert (result.exit_code, fake_time.now) == (0, 120)
    assert result.stderr == "WARNING: Running, 60 s\n"


def test_wait_retries_artifacts_of_no_run_under_a_new_name(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    write(file, unknown(V1, None), runs=())
    mock.get(f"{ARM}{PIPELINE}", json=pipeline(EXPORT))
    result = wait(az, file)
    assert result.exit_code == 1
    assert error_of(result)[-1] == (
        "az acr pipeline-run create --resource-group mygroup --registry myregistry --name "
        "exportretry --pipeline mypipeline --pipeline-type export --storage-blob export-retry "
        f"--only-failed {file} --manifest {file}"
    )


def test_wait_keeps_a_manifest_that_is_deleted_meanwhile(
    az: Az, mock: responses.RequestsMock, file: Path
) -> None:
    write(file, unknown(V1), runs=(FIRST,))

    def get(_: Any) -> tuple[int, dict[str, str], str]:
        file.unlink()
        return 200, {}, json.dumps(run(EXPORT, "myrun001"))

    mock.add_callback("GET", f"{ARM}{RUNS}/myrun001", get)
    assert wait(az, file).exit_code == 0
    assert content(file).entries == (Entry(V1, Result.EXPORTED, IMAGE, "myrun001"),)


def test_wait_needs_a_run_or_a_manifest(az: Az) -> None:
    result = az(*WAIT, "--created")
    assert (result.exit_code, result.stdout) == (2, "")
    assert error_of(result) == [
        f"ERROR: {MISSING_OPTIONS} --name/-n, --registry/-r",
        "Or specify the --manifest of an export, to wait for all its runs, or the --storage-blob "
        "that a source trigger imports.",
    ]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--name", ["-n", "myrun001"]),
        ("--deleted", ["--deleted"]),
        ("--updated", ["--updated"]),
        ("--exists", ["--exists"]),
        ("--custom", ["--custom", "name"]),
    ],
)
def test_wait_for_a_manifest_takes_no_other_condition(
    az: Az, file: Path, option: str, words: list[str]
) -> None:
    write(file)
    result = wait(az, file, *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        f"ERROR: {option} doesn't go with --manifest, which waits until all runs have ended.",
        f"Omit {option}, or --manifest.",
    ]


def test_wait_takes_a_manifest_of_an_export_only(az: Az, file: Path) -> None:
    result = wait(az, file)
    assert (result.exit_code, "can't be read from" in result.stderr) == (1, True)
    file.write_text(VERIFICATION.to_json())
    result = wait(az, file)
    assert (result.exit_code, "a manifest of kind 'verification'" in result.stderr) == (1, True)


OTHER_SUBSCRIPTION = PIPELINE.replace("00000000-0000", "99999999-9999", 1)


@pytest.mark.parametrize(
    ("pipeline_id", "words", "lines"),
    [
        (
            None,
            [],
            [
                "ERROR: --manifest has a manifest that doesn't name its export pipeline.",
                "Use the file that the export wrote.",
            ],
        ),
        (
            OTHER_SUBSCRIPTION,
            [],
            [
                "ERROR: --manifest has a manifest of subscription "
                "'99999999-9999-0000-0000-000000000000', and the active one is "
                "'00000000-0000-0000-0000-000000000000'.",
                "Add --subscription 99999999-9999-0000-0000-000000000000.",
            ],
        ),
        (
            PIPELINE,
            ["-r", "another"],
            [
                "ERROR: --manifest has a manifest of registry 'myregistry', and not of registry "
                "'another'.",
                "Omit --registry.",
            ],
        ),
    ],
)
def test_wait_refuses_a_manifest_of_something_else(
    az: Az, file: Path, pipeline_id: str | None, words: list[str], lines: list[str]
) -> None:
    document = json.loads(manifest(unknown(V1)).to_json()) | {"pipeline": pipeline_id}
    file.write_text(json.dumps({key: value for key, value in document.items() if value}))
    result = wait(az, file, *words)
    assert (result.exit_code, result.stdout, error_of(result)) == (1, "", lines)


def test_the_case_of_a_subscription_does_not_matter(tmp_path: Path, file: Path) -> None:
    active, written = (
        f"{letters}-0000-0000-0000-000000000000" for letters in ("abCDef00", "ABcdef00")
    )
    of_it = replace(manifest(runs=()), pipeline=PIPELINE.replace(SUBSCRIPTION, written))
    file.write_text(of_it.to_json(), encoding="utf-8")
    login = Login(subscription=active)
    result = run_az(tmp_path, *WAIT, "--manifest", str(file), login=login)
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_default_registry_does_not_matter(az: Az, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[defaults]\nacr = otherregistry\n")
    file = tmp_path / "manifest.json"
    exported = replace(unknown(V1), result=Result.EXPORTED)
    file.write_text(manifest(exported, runs=(ended(FIRST, "Succeeded"),)).to_json())
    result = az(*WAIT, "--manifest", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    named = az(*WAIT, "--manifest", str(file), "-r", "otherregistry")
    assert named.exit_code == 1
    assert named.stderr.endswith("Omit --registry.\n")
