"""Asking about one resource: what counts as an answer when it took more than one try."""

from __future__ import annotations

import pytest

from azext_acrtransfer.kinds import EXPORT
from tests.fake_time import FakeTime
from tests.unit.conftest import AT, REGISTRY, Az, Service, pipeline

PATH = f"{REGISTRY}/exportPipelines/mypipeline"
DELETE = ("acr", "export-pipeline", "delete", *AT, "-n", "mypipeline", "--only-show-errors")


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_delete_whose_answer_was_lost_has_deleted(az: Az, service: Service, status: int) -> None:
    service.answers("DELETE", PATH, {"error": {"code": "Lost", "message": "Lost"}}, status=status)
    service.answers("DELETE", PATH, status=204)
    result = az(*DELETE)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_what_is_said_beside_a_resource_is_said_by_the_answer_that_has_it(
    az: Az, service: Service, fake_time: FakeTime
) -> None:
    lost = {"error": {"code": "Lost", "message": "Lost"}}
    unfinished = pipeline(EXPORT, provisioningState="Creating")
    service.answers("PUT", PATH, lost, status=503, headers={"Retry-After": "1"})
    service.answers("PUT", PATH, unfinished, status=201, headers={"Retry-After": "30"})
    service.answers("GET", PATH, pipeline(EXPORT))
    container = ("-c", "https://mystorage.blob.core.windows.net/transfer")
    result = az("acr", "export-pipeline", "create", *AT, "-n", "mypipeline", *container)
    assert result.exit_code == 0
    assert fake_time.now == pytest.approx(1 + 30)
