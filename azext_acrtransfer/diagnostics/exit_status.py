"""Exit status: fail a command that has a result, or whose failure core would ignore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from azure.cli.core.azclierror import AzCLIError, AzureResponseError
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE
from knack.util import CLIError


def fail_after_output(cli_ctx: Any, *errors: AzCLIError | None) -> None:
    """Let core print the result, then end the command with these errors, if there are any."""
    *others, last = [error for error in errors if error] or [None]
    if not last:
        return

    def fail(*_: Any, **__: Any) -> NoReturn:
        for error in others:
            error.print_error()
        raise last

    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, fail)


@contextmanager
def reported_in_any_case(error: AzCLIError | None) -> Iterator[None]:
    """Print an error even if another one ends the command."""
    try:
        yield
    except BaseException:
        if error:
            error.print_error()
        raise


def raise_time_out(result: Any) -> Any:
    """Raise the time-out that core's wait command returns as a result."""
    if isinstance(result, CLIError):
        raise AzureResponseError(
            str(result), recommendation="Wait longer with --timeout, or look with 'show'."
        )
    return result
