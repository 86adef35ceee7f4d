"""Answers of Blob Storage: whether they are its own, and the codes of its errors."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from azure.core.exceptions import DecodeError, HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpResponse

_ERROR_CODE, _BLOB_TYPE = "x-ms-error-code", "x-ms-blob-type"
AUTHENTICATION_FAILED = "AuthenticationFailed"


def check_blob(response: HttpResponse) -> None:
    """Raise an error unless a response to a HEAD describes a blob.

    Only storage's own word for it counts as a missing blob: a proxy can answer 404, too.
    """
    if response.status_code == HTTPStatus.OK and _BLOB_TYPE in response.headers:
        return
    code = response.headers.get(_ERROR_CODE)
    if not code:
        raise _foreign(response)
    if code == "BlobNotFound":
        raise ResourceNotFoundError(response=response)
    raise HttpResponseError(f"Storage answered {response.status_code} {code}.", response=response)


def check_list(response: HttpResponse) -> None:
    """Raise an error unless a response is a list of blobs, or an error of storage."""
    is_list = response.status_code == HTTPStatus.OK and "<EnumerationResults" in response.text()
    if not is_list and _ERROR_CODE not in response.headers:
        raise _foreign(response)


def error_code(response: HttpResponse) -> str:
    """Return the code of an error of storage, or "" if the response isn't one."""
    if "failed to authenticate" in response.text():
        return AUTHENTICATION_FAILED  # Azurite has another code for it
    return str(response.headers.get(_ERROR_CODE, ""))


def _foreign(response: HttpResponse) -> DecodeError:
    return DecodeError(
        f"{urlsplit(response.request.url).hostname} answered {response.status_code} "
        f"{response.reason}, which isn't an answer of Blob Storage. A proxy or captive portal "
        "might have answered instead."
    )
