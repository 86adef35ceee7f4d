"""The transfer engine: artifacts from a registry into a blob, back, and from registry to registry.

It knows nothing of ARM.
"""

from acr_emulator.engine.container import Container, Snapshot, StoredBlob
from acr_emulator.engine.copying import copy_artifact
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
    "Snapshot",
    "StoredBlob",
    "TransferError",
    "TransferResult",
    "copy_artifact",
    "export_artifacts",
    "import_blob",
]
