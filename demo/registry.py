"""A plain OCI registry client: pushes a layout, and reads back the digest of every manifest.

REGISTRY_TOKEN=... python -m demo.registry push LAYOUT REGISTRY
REGISTRY_TOKEN=... python -m demo.registry digests REGISTRY
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from demo.layout import INDEX, MANIFEST, Json, Layout

CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """One manifest that a registry holds, with the size of every blob that it refers to."""

    name: str
    digest: str
    blobs: dict[str, int]

    @property
    def bytes(self) -> int:
        """Size of the blobs."""
        return sum(self.blobs.values())


class Registry:
    """A registry that hands out access tokens for a refresh token, as Azure's do."""

    def __init__(self, login_server: str, refresh_token: str) -> None:
        self._host = login_server
        self._refresh_token = refresh_token
        self._client = httpx.Client(base_url=f"https://{login_server}", timeout=120)

    def _access(self, scope: str) -> dict[str, str]:
        form = {
            "grant_type": "refresh_token",
            "service": self._host,
            "scope": scope,
            "refresh_token": self._refresh_token,
        }
        answer = self._client.post("/oauth2/token", data=form).raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def repositories(self) -> list[str]:
        """The names of all repositories."""
        headers = self._access("registry:catalog:*")
        answer = self._client.get("/v2/_catalog", headers=headers).raise_for_status()
        return list(answer.json()["repositories"])

    def repository(self, name: str) -> Repository:
        """One repository, with a token for it."""
        headers = self._access(f"repository:{name}:pull,push,metadata_read")
        return Repository(self._client, name, headers)


class Repository:
    """The OCI distribution API of one repository."""

    def __init__(self, client: httpx.Client, name: str, headers: dict[str, str]) -> None:
        self.name = name
        self._client = client
        self._headers = headers

    def _request(self, method: str, path: str, **kwargs: object) -> httpx.Response:
        request = self._client.build_request(method, path, **kwargs)  # type: ignore[arg-type]
        request.headers.update(self._headers)
        return self._client.send(request).raise_for_status()

    def push(self, layout: Layout, entry: Json, reference: str) -> None:
        """Push a manifest under a tag or digest, after everything that it refers to."""
        document = layout.read(entry["digest"])
        for child in document.get("manifests", []):
            self.push(layout, child, child["digest"])
        if "config" in document:
            for blob in (document["config"], *document["layers"]):
                self._push_blob(layout.path(blob["digest"]), blob)
        content = layout.path(entry["digest"]).read_bytes()
        headers = {"Content-Type": entry["mediaType"]}
        path = f"/v2/{self.name}/manifests/{reference}"
        self._request("PUT", path, content=content, headers=headers)

    def _push_blob(self, path: Path, blob: Json) -> None:
        location = self._request("POST", f"/v2/{self.name}/blobs/uploads/").headers["Location"]
        url = httpx.URL(location).copy_merge_params({"digest": blob["digest"]})
        headers = {
            "Content-Length": str(blob["size"]),
            "Content-Type": "application/octet-stream",
        }
        self._request("PUT", str(url), content=_chunks(path), headers=headers)

    def tags(self) -> list[str]:
        """All tags."""
        answer = self._request("GET", f"/v2/{self.name}/tags/list")
        return list(answer.json()["tags"])

    def manifests(self, reference: str, name: str) -> Iterator[Manifest]:
        """The manifest of a tag or digest, then those that it lists, every blob accounted for."""
        headers = {"Accept": f"{INDEX}, {MANIFEST}"}
        path = f"/v2/{self.name}/manifests/{reference}"
        content = self._request("GET", path, headers=headers).content
        document = json.loads(content)
        listed = [document["config"], *document["layers"]] if "config" in document else []
        blobs = {blob["digest"]: self._stored(blob["digest"]) for blob in listed}
        yield Manifest(name, f"sha256:{hashlib.sha256(content).hexdigest()}", blobs)
        for child in document.get("manifests", []):
            architecture = child["platform"]["architecture"]
            yield from self.manifests(child["digest"], f"{name} ({architecture})")

    def _stored(self, digest: str) -> int:
        answer = self._request("HEAD", f"/v2/{self.name}/blobs/{digest}")
        return int(answer.headers["Content-Length"])


def push(registry: Registry, layout: Layout) -> None:
    """Push every artifact of a layout."""
    for name, entry in layout.references().items():
        repository, _, tag = name.rpartition(":")
        registry.repository(repository).push(layout, entry, tag)
        print(f"{name} {entry['digest']}")


def manifests(registry: Registry) -> Iterator[Manifest]:
    """Every manifest that a tag leads to, in the whole registry."""
    for name in sorted(registry.repositories()):
        repository = registry.repository(name)
        for tag in sorted(repository.tags()):
            yield from repository.manifests(tag, f"{name}:{tag}")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def main(arguments: list[str]) -> None:
    """Push a layout, or print the manifests of a registry as JSON."""
    token = os.environ["REGISTRY_TOKEN"]
    match arguments:
        case ["push", layout, registry]:
            push(Registry(registry, token), Layout(Path(layout)))
        case ["digests", registry]:
            found = [asdict(manifest) for manifest in manifests(Registry(registry, token))]
            print(json.dumps(found, indent=1))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
