"""The service dies in the middle of an export."""

from __future__ import annotations

import os

from tests.support.cloud import eventually
from tests.support.site import Site
from tests.support.terminal import Terminal

LARGE = 160 * 2**20


def test_an_export_that_a_crash_interrupts_fails_and_can_be_run_again(
    own_az: Terminal,
) -> None:
    site = Site.prepare(own_az.cloud, "interrupted")
    # Azurite writes what it has received every 5 s, and when it is stopped in good order.
    own_az.cloud.stop()
    own_az.cloud.start()
    site.registry_client.push("samples/large", "1.0", layer=os.urandom(LARGE))
    site.pipeline("export")
    create = (
        f"acr pipeline-run create {site.args} --name myrun01 --pipeline mypipeline "
        "--pipeline-type export --storage-blob myblob --artifacts samples/large:1.0"
    )
    own_az.ok(f"{create} --no-wait")

    def under_way() -> str | None:
        response = site.resource("pipelineRuns/myrun01")["properties"]["response"]
        assert response["status"] == "Running"
        percentage = str(response["progress"]["percentage"])
        return percentage if percentage != "0" else None

    assert int(eventually(under_way)) < 100
    own_az.cloud.kill()
    own_az.cloud.start()

    run = own_az.ok(f"acr pipeline-run show {site.args} --name myrun01").json
    assert (run["provisioningState"], run["response"]["status"]) == ("Failed", "Failed")
    assert "interrupted" in run["response"]["pipelineRunErrorMessage"]
    assert site.blobs == []

    again = own_az.ok(f"{create} --force-redeploy").json
    assert (again["provisioningState"], again["response"]["status"]) == ("Succeeded",) * 2
    [blob] = site.container.list_blobs()
    assert (blob.name, blob.size > LARGE) == ("myblob", True)
