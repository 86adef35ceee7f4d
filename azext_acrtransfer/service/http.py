"""HTTP: what an answer is, the errors that a request can raise, and to which hosts it may go.

Every client of the extension is made with these policies, and adds only what differs.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from math import ceil
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from azure.cli.core.azclierror import ForbiddenError
from azure.cli.core.sdk.policies import SafeNetworkTraceLoggingPolicy
from azure.cli.core.util import get_az_user_agent, should_disable_connection_verify
from azure.core import PipelineClient
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    HTTPPolicy,
    RetryPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.exceptions import ARMErrorFormat
from knack.log import get_logger
from urllib3.exceptions import HTTPError, ProxyError
from urllib3.util import Url, parse_url

from azext_acrtransfer.hosts import is_in
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.service.json_values import get_path

logger = get_logger(__name__)

# As the SDK has it, which would not see an error any more.
_ERRORS: dict[int, type[HttpResponseError]] = {
    HTTPStatus.UNAUTHORIZED: ClientAuthenticationError,
    HTTPStatus.NOT_FOUND: ResourceNotFoundError,
    HTTPStatus.CONFLICT: ResourceExistsError,
}
#: What code raises that takes something from an answer without a look at it.
MALFORMED = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
_WITHOUT_CONTENT = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})
_RETRY_AFTER = ("retry-after", "retry-after-ms", "x-ms-retry-after-ms")
_LONGEST_RETRY_AFTER = 24 * 60 * 60
# A longer wait is announced.
_LONGEST_SILENCE = 60
_TIMEOUTS = {"connection_timeout": 20, "read_timeout": 60}
_PYTHON = re.compile(
    r"<[^<>]* object at 0x[0-9a-f]+>:? ?|HTTPS?Connection(Pool)?\([^()]*\): |\[Errno -?\d+\] "
    r"|\[SSL: \w+\] | \(_ssl\.c:\d+\)",
    re.IGNORECASE,
)
# They log URLs, whose query can be a SAS token, and answers, whose text can quote one.
_LOGGERS = ("urllib3.connectionpool", "cli.azure.cli.core.sdk.policies")

#: Raises an error unless a response is one of the service; None leaves that to the caller.
Check = Callable[[HttpResponse], None] | None
Client = PipelineClient[HttpRequest, HttpResponse]


def connection_options() -> dict[str, Any]:
    """Return the options of a transport; from now on, logs contain no secrets."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_mask)
    return {"connection_verify": not should_disable_connection_verify(), **_TIMEOUTS}


def _mask(record: logging.LogRecord) -> bool:
    record.msg, record.args = mask_sas(record.getMessage()), ()
    return True


def check_host(url: str, domains: Iterable[str | None]) -> None:
    """Raise an error unless a host is in a domain: other hosts get no token and no SAS."""
    try:
        # The transport's own parser: others read another host behind a backslash.
        target = parse_url(url)
    except ValueError:
        target = Url()
    host = target.host or ""
    if target.scheme != "https" or not is_in(domains, host):
        raise ForbiddenError(
            f"'{host}' isn't known to be in the active cloud, so no request was sent."
        )


@contextmanager
def typed_errors() -> Iterator[None]:
    """Make an error that isn't one of azure-core or az one of azure-core."""
    # Deferred: only a request needs it.
    from requests import RequestException

    try:
        yield
    except LookupError as error:
        raise DecodeError(f"The answer lacks {error}.") from error
    except RecursionError as error:
        raise DecodeError("The response is nested too deeply.") from error
    except MALFORMED as error:
        raise DecodeError(f"The response can't be read: {error}") from error
    except RequestException as error:  # core requests a token without azure-core
        raise ServiceRequestError(str(error), error=error) from error
    except OSError as error:  # and reads files for it
        raise AzureError(str(error)) from error


def reason_of(error: BaseException, url: str = "") -> str:
    """Return why a request failed: the service's words, each once, or what the network did."""
    # Deferred: only a failed request needs it.
    from requests import RequestException

    if isinstance(error, HttpResponseError) and error.error:
        return _message(error.error)
    causes = list(_causes(error))
    if not any(isinstance(cause, RequestException | HTTPError) for cause in causes):
        return _plain(str(getattr(error, "message", error)))
    # A token is requested from another host than the one that it is for.
    requested = (getattr(cause, "request", None) for cause in causes)
    url = next((str(request.url) for request in requested if request), url)
    target = f" to '{urlsplit(url).hostname}'" if url else ""
    if any(isinstance(cause, ProxyError) for cause in causes):
        target += _by_proxy(url)
    return f"The connection{target} failed: {_plain(str(causes[-1]))}"


def _message(error: Any) -> str:
    lines = [f"({error.code}) {error.message}", *map(_message, error.details)]
    # Errors of azure-core without a model of the SDK have none.
    further = getattr(error, "additional_info", None) or ()
    lines += [f"{item.type}: {json.dumps(item.info)}" for item in further]
    return "\n".join(dict.fromkeys(lines))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Return an error and those that it wraps; the last one is the cause of all."""
    while error:
        yield error
        wrapped = (item for item in error.args if isinstance(item, BaseException))
        error = getattr(error, "inner_exception", None) or error.__cause__ or next(wrapped, None)


def _by_proxy(url: str) -> str:
    # Deferred: only a failed request needs them.
    from requests.utils import get_environ_proxies, select_proxy

    return f" by the proxy '{select_proxy(url, get_environ_proxies(url))}'"


def _plain(text: str) -> str:
    """Return a text without the names of Python's objects and the numbers of its errors."""
    return _PYTHON.sub("", text)


class HostPolicy(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """Sends nothing to hosts outside some domains, wherever a link of an answer leads."""

    def __init__(self, *domains: str | None) -> None:
        self._domains = domains

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Raise an error for another host, before there is a token in the request."""
        check_host(request.http_request.url, self._domains)


class PatientRetryPolicy(RetryPolicy):  # type: ignore[type-arg]
    """The SDK's retries, except that a 429 with Retry-After isn't counted.

    The SDK gives up after three refusals; many concurrent runs can get more of them before it is
    their turn. A long wait is announced, once for all requests.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._to_announce = iter([True])
        self._lock = Lock()

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Whether to try again; leaves Retry-After in whole seconds, as the SDK needs it."""
        delay = self._delay(response)
        headers = response.http_response.headers
        for name in _RETRY_AFTER:
            headers.pop(name, None)
        if delay is not None:
            headers["retry-after"] = str(delay)
        return bool(super().is_retry(settings, response))

    def increment(
        self, settings: dict[str, Any], response: Any = None, error: Exception | None = None
    ) -> bool:
        """Whether to try again; counts the failed tries."""
        if isinstance(response, PipelineResponse) and self._is_throttled(response):
            return True
        return super().increment(settings, response, error)

    def sleep(self, settings: dict[str, Any], transport: Any, response: Any = None) -> None:
        """Wait until the next try."""
        delay = self.get_retry_after(response) if response else None
        if delay and delay > _LONGEST_SILENCE:
            with self._lock:
                is_first = next(self._to_announce, False)
            if is_first:
                logger.warning(
                    "%s accepts the next request in %d minutes. Waiting; Ctrl-C stops.",
                    urlsplit(response.http_request.url).hostname,
                    ceil(delay / 60),
                )
        super().sleep(settings, transport, response)

    def _is_throttled(self, response: PipelineResponse[Any, Any]) -> bool:
        throttled = response.http_response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        return throttled and bool(self.get_retry_after(response))

    def _delay(self, response: PipelineResponse[Any, Any]) -> int | None:
        try:
            delay = self.get_retry_after(response)
        except (OverflowError, ValueError):
            return None
        return None if delay is None or delay > _LONGEST_RETRY_AFTER else ceil(delay)


def check_arm(response: HttpResponse) -> None:
    """Raise an error unless a response is JSON of ARM."""
    if not _is_json(response):
        raise _foreign(response)
    if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        error_type = _ERRORS.get(response.status_code, HttpResponseError)
        raise error_type(response=response, error_format=ARMErrorFormat)


def _is_json(response: HttpResponse) -> bool:
    """Whether a response is empty or JSON, as those of the service are."""
    if HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST:
        return False  # the service redirects nobody
    try:
        return not response.content or isinstance(response.json(), dict)
    except (RecursionError, ValueError):
        return False


def _foreign(response: Any) -> DecodeError:
    content_type = response.headers.get("content-type")
    content = f"with {content_type}" if response.content else "without content"
    return DecodeError(
        f"{urlsplit(response.request.url).hostname} answered {response.status_code} "
        f"{response.reason}, {content}, which is not the service's JSON. A proxy or captive "
        "portal might have answered instead."
    )


def _lacks_content(response: HttpResponse) -> bool:
    ok = response.status_code < HTTPStatus.MULTIPLE_CHOICES
    return ok and not response.content and response.status_code not in _WITHOUT_CONTENT


class AnswerPolicy(HTTPPolicy):  # type: ignore[type-arg]
    # pylint: disable=too-few-public-methods  # the interface of a policy has no more
    """Returns an answer of the service, or raises an error that contains no secret.

    An answer has content, except to a DELETE, to a HEAD, and where the request is sent with the
    option ``may_be_empty``, as the polls after a DELETE are.
    """

    def __init__(self, check: Check = check_arm) -> None:
        self._check = check

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send the request, and return only a response of the service."""
        http_request = request.http_request
        is_empty = http_request.method in ("DELETE", "HEAD")
        may_be_empty = request.context.options.pop("may_be_empty", is_empty)
        try:
            with typed_errors():
                response = self._send(request)
                http = response.http_response
                http.read()  # the answer to a PUT is streamed by the SDK
                if self._check:
                    self._check(http)
                if not may_be_empty and _lacks_content(http):
                    raise _foreign(http)
        except AzureError as error:
            # Without the query: what is in a next page's link is not for the eyes.
            url = http_request.url.partition("?")[0]
            reason = reason_of(error, url)
            error.message = mask_sas(f"{reason}\nRequest: {http_request.method} {url}")
            error.args = (error.message,)  # what core shows
            raise
        return response

    def _send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        try:
            return self.next.send(request)
        except DecodeError as error:  # the SDK parses some answers before they are checked
            if error.response is None:
                raise
            raise _foreign(error.response) from error


def make_client(
    domains: Iterable[str | None], *policies: Any, check: Check = check_arm, transport: Any = None
) -> Client:
    """Return a client of the hosts in some domains; ``policies`` can add a login."""
    return PipelineClient(
        "",
        policies=[
            AnswerPolicy(check),
            HostPolicy(*domains),
            UserAgentPolicy(get_az_user_agent()),
            SafeNetworkTraceLoggingPolicy(),  # before retries, or it forgets what not to log
            PatientRetryPolicy(),
            *policies,
        ],
        transport=transport,
        **connection_options(),
    )


def arm_options(cloud: Any, *policies: Any) -> dict[str, Any]:
    """Return options for ``get_mgmt_service_client``, which adds those of az."""
    domain = urlsplit(cloud.endpoints.resource_manager).hostname
    return {
        **connection_options(),
        "read_timeout": 300,  # the service answers a PUT when the pipeline is created
        "per_call_policies": [AnswerPolicy(), HostPolicy(domain), *policies],
        "retry_policy": PatientRetryPolicy(),
        "permit_redirects": False,  # the service has none; a network's sign-in page does
    }


def list_arm(
    send: Callable[[HttpRequest], HttpResponse], path: str, version: str, **query: str
) -> Iterator[Any]:
    """Return the JSON of the items on all pages of a list, each once if it has an ID.

    One page at a time is in memory; a cycle of pages is an error. A resource that is created
    meanwhile moves others to the next page, where they are listed again.
    """
    # Deferred: only a request needs it.
    from requests.utils import requote_uri

    headers = {"Accept": "application/json"}
    query["api-version"] = version
    request: HttpRequest | None = HttpRequest("GET", path, params=query, headers=headers)
    links: set[str] = set()
    ids: set[Any] = set()
    while request:
        page = send(request).json()
        for resource in _items(page):
            resource_id = get_path(resource, "id")
            if resource_id is None or resource_id not in ids:
                yield resource
            ids.add(resource_id)
        link = str(page.get("nextLink") or "")
        if link in links:
            raise AzureError(
                f"The service's list has no end: a page leads back to {link.partition('?')[0]}"
            )
        links.add(link)
        # As requests would send it: the SDK takes braces for a template.
        request = HttpRequest("GET", requote_uri(link), headers=headers) if link else None


def _items(page: dict[str, Any]) -> list[Any]:
    items = page.get("value") or []
    if not isinstance(items, list):
        raise DecodeError("The service's list isn't a list.")
    return items
