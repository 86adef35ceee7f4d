"""Waiting for the service: how often it is asked, and what is shown meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from azure.cli.core.azclierror import ManualInterrupt
from azure.core.exceptions import AzureError
from knack.log import get_logger

from azext_acrtransfer.resources import Answer, Resources

logger = get_logger(__name__)
_SPINNER_STEP = 0.2


def delay(waited: float, retry_after: float | None) -> float:
    """Seconds until the next request, after ``waited`` seconds of waiting.

    A tenth of the time waited keeps the end of a short run from being seen late and a long run
    from being asked about too often; what the service asks for goes first.
    """
    if retry_after is not None:
        return retry_after
    return min(max(waited / 10, 1.0), 10.0)


class Life(Protocol):
    """What is known of a kind of resource: whether nothing more happens, and how it stands."""

    def is_over(self, resource: Any, /) -> bool:
        """Whether nothing more happens to it."""

    def describe(self, resource: Any, /) -> str:
        """How it stands, for a progress line."""


class Waiting:  # pylint: disable=too-few-public-methods  # it is a verb with a clock of its own
    """Asks again and again until something is settled, under the CLI's own progress line."""

    def __init__(
        self,
        cli_ctx: Any,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cli_ctx = cli_ctx
        self._now = now
        self._sleep = sleep

    def settled(self, resources: Resources, name: str, answer: Answer, life: Life) -> Any:
        """The resource of an answer to a PUT, once nothing more happens to it."""
        if life.is_over(answer.resource):
            return answer.resource
        with _goes_on(resources, name):
            return self._until_over(answer, lambda: resources.get(name), life)

    def _until_over(self, answer: Answer, ask: Callable[[], Answer], life: Life) -> Any:
        started = self._now()
        with _progress(self._cli_ctx) as show:
            while not life.is_over(answer.resource):
                due = self._now() + delay(self._now() - started, answer.retry_after)
                while (left := due - self._now()) > 0:
                    show(f"{life.describe(answer.resource)}, {self._now() - started:.0f} s")
                    self._sleep(min(left, _SPINNER_STEP))
                answer = ask()
        return answer.resource


@contextmanager
def _goes_on(resources: Resources, name: str) -> Iterator[None]:
    """Say that the service goes on when the waiting ends early, and how to wait again."""
    kind, at = resources.kind, resources.registry
    what = f"the {kind.noun} '{name}'"
    pick_up = (
        f"az acr {kind.group} wait --created --resource-group {at.resource_group} "
        f"--registry {at.name} --name {name}"
    )
    try:
        yield
    except KeyboardInterrupt as error:
        raise ManualInterrupt(
            f"Stopped waiting; the service goes on with {what}.",
            recommendation=f"To wait for it again: {pick_up}",
        ) from error
    except AzureError:
        logger.warning("The service goes on with %s. To wait for it again: %s", what, pick_up)
        raise


@contextmanager
def _progress(cli_ctx: Any) -> Iterator[Callable[[str], None]]:
    quiet = (
        cli_ctx.only_show_errors
        or cli_ctx.config.getboolean("core", "disable_progress_bar", False)
        or not sys.stderr.isatty()
    )
    if quiet:
        yield lambda _: None
        return
    # Late: it loads a terminal library that a quiet wait does not need.
    from azure.cli.core.commands.progress import IndeterminateProgressBar

    line = IndeterminateProgressBar(cli_ctx)
    line.begin()
    try:
        yield line.update_progress_with_msg
    finally:
        line.end()
