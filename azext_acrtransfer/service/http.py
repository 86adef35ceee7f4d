"""HTTP policies: what counts as a response of the service, its errors, retries and pages."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    map_error,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy, RetryPolicy
from azure.mgmt.core.exceptions import ARMErrorFormat

from azext_acrtransfer.redaction import mask_sas

# As the SDK has it, which would not see an error any more.
_ERRORS: dict[int, type[HttpResponseError]] = {
    HTTPStatus.UNAUTHORIZED: ClientAuthenticationError,
    HTTPStatus.NOT_FOUND: ResourceNotFoundError,
    HTTPStatus.CONFLICT: ResourceExistsError,
}


class AnswerPolicy(HTTPPolicy):  # type: ignore[type-arg]
    # pylint: disable=too-few-public-methods  # the interface of a policy has no more
    """Makes every error name its request and contain no secret."""

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send the request, and return only a response of the service."""
        http_request = request.http_request
        try:
            response = self.next.send(request)
            _check(response.http_response)
        except AzureError as error:
            # Without the query: what is in a next page's link is not for the eyes.
            named = f"Request: {http_request.method} {http_request.url.partition('?')[0]}"
            error.message = mask_sas(f"{error.message}\n{named}")
            error.args = (error.message,)  # what core shows
            raise
        return response


class PatientRetryPolicy(RetryPolicy):  # type: ignore[type-arg]
    """The SDK's retries, except that a 429 with Retry-After isn't counted.

    The SDK gives up after three refusals; many concurrent runs can get more of them before it is
    their turn.
    """

    def increment(
        self, settings: dict[str, Any], response: Any = None, error: Exception | None = None
    ) -> bool:
        """Whether to try again; counts the failed tries."""
        if isinstance(response, PipelineResponse) and self._is_throttled(response):
            return True
        return super().increment(settings, response, error)

    def _is_throttled(self, response: PipelineResponse[Any, Any]) -> bool:
        throttled = response.http_response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        return throttled and bool(self.get_retry_after(response))


def _check(http: Any) -> None:
    http.read()  # the answer to a PUT is streamed by the SDK
    if not is_json(http):
        said = f"{http.status_code} {http.reason}, with {http.headers.get('content-type')}"
        raise DecodeError(
            f"{urlsplit(http.request.url).hostname} answered {said}, which is not the service's "
            "JSON. A proxy or the sign-in page of a network may stand in between."
        )
    if http.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        map_error(http.status_code, http, _ERRORS)
        raise HttpResponseError(response=http, error_format=ARMErrorFormat)


def is_json(http: Any) -> bool:
    """Whether a response is empty or JSON, as those of the service are."""
    if HTTPStatus.MULTIPLE_CHOICES <= http.status_code < HTTPStatus.BAD_REQUEST:
        return False  # the service redirects nobody
    try:
        return not http.content or isinstance(http.json(), dict)
    except ValueError:
        return False


def all_resources(pages: Any) -> Iterator[Any]:
    """Return the resources on all pages of a list, each once; a cycle of pages is an error.

    A resource that is created meanwhile moves others to the next page, where they are listed
    again.
    """
    links, ids = set(), set()
    by_page = pages.by_page()
    for page in by_page:
        for resource in page:
            if resource.get("id") not in ids:
                yield resource
            ids.add(resource.get("id"))
        link = by_page.continuation_token
        if link in links:
            raise AzureError(
                f"The service's list has no end: a page leads back to {link.partition('?')[0]}"
            )
        links.add(link)
