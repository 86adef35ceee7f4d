"""Registry -> blob."""

from collections.abc import Callable, Iterable

from acr_emulator.transfer.container import Container
from acr_emulator.transfer.repositories import Repositories
from acr_emulator.transfer.result import TransferResult


async def export_artifacts(
    artifacts: Iterable[str],
    *,
    repositories: Repositories,
    container: Container,
    blob: str,
    overwrite: bool = False,
    continue_on_errors: bool = False,
    progress: Callable[[int], None],
) -> TransferResult:
    """Write the artifacts into one blob; raises TransferError, and leaves no blob then."""
    raise NotImplementedError
