"""The transfer engine: artifacts from a registry into one blob, and back. Knows nothing of ARM."""

from acr_emulator.engine.container import Container, StoredBlob
from acr_emulator.engine.exporting import export_artifacts
from acr_emulator.engine.importing import import_blob
from acr_emulator.engine.repositories import Repositories
from acr_emulator.engine.result import TransferResult
from acr_emulator.engine.sas import Sas
from acr_emulator.engine.transfer_errors import TransferError

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
