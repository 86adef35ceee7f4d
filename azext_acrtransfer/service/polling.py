"""Polling until resources are in their final state, or in another one that a user waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from math import inf
from typing import Any, NoReturn, Protocol, TypeVar

from azure.cli.core import azclierror
from azure.cli.core.azclierror import (
    AzCLIError,
    AzureResponseError,
    ManualInterrupt,
    RequiredArgumentMissingError,
)
from azure.core.exceptions import AzureError, ResourceNotFoundError
from knack.log import get_logger

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.service import models
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.interrupts import sigterm_interrupts
from azext_acrtransfer.service.progress import progress
from azext_acrtransfer.service.resources import Answer, Resources, faults_of
from azext_acrtransfer.service.states import State

T = TypeVar("T")
logger = get_logger(__name__)
_SPINNER_STEP = 0.2
_WAIT_LONGER = ("Wait longer with --timeout, or use 'show'.",)
# A page of a list has about as many.
_LISTED_FOR_EACH = 100


def delay(waited: float, retry_after: float | None) -> float:
    """Seconds until the next request, after ``waited`` seconds of waiting.

    A tenth of the time waited notices the end of a short run early and keeps a long run
    from being polled too often; Retry-After takes precedence.
    """
    if retry_after is not None:
        return retry_after
    return min(max(waited / 10, 1.0), 10.0)


class WaitTimeoutError(Exception):
    """The time for waiting has passed; like Ctrl-C, it has no message."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


#: What stops the waiting, while the service continues.
Stop = KeyboardInterrupt | WaitTimeoutError


class NotRequestedError(Exception):
    """A resource wasn't requested any more when the waiting for others was stopped."""

    def __init__(self, stop: Stop) -> None:
        super().__init__("Not requested: the command stopped before.")
        self.stop = stop


@dataclass(frozen=True)
class Deadline:
    """The end of all waiting by a clock; without seconds, it never comes."""

    now: Callable[[], float]
    end: float = inf
    seconds: float = inf

    def check(self) -> None:
        """Raise WaitTimeoutError after the end."""
        if self.now() >= self.end:
            raise WaitTimeoutError(self.seconds)

    @property
    def on_wait(self) -> Callable[[], None] | None:
        """The check for ``run_concurrently``, where there is an end."""
        return None if self.end == inf else self.check


#: The state of a resource that is waited for.
StateOf = Callable[[Any], State]


@dataclass(frozen=True)
class LastAnswer:
    """The last answer about a resource, and the error that ended polling it, if any."""

    answer: Answer | None
    error: Exception | KeyboardInterrupt | None = None

    @property
    def resource(self) -> Any:
        """The resource in the last answer."""
        return self.answer.resource if self.answer else None

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before the next request, where the service says so."""
        return self.answer.retry_after if self.answer else None


class Submission(Protocol):
    """Resources that are created while others are in progress."""

    @property
    def left(self) -> int:
        """Number of resources that aren't requested yet."""

    def submit(self, in_progress: int, show: Callable[[str], None]) -> dict[str, LastAnswer]:
        """Create as many resources as may be added to those in progress."""

    def stopped(self, stop: Stop) -> dict[str, LastAnswer]:
        """Return what is known of each resource when the waiting is stopped."""


class _NothingToSubmit:  # pylint: disable=too-few-public-methods  # the protocol has no more
    """A submission of nothing: the resources that are waited for exist already."""

    left = 0

    @staticmethod
    def submit(*_: Any) -> dict[str, LastAnswer]:
        """Create nothing."""
        return {}

    stopped = submit


_NOTHING = _NothingToSubmit()


@dataclass(frozen=True)
class Condition:
    """What ``wait`` waits for, in the words of core's wait commands."""

    created: bool = False
    updated: bool = False
    deleted: bool = False
    exists: bool = False
    custom: str | None = None

    def __post_init__(self) -> None:
        if not (self.updated or self.deleted or self.allows_missing):
            raise RequiredArgumentMissingError(
                "There is nothing to wait for.",
                recommendation="Add --created, --updated, --deleted, --exists or --custom.",
            )

    @property
    def allows_missing(self) -> bool:
        """Whether a resource that doesn't exist can still meet the condition."""
        return self.created or self.exists or bool(self.custom)

    def find(self, look: Callable[[], Answer]) -> Any:
        """Return the resource that a look finds, or None if it's allowed not to exist."""
        try:
            return look().resource
        except ResourceNotFoundError:
            if self.deleted or self.allows_missing:
                return None
            raise

    def is_met(self, resource: Any, state: State) -> bool:
        """Whether a resource that exists meets the condition."""
        # Deferred: only a custom condition needs it.
        from azure.cli.core.commands.arm import verify_property

        if self.exists or (
            state.is_over and not state.has_failed and (self.created or self.updated)
        ):
            return True
        return bool(self.custom and verify_property(resource, self.custom))


class Waiting:
    """Polls until all resources are in their final state, with the CLI's own progress line."""

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

    @sigterm_interrupts()
    def settled(self, resources: Resources, name: str, answer: Answer, state_of: StateOf) -> Any:
        """Return the resource of an answer to a PUT in its final state."""
        [latest] = self.all_settled(resources, {name: LastAnswer(answer)}, state_of).values()
        if latest.error:
            raise_stopped(resources, name, latest.error)
        return latest.resource

    def deadline(self, seconds: float | None) -> Deadline:
        """Return the end of a wait that begins now."""
        if seconds is None:
            return Deadline(self._now)
        return Deadline(self._now, self._now() + seconds, seconds)

    def all_settled(
        self,
        resources: Resources,
        answers: Mapping[str, LastAnswer],
        state_of: StateOf,
        *,
        submission: Submission = _NOTHING,
        deadline: Deadline | None = None,
    ) -> dict[str, LastAnswer]:
        """Return the last answer about every resource, once all are in their final state.

        ``submission`` creates further ones, whenever some are no longer in progress.
        """
        latest = dict(answers)
        try:
            if submission.left or _in_progress(latest, state_of):
                until = deadline or self.deadline(None)
                self._until_over(resources, latest, state_of, submission, until)
        except (KeyboardInterrupt, WaitTimeoutError) as error:
            latest = {**submission.stopped(error), **latest}
            latest |= {
                name: replace(latest[name], error=error) for name in _in_progress(latest, state_of)
            }
        return latest

    def _until_over(
        self,
        resources: Resources,
        latest: dict[str, LastAnswer],
        state_of: StateOf,
        submission: Submission,
        deadline: Deadline,
    ) -> None:
        started = dict.fromkeys(latest, self._now())
        listing = _Listing(resources)

        def get(name: str) -> tuple[str, LastAnswer]:
            return name, LastAnswer(resources.get(name))

        def fail(name: str, error: Exception) -> tuple[str, LastAnswer]:
            return name, replace(latest[name], error=error)

        with self.progress() as show:
            while True:
                in_progress = _in_progress(latest, state_of)
                new = submission.submit(len(in_progress), show)
                if new:
                    latest |= new
                    started |= dict.fromkeys(new, self._now())
                    continue  # they can have ended at once
                if not in_progress:
                    return
                now = self._now()
                due = now + min(
                    delay(now - started[name], latest[name].retry_after) for name in in_progress
                )
                text = _line(latest, submission.left, state_of)
                self._sleep_until(min(due, deadline.end), show, text)
                deadline.check()
                [rows] = run_concurrently(listing.find, [in_progress], on_wait=deadline.on_wait)
                listed = dict(rows)
                others = [name for name in in_progress if name not in listed]
                answers = run_concurrently(get, others, on_error=fail, on_wait=deadline.on_wait)
                latest |= listed | dict(answers)

    @sigterm_interrupts()
    def until(
        self,
        condition: Condition,
        look: Callable[[], Answer],
        state_of: StateOf,
        *,
        interval: int,
        timeout: int,
        advice_on_timeout: Callable[[], Sequence[str]] = lambda: _WAIT_LONGER,
    ) -> Any:
        """Wait until a resource meets a condition; return it if it has failed instead."""
        started, text = self._now(), "Waiting"
        with self.progress() as show:
            while (now := self._now()) - started < timeout:
                resource = condition.find(look)
                if resource:
                    state = state_of(resource)
                    if condition.is_met(resource, state):
                        return None
                    if state.has_failed and not condition.deleted:
                        return resource
                    text = str(state)
                elif condition.deleted:
                    return None
                self._sleep_until(now + interval, show, text)
        raise AzureResponseError(
            f"Wait operation timed-out after {timeout} seconds",
            recommendation=list(advice_on_timeout()),
        )

    def poll(self, attempt: Callable[[], T | None], text: str, timeout: float) -> T | None:
        """Return the first result of an attempt, or None after ``timeout`` seconds."""
        started = self._now()
        with self.progress() as show:
            while (result := attempt()) is None and (now := self._now()) - started < timeout:
                self._sleep_until(now + delay(now - started, None), show, text)
        return result

    def _sleep_until(self, due: float, show: Callable[[str], None], text: str) -> None:
        while (left := due - self._now()) > 0:
            show(text)
            self._sleep(min(left, _SPINNER_STEP))

    def progress(self) -> AbstractContextManager[Callable[[str], None]]:
        """Return the progress line."""
        return progress(self._cli_ctx, now=self._now)


class _Listing:  # pylint: disable=too-few-public-methods  # it remembers, and does one thing
    """Reads several resources by one list, as long as that takes fewer requests than one each."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._is_worthwhile = True

    def find(self, names: Sequence[str]) -> dict[str, LastAnswer]:
        """Return the resources that a list contains; the caller reads the others."""
        if len(names) == 1 or not self._is_worthwhile:
            return {}
        by_name = {name.lower(): name for name in names}
        answers: dict[str, LastAnswer] = {}
        try:
            for number, resource in enumerate(self._resources.list()):
                if number == len(names) * _LISTED_FOR_EACH:
                    self._is_worthwhile = False
                    break
                name = by_name.get(resource["name"].lower())
                if name and not faults_of(resource):
                    answers[name] = LastAnswer(Answer(models.read(self._resources.kind, resource)))
        except (AzureError, AzCLIError) as error:  # reading each has its own errors
            logger.debug("Can't list: %s", error)
            self._is_worthwhile = False  # it would be refused at each look
        return answers


def _in_progress(latest: Mapping[str, LastAnswer], state_of: StateOf) -> list[str]:
    return [
        name for name, last in latest.items() if not (last.error or state_of(last.resource).is_over)
    ]


def _line(latest: Mapping[str, LastAnswer], left: int, state_of: StateOf) -> str:
    """Return a line about resources, of which ``left`` more aren't requested yet."""
    in_progress = _in_progress(latest, state_of)
    state, count = str(state_of(latest[in_progress[0]].resource)), len(latest) + left
    if count == 1:
        return state
    failed = sum(bool(last.error) or state_of(last.resource).has_failed for last in latest.values())
    failures = f", {failed} failed" if failed else ""
    return f"{len(latest) - len(in_progress)} of {count} runs done{failures}; {state}"


def wait_command(resources: Resources, name: str) -> str:
    """Return the command that waits for a resource again."""
    registry = resources.registry
    command = az(
        f"acr {resources.kind.group} wait",
        "--created",
        resource_group=registry.resource_group,
        registry=registry.name,
        name=name,
    )
    return str(command)


def continues_after(error: BaseException | None) -> bool:
    """Whether the service continues with a resource after this error."""
    return not isinstance(error, azclierror.ResourceNotFoundError)  # somebody deleted it


def stop_message(stop: Stop | None) -> str:
    """Return the sentence for a wait that was stopped."""
    if isinstance(stop, WaitTimeoutError):
        return f"Stopped waiting after {stop.seconds:g} seconds."
    return "Stopped waiting."


def stop_error(stop: Stop | None, message: str, advice: list[str]) -> AzCLIError:
    """Return the error for a wait that was stopped, or that another error ended."""
    error_type = ManualInterrupt if isinstance(stop, KeyboardInterrupt) else AzureResponseError
    return error_type(message, recommendation=advice)


def raise_stopped(
    resources: Resources, name: str, error: BaseException, command: str | None = None
) -> NoReturn:
    """Raise the error that ended the waiting; print how to resume it.

    ``command`` is the one for that, if it isn't the one for this resource.
    """
    state = f"The {resources.kind.noun} '{name}' is still in progress."
    resume = ["To resume waiting, run:", command or wait_command(resources, name)]
    if isinstance(error, Stop):
        raise stop_error(error, f"{stop_message(error)} {state}", resume) from error
    if continues_after(error):
        logger.warning("\n".join([state, *resume]))
    raise error
