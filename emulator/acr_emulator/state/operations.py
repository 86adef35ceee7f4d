"""Long-running operations and their states."""

import uuid
from datetime import datetime, timedelta

from acr_emulator.state.arm_errors import ArmError
from acr_emulator.state.clock import Clock
from acr_emulator.state.store import Store


class Operations:
    """The operations of one emulator. They survive a restart."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._table = store.table("operation")
        self._clock = clock

    def begin(
        self,
        kind: str,
        *,
        status: str = "Creating",
        seconds: float | None = None,
        has_body: bool = False,
    ) -> str:
        """Start an operation and return its name.

        It succeeds by itself after `seconds`; with None it continues until `finish` is called.
        `has_body`: whether a client that follows a Location finds its final status there.
        """
        name = f"{kind}-{uuid.uuid4()}"
        due = (
            None
            if seconds is None
            else (self._clock.now() + timedelta(seconds=seconds)).isoformat()
        )
        self._table.put(name, {"status": status, "due": due, "has_body": has_body})
        return name

    def finish(self, name: str, *, error: ArmError | None = None) -> None:
        """End an operation, well or with an error."""
        end = {"status": "Failed", **error.body()} if error else {"status": "Succeeded"}
        self._table.put(name, {**end, "has_body": self.has_body(name)})

    def cancel(self, name: str) -> None:
        """End an operation on a resource that is deleted; what Azure answers then isn't known."""
        error = ArmError(404, "ResourceNotFound", "The resource was deleted.")
        end = {"status": "Canceled", **error.body(), "has_body": self.has_body(name)}
        self._table.put(name, end)

    def has_body(self, name: str) -> bool:
        """Whether the final answer of its Location has a body."""
        return bool((self._table.get(name) or {}).get("has_body"))

    def state(self, name: str) -> dict[str, object]:
        """The body of a status answer: `status`, and `error` if it failed."""
        operation = self._table.get(name)
        if operation is None:
            raise ArmError(404, "NotFound", f"The operation '{name}' was not found.")
        operation.pop("has_body", None)
        due = operation.pop("due", None)
        if due and self._clock.now() >= datetime.fromisoformat(due):
            return {"status": "Succeeded"}
        state: dict[str, object] = operation
        return state
