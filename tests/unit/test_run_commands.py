"""create, show, list, delete, clean and wait of pipeline runs: requests, results, failures."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from azure.cli.core.azclierror import ManualInterrupt

from azext_acrtransfer.diagnostics.catalog import Rerun
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.support.az import non_null
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    NO_NEW_RUN,
    RUN_EXISTS,
    TO_RESUME,
    TO_TRANSFER_THE_REST,
    UNKNOWN_FAILURE,
    cause,
)
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, flat, pipeline, run
from tests.unit.fake_runs import DIGEST, REFUSED, RUNS, UNDER_WAY, failed

RUN = f"{RUNS}/myrun01"


def create(kind: PipelineKind, *more: str) -> list[str]:
    """Words of the command that runs a pipeline of this kind."""
    words = ["acr", "pipeline-run", "create", *WHERE, "-n", "myrun01", "-p", "mypipeline"]
    artifacts = ["-a", "hello"] if kind is EXPORT else []
    return [*words, "-t", kind.name, "-b", "myblob", *artifacts, *more]


def has_pipeline(service: Service, kind: PipelineKind, **changes: Any) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/mypipeline"
    service.answers("GET", path, pipeline(kind, **changes))


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (["hello"], ["hello:latest"]),
        (["samples/hello:v1", f"hello@{DIGEST}"], ["samples/hello:v1", f"hello@{DIGEST}"]),
    ],
)
def test_an_export_names_its_artifacts(
    az: Az, service: Service, typed: list[str], sent: list[str]
) -> None:
    has_pipeline(service, EXPORT)
    service.answers("PUT", RUN, run(EXPORT))
    result = az(*create(EXPORT), "-a", *typed)
    assert (result.exit_code, non_null(result.json)) == (0, flat(run(EXPORT)))
    assert service.body("PUT") == {
        "properties": {
            "request": {
                "pipelineResourceId": f"{REGISTRY}/exportPipelines/mypipeline",
                "target": {"type": "AzureStorageBlob", "name": "myblob"},
                "artifacts": sent,
            }
        }
    }


def test_an_import_names_its_blob(az: Az, service: Service) -> None:
    has_pipeline(service, IMPORT)
    service.answers("PUT", RUN, run(IMPORT))
    result = az(*create(IMPORT))
    assert (result.exit_code, non_null(result.json)) == (0, flat(run(IMPORT)))
    assert service.body("PUT") == {
        "properties": {
            "request": {
                "pipelineResourceId": f"{REGISTRY}/importPipelines/mypipeline",
                "source": {"type": "AzureStorageBlob", "name": "myblob"},
            }
        }
    }


def test_force_redeploy_never_repeats_itself(az: Az, service: Service, kind: PipelineKind) -> None:
    for _ in range(2):
        has_pipeline(service, kind)
        service.answers("PUT", RUN, run(kind))
        az(*create(kind, "--force-redeploy"))
    bodies = [call.request.body for call in service.mock.calls if call.request.method == "PUT"]
    tags = [re.findall(r'"forceUpdateTag": "([^"]+)"', str(body)) for body in bodies]
    assert len(tags[0]) == len(tags[1]) == 1
    assert tags[0] != tags[1]


def test_create_polls_the_run_until_it_is_over(
    az: Az, service: Service, kind: PipelineKind, fake_time: FakeTime
) -> None:
    has_pipeline(service, kind)
    service.answers("PUT", RUN, run(kind, **UNDER_WAY), status=201)
    # The service's own examples say Succeeded here while the work continues.
    service.answers("GET", RUN, run(kind, **UNDER_WAY | {"provisioningState": "Succeeded"}))
    service.answers("GET", RUN, run(kind, provisioningState="Whatever", response=None))
    service.answers("GET", RUN, run(kind))
    result = az(*create(kind))
    assert (result.exit_code, non_null(result.json)) == (0, flat(run(kind)))
    assert [method for method, _ in service.requests] == ["GET", "PUT", "GET", "GET", "GET"]
    assert fake_time.now == pytest.approx(3.0)
    assert "%" not in result.stderr  # stderr is no terminal


def test_create_polls_when_the_service_says(az: Az, service: Service, fake_time: FakeTime) -> None:
    has_pipeline(service, EXPORT)
    service.answers("PUT", RUN, run(EXPORT, **UNDER_WAY), status=201, headers={"Retry-After": "7"})
    service.answers("GET", RUN, run(EXPORT))
    az(*create(EXPORT))
    assert fake_time.now == pytest.approx(7.0)


def test_create_does_not_wait_with_no_wait(az: Az, service: Service, kind: PipelineKind) -> None:
    has_pipeline(service, kind)
    service.answers("PUT", RUN, run(kind, **UNDER_WAY), status=201)
    result = az(*create(kind, "--no-wait"))
    assert (result.exit_code, non_null(result.json)) == (0, flat(run(kind, **UNDER_WAY)))


def test_a_missing_pipeline_is_named_and_nothing_is_run(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    error = {"error": {"code": "ResourceNotFound", "message": "It was not found."}}
    service.answers("GET", f"{REGISTRY}/{kind.resource_type}/mypipeline", error, status=404)
    result = az(*create(kind))
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"The {kind.noun} 'mypipeline' wasn't found in registry" in result.stderr


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_refused_request_of_create_is_not_a_missing_pipeline(
    az: Az, service: Service, kind: PipelineKind, method: str
) -> None:
    refusal = {"error": {"code": "AuthorizationFailed", "message": "Not you."}}
    if method == "PUT":
        has_pipeline(service, kind)
        service.answers("PUT", RUN, refusal, status=403)
    else:
        service.answers("GET", f"{REGISTRY}/{kind.resource_type}/mypipeline", refusal, status=403)
    result = az(*create(kind))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ERROR: (AuthorizationFailed) Not you." in result.stderr
    assert "not found" not in result.stderr


def test_an_old_pipeline_is_run_whatever_the_form_of_its_name(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/my_old-pipeline"
    service.answers("GET", path, pipeline(kind, "my_old-pipeline"))
    service.answers("PUT", RUN, run(kind))
    result = az(*create(kind), "-p", "my_old-pipeline")
    assert (result.exit_code, service.requests) == (0, [("GET", path), ("PUT", RUN)])


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize("late", [False, True], ids=["at once", "while polling"])
def test_a_failed_run_is_a_failed_command(
    az: Az, service: Service, kind: PipelineKind, late: bool
) -> None:
    has_pipeline(service, kind)
    headers = {"x-ms-correlation-request-id": "44444444"}
    if late:
        service.answers("PUT", RUN, run(kind, **UNDER_WAY), status=201, headers=headers)
        service.answers("GET", RUN, failed(kind, REFUSED))
    else:
        service.answers("PUT", RUN, failed(kind, REFUSED), headers=headers)
    result = az(*create(kind))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"The pipeline run 'myrun01' failed: {REFUSED}" in result.stderr
    assert f"Run: {RUN}\nCorrelation ID: 44444444" in result.stderr
    assert cause("sas-permission") in result.stderr
    permissions = kind.sas_permissions_for(())
    assert (
        "az storage container generate-sas --account-name mystorage --name transfer "
        f"--permissions {permissions} --https-only"
    ) in result.stderr


@pytest.mark.parametrize(
    ("artifacts", "lines"),
    [
        (["hello"], [Rerun.FORCED.value]),
        (
            ["hello", "world"],
            [
                TO_TRANSFER_THE_REST,
                "az acr pipeline-run create --resource-group mygroup --registry myregistry "
                "--name myrun01retry --pipeline mypipeline --pipeline-type export --storage-blob "
                "myblob-retry --artifacts hello:latest world:latest",
            ],
        ),
    ],
)
def test_one_way_to_repeat_a_failed_run_is_printed(
    az: Az, service: Service, artifacts: list[str], lines: list[str]
) -> None:
    has_pipeline(service, EXPORT)
    service.answers("PUT", RUN, failed(EXPORT, REFUSED))
    result = az(*create(EXPORT), "-a", *artifacts)
    _, _, after = result.stderr.rpartition("--output none\n")
    assert (result.exit_code, after.splitlines()) == (1, lines)


def test_a_signature_in_a_failure_is_masked(az: Az, service: Service) -> None:
    has_pipeline(service, EXPORT)
    message = "GET https://a.blob/c?sv=2026&sp=r&sig=abc%2Fdef%3D refused"
    service.answers("PUT", RUN, failed(EXPORT, message))
    result = az(*create(EXPORT, "--only-show-errors"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "ERROR: The pipeline run 'myrun01' failed: GET https://a.blob/c?sv=2026&sp=r&sig=*** "
        "refused\n"
        f"Run: {RUN}\n"
        f"{UNKNOWN_FAILURE}\n"
    )


def test_control_characters_in_a_failure_are_escaped(az: Az, service: Service) -> None:
    has_pipeline(service, EXPORT)
    message = "Service request failed.\r\nStatus: 400 (\x1b[31mred\x1b[0m)"
    service.answers("PUT", RUN, failed(EXPORT, message))
    result = az(*create(EXPORT, "--only-show-errors"))
    assert result.stderr.startswith(
        "ERROR: The pipeline run 'myrun01' failed: Service request failed.\n"
        "Status: 400 (\\x1b[31mred\\x1b[0m)\nRun: "
    )


def test_control_characters_in_a_refusal_are_escaped(az: Az, service: Service) -> None:
    refusal = {"error": {"code": "Stop", "message": "Not \x1b[31mthis\x07"}}
    service.answers("GET", f"{REGISTRY}/exportPipelines/mypipeline", refusal, status=403)
    result = az(*create(EXPORT, "--only-show-errors"))
    assert result.stderr.startswith("ERROR: (Stop) Not \\x1b[31mthis\\x07\n")


def test_an_identical_run_is_reported_as_an_earlier_one(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    has_pipeline(service, kind)
    service.answers("PUT", RUN, run(kind), headers={"Date": "Wed, 04 Mar 2026 17:30:00 GMT"})
    result = az(*create(kind))
    assert (result.exit_code, non_null(result.json)) == (0, flat(run(kind)))
    assert NO_NEW_RUN in result.stderr
    assert "--force-redeploy" in result.stderr


def test_an_identical_run_is_reported_without_waiting(az: Az, service: Service) -> None:
    has_pipeline(service, EXPORT)
    service.answers("PUT", RUN, run(EXPORT), headers={"Date": "Wed, 04 Mar 2026 17:30:00 GMT"})
    result = az(*create(EXPORT, "--no-wait"))
    assert (result.exit_code, non_null(result.json)) == (0, flat(run(EXPORT)))
    assert f"Pipeline run 'myrun01' {RUN_EXISTS}" in result.stderr


@pytest.mark.parametrize(("argv", "is_old"), [([], True), (["--force-redeploy"], False)])
def test_a_run_with_a_tag_that_was_not_requested_is_from_before(
    az: Az, service: Service, argv: list[str], is_old: bool
) -> None:
    has_pipeline(service, EXPORT)
    forced = run(EXPORT, forceUpdateTag="of a request")
    service.answers("PUT", RUN, forced, headers={"Date": "Wed, 04 Mar 2026 17:24:21 GMT"})
    result = az(*create(EXPORT, *argv))
    assert (result.exit_code, NO_NEW_RUN in result.stderr) == (0, is_old)


def test_a_run_that_ended_within_its_put_is_not_called_old(az: Az, service: Service) -> None:
    has_pipeline(service, EXPORT)
    service.answers("PUT", RUN, run(EXPORT), headers={"Date": "Wed, 04 Mar 2026 17:24:21 GMT"})
    assert NO_NEW_RUN not in az(*create(EXPORT)).stderr


def test_ctrl_c_stops_the_waiting_only(
    az: Az,
    service: Service,
    raised: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    fake_time: FakeTime,
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fake_time, "sleep", interrupt)
    has_pipeline(service, EXPORT)
    service.answers("PUT", RUN, run(EXPORT, **UNDER_WAY), status=201)
    result = az(*create(EXPORT, "--only-show-errors"))
    assert (result.exit_code, result.stdout, raised) == (1, "", [ManualInterrupt])
    assert result.stderr == (
        "ERROR: Stopped waiting. The pipeline run 'myrun01' is still in progress.\n"
        f"{TO_RESUME}\naz acr pipeline-run wait --created --resource-group mygroup "
        "--registry myregistry --name myrun01\n"
    )
    assert [method for method, _ in service.requests] == ["GET", "PUT"]


@pytest.mark.usefixtures("fake_time")
def test_a_refusal_while_waiting_does_not_hide_the_run(az: Az, service: Service) -> None:
    has_pipeline(service, EXPORT)
    service.answers("PUT", RUN, run(EXPORT, **UNDER_WAY), status=201)
    error = {"error": {"code": "AuthorizationFailed", "message": "No longer."}}
    service.answers("GET", RUN, error, status=403)
    result = az(*create(EXPORT))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "(AuthorizationFailed) No longer." in result.stderr
    assert "The pipeline run 'myrun01' is still in progress" in result.stderr


NO_ACCESS = "Failed to access key vault.  Service request failed.  Status: 403 (Forbidden)"
GRANT = "az keyvault set-policy --name myvault --secret-permissions get --object-id "


@pytest.mark.parametrize("verb", [("show",), ("wait", "--created")])
def test_show_explains_a_failed_run(
    az: Az, service: Service, kind: PipelineKind, verb: tuple[str, ...]
) -> None:
    service.answers("GET", RUN, failed(kind, NO_ACCESS))
    has_pipeline(service, kind)
    result = az("acr", "pipeline-run", *verb, *WHERE, "-n", "myrun01")
    assert result.exit_code == (0 if verb == ("show",) else 1)
    assert f"{GRANT}22222222-2222-2222-2222-222222222222\n" in result.stderr


@pytest.mark.parametrize("code", ["ResourceNotFound", "AuthorizationFailed"])
def test_a_pipeline_that_cannot_be_read_leaves_its_identity_open(
    az: Az, service: Service, kind: PipelineKind, code: str
) -> None:
    service.answers("GET", RUN, failed(kind, NO_ACCESS))
    path = f"{REGISTRY}/{kind.resource_type}/mypipeline"
    error = {"error": {"code": code, "message": "No."}}
    service.answers("GET", path, error, status=404 if code == "ResourceNotFound" else 403)
    result = az("acr", "pipeline-run", "show", *WHERE, "-n", "myrun01")
    assert (result.exit_code, non_null(result.json)) == (0, flat(failed(kind, NO_ACCESS)))
    assert f"{GRANT}PRINCIPAL_ID\n" in result.stderr


def test_show_reads_no_pipeline_for_a_failure_that_does_not_need_it(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    service.answers(
        "GET", RUN, failed(kind, REFUSED), headers={"Date": "Sun, 01 Mar 2099 00:00:00 GMT"}
    )
    result = az("acr", "pipeline-run", "show", *WHERE, "-n", "myrun01")
    assert (result.exit_code, service.requests) == (0, [("GET", RUN)])
    assert " --expiry 2099-03-31 " in result.stderr
    assert result.stderr.endswith(f"{Rerun.FORCED.value}\n")


def test_show_of_an_unknown_failure_says_so(az: Az, service: Service) -> None:
    service.answers("GET", RUN, failed(EXPORT, "Something new."))
    result = az("acr", "pipeline-run", "show", *WHERE, "-n", "myrun01")
    assert result.stderr == f"WARNING: {UNKNOWN_FAILURE}\n"


def test_show_of_a_run_that_went_well_is_silent(az: Az, service: Service) -> None:
    service.answers("GET", RUN, run(EXPORT))
    result = az("acr", "pipeline-run", "show", *WHERE, "-n", "myrun01", "--only-show-errors")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("name", ["mypipeline_20260304", "a-run.of-before"])
def test_a_run_is_looked_up_whatever_the_form_of_its_name(
    az: Az, service: Service, name: str
) -> None:
    service.answers("GET", f"{RUNS}/{name}", run(IMPORT, name))
    result = az("acr", "pipeline-run", "show", *WHERE, "-n", name)
    assert (result.exit_code, result.json["name"]) == (0, name)


@pytest.mark.parametrize(("top", "names"), [(None, "bca"), (1, "c"), (2, "bc"), (9, "bca")])
def test_list_keeps_the_order_of_the_service(
    az: Az, service: Service, top: int | None, names: str
) -> None:
    times = {"b": "2026-03-04T17:00:00.1234567+00:00", "c": "2026-03-04T19:30:00+02:00", "a": None}
    runs = [run(EXPORT, name, response={"startTime": time}) for name, time in times.items()]
    service.answers("GET", RUNS, {"value": runs})
    result = az("acr", "pipeline-run", "list", *WHERE, *(["--top", str(top)] if top else []))
    assert "".join(listed["name"] for listed in result.json) == names
    assert service.requests == [("GET", RUNS)]


def test_delete_sends_one_delete(az: Az, service: Service) -> None:
    service.answers("DELETE", RUN, status=200)
    result = az("acr", "pipeline-run", "delete", *WHERE, "-n", "myrun01")
    assert (result.exit_code, result.stdout) == (0, "")
    assert service.requests == [("DELETE", RUN)]


@pytest.fixture
def three_runs(service: Service) -> list[Any]:
    runs = [failed(EXPORT, "no", "first01"), run(EXPORT, "well01"), failed(EXPORT, "no", "last01")]
    service.answers("GET", RUNS, {"value": runs})
    return runs


@pytest.mark.usefixtures("three_runs")
def test_clean_dry_run_deletes_nothing(az: Az, service: Service) -> None:
    result = az("acr", "pipeline-run", "clean", *WHERE, "--dry-run")
    runs = [failed(EXPORT, "no", name) for name in ("first01", "last01")]
    assert (result.exit_code, non_null(result.json)) == (0, [flat(each) for each in runs])
    assert service.requests == [("GET", RUNS)]


@pytest.mark.usefixtures("fake_time")
def test_clean_reports_each_outcome_and_fails_if_one_stays(az: Az) -> None:
    """Deletions are sent side by side, in any order, so this service keeps none."""
    import responses

    arm = "https://management.azure.com"
    runs = [failed(EXPORT, "no", name) for name in ("gone01", "kept01", "lost01")]
    refusal = {"error": {"code": "Conflict", "message": "Not now."}}
    with responses.RequestsMock() as mock:
        mock.get(f"{arm}{RUNS}", json={"value": [*runs, run(EXPORT, "well01")]})
        for each in runs:
            mock.get(f"{arm}{RUNS}/{each['name']}", json=each)
        going = {"Location": f"{arm}/operations/1"}
        mock.delete(f"{arm}{RUNS}/gone01", status=202, headers=going)
        mock.get(f"{arm}/operations/1", status=200)  # it is seen to have gone
        mock.delete(f"{arm}{RUNS}/kept01", json=refusal, status=409)
        mock.delete(f"{arm}{RUNS}/lost01", status=204)
        result = az("acr", "pipeline-run", "clean", *WHERE)
    assert result.exit_code == 1
    assert result.json == [
        {"name": "gone01", "outcome": "Deleted", "error": None},
        {"name": "kept01", "outcome": "Failed", "error": result.json[1]["error"]},
        {"name": "lost01", "outcome": "Deleted", "error": None},
    ]
    assert "(Conflict) Not now." in result.json[1]["error"]
    assert "1 of 3 runs couldn't be deleted:\nkept01: (Conflict) Not now." in result.stderr


@pytest.mark.usefixtures("fake_time")
def test_wait_takes_the_work_for_what_counts(az: Az, service: Service) -> None:
    under_way = run(EXPORT, **UNDER_WAY | {"provisioningState": "Succeeded"})
    service.answers("GET", RUN, under_way)
    argv = ["--created", "--timeout", "1", "--interval", "1"]
    result = az("acr", "pipeline-run", "wait", *WHERE, "-n", "myrun01", *argv)
    assert (result.exit_code, result.stdout) == (1, "")


def test_wait_for_a_run_that_failed_explains_it(az: Az, service: Service) -> None:
    service.answers("GET", RUN, failed(IMPORT, REFUSED))
    result = az("acr", "pipeline-run", "wait", *WHERE, "-n", "myrun01", "--created")
    assert result.exit_code == 1
    assert cause("sas-permission") in result.stderr


def test_wait_takes_a_missing_run_for_deleted(az: Az, service: Service) -> None:
    error = {"error": {"code": "ResourceNotFound", "message": "It was not found."}}
    service.answers("GET", RUN, error, status=404)
    result = az("acr", "pipeline-run", "wait", *WHERE, "-n", "myrun01", "--deleted")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_dead_network_is_not_a_missing_run(az: Az, service: Service) -> None:
    service.mock.get(f"https://management.azure.com{RUN}", body=requests.ConnectionError("down"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "azure.core.pipeline.policies.RetryPolicy.increment", lambda *_, **__: False
        )
        result = az("acr", "pipeline-run", "show", *WHERE, "-n", "myrun01")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "down" in result.stderr
    assert "not found" not in result.stderr


@pytest.mark.parametrize("verb", ["show", "list"])
def test_a_signature_in_a_failure_is_masked_in_results(az: Az, service: Service, verb: str) -> None:
    run_ = failed(EXPORT, "GET https://a.blob/c?sv=2026&sp=r&sig=abc%2Fdef%3D refused")
    answer = {"value": [run_]} if verb == "list" else run_
    service.answers("GET", RUN.rpartition("/")[0] if verb == "list" else RUN, answer)
    name = ["-n", "myrun01"] if verb == "show" else []
    result = az("acr", "pipeline-run", verb, *WHERE, *name)
    assert result.exit_code == 0
    assert "sv=2026&sp=r&sig=*** refused" in result.stdout
    assert "abc%2Fdef" not in result.stdout + result.stderr
