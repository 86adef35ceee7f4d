"""Exit status: fail a command that has a result, or whose failure core would ignore."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from azure.cli.core.azclierror import AzCLIError, InvalidArgumentValueError
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

#: Exit code of a command that only looks, and couldn't. That something is wrong there is 1.
COULD_NOT_LOOK = 4


@contextmanager
def lookup_errors() -> Iterator[None]:
    """Report an error as core does, but with the exit code for "could not look"."""
    try:
        yield
    except InvalidArgumentValueError:
        raise
    except Exception as error:
        # Deferred: only a command that fails needs it.
        from azure.cli.core.util import handle_exception

        exit_code = handle_exception(error)  # 3 if what was to be looked at doesn't exist
        raise SystemExit(COULD_NOT_LOOK if exit_code == 1 else exit_code) from error


def fail_after_output(cli_ctx: Any, *errors: AzCLIError | None, exit_code: int = 1) -> None:
    """Let core print the result, then end the command with these errors, if there are any."""
    *others, last = [error for error in errors if error] or [None]
    if not last:
        return

    def fail() -> None:
        for error in others:
            error.print_error()
        if exit_code == 1:
            raise last
        last.print_error()
        raise SystemExit(exit_code)

    after_output(cli_ctx, fail)


def after_output(cli_ctx: Any, action: Callable[[], None]) -> None:
    """Let core print the result, then do something."""
    invocation = cli_ctx.invocation

    def act(*_: Any, **__: Any) -> None:
        cli_ctx.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, act)
        if cli_ctx.invocation is invocation:  # or it's a later command: this one's output failed
            action()

    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, act)


def keep_stderr() -> None:
    """Give core a stderr where the caller has closed it: core would print errors to stdout."""
    if sys.stderr is None or sys.stderr.closed:
        sys.stderr = io.StringIO()


@contextmanager
def reported_in_any_case(error: AzCLIError | None) -> Iterator[None]:
    """Print an error even if another one ends the command."""
    try:
        yield
    except BaseException:
        if error:
            error.print_error()
        raise
