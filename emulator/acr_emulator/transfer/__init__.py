"""The transfer engine: artifacts from a registry into one blob, and back. Knows nothing of ARM."""

from acr_emulator.transfer.container import Container, StoredBlob
from acr_emulator.transfer.errors import TransferError
from acr_emulator.transfer.exporting import export_artifacts
from acr_emulator.transfer.importing import import_blob
from acr_emulator.transfer.repositories import Repositories
from acr_emulator.transfer.result import TransferResult
from acr_emulator.transfer.sas import Sas

__all__ = [
    "Container",
    "Repositories",
    "Sas",
    "StoredBlob",
    "TransferError",
    "TransferResult",
    "export_artifacts",
    "import_blob",
]
