"""Azurite, the blob server of one storage account."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from acr_emulator.certificates import Certificates
from acr_emulator.parts.process import Child
from acr_emulator.parts.tools import tool

#: Node's streams stop and go at 16 KiB, for each a call to the disk. With more, Azurite takes a
#: fifth less of the processor for an upload (benchmarks/README.md). Older versions cannot be told.
_LARGER_STREAMS = """\
const stream = require("stream");
if (stream.setDefaultHighWaterMark) stream.setDefaultHighWaterMark(false, 256 * 1024);
"""


class Azurite:
    """One azurite-blob process; it takes its account and keys at its start only."""

    def __init__(self, account: str, folder: Path, certificates: Certificates) -> None:
        self._account = account
        self._folder = folder
        self._certificates = certificates
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The TLS port."""
        return self._child.port if self._child else 0

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._child is not None and self._child.running

    async def start(self, keys: Sequence[str]) -> None:
        """Serve the account under these keys; data lie in the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        streams = self._folder.with_suffix(".cjs")
        streams.write_text(_LARGER_STREAMS)
        self._child = await Child.start(
            [
                tool("azurite-blob"),
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
            # In the environment, not in the arguments: those are for everyone to see.
            environment={
                "AZURITE_ACCOUNTS": ":".join([self._account, *keys]),
                "NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} {_requiring(streams)}",
            },
        )

    async def stop(self) -> None:
        """End the process; the data stay."""
        if self._child:
            await self._child.stop()


def _requiring(module: Path) -> str:
    """The option that loads a module first; a path may hold spaces."""
    return f"--require {json.dumps(str(module), ensure_ascii=False)}"
