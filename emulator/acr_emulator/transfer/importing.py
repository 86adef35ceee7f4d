"""Blob -> registry."""

from collections.abc import Callable

from acr_emulator.transfer.container import Container
from acr_emulator.transfer.repositories import Repositories
from acr_emulator.transfer.result import TransferResult


async def import_blob(
    blob: str,
    *,
    repositories: Repositories,
    container: Container,
    overwrite_tags: bool = False,
    continue_on_errors: bool = False,
    progress: Callable[[int], None],
) -> TransferResult:
    """Push every artifact that the blob carries; raises TransferError."""
    raise NotImplementedError
