"""Azurite, the blob server of one storage account."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from acr_emulator.bundled.child_process import Child
from acr_emulator.bundled.tools import AZURITE, path_of
from acr_emulator.identity.tokens import Tokens
from acr_emulator.network.certificates import Certificates
from acr_emulator.state.whole_files import write_whole
from acr_emulator.storage.blob_operations import Grants

BLOB_TYPES = ("BlockBlob", "AppendBlob", "PageBlob")
_PRELOADED = Path(__file__).with_suffix(".cjs")


@dataclass(frozen=True)
class ContainerRule:
    """What keeps the blobs of a container from being changed and deleted."""

    legal_hold: bool
    #: So many days after their creation.
    days: int


@dataclass(frozen=True)
class Rules:
    """What Resource Manager has an account refuse."""

    #: The types of blobs that it can hold.
    blob_types: Sequence[str] = BLOB_TYPES
    containers: Mapping[str, ContainerRule] = field(default_factory=dict)
    #: The action that each operation with an Entra token needs, and whom roles allow which.
    needs: Mapping[str, str] = field(default_factory=dict)
    grants: Grants = field(default_factory=dict)


NO_RULES = Rules()


class Azurite:
    """One azurite-blob process; it takes its account and keys at its start only."""

    def __init__(
        self, account: str, folder: Path, certificates: Certificates, tokens: Tokens
    ) -> None:
        self._account = account
        self._folder = folder
        self._rules_file = folder / "rules.json"
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

    def enforce(self, rules: Rules) -> None:
        """Have it refuse what these rules forbid: it reads them with every request."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._rules_file, json.dumps(asdict(rules)).encode())

    async def start(self, keys: Sequence[str], proxy_port: int, rules: Rules = NO_RULES) -> None:
        """Serve the account under these keys; data lie in the folder.

        The sources of copies by URL are read through the proxy; without one (0) none is reached.
        """
        self.enforce(rules)
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
                "AZURITE_RULES": str(self._rules_file),
                "AZURITE_TOKEN_KEY": self._tokens.public_key,
                "AZURITE_TOKEN_ISSUER": self._tokens.issuer,
                "AZURITE_TOKEN_TENANT": self._tokens.tenant_id,
            },
        )

    async def stop(self) -> None:
        """End the process; the data stay."""
        if self._child:
            await self._child.stop()

    async def discard(self) -> None:
        """End the process, whose data nobody needs any more."""
        if self._child:
            await self._child.stop(patience=0)


def _requiring(module: Path) -> str:
    """The option that loads a module first; a path may hold spaces."""
    return f"--require {json.dumps(str(module), ensure_ascii=False)}"
