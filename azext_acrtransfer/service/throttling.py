"""How the service slows its clients down, and that this never fails a command."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import RetryPolicy


class PatientRetryPolicy(RetryPolicy):  # type: ignore[type-arg]
    """The SDK's retries, of which a 429 that says how long to wait is none.

    The SDK gives up after three refusals; many runs at once may meet more of them before it is
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
