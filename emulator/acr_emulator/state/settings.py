"""Settings that the controls change: latency, faults, how runs answer; the log of requests."""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

RunAnswer = Literal["async", "sync"]
RunMessages = Literal["short", "long"]


@dataclass
class Fault:
    """An answer given instead of the service's own to the next `count` matching requests."""

    count: int
    status: int
    method: str = ""
    path: re.Pattern[str] = field(default_factory=lambda: re.compile(""))
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def applies_to(self, method: str, path: str) -> bool:
        """Whether this request is one of those; counts it if so."""
        if not self.count or self.method not in ("", method) or not self.path.search(path):
            return False
        self.count -= 1
        return True


@dataclass(frozen=True)
class RecordedRequest:
    """A request that the emulator received."""

    method: str
    host: str
    path: str


@dataclass
class Settings:
    """The settings, and the log of requests."""

    #: Seconds before each answer of ARM, a vault or a registry.
    latency: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    #: Seconds that a registry or a vault takes at least to be provisioned.
    provisioning_seconds: float = 0.0
    #: Seconds that a pipeline run takes at least.
    run_seconds: float = 0.0
    #: Whether the PUT of a run answers 201 and an operation, or 200 with the final state.
    run_answer: RunAnswer = "async"
    #: Whether the error of a run that storage or a vault refuses is one line or has them all.
    run_messages: RunMessages = "short"
    #: Pipelines or runs on a page of a list; Azure's number is not known.
    page_size: int = 100
    #: Seconds between two looks of the source trigger into its containers.
    trigger_seconds: float = 1.0
    #: Seconds for the Retry-After header of answers that ask to be polled; None sends none.
    retry_after: int | None = None
    #: Base URLs of registries outside of the cloud that `az acr import` may read, by host name.
    upstreams: dict[str, str] = field(default_factory=dict)
    requests: deque[RecordedRequest] = field(default_factory=lambda: deque(maxlen=10_000))

    def reset(self) -> None:
        """Reset every setting and the log of requests."""
        vars(self).update(vars(Settings()))
