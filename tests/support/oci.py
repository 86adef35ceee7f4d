"""A registry as an ordinary OCI client sees it: push an artifact, read digests, by plain HTTP."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_EMPTY = b"{}"


def digest_of(content: bytes) -> str:
    """The digest that names this content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class RegistryClient:
    """One registry, with a refresh token to get access tokens for."""

    def __init__(self, http: httpx.Client, login_server: str, refresh_token: str) -> None:
        self._http = http
        self._host = login_server
        self._refresh_token = refresh_token
        self._access_tokens: dict[str, str] = {}

    def _access(self, scope: str) -> dict[str, str]:
        if scope not in self._access_tokens:
            self._access_tokens[scope] = self._ask_for_access(scope)
        return {"Authorization": f"Bearer {self._access_tokens[scope]}"}

    def _ask_for_access(self, scope: str) -> str:
        form = {
            "grant_type": "refresh_token",
            "service": self._host,
            "scope": scope,
            "refresh_token": self._refresh_token,
        }
        answer = self._http.post(f"https://{self._host}/oauth2/token", data=form)
        return str(answer.raise_for_status().json()["access_token"])

    def _call(self, method: str, repository: str, path: str, **more: Any) -> httpx.Response:
        headers = self._access(f"repository:{repository}:pull,push") | more.pop("headers", {})
        url = httpx.URL(f"https://{self._host}/v2/{repository}/").join(path)
        return self._http.request(method, url, headers=headers, **more)

    def push_blob(self, repository: str, content: bytes) -> dict[str, Any]:
        """Upload a blob; its descriptor but for the media type."""
        begun = self._call("POST", repository, "blobs/uploads/").raise_for_status()
        place = httpx.URL(begun.headers["Location"])
        digest = digest_of(content)
        url = str(place.copy_merge_params({"digest": digest}))
        self._call("PUT", repository, url, content=content).raise_for_status()
        return {"digest": digest, "size": len(content)}

    def push(self, repository: str, *tags: str, layer: bytes, artifact_type: str = "") -> str:
        """Push an image of one layer, or an artifact of a type, under all of the tags; its digest.

        Without a tag it can be had by its digest only.
        """
        kind = artifact_type or "application/vnd.oci.image.config.v1+json"
        config = {"mediaType": kind, **self.push_blob(repository, _EMPTY)}
        blob = self.push_blob(repository, layer)
        media_type = artifact_type or "application/vnd.oci.image.layer.v1.tar"
        layers = [{"mediaType": media_type, **blob}]
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        return self.push_manifest(repository, manifest, *tags)

    def push_manifest(self, repository: str, manifest: dict[str, Any], *tags: str) -> str:
        """Push a manifest or an index, what it names being there, under all of the tags."""
        content = json.dumps(manifest).encode()
        digest = digest_of(content)
        headers = {"Content-Type": manifest["mediaType"]}
        for reference in tags or (digest,):
            path = f"manifests/{reference}"
            self._call("PUT", repository, path, content=content, headers=headers).raise_for_status()
        return digest

    def manifest(self, repository: str, reference: str) -> bytes | None:
        """The manifest of a tag or digest, as stored; None if there is none."""
        headers = {"Accept": f"{INDEX}, {MANIFEST}"}
        answer = self._call("GET", repository, f"manifests/{reference}", headers=headers)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status().content

    def digest(self, repository: str, reference: str) -> str | None:
        """The digest of what a tag names, worked out from the content; None if nothing."""
        content = self.manifest(repository, reference)
        return content and digest_of(content) or None

    def blob(self, repository: str, digest: str) -> bytes:
        """A blob's content."""
        return self._call("GET", repository, f"blobs/{digest}").raise_for_status().content

    def delete(self, repository: str, digest: str) -> None:
        """Delete a manifest with its tags."""
        headers = self._access(f"repository:{repository}:delete")
        url = f"https://{self._host}/v2/{repository}/manifests/{digest}"
        self._http.delete(url, headers=headers).raise_for_status()

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository; none of one that is not there."""
        answer = self._call("GET", repository, "tags/list")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return []
        return sorted(answer.raise_for_status().json()["tags"] or [])
