"""A registry as an ordinary OCI client sees it: push artifacts and read them, by plain HTTP."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_ACCEPT = {"Accept": ", ".join((MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_LIST))}


def digest_of(content: bytes) -> str:
    """The digest that names this content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class RegistryClient:
    """One registry; without a refresh token, one that requires no login."""

    def __init__(self, http: httpx.Client, url: str, refresh_token: str = "") -> None:
        self._http = http
        self._url = httpx.URL(url)
        self.refresh_token = refresh_token
        self._bearers: dict[str, dict[str, str]] = {}

    @classmethod
    def log_in(
        cls, http: httpx.Client, login_server: str, *, tenant: str, entra_token: str
    ) -> RegistryClient:
        """A client whose refresh token is exchanged for a token of Entra."""
        form = {
            "grant_type": "access_token",
            "service": login_server,
            "tenant": tenant,
            "access_token": entra_token,
        }
        url = f"https://{login_server}"
        answer = http.post(f"{url}/oauth2/exchange", data=form).raise_for_status()
        return cls(http, url, answer.json()["refresh_token"])

    def token(self, *scopes: str) -> str:
        """A new access token."""
        form = {
            "grant_type": "refresh_token",
            "service": self._url.host,
            "scope": " ".join(scopes),
            "refresh_token": self.refresh_token,
        }
        answer = self._http.post(self._url.join("/oauth2/token"), data=form)
        return str(answer.raise_for_status().json()["access_token"])

    def call(
        self,
        method: str,
        path: str,
        *scopes: str,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send a request with a new token for the scopes; without any, with no token."""
        bearer = {"Authorization": f"Bearer {self.token(*scopes)}"} if scopes else {}
        url = self._url.join(path)
        return self._http.request(method, url, headers=bearer | (headers or {}), **more)

    def _call(
        self,
        method: str,
        repository: str,
        path: str,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send a request about a repository, with the same token for all of them."""
        if self.refresh_token and repository not in self._bearers:
            token = self.token(f"repository:{repository}:pull,push,delete")
            self._bearers[repository] = {"Authorization": f"Bearer {token}"}
        all_headers = self._bearers.get(repository, {}) | (headers or {})
        url = httpx.URL(f"/v2/{repository}/").join(path)
        return self.call(method, str(url), headers=all_headers, **more)

    def push_blob(self, repository: str, content: bytes) -> dict[str, Any]:
        """Upload a blob; its descriptor without the media type."""
        begun = self._call("POST", repository, "blobs/uploads/").raise_for_status()
        digest = digest_of(content)
        url = httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": digest})
        self._call("PUT", repository, str(url), content=content).raise_for_status()
        return {"digest": digest, "size": len(content)}

    def push(self, repository: str, *tags: str, layer: bytes, artifact_type: str = "") -> str:
        """Push an image of one layer, or an artifact of a type, under all of the tags.

        Returns its digest, which is its only name if there are no tags.
        """
        config = {"mediaType": artifact_type or CONFIG, **self.push_blob(repository, b"{}")}
        blob = {"mediaType": artifact_type or LAYER, **self.push_blob(repository, layer)}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [blob]}
        return self.push_manifest(repository, manifest, *tags)

    def push_manifest(self, repository: str, manifest: dict[str, Any] | bytes, *tags: str) -> str:
        """Push a manifest or an index, whose parts exist, under all of the tags; its digest."""
        content = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        digest = digest_of(content)
        headers = {"Content-Type": json.loads(content)["mediaType"]}
        for reference in tags or (digest,):
            path = f"manifests/{reference}"
            self._call("PUT", repository, path, headers, content=content).raise_for_status()
        return digest

    def attach(self, repository: str, subject: str, artifact_type: str, content: bytes) -> str:
        """Push an artifact that refers to a digest, as notation and ORAS do; its digest."""
        return self.push_manifest(
            repository,
            self._artifact(repository, artifact_type, content)
            | {
                "subject": {
                    "mediaType": MANIFEST,
                    "digest": subject,
                    "size": len(self.manifest(repository, subject) or b""),
                }
            },
        )

    def attach_by_tag(self, repository: str, subject: str, suffix: str, content: bytes) -> str:
        """Push an artifact under a tag that refers to a digest, as cosign does; the tag."""
        tag = f"{subject.replace(':', '-')}.{suffix}"
        self.push_manifest(repository, self._artifact(repository, LAYER, content), tag)
        return tag

    def _artifact(self, repository: str, artifact_type: str, content: bytes) -> dict[str, Any]:
        return {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": artifact_type,
            "config": {"mediaType": EMPTY, **self.push_blob(repository, b"{}")},
            "layers": [{"mediaType": artifact_type, **self.push_blob(repository, content)}],
        }

    def manifest(self, repository: str, reference: str) -> bytes | None:
        """The manifest of a tag or digest, as stored; None if it doesn't exist."""
        return self._get(repository, f"manifests/{reference}", _ACCEPT)

    def blob(self, repository: str, digest: str) -> bytes | None:
        """The content of a blob; None if it doesn't exist."""
        return self._get(repository, f"blobs/{digest}")

    def _get(
        self, repository: str, path: str, headers: dict[str, str] | None = None
    ) -> bytes | None:
        answer = self._call("GET", repository, path, headers)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status().content

    def digest(self, repository: str, reference: str) -> str | None:
        """The digest of a tag's manifest, computed from its content; None if it doesn't exist."""
        content = self.manifest(repository, reference)
        return None if content is None else digest_of(content)

    def delete(self, repository: str, digest: str) -> None:
        """Delete a manifest with its tags."""
        self._call("DELETE", repository, f"manifests/{digest}").raise_for_status()

    def lock(self, repository: str, tag: str, attribute: str) -> None:
        """Take a right on a tag from everybody, such as ``writeEnabled``; a path of ACR only."""
        scope = f"repository:{repository}:metadata_write"
        path = f"/acr/v1/{repository}/_tags/{tag}"
        self.call("PATCH", path, scope, json={attribute: False}).raise_for_status()

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository; none if it doesn't exist."""
        content = self._get(repository, "tags/list")
        return sorted(json.loads(content)["tags"] or []) if content else []
