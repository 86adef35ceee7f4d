"""What becomes of an artifact that cannot be moved."""

from collections.abc import Iterator
from contextlib import contextmanager

from acr_emulator.engine.transfer_errors import TransferError


class Failures:
    """Notes failures by artifact with continue_on_errors, and lets them through without."""

    def __init__(self, *, continue_on_errors: bool) -> None:
        self._continue = continue_on_errors
        self.messages: dict[str, str] = {}

    @contextmanager
    def of(self, *artifacts: str) -> Iterator[None]:
        """Run a step that these artifacts depend on."""
        try:
            yield
        except TransferError as error:
            if not self._continue:
                raise
            for artifact in artifacts:
                text = str(error)
                named = text if f"'{artifact}'" in text else f"Artifact '{artifact}': {text}"
                self.messages[artifact] = named
