"""Azure's own recorded exchanges, sent to the emulator: it must answer as Azure did."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.tokens import Principal

from tests.emulator.running import SUBSCRIPTION, Emulator, Json

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.json"))
RECORDED_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
RECORDED_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
USER = Principal("55d6af6c-b4d5-4614-93ee-9417c506c9f1", name="test@example.com")
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
AUDIENCES = {
    PUBLIC.arm: PUBLIC.arm_audiences[0],
    PUBLIC.graph: f"https://{PUBLIC.graph}",
    PUBLIC.vault_suffix: PUBLIC.vault_audience,
    PUBLIC.blob_suffix: PUBLIC.storage_audience,
}
#: Their values say something; of the other recorded headers only the names are compared.
HEADER_VALUES = ("content-type", "www-authenticate")
#: As long as registries and vaults are made to take; the clock is set forward instead of waiting.
PROVISIONING_SECONDS = 3600

FORMS = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<guid>"),
    (re.compile(r"[0-9a-f]{32}"), "<hex>"),
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(?=Z|\+)"), "<time>"),
)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator of one's own: both recordings use the same names."""
    running = Emulator(tmp_path / "state")
    running.instance.settings.provisioning_seconds = PROVISIONING_SECONDS
    yield running
    running.stop()


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_the_emulator_answers_as_azure_did(fresh: Emulator, recording: Path) -> None:
    exchanges = json.loads(
        recording.read_text()
        .replace(RECORDED_SUBSCRIPTION, PUBLIC.subscription_id)
        .replace(RECORDED_TENANT, PUBLIC.tenant_id)
    )
    prepare(fresh, exchanges)
    operations: dict[str, str] = {}
    for number, exchange in enumerate(exchanges):
        recorded = exchange["response"]
        if exchange["request"]["method"] == "GET" and not is_pending(recorded):
            fresh.instance.clock.advance(PROVISIONING_SECONDS)
        answer = send(fresh, exchange["request"], operations, recorded["status"])
        where = f"{number}: {exchange['request']['method']} {exchange['request']['uri']}"
        assert answer.status_code == recorded["status"], f"{where}\n{answer.text}"
        assert_headers(answer, recorded["headers"], where)
        body = answer.json() if answer.content else ""
        assert_shape(body, recorded["body"], where)
        remember_operation(answer, recorded["headers"], operations)


def prepare(emulator: Emulator, exchanges: list[Json]) -> None:
    """Have what was there before the recording: the user's role, groups, storage accounts."""
    emulator.instance.directory.admit(USER)
    emulator.grant(USER.object_id, OWNER, SUBSCRIPTION)
    for exchange in exchanges:
        request, body = exchange["request"], exchange["response"]["body"]
        if "/resourcegroups/" in request["uri"] and body["type"].endswith("/resourceGroups"):
            emulator.ok("PUT", body["id"], {"location": body["location"], "tags": body["tags"]})
        if "Microsoft.Storage/storageAccounts?" in request["uri"]:
            for account in body["value"]:
                group = account["id"].split("/providers/")[0]
                emulator.ok("PUT", group, {"location": account["location"]})
                emulator.ok("PUT", account["id"], account_to_make(account))
        if "/listKeys" in request["uri"]:
            path = httpx.URL(request["uri"]).path.removesuffix("/listKeys")
            emulator.ok("PUT", path, {"location": "westus"})


def account_to_make(account: Json) -> Json:
    return {key: account[key] for key in ("location", "sku", "kind")}


def is_pending(recorded: Json) -> bool:
    """Whether the recorded answer says that something was still being made or deleted."""
    text = json.dumps(recorded["body"])
    return recorded["status"] == 202 or '"Creating"' in text or '"RegisteringDns"' in text


def send(
    emulator: Emulator, request: Json, operations: dict[str, str], status: int
) -> httpx.Response:
    uri = request["uri"]
    for recorded, actual in operations.items():
        uri = uri.replace(recorded, actual)
    host = httpx.URL(uri).host
    audience = next(aud for suffix, aud in AUDIENCES.items() if host.endswith(suffix))
    token = emulator.instance.tokens.issue(audience, USER)
    headers = {} if status == 401 else {"authorization": f"Bearer {token}"}
    if host.endswith(PUBLIC.blob_suffix):
        headers["x-ms-version"] = "2026-02-06"
    return emulator.http.request(request["method"], uri, json=request["body"], headers=headers)


def assert_headers(answer: httpx.Response, recorded: dict[str, str], where: str) -> None:
    missing = recorded.keys() - answer.headers.keys()
    assert not missing, f"{where}: no {missing}"
    for name in HEADER_VALUES:
        if name in recorded:
            assert answer.headers[name] == recorded[name], where


def assert_shape(actual: Any, recorded: Any, where: str) -> None:
    """The same keys in the same order; the same values, generated ones by their form."""
    assert type(actual) is type(recorded) or recorded == "REDACTED", f"{where}: {actual!r}"
    if isinstance(recorded, dict):
        assert list(actual) == list(recorded), where
        for key, value in recorded.items():
            assert_shape(actual[key], value, f"{where} .{key}")
    elif isinstance(recorded, list):
        # A list may have more: of the subscription's accounts the recording kept one.
        assert len(actual) >= len(recorded), where
        for index, value in enumerate(recorded):
            assert_shape(actual[index], value, f"{where} [{index}]")
    elif not str(recorded).startswith("REDACTED"):
        assert form(actual) == form(recorded), where


def form(value: Any) -> Any:
    """A value with what is generated replaced by its kind."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 10**9:
        return "<epoch>"
    if not isinstance(value, str):
        return value
    for pattern, kind in FORMS:
        value = pattern.sub(kind, value)
    return value


def remember_operation(
    answer: httpx.Response, recorded: dict[str, str], operations: dict[str, str]
) -> None:
    """Recorded polls name the operation that Azure made; ours has another name."""
    for header in ("azure-asyncoperation", "location"):
        if header in recorded:
            operations[operation(recorded[header])] = operation(answer.headers[header])


def operation(url: str) -> str:
    return httpx.URL(url).path.rpartition("/")[2]


def test_both_recordings_are_here() -> None:
    assert [path.stem for path in RECORDINGS] == [
        "export-pipeline-managed-identity",
        "import-pipeline-sas-token",
    ]
    assert SUBSCRIPTION.endswith(PUBLIC.subscription_id)
