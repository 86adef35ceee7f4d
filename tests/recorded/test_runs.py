"""create, show, list, delete and wait of pipeline runs."""

from __future__ import annotations

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import (
    LOGIN,
    PRINCIPAL,
    REGISTRY,
    TOKEN,
    WHERE,
    referrer_lists,
    response,
    run,
    system_data,
)
from tests.recorded.player import Answer
from tests.recorded.staging import (
    GREETING,
    HELLO,
    past_runs,
    ready_to_export,
    ready_to_import,
    three_runs,
    triggered_run,
    with_secret_access,
    without_secret_access,
)
from tests.support.az import non_null
from tests.support.wording import NO_NEW_RUN, RUN_EXISTS

RUN = "pipelineRuns/myrun01"
PIPELINE = {kind: f"{kind.resource_type}/mypipeline" for kind in (EXPORT, IMPORT)}
IMPORTED = ["hello:v1", "samples/greeting:v2"]
VAULT_REFUSES = "Failed to access key vault.  Service request failed.  Status: 403 (Forbidden)"
GRANT = (
    f"az keyvault set-policy --name contosovault --secret-permissions get --object-id {PRINCIPAL}\n"
)


def create(kind: PipelineKind, more: str = "") -> str:
    """A line that runs a pipeline."""
    words = f"acr pipeline-run create {WHERE} -n myrun01 -p mypipeline -t {kind.name} -b myblob"
    return f"{words} -a hello {more}" if kind is EXPORT else f"{words} {more}"


def own_response(kind: PipelineKind, answer: Answer, started: int, finished: int) -> object:
    """The response of a run that moved what there was; the digest of the blob is its own."""
    imported = {"importedArtifacts": IMPORTED} if kind is IMPORT else {}
    digest = answer.json["response"]["catalogDigest"]
    assert digest.startswith("sha256:")
    return response(kind, started, finished, catalogDigest=digest, **imported)


def test_export_by_bare_repository_tag_and_digest(az: Az, when_recording: WhenRecording) -> None:
    when_recording(ready_to_export)
    answer = az(create(EXPORT, f"samples/greeting:v2 hello@{HELLO}"))
    artifacts = ["hello:latest", "samples/greeting:v2", f"hello@{HELLO}"]
    # After the requests that count referrers.
    own = own_response(EXPORT, answer, 14, 15)
    shown = run(EXPORT, artifacts=artifacts, response=own, systemData=system_data(13))
    assert (answer.exit_code, non_null(answer.json)) == (0, shown)
    assert answer.requests == [
        f"GET {PIPELINE[EXPORT]}",
        *LOGIN,
        TOKEN,
        "GET /acr/v1/hello/_tags",
        "GET /acr/v1/samples/greeting/_tags",
        TOKEN,
        f"GET /v2/hello/manifests/{HELLO}",
        f"GET /v2/samples/greeting/manifests/{GREETING}",
        *referrer_lists(hello=HELLO, samples__greeting=GREETING),
        f"PUT {RUN}",
        f"GET {RUN}",
    ]


def test_import_without_group(az: Az, when_recording: WhenRecording) -> None:
    when_recording(ready_to_import)
    answer = az(
        "acr pipeline-run create --registry contosoregistry --name myrun01 "
        "--pipeline mypipeline --pipeline-type import --storage-blob myblob"
    )
    assert (answer.exit_code, answer.json["response"]["importedArtifacts"]) == (0, IMPORTED)
    looked_up = ["GET registries", f"GET {PIPELINE[IMPORT]}"]
    assert answer.requests == [*looked_up, f"PUT {RUN}", f"GET {RUN}"]


def test_the_same_run_is_not_repeated_unless_forced(az: Az, when_recording: WhenRecording) -> None:
    when_recording(ready_to_import)
    first = az(create(IMPORT))
    again = az(create(IMPORT))
    assert (again.exit_code, again.json) == (0, first.json)
    assert again.requests == [f"GET {PIPELINE[IMPORT]}", f"PUT {RUN}"]
    assert f"Pipeline run 'myrun01' {RUN_EXISTS}" in again.stderr

    forced = az(create(IMPORT, "--force-redeploy"))
    times = [answer.json["response"]["startTime"] for answer in (first, forced)]
    assert (forced.exit_code, times) == (0, sorted(set(times)))
    assert forced.requests == [f"GET {PIPELINE[IMPORT]}", f"PUT {RUN}", f"GET {RUN}"]
    assert NO_NEW_RUN not in forced.stderr


def test_a_run_that_is_not_waited_for(az: Az, when_recording: WhenRecording) -> None:
    when_recording(ready_to_import)
    when_recording(lambda site: site.cloud.control("runs", seconds=5))
    answer = az(create(IMPORT, "--no-wait"))
    assert (answer.exit_code, answer.json["provisioningState"]) == (0, "Creating")
    assert answer.requests == [f"GET {PIPELINE[IMPORT]}", f"PUT {RUN}"]

    answer = az(f"acr pipeline-run wait {WHERE} -n myrun01 --created --interval 1 --timeout 60")
    assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"GET {RUN}"] * 2)

    for condition in ("--updated", "--exists", "--custom \"response.status=='Succeeded'\""):
        answer = az(f"acr pipeline-run wait {WHERE} -n myrun01 {condition}")
        assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"GET {RUN}"])

    answer = az(f"acr pipeline-run show {WHERE} -n myrun01")
    shown = run(IMPORT, response=own_response(IMPORT, answer, 3, 5))
    assert (answer.exit_code, non_null(answer.json)) == (0, shown)
    assert answer.requests == [f"GET {RUN}"]


def test_list_follows_pages_and_chooses(az: Az, when_recording: WhenRecording) -> None:
    when_recording(past_runs)
    answer = az(f"acr pipeline-run list {WHERE} --pipeline MyPipeline")
    names = ["exported000001", "exported000002", "imported000001", "imported000002"]
    assert (answer.exit_code, [run["name"] for run in answer.json]) == (0, names)
    assert answer.requests == ["GET pipelineRuns"] * 3

    answer = az(f"acr pipeline-run list {WHERE} --pipeline mypipeline --status failed --top 1")
    assert (answer.exit_code, [run["name"] for run in answer.json]) == (0, names[1:2])
    assert answer.requests == ["GET pipelineRuns"] * 3


def test_a_run_is_listed_until_it_is_deleted(az: Az, when_recording: WhenRecording) -> None:
    when_recording(three_runs)
    answer = az(f"acr pipeline-run list {WHERE} --top 2 -o table")
    assert answer.stdout.splitlines() == [
        "Name    Type    Pipeline    Blob           State      Started           Duration    Error",
        "------  ------  ----------  -------------  ---------  ----------------  ----------  "
        "----------------",
        "run02   export  mypipeline  blob-of-run02  Succeeded  2026-01-20T12:05  0:01:00",
        "run03   export  mypipeline  blob-of-run03  Failed     2026-01-20T12:08  0:01:00     "
        "Artifact 'now...",
    ]
    assert (answer.exit_code, answer.requests) == (0, ["GET pipelineRuns"])

    answer = az(f"acr pipeline-run delete {WHERE} -n run01")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert answer.requests == ["DELETE pipelineRuns/run01"]

    for verb, method in (("delete", "DELETE"), ("show", "GET")):
        answer = az(f"acr pipeline-run {verb} {WHERE} -n run01")
        assert (answer.exit_code, answer.stdout) == (3, "")
        assert answer.requests == [f"{method} pipelineRuns/run01"]
        assert "The pipeline run 'run01' wasn't found in registry" in answer.stderr

    answer = az(f"acr pipeline-run delete {WHERE} -n run02 --no-wait")
    assert (answer.exit_code, answer.stdout) == (0, "")
    answer = az(f"acr pipeline-run wait {WHERE} -n run02 --deleted")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert answer.requests == ["GET pipelineRuns/run02"]


def test_a_run_of_the_source_trigger(az: Az, when_recording: WhenRecording) -> None:
    when_recording(triggered_run)
    [listed] = az(f"acr pipeline-run list {WHERE}").json
    assert listed["name"] == "mypipeline_triggered"
    assert listed["response"]["importedArtifacts"] == IMPORTED

    answer = az(f"acr pipeline-run show {WHERE} -n mypipeline_triggered")
    assert (answer.exit_code, answer.json) == (0, listed)
    answer = az(f"acr pipeline-run wait {WHERE} -n mypipeline_triggered --created")
    assert (answer.exit_code, answer.stdout) == (0, "")
    look = ["GET importPipelines/mypipeline", "GET pipelineRuns", "HEAD /contoso/myblob"]
    answer = az(f"acr pipeline-run wait {WHERE} --pipeline mypipeline --storage-blob myblob")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "", "")
    assert answer.requests == look
    answer = az(f"acr pipeline-run delete {WHERE} -n mypipeline_triggered")
    assert (answer.exit_code, answer.stdout) == (0, "")


def test_a_secret_that_may_not_be_read_is_explained_and_can_be_fixed(
    az: Az, when_recording: WhenRecording
) -> None:
    when_recording(without_secret_access)
    answer = az(create(EXPORT))
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.requests[:1] == [f"GET {PIPELINE[EXPORT]}"]
    assert answer.requests[-2:] == [f"PUT {RUN}", f"GET {RUN}"]
    assert f"The pipeline run 'myrun01' failed: {VAULT_REFUSES}\nRun: {REGISTRY}/{RUN}\n" in (
        answer.stderr
    )
    assert GRANT in answer.stderr

    answer = az(f"acr pipeline-run show {WHERE} -n myrun01")
    assert answer.json["response"]["pipelineRunErrorMessage"] == VAULT_REFUSES
    assert (answer.exit_code, answer.json["provisioningState"]) == (0, "Failed")
    assert answer.requests == [f"GET {RUN}", f"GET {PIPELINE[EXPORT]}"]
    assert GRANT in answer.stderr

    answer = az(f"acr pipeline-run wait {WHERE} -n myrun01 --created")
    assert (answer.exit_code, answer.stdout) == (1, "")

    when_recording(with_secret_access)
    answer = az(create(EXPORT, "-f"))
    assert (answer.exit_code, answer.json["provisioningState"]) == (0, "Succeeded")
