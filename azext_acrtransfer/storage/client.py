"""The blobs in a pipeline's container, read with the caller's permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Any

from azure.cli.core._profile import Profile
from azure.cli.core.azclierror import AzureResponseError, ForbiddenError
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.cli.core.util import get_az_user_agent, get_error_type_by_azure_error
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError
from azure.core.pipeline import PipelineResponse
from azure.storage.blob import ContainerClient

from azext_acrtransfer.hosts import storage_domains
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.service.http import check_host, connection_options, typed_errors
from azext_acrtransfer.service.json_values import parse_http_date
from azext_acrtransfer.storage.answers import check_blob

_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def blobs(cli_ctx: Any, container_uri: str) -> Iterator[str]:
    """Return the names of all blobs, page by page."""
    container = _container(cli_ctx, container_uri, _check)
    in_full = "A blob name without a pattern doesn't list the container."
    try:
        with typed_errors():
            yield from container.list_blob_names()
    except _ForeignAnswerError as error:
        raise AzureResponseError(
            f"Couldn't list the blobs of container '{container_uri}': {error}",
            recommendation=in_full,
        ) from error
    except AzureError as error:
        message = mask_sas(error.message.partition("\n")[0])
        if getattr(error, "status_code", None) not in _REFUSED:
            raise get_error_type_by_azure_error(error)(
                f"Couldn't list the blobs of container '{container_uri}': {message}",
                recommendation=in_full,
            ) from error
        raise ForbiddenError(
            f"You don't have permission to list the blobs of container '{container_uri}'. Storage "
            f"said: {message}",
            recommendation=[
                "Assign the role 'Storage Blob Data Reader' on the container, and use a network "
                "that "
                "the storage firewall allows.",
                in_full,
            ],
        ) from error


def last_modified(cli_ctx: Any, container_uri: str, name: str) -> datetime | None:
    """Return when the content or the metadata of a blob was last written.

    Raises ResourceNotFoundError if storage answers that there is no such blob.
    """
    responses: list[PipelineResponse[Any, Any]] = []
    # An error raised in the hook would be retried.
    container = _container(cli_ctx, container_uri, responses.append, retry_total=1)
    with typed_errors():
        with suppress(HttpResponseError):
            container.get_blob_client(name).get_blob_properties()
        response = responses[-1].http_response
        check_blob(response)
    return parse_http_date(response.headers.get("last-modified"))


def _container(
    cli_ctx: Any, uri: str, hook: Callable[[PipelineResponse[Any, Any]], None], **options: Any
) -> ContainerClient:
    check_host(uri, storage_domains(cli_ctx.cloud))
    credential, _, _ = Profile(cli_ctx=cli_ctx).get_login_credentials(get_subscription_id(cli_ctx))
    return ContainerClient.from_container_url(
        uri,
        credential,
        **connection_options(),
        **options,
        raw_response_hook=hook,
        permit_redirects=False,  # a network's sign-in page has some, storage has none
        user_agent=get_az_user_agent(),
    )


class _ForeignAnswerError(Exception):
    """An answer that isn't storage's; not an error of azure-core, which would be retried."""


def _check(response: PipelineResponse[Any, Any]) -> None:
    http = response.http_response
    kind = http.content_type or ""
    if "xml" in kind:
        return
    message = (
        f"The answer is {kind or 'empty'}, which isn't an answer of Blob Storage. A proxy or "
        "captive portal might have answered instead."
    )
    if http.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:  # the next answer can be storage's
        raise DecodeError(message)
    raise _ForeignAnswerError(message)
