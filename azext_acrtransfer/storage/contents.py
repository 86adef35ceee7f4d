"""Sizes and MD5 hashes of blobs, read with the caller's permissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from azure.cli.core._profile import Profile
from azure.cli.core.auth.util import resource_to_scopes
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest

from azext_acrtransfer.hosts import storage_domains
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.http import connection_options, make_client
from azext_acrtransfer.storage.answers import check_blob

AUDIENCE = "https://storage.azure.com"
_VERSION = "2021-12-02"
# What can't be read soon isn't worth the wait: an account can be closed to the caller.
_FEW_TRIES: dict[str, Any] = {
    "retry_total": 2,
    "retry_connect": 0,
    "connection_timeout": 10,
    "read_timeout": 30,
}


@dataclass(frozen=True)
class BlobContent:
    """The size of a blob in bytes, and its MD5 as in Content-MD5, if it has one."""

    size: int
    md5: str | None


def head_of(container_uri: str, blob: str) -> HttpRequest:
    """Return the request for the properties of a blob."""
    url = f"{container_uri.removesuffix('/')}/{quote(blob)}"
    return HttpRequest("HEAD", url, headers={"x-ms-version": _VERSION})


def read_contents(cli_ctx: Any, blobs: Sequence[tuple[str, str]]) -> list[BlobContent | Exception]:
    """Return the content of each blob, or what prevents reading it, in concurrent requests.

    A blob is the URI of its container, and its name.
    """
    credential, _, _ = Profile(cli_ctx=cli_ctx).get_login_credentials(get_subscription_id(cli_ctx))
    transport = RequestsTransport(**connection_options())
    transport.open()  # several threads use it
    client = make_client(
        storage_domains(cli_ctx.cloud),
        BearerTokenCredentialPolicy(credential, *resource_to_scopes(AUDIENCE)),
        check=check_blob,
        transport=transport,
    )

    def read(blob: tuple[str, str]) -> BlobContent | Exception:
        headers = client.send_request(head_of(*blob), **_FEW_TRIES).headers
        return BlobContent(int(headers["content-length"]), headers.get("content-md5"))

    return [*run_concurrently(read, blobs, on_error=lambda _, error: error)]
