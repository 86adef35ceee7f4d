"""What a person sees when something fails, and that what is printed fixes it."""

from __future__ import annotations

import pytest

from tests.support.cloud import Json
from tests.support.emulator_wording import ARTIFACT_NOT_FOUND, STORAGE_STATUS, VAULT_STATUS
from tests.support.site import Site
from tests.support.terminal import Terminal
from tests.support.wording import cause


@pytest.fixture
def pipeline(site: Site) -> Json:
    """An export pipeline that may do its work, with something to export."""
    site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    return site.pipeline("export")


def creating(site: Site) -> str:
    """The command that runs the pipeline."""
    return (
        f"acr pipeline-run create {site.args} --name myrun01 --pipeline mypipeline "
        "--pipeline-type export --storage-blob myblob --artifacts samples/hello:1.0"
    )


def printed(stderr: str, beginning: str) -> str:
    """The one command line that was printed and begins like this."""
    [line] = [line for line in stderr.splitlines() if line.startswith(beginning)]
    return line


def test_revoked_secret_access_is_named_and_the_printed_command_fixes_it(
    az: Terminal, site: Site, pipeline: Json
) -> None:
    site.revoke_secret(pipeline)
    failed = az(creating(site))
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert f"{VAULT_STATUS}403" in failed.stderr
    assert cause("secret-not-readable") in failed.stderr
    assert site.id_of("pipelineRuns/myrun01") in failed.stderr

    fixed = az.type(printed(failed.stderr, "az keyvault set-policy"))
    assert fixed.exit_code == 0, fixed.stderr
    again = az.ok(f"{creating(site)} --force-redeploy")
    assert again.json["response"]["status"] == "Succeeded"
    assert site.blobs == ["myblob"]


@pytest.mark.usefixtures("pipeline")
def test_an_existing_blob_is_named_and_the_printed_command_fixes_it(
    az: Terminal, site: Site
) -> None:
    site.container.upload_blob("myblob", b"in the way")
    failed = az(creating(site))
    assert failed.exit_code == 1
    fixed = az.type(printed(failed.stderr, "az acr export-pipeline update"))
    assert fixed.exit_code == 0, fixed.stderr
    az.ok(f"{creating(site)} --force-redeploy")


def test_a_missing_role_is_named_and_the_printed_command_fixes_it(az: Terminal, site: Site) -> None:
    site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    az.ok(f"acr export-pipeline create {site.args} -n mypipeline -c {site.container_uri}")
    failed = az(creating(site))
    assert failed.exit_code == 1
    assert f"{STORAGE_STATUS}403" in failed.stderr
    command = printed(failed.stderr, "az role assignment create")
    fixed = az.type(command)
    assert fixed.exit_code == 0, fixed.stderr
    az.ok(f"{creating(site)} --force-redeploy")


@pytest.mark.usefixtures("pipeline")
def test_a_sas_that_is_too_weak_is_never_echoed(az: Terminal, site: Site) -> None:
    weak = site.sas("r")
    site.write_secret(weak)
    failed = az(f"{creating(site)} --debug")
    assert failed.exit_code == 1
    assert cause("sas-permission") in failed.stderr
    assert "az storage container generate-sas" in failed.stderr
    assert weak.partition("sig=")[2] not in failed.stderr


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("answer", ["async", "sync"])
def test_a_failed_run_is_a_failed_command_however_the_service_answers(
    az: Terminal, site: Site, answer: str
) -> None:
    az.cloud.control("runs", answer=answer)
    failed = az(creating(site).replace("hello:1.0", "nothing:1.0"))
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert f"Artifact 'samples/nothing:1.0' {ARTIFACT_NOT_FOUND} '{site.registry}'." in (
        failed.stderr
    )
    assert f"az acr repository list --name {site.registry}" in failed.stderr


REFUSALS = [
    (401, "ExpiredAuthenticationToken"),
    (403, "AuthorizationFailed"),
    (409, "Conflict"),
    (503, "ServiceUnavailable"),
]


@pytest.mark.parametrize(("status", "code"), REFUSALS, ids=[code for _, code in REFUSALS])
def test_a_refusal_of_the_service_never_reads_as_not_found(
    az: Terminal, site: Site, status: int, code: str
) -> None:
    # Transient errors are sent again by azure-core, so all of the answers have to be bad.
    az.cloud.fault(status, code, "exportPipelines/mypipeline$", count=9)
    failed = az(creating(site))
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert f"{code}, by order of a test." in failed.stderr
    assert "not found" not in failed.stderr.lower()
    assert "Traceback" not in failed.stderr


@pytest.mark.usefixtures("pipeline")
def test_one_bad_answer_on_the_way_harms_no_wait(az: Terminal, site: Site) -> None:
    az.cloud.fault(503, "ServiceUnavailable", "pipelineRuns/myrun01$", method="GET")
    assert az.ok(creating(site)).json["provisioningState"] == "Succeeded"


def test_commands_with_names_that_a_shell_would_expand_can_be_pasted(az: Terminal) -> None:
    site = Site.prepare(
        az.cloud, "pasted", account="pastedstorage", group="rg(prod)", other_container="$web"
    )
    artifacts = [f"samples/hello:{tag}.0" for tag in (1, 2)]
    for artifact in artifacts:
        repository, _, tag = artifact.partition(":")
        site.registry_client.push(repository, tag, layer=tag.encode())
    site.pipeline("export")
    site.write_secret(site.sas("r"))
    failed = az(f"{creating(site)} {artifacts[1]}")
    assert failed.exit_code == 1
    new_sas = printed(failed.stderr, "sas=$(az storage")
    again = printed(failed.stderr, "az acr pipeline-run create")
    assert ("--name '$web'" in new_sas, '--resource-group "rg(prod)"' in again) == (True, True)
    fixed = az.type(f"{new_sas}\n{again}")
    assert fixed.exit_code == 0, fixed.stderr
    run = site.finished("myrun01retry")
    assert (run["response"]["status"], run["request"]["artifacts"]) == ("Succeeded", artifacts)
    assert site.blobs == ["myblob-retry"]
