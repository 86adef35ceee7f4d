"""The cloud and the account that az is logged in to, and tokens of it."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from base64 import urlsafe_b64decode
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Json = dict[str, Any]
_LONGEST = 900
_TOKEN_SECONDS = 1500


@dataclass(frozen=True)
class Ended:
    """A command of az that has ended."""

    exit_code: int
    stdout: str
    stderr: str


class Account:
    """The active subscription of az, and the hosts of its cloud."""

    def __init__(self) -> None:
        #: By resource, the tokens with the times when they were requested; the last one is valid.
        self._tokens: dict[str, list[tuple[float, str]]] = defaultdict(list)
        # In the checkout, az would import the extension's sources and not the installed wheel.
        self._folder = tempfile.TemporaryDirectory(prefix="live-")

    def az(self, *words: str) -> Ended:
        """Run az."""
        ended = subprocess.run(
            ["az", *words],
            cwd=self._folder.name,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def az_json(self, *words: str) -> Any:
        """Run az, which must not fail; its result."""
        ended = self.az(*words, "--output", "json")
        if ended.exit_code:
            raise RuntimeError(f"az {' '.join(words[:3])} failed: {ended.stderr.strip()}")
        return json.loads(ended.stdout)

    @property
    def folder(self) -> Path:
        """An empty folder outside of the checkout."""
        return Path(self._folder.name)

    @cached_property
    def _shown(self) -> Json:
        shown: Json = self.az_json("account", "show")
        return shown

    @cached_property
    def cloud(self) -> Json:
        """The active cloud, as ``az cloud show`` returns it."""
        shown: Json = self.az_json("cloud", "show")
        return shown

    @property
    def subscription(self) -> str:
        """ID of the active subscription."""
        return str(self._shown["id"])

    @property
    def tenant(self) -> str:
        """ID of its tenant."""
        return str(self._shown["tenantId"])

    @property
    def user(self) -> str:
        """Name of who is logged in."""
        return str(self._shown["user"]["name"])

    @cached_property
    def object_id(self) -> str:
        """Object ID of who is logged in, from the token."""
        payload = self.token(self.arm).split(".")[1]
        return str(json.loads(urlsafe_b64decode(payload + "=="))["oid"])

    @property
    def arm(self) -> str:
        """URL of Resource Manager, without a slash at its end."""
        return str(self.cloud["endpoints"]["resourceManager"]).rstrip("/")

    def host(self, suffix: str, name: str) -> str:
        """The host of a resource, by the name of a suffix of the cloud."""
        return f"{name}.{str(self.cloud['suffixes'][suffix]).lstrip('.')}"

    def blob_host(self, account: str) -> str:
        """The host of the blobs of a storage account."""
        return self.host("storageEndpoint", f"{account}.blob")

    def token(self, resource: str) -> str:
        """An access token for a resource; the flow can take longer than one is valid."""
        now, known = time.monotonic(), self._tokens[resource]
        if not known or now - known[-1][0] > _TOKEN_SECONDS:
            words = ("account", "get-access-token", "--resource", resource)
            known.append((now, str(self.az_json(*words)["accessToken"])))
        return known[-1][1]

    @property
    def tokens(self) -> list[str]:
        """All tokens so far, none of which may be written anywhere."""
        return [token for tokens in self._tokens.values() for _, token in tokens]
