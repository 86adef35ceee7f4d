"""The blobs in a pipeline's container, read with the caller's permissions."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from azure.cli.core._profile import Profile
from azure.cli.core.azclierror import ForbiddenError
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.cli.core.util import get_az_user_agent, get_error_type_by_azure_error
from azure.core.exceptions import AzureError, DecodeError
from azure.core.pipeline import PipelineResponse
from azure.storage.blob import ContainerClient

from azext_acrtransfer.hosts import storage_domains
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.service.http import check_host, connection_options, typed_errors

_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def blobs(cli_ctx: Any, container_uri: str) -> Iterator[str]:
    """Return the names of all blobs, page by page."""
    check_host(container_uri, storage_domains(cli_ctx.cloud))
    credential, _, _ = Profile(cli_ctx=cli_ctx).get_login_credentials(get_subscription_id(cli_ctx))
    container = ContainerClient.from_container_url(
        container_uri,
        credential,
        **connection_options(),
        raw_response_hook=_check,
        permit_redirects=False,  # a network's sign-in page has some, storage has none
        user_agent=get_az_user_agent(),
    )
    try:
        with typed_errors():
            yield from container.list_blob_names()
    except AzureError as error:
        said = mask_sas(error.message.partition("\n")[0])
        in_full = "A blob name without a pattern doesn't list the container."
        if getattr(error, "status_code", None) not in _REFUSED:
            raise get_error_type_by_azure_error(error)(
                f"Couldn't list the blobs of container '{container_uri}': {said}",
                recommendation=in_full,
            ) from error
        raise ForbiddenError(
            f"You don't have permission to list the blobs of container '{container_uri}'. Storage "
            f"said: {said}",
            recommendation=[
                "Assign the role 'Storage Blob Data Reader' on the container, and use a network "
                "that "
                "the storage firewall allows.",
                in_full,
            ],
        ) from error


def _check(response: PipelineResponse[Any, Any]) -> None:
    kind = response.http_response.headers.get("content-type", "")
    if "xml" not in kind:
        raise DecodeError(
            f"The answer is {kind or 'empty'}, which isn't an answer of Blob Storage. A proxy or "
            "captive portal might have answered instead."
        )
