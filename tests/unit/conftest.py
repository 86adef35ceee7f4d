"""The extension's commands over HTTP answers that a test writes itself; no network."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import responses
from azure.cli.core import azclierror
from azure.core.pipeline.transport import HttpTransport
from hypothesis import HealthCheck, settings

from azext_acrtransfer.diagnostics.facts import expiry_of_new_sas
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.transfer import creation
from azext_acrtransfer.transfer.referrers import LeftBehind
from tests.support.az import SUBSCRIPTION, Result, run_az
from tests.support.fake_time import FakeTime

# How long an example takes is the machine's affair.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
# For `make mutants`, which runs the tests thousands of times.
settings.register_profile(
    "quick", settings.get_profile("patient"), max_examples=5, derandomize=True
)

ARM = "https://management.azure.com"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/mygroup"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/myregistry"

WHERE = ("-g", "mygroup", "-r", "myregistry")

Az = Callable[..., Result]


@pytest.fixture
def az(tmp_path: Path) -> Az:
    """Run a command with a separate configuration."""
    return lambda *argv: run_az(tmp_path, *argv)


@pytest.fixture(params=[EXPORT, IMPORT], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> PipelineKind:
    """Each kind of pipeline in turn."""
    parameter: PipelineKind = request.param
    return parameter


@pytest.fixture
def fake_time() -> Iterator[FakeTime]:
    """No command waits for real."""
    with FakeTime().instead_of_waiting() as clock:
        yield clock


@pytest.fixture(autouse=True)
def instant_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is repeated at once, or on the clock of `fake_time`."""
    really_sleep = time.sleep

    def sleep(_: HttpTransport[Any, Any], seconds: float) -> None:
        if time.sleep is not really_sleep:
            time.sleep(seconds)

    monkeypatch.setattr(HttpTransport, "sleep", sleep)


@pytest.fixture(autouse=True)
def referrers_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """An export doesn't read the registry to count referrers; the tests of that override this."""
    monkeypatch.setattr(creation, "LeftBehind", lambda _, *rest: LeftBehind((), *rest))


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    """Answers that need not all be requested."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Lets go what hangs; no thread of the test outlives it, and sends to the next one's mock."""
    before, event = set(threading.enumerate()), threading.Event()
    yield event
    event.set()
    for thread in set(threading.enumerate()) - before:
        if thread.ident:  # a signal can end a thread before it starts
            thread.join(60)


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[type[azclierror.AzCLIError]]:
    """Types of the errors that were printed."""
    types: list[type[azclierror.AzCLIError]] = []
    printed = azclierror.AzCLIError.print_error

    def record(error: azclierror.AzCLIError) -> None:
        types.append(type(error))
        printed(error)

    monkeypatch.setattr(azclierror.AzCLIError, "print_error", record)
    return types


@dataclass
class Service:
    """Scripted answers of the service, and the requests that it got."""

    mock: responses.RequestsMock

    def answers(self, method: str, path: str, body: Any = None, **kwargs: Any) -> None:
        """Answer the next request of this method and path; in order if set more than once."""
        self.mock.add(method, f"{ARM}{path}", json=body, **kwargs)

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Method and path of every request, in order."""
        calls = (call.request for call in self.mock.calls)
        return [(str(call.method), str(call.path_url).partition("?")[0]) for call in calls]

    @property
    def versions(self) -> set[str]:
        """The API versions that were requested."""
        return {call.request.params["api-version"] for call in self.mock.calls}  # type: ignore[attr-defined]

    def body(self, method: str) -> Any:
        """Body of the one request of this method."""
        [body] = [call.request.body for call in self.mock.calls if call.request.method == method]
        assert isinstance(body, bytes | str)
        return json.loads(body)


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that answers only what it was set to, and must get a request for all of it."""
    with responses.RequestsMock(
        registry=responses.registries.OrderedRegistry, assert_all_requests_are_fired=True
    ) as mock:
        yield Service(mock)


def pipeline(kind: PipelineKind, name: str = "mypipeline", **changes: Any) -> dict[str, Any]:
    """A pipeline as Azure returns it (shape and casing as in its recordings)."""
    properties = {
        kind.side: {
            "type": "AzureStorageBlobContainer",
            "uri": "https://mystorage.blob.core.windows.net/transfer",
            "keyVaultUri": "https://myvault.vault.azure.net/secrets/sas",
            "storageAccessMode": "SasToken",
        },
        "provisioningState": "Succeeded",
    }
    return {
        "type": f"Microsoft.ContainerRegistry/registries/{kind.resource_type}",
        "identity": {
            "principalId": "22222222-2222-2222-2222-222222222222",
            "tenantId": "11111111-1111-1111-1111-111111111111",
            "type": "systemAssigned",
        },
        "id": f"{REGISTRY}/{kind.resource_type}/{name}",
        "name": name,
        "properties": properties | changes,
    }


def run(kind: PipelineKind, name: str = "myrun01", **changes: Any) -> dict[str, Any]:
    """A run as the service's examples show it."""
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "request": {"pipelineResourceId": f"{REGISTRY}/{kind.resource_type}/mypipeline"},
        "response": {
            "status": "Succeeded",
            "progress": {"percentage": "100"},
            kind.side: {
                "type": "AzureStorageBlob",
                "uri": "https://mystorage.blob.core.windows.net/transfer/myblob",
                "keyVaultUri": "https://myvault.vault.azure.net/secrets/sas",
                "storageAccessMode": "SasToken",
            },
            "startTime": "2026-03-04T17:23:21.9261521+00:00",
            "finishTime": "2026-03-04T17:24:21.9261521+00:00",
        },
    }
    return {
        "type": "Microsoft.ContainerRegistry/registries/pipelineRuns",
        "id": f"{REGISTRY}/pipelineRuns/{name}",
        "name": name,
        "properties": properties | deepcopy(changes),
    }


def in_a_month() -> str:
    """The expiry of a SAS token that is generated now."""
    return expiry_of_new_sas(datetime.now(timezone.utc))


def flat(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource in az's shape: what is under properties stands next to the rest.

    The SDK keeps six of the seven digits that Azure gives of a second.
    """
    rest = {key: value for key, value in resource.items() if key != "properties"}
    whole = {**rest, **resource["properties"], "resourceGroup": "mygroup"}
    shape: dict[str, Any] = json.loads(re.sub(r"(?<=\.\d{6})\d(?=\+)", "", json.dumps(whole)))
    return shape
