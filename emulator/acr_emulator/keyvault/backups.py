"""Backups of secrets: encrypted, so that only this emulator can read one."""

from __future__ import annotations

import json
from typing import cast

from cryptography.fernet import Fernet, InvalidToken

from acr_emulator.keyvault.vaults import Secret
from acr_emulator.state.store import Store


class InvalidBackupError(Exception):
    """A text is no backup that was made here."""


class Backups:
    """Makes and reads backups with a key of the emulator's own."""

    def __init__(self, store: Store) -> None:
        self._table = store.table("backup-key")

    def _cipher(self) -> Fernet:
        if self._table.get("key") is None:
            self._table.put("key", Fernet.generate_key().decode())
        return Fernet(str(self._table.get("key")))

    def make(self, versions: list[Secret]) -> str:
        """The backup of a secret with all its versions, in the letters of base64url."""
        return self._cipher().encrypt(json.dumps(versions).encode()).decode().rstrip("=")

    def read(self, backup: str) -> list[Secret]:
        """The versions in a backup; raises InvalidBackupError."""
        padded = backup + "=" * (-len(backup) % 4)
        try:
            return cast("list[Secret]", json.loads(self._cipher().decrypt(padded.encode())))
        except (InvalidToken, UnicodeError) as error:
            raise InvalidBackupError from error
