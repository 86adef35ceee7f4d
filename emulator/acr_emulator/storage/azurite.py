"""Azurite, the blob server of one storage account."""

import json
from collections.abc import Sequence
from pathlib import Path

from acr_emulator.bundled.child_process import Child
from acr_emulator.bundled.tools import AZURITE, path_of
from acr_emulator.identity.tokens import Tokens
from acr_emulator.network.certificates import Certificates

_PRELOADED = Path(__file__).with_suffix(".cjs")


class Azurite:
    """One azurite-blob process; it takes its account and keys at its start only."""

    def __init__(
        self, account: str, folder: Path, certificates: Certificates, tokens: Tokens
    ) -> None:
        self._account = account
        self._folder = folder
        self._certificates = certificates
        self._tokens = tokens
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The TLS port."""
        return self._child.port if self._child else 0

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._child is not None and self._child.running

    async def start(self, keys: Sequence[str], proxy_port: int) -> None:
        """Serve the account under these keys; data lie in the folder.

        The sources of copies by URL are read through the proxy; without one (0) none is reached.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        program = path_of(AZURITE)
        self._child = await Child.start(
            [
                program,
                *("--blobHost", "127.0.0.1", "--blobPort", "0"),
                *("--location", str(self._folder)),
                *("--cert", str(self._certificates.certificate_file)),
                *("--key", str(self._certificates.key_file)),
                *("--oauth", "basic"),
                "--silent",  # its access log has signatures in it
                "--skipApiVersionCheck",
                "--disableTelemetry",
            ],
            announces=r"successfully listens on https://127\.0\.0\.1:(\d+)",
            log=self._folder.with_suffix(".log"),
            environment={
                # Not in the arguments: those are for everyone to see.
                "AZURITE_ACCOUNTS": ":".join([self._account, *keys]),
                "NODE_OPTIONS": _requiring(_PRELOADED),
                "AZURITE_FOLDER": str(Path(program).resolve().parent),
                "AZURITE_CA_FILE": str(self._certificates.ca_file),
                "AZURITE_PROXY_PORT": str(proxy_port),
                "AZURITE_TOKEN_KEY": self._tokens.public_key,
                "AZURITE_TOKEN_ISSUER": self._tokens.issuer,
                "AZURITE_TOKEN_TENANT": self._tokens.tenant_id,
            },
        )

    async def stop(self) -> None:
        """End the process; the data stay."""
        if self._child:
            await self._child.stop()


def _requiring(module: Path) -> str:
    """The option that loads a module first; a path may hold spaces."""
    return f"--require {json.dumps(str(module), ensure_ascii=False)}"
