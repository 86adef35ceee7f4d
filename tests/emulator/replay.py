"""Recorded exchanges, sent to an emulator: it must answer as the service did.

A recording is a list of objects with `request` (`method`, `uri`, `body`) and `response` (`status`,
`headers`, `body`), as those in `recordings/`, and as `make test-live` writes them.
"""

import json
import re
from typing import Any

import httpx
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.tokens import Principal

from tests.emulator.running import SUBSCRIPTION, Emulator, Json
from tests.support.cloud import eventually

RECORDED_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
RECORDED_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OBJECT_ID = "55d6af6c-b4d5-4614-93ee-9417c506c9f1"
ACCOUNTS = "Microsoft.Storage/storageAccounts?"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
AUDIENCES = {
    PUBLIC.arm: PUBLIC.arm_audiences[0],
    PUBLIC.graph: f"https://{PUBLIC.graph}",
    PUBLIC.vault_suffix: PUBLIC.vault_audience,
    PUBLIC.blob_suffix: PUBLIC.storage_audience,
}
#: Headers that a client reads and whose values say something.
VALUES = (
    *("cache-control", "content-type", "expires", "pragma", "strict-transport-security"),
    *("www-authenticate", "x-content-type-options"),
)
#: Headers that a client acts on: they must be absent where they were.
ABSENCES = ("azure-asyncoperation", "location", "retry-after", "www-authenticate")
#: Recorded headers that no client reads.
UNREAD = ("server", "x-ms-operation-identifier")
SUPPORTED = "api-supported-versions"
REQUEST_ID, CORRELATION_ID = "x-ms-request-id", "x-ms-correlation-request-id"
#: As long as registries and vaults are made to take; the clock is set forward instead of waiting.
PROVISIONING_SECONDS = 3600

FORMS = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<guid>"),
    (re.compile(r"[0-9a-f]{32}"), "<hex>"),
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(?=Z|\+)"), "<time>"),
)


def replay(emulator: Emulator, recording: str) -> None:
    """Send the requests of a recording to an emulator without resources; compare the answers."""
    exchanges = json.loads(
        recording.replace(RECORDED_SUBSCRIPTION, PUBLIC.subscription_id).replace(
            RECORDED_TENANT, PUBLIC.tenant_id
        )
    )
    emulator.instance.settings.provisioning_seconds = PROVISIONING_SECONDS
    caller = caller_of(exchanges)
    prepare(emulator, exchanges, caller)
    operations: dict[str, str] = {}
    for number, exchange in enumerate(exchanges):
        request, recorded = exchange["request"], exchange["response"]
        is_read = request["method"] == "GET"
        if is_read and not is_pending(recorded):
            emulator.instance.clock.advance(PROVISIONING_SECONDS)

        def answered(
            request: Json = request, recorded: Json = recorded, is_read: bool = is_read
        ) -> httpx.Response | None:
            answer = send(emulator, request, operations, recorded["status"], caller)
            # A run takes its time.
            is_early = is_read and '"Running"' in answer.text and not is_pending(recorded)
            return None if is_early else answer

        answer = eventually(answered)
        where = f"{number}: {request['method']} {request['uri']}"
        assert answer.status_code == recorded["status"], f"{where}\n{answer.text}"
        assert_headers(answer, recorded["headers"], where)
        body = answer.json() if answer.content else None
        assert_shape(body, recorded["body"] or None, where)
        remember_operation(answer, recorded["headers"], operations)


def caller_of(exchanges: list[Json]) -> Principal:
    """Who made the recording, as the resources name it."""
    for exchange in exchanges:
        body = exchange["response"]["body"] or {}
        for resource in body.get("value", [body]):
            if "createdByType" in resource.get("systemData", {}):
                made = resource["systemData"]
                is_user = made["createdByType"] == "User"
                names = {"name" if is_user else "application_id": made["createdBy"]}
                return Principal(OBJECT_ID, **names)
    raise AssertionError("nobody made it")


def prepare(emulator: Emulator, exchanges: list[Json], caller: Principal) -> None:
    """Have what existed before the recording: the caller's role, and the resources it found."""
    emulator.instance.directory.admit(caller)
    emulator.grant(caller.object_id, OWNER, SUBSCRIPTION)
    for exchange in exchanges:
        request, body = exchange["request"], exchange["response"]["body"]
        if "/resourcegroups/" in request["uri"] and body["type"].endswith("/resourceGroups"):
            emulator.ok("PUT", body["id"], {"location": body["location"], "tags": body["tags"]})
        if ACCOUNTS in request["uri"]:
            for account in body["value"]:
                group = account["id"].split("/providers/")[0]
                emulator.ok("PUT", group, {"location": account["location"]})
                emulator.ok("PUT", account["id"], account_to_make(account))
        if "/listKeys" in request["uri"]:
            path = httpx.URL(request["uri"]).path.removesuffix("/listKeys")
            emulator.ok("PUT", path, {"location": "westus"})
    prepare_transfers(emulator, exchanges[0], caller)


def prepare_transfers(emulator: Emulator, first: Json, caller: Principal) -> None:
    """Have the registry, and the pipelines that a recording lists before it makes any."""
    path = httpx.URL(first["request"]["uri"]).path
    registry = re.match(r"(.+)/providers/Microsoft.ContainerRegistry/registries/\w+/", path)
    if registry is None:
        return
    emulator.ok("PUT", registry[1], {"location": "westus"})
    properties = {"location": "westus", "sku": {"name": "Premium"}}
    emulator.ok("PUT", registry[0].rstrip("/"), properties)
    emulator.instance.clock.advance(PROVISIONING_SECONDS)
    for account in re.findall(rf"https://(\w+)\.{PUBLIC.blob_suffix}/", json.dumps(first)):
        path = f"{registry[1]}/providers/Microsoft.Storage/storageAccounts/{account}"
        emulator.ok("PUT", path, {"location": "westus", "sku": {"name": "Standard_LRS"}})
    for pipeline in (first["response"]["body"] or {}).get("value", ()):
        body = {"identity": {"type": "SystemAssigned"}, "properties": pipeline["properties"]}
        uri = f"{PUBLIC.arm_url}{pipeline['id']}?api-version=2023-01-01-preview"
        request = {"method": "PUT", "uri": uri, "body": body}
        assert send(emulator, request, {}, 200, caller).status_code == 200


def account_to_make(account: Json) -> Json:
    return {key: account[key] for key in ("location", "sku", "kind")}


def is_pending(recorded: Json) -> bool:
    """Whether the recorded answer says that something was still being made or deleted."""
    text = json.dumps(recorded["body"])
    return recorded["status"] == 202 or '"Creating"' in text or '"RegisteringDns"' in text


def send(
    emulator: Emulator,
    request: Json,
    operations: dict[str, str],
    status: int,
    caller: Principal,
) -> httpx.Response:
    uri = request["uri"]
    for recorded, actual in operations.items():
        uri = uri.replace(recorded, actual)
    host = httpx.URL(uri).host
    audience = next(aud for suffix, aud in AUDIENCES.items() if host.endswith(suffix))
    token = emulator.instance.tokens.issue(audience, caller)
    headers = {} if status == 401 else {"authorization": f"Bearer {token}"}
    if host.endswith(PUBLIC.blob_suffix):
        headers["x-ms-version"] = "2026-02-06"
    return emulator.http.request(request["method"], uri, json=request["body"], headers=headers)


def assert_headers(answer: httpx.Response, recorded: dict[str, str], where: str) -> None:
    missing = recorded.keys() - answer.headers.keys() - set(UNREAD)
    assert not missing, f"{where}: no {missing}"
    for name in set(ABSENCES) - recorded.keys():
        assert name not in answer.headers, where
    for name in set(VALUES) & recorded.keys():
        assert answer.headers[name] == recorded[name], where
    if answer.status_code == httpx.codes.NO_CONTENT:
        assert "content-length" not in answer.headers, where
    elif recorded.get("content-length") == "0":
        assert answer.headers["content-length"] == "0", where
    if REQUEST_ID in recorded:
        assert answer.headers[REQUEST_ID] == answer.headers[CORRELATION_ID], where
    if SUPPORTED in recorded:
        # The newer group has grown since January 2026.
        versions = answer.headers[SUPPORTED].split(", ")
        first = recorded[SUPPORTED].split(", ")
        assert versions[: len(first)] == first, where


def assert_shape(actual: Any, recorded: Any, where: str) -> None:
    """The same keys in the same order; the same values, generated ones by their form."""
    assert type(actual) is type(recorded) or recorded == "REDACTED", f"{where}: {actual!r}"
    if isinstance(recorded, dict):
        assert list(actual) == list(recorded), where
        for key, value in recorded.items():
            assert_shape(actual[key], value, f"{where} .{key}")
    elif isinstance(recorded, list):
        # Of the subscription's accounts, the recording kept one.
        assert len(actual) >= len(recorded) if ACCOUNTS in where else len(actual) == len(recorded)
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
