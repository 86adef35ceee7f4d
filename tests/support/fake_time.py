"""A clock that waiting moves instead of taking time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from azext_acrtransfer import custom
from azext_acrtransfer.service import polling


@dataclass
class FakeTime:
    """Seconds that have passed, and each wait that made them pass."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    #: What has to happen before a wait is over.
    until: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.until()
        self.slept.append(seconds)
        self.now += seconds

    @contextmanager
    def instead_of_waiting(self) -> Iterator[FakeTime]:
        """Have no command wait for real: neither the extension nor core's wait commands."""

        def on_this_clock(cli_ctx: Any) -> polling.Waiting:
            return polling.Waiting(cli_ctx, now=lambda: self.now, sleep=self.sleep)

        with (
            patch.object(custom, "Waiting", on_this_clock),
            patch.object(time, "sleep", self.sleep),
        ):
            yield self
