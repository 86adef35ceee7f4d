"""Every way in which a run is known, or made up, to fail: caused for real, its message compared."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from acr_emulator.runs.pipelines import EXPORT, IMPORT
from azure.storage.blob import Services

from tests.emulator.run_world import CONTAINER, CONTAINER_ID, CONTRIBUTOR, READER, URI, VAULT, World
from tests.support.emulator_wording import (
    BLOB_EXISTS,
    NO_OVERWRITE_TAGS,
    NO_SUCH_HOST,
    NOT_AUTHENTICATED,
    NOT_AUTHORIZED,
    NOT_IN_TIME_FRAME,
    STORAGE_STATUS,
    VAULT_STATUS,
)

FORBIDDEN = f"{STORAGE_STATUS}403 ({NOT_AUTHORIZED}"
REJECTED = f"{STORAGE_STATUS}403 (Server failed to authenticate the request. Make sure the value of"

Cause = Callable[[World], None]


def no_role(world: World) -> None:
    world.pipeline(EXPORT, "failing")


def only_reader(world: World) -> None:
    world.allowed(EXPORT, "failing", role=READER)


def closed_firewall(world: World) -> None:
    world.allowed(EXPORT, "failing")
    change_account(world, networkAcls={"defaultAction": "Deny"})


def no_public_access(world: World) -> None:
    world.allowed(EXPORT, "failing")
    change_account(world, publicNetworkAccess="Disabled")


def only_a_perimeter(world: World) -> None:
    world.allowed(EXPORT, "failing")
    change_account(world, publicNetworkAccess="securedByPerimeter")


def change_account(world: World, **properties: Any) -> None:
    account = CONTAINER_ID.partition("/blobServices")[0]
    world.emulator.ok("PATCH", account, {"properties": properties})


def no_container(world: World) -> None:
    principal = world.pipeline(EXPORT, "failing", uri=URI.replace(CONTAINER, "missing"))
    world.emulator.grant(principal, CONTRIBUTOR, CONTAINER_ID.replace(CONTAINER, "missing"))


def no_account(world: World) -> None:
    world.pipeline(EXPORT, "failing", uri="https://nobody.blob.core.windows.net/c")


def existing_blob(world: World) -> None:
    world.allowed(EXPORT, "failing")
    world.container.upload_blob("failing", b"old", overwrite=True)


def with_secret(
    world: World, value: str, *, readable: bool = True, missing: bool = False, **attributes: Any
) -> None:
    uri = world.secret("failing", value, **attributes)
    uri = f"{uri}-not" if missing else uri
    principal = world.pipeline(EXPORT, "failing", keyVaultUri=uri, storageAccessMode="SasToken")
    world.emulator.vault(VAULT, *([principal] if readable else []))


def tomorrow() -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=1)


FAILURES: dict[str, tuple[Cause, str]] = {
    "no role": (
        no_role,
        f"{FORBIDDEN} using this permission)",
    ),
    "too weak a role": (
        only_reader,
        f"{FORBIDDEN} using this permission)",
    ),
    "closed firewall": (closed_firewall, f"{FORBIDDEN})"),
    "no public access": (no_public_access, f"{FORBIDDEN})"),
    "access through a perimeter only": (only_a_perimeter, f"{FORBIDDEN})"),
    "missing container": (
        no_container,
        f"{STORAGE_STATUS}404 (The specified container does not exist)",
    ),
    "missing account": (
        no_account,
        f"Failed to access storage.  {NO_SUCH_HOST} (nobody.blob.core.windows.net:443)",
    ),
    "existing blob": (
        existing_blob,
        f"Blob 'failing' {BLOB_EXISTS}",
    ),
    "secret not readable": (
        lambda world: with_secret(world, world.sas("ralw"), readable=False),
        f"{VAULT_STATUS}403 (Forbidden)",
    ),
    "secret missing": (
        lambda world: with_secret(world, world.sas("ralw"), missing=True),
        f"{VAULT_STATUS}404 (Secret not found)",
    ),
    "secret disabled": (
        lambda world: with_secret(world, world.sas("ralw"), enabled=False),
        f"{VAULT_STATUS}403 (Operation get is not allowed on a disabled secret)",
    ),
    "expired SAS": (
        lambda world: with_secret(world, world.sas("ralw", hours=-1)),
        f"{STORAGE_STATUS}403 ({NOT_AUTHENTICATED} {NOT_IN_TIME_FRAME} Start [] - Expiry [",
    ),
    "SAS of tomorrow": (
        lambda world: with_secret(world, world.sas("ralw", hours=48, start=tomorrow())),
        f"{STORAGE_STATUS}403 ({NOT_AUTHENTICATED} "
        f"{NOT_IN_TIME_FRAME} Start [{tomorrow():%a, %d %b %Y}",
    ),
    "foreign SAS": (
        lambda world: with_secret(world, world.sas("ralw", account_key="Zm9yZWlnbg==")),
        f"{REJECTED} the Authorization header is formed correctly including the signature)",
    ),
    "too weak a SAS": (
        lambda world: with_secret(world, world.sas("rl")),
        f"{FORBIDDEN} using this permission)",
    ),
    "plain SAS": (
        lambda world: with_secret(world, world.sas("ralw", protocol="http")),
        f"{FORBIDDEN} using this protocol)",
    ),
    "SAS for containers only": (
        lambda world: with_secret(world, world.account_sas("sc")),
        f"{FORBIDDEN} using this resource type)",
    ),
    "SAS for queues": (
        lambda world: with_secret(world, world.account_sas("sco", services=Services(queue=True))),
        f"{FORBIDDEN} using this service)",
    ),
    "no SAS": (lambda world: with_secret(world, "not a SAS"), REJECTED),
}


@pytest.mark.parametrize("reason", FAILURES)
def test_an_export_fails_with_its_message(world: World, reason: str) -> None:
    cause, message = FAILURES[reason]
    cause(world)
    response = world.run(EXPORT, "failing", reason.replace(" ", ""), "failing")["response"]
    assert response["status"] == "Failed"
    assert response["pipelineRunErrorMessage"].startswith(message)
    assert "sig=" not in json.dumps(response)
    assert ("failing" in world.blobs()) == (cause is existing_blob)


@pytest.fixture(autouse=True)
def _restored(world: World) -> Iterator[None]:
    """Leave no pipeline and no blob, and an open firewall, to the next test."""
    yield
    world.emulator.ok("DELETE", "runsource/exportPipelines/failing")
    change_account(world, networkAcls={"defaultAction": "Allow"}, publicNetworkAccess="Enabled")
    if "failing" in world.blobs():
        world.container.delete_blob("failing")


def test_an_import_fails_with_its_message(world: World) -> None:
    world.allowed(IMPORT, "strict")
    response = world.run(IMPORT, "strict", "noblob", "no-such-blob")["response"]
    assert response["pipelineRunErrorMessage"] == (
        f"{STORAGE_STATUS}404 (The specified blob does not exist)"
    )
    world.allowed(EXPORT, "strict")
    world.run(EXPORT, "strict", "strict", "strict", artifacts=["app:v2"])
    digest = world.emulator.client("runtarget").push("app", "v2", layer=b"another image")
    response = world.run(IMPORT, "strict", "strict", "strict")["response"]
    assert response["pipelineRunErrorMessage"] == (
        f"Tag 'app:v2' already exists with digest {digest}; {NO_OVERWRITE_TAGS}"
    )
    assert response["importedArtifacts"] == []


@pytest.mark.parametrize(
    ("cause", "lines"),
    [
        (
            only_reader,
            [
                "Failed to access storage.  Service request failed.",
                f"Status: 403 ({NOT_AUTHORIZED} using this permission)",
                "ErrorCode: AuthorizationPermissionMismatch",
                "",
                "Headers:",
                "Server: Microsoft-HTTPAPI/2.0",
                "x-ms-error-code: AuthorizationPermissionMismatch",
            ],
        ),
        (
            lambda world: with_secret(world, "sas", readable=False),
            [
                "Failed to access key vault.  Service request failed.",
                "Status: 403 (Forbidden)",
                "",
                "Headers:",
                "Server: Microsoft-HTTPAPI/2.0",
            ],
        ),
    ],
)
def test_a_message_has_several_lines_if_a_control_says_so(
    world: World, cause: Cause, lines: list[str]
) -> None:
    settings = world.emulator.instance.settings
    settings.run_messages = "long"
    try:
        cause(world)
        properties = world.run(EXPORT, "failing", f"long{len(lines)}", "failing")
    finally:
        settings.run_messages = "short"
    message = properties["response"]["pipelineRunErrorMessage"]
    assert message.splitlines()[: len(lines)] == lines
    assert message.splitlines()[-1].startswith("x-ms-request-id: ")
