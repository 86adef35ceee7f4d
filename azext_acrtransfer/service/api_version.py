"""The API version of requests, and the error for one that a cloud doesn't offer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from azure.cli.core.azclierror import BadRequestError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from azext_acrtransfer.arguments import invalid
from azext_acrtransfer.command_lines import Command, az

# The first with storageAccessMode, and the one that Azure's own recordings show.
DEFAULT = "2025-06-01-preview"
SETTING = "acrtransfer.api_version"
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?")
# How ARM itself says that it does not know a version.
_UNKNOWN_VERSION_CODES = frozenset(
    {"NoRegisteredProviderFound", "InvalidResourceType", "InvalidApiVersionParameter"}
)


def setting(version: str) -> Command:
    """Return the command that sets the API version."""
    return az("config set", f"{SETTING}={version}")


@dataclass(frozen=True)
class ApiVersion:
    """One dated version of the service's API."""

    text: str

    @classmethod
    def configured(cls, cli_ctx: Any) -> ApiVersion:
        """The version to use: from ``az config`` or the environment, else the default."""
        section, option = SETTING.split(".")
        text = cli_ctx.config.get(section, option, fallback=DEFAULT)
        if not _VERSION.fullmatch(text):
            raise invalid(
                text,
                f"the setting {SETTING}",
                "expected an API version",
                f"Use '{setting(DEFAULT)}', or unset it.",
            )
        return cls(text)

    @property
    def has_storage_access_mode(self) -> bool:
        """Whether pipelines of this version carry storageAccessMode (2025-06-01 and later)."""
        return self.text[:10] >= DEFAULT[:10]


class ApiVersionPolicy(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """Sends the chosen version.

    Each build of the SDK guards its pipeline operations with the one version that it was made
    from and refuses every other before sending, so the version is put into the request itself.
    """

    def __init__(self, version: ApiVersion) -> None:
        self._version = version

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Request the chosen version instead of the SDK's own."""
        request.http_request.url = re.sub(
            r"(?<=[?&]api-version=)[^&]*", self._version.text, request.http_request.url
        )

    def on_response(
        self,
        request: PipelineRequest[Any],  # noqa: ARG002  the policy's interface
        response: PipelineResponse[Any, Any],
    ) -> None:
        """Raise an error that lists the versions of a cloud without the chosen one."""
        if response.http_response.status_code not in (400, 404):
            return
        error = _error(response)
        if error.get("code") in _UNKNOWN_VERSION_CODES:
            raise self._unknown(str(error.get("message", "")))

    def _unknown(self, message: str) -> BadRequestError:
        offered = sorted({*_VERSION.findall(message)} - {self._version.text})
        newest = offered[-1] if offered else "VERSION"
        return BadRequestError(
            f"The active cloud doesn't offer API version {self._version.text} of ACR Transfer. "
            f"It offers: {', '.join(offered) or 'no version that it names'}. "
            f"The service said: {message}",
            recommendation=f"Choose one that it offers: {setting(newest)}",
        )


def _error(response: PipelineResponse[Any, Any]) -> dict[str, Any]:
    http = response.http_response
    http.read()  # the answer to a PUT is streamed by the SDK
    try:
        body = http.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
