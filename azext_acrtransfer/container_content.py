"""What a pipeline's container holds, read with the caller's own rights."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from azure.cli.core._profile import Profile
from azure.cli.core.azclierror import ForbiddenError
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.cli.core.util import get_az_user_agent, should_disable_connection_verify
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import ContainerClient

_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def blobs(cli_ctx: Any, container_uri: str) -> Iterator[str]:
    """Names of all blobs, page by page as they are read."""
    credential, _, _ = Profile(cli_ctx=cli_ctx).get_login_credentials(get_subscription_id(cli_ctx))
    container = ContainerClient.from_container_url(
        container_uri,
        credential,
        connection_verify=not should_disable_connection_verify(),
        user_agent=get_az_user_agent(),
    )
    try:
        yield from container.list_blob_names()
    except HttpResponseError as error:
        if error.status_code not in _REFUSED:
            raise
        said = (error.message or "").partition("\n")[0]
        raise ForbiddenError(
            f"You may not list the blobs of container '{container_uri}'. It said: {said}",
            recommendation=[
                "The role 'Storage Blob Data Reader' on the container allows it, from a network "
                "that its storage account lets in.",
                "A blob that --storage-blob names in full needs no list.",
            ],
        ) from error
