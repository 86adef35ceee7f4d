"""A registry whose answers a test writes."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import responses
from requests import PreparedRequest

from tests.unit.conftest import ARM, REGISTRY

# Not the name with the cloud's suffix: the resource says where the registry is.
HOST = "https://myregistry-a1b2.registry.example"
SECRET = "a-refresh-token"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
#: What a manifest has of each blob of the pipeline's container.
BLOB: dict[str, Any] = {"blobSize": 20480, "blobMd5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
_BLOBS = re.compile("https://mystorage.blob.core.windows.net/transfer/.*")


class Registry:
    """A registry whose answers a test writes, and the requests that it got."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        #: How many scopes a request for a token may have, and how many of them are granted.
        self.scopes_per_token = self.scopes_granted = 1_000
        self.resource = {
            "id": REGISTRY,
            "name": "myregistry",
            "location": "westus",
            "sku": {"name": "Premium"},
            "properties": {"loginServer": HOST.removeprefix("https://"), "adminUserEnabled": False},
        }

    def accepts_login(self, *exchanges: dict[str, Any]) -> None:
        """Answer the requests of a login; the exchange of tokens as specified."""
        self.mock.get(f"{ARM}{REGISTRY}", json=self.resource)
        for exchange in exchanges or [{"json": {"refresh_token": SECRET}}]:
            self.mock.post(f"{HOST}/oauth2/exchange", **exchange)
        self.mock.add_callback("POST", f"{HOST}/oauth2/token", self._token)

    def has_blobs(self, **answer: Any) -> None:
        """Answer for every blob of the container that the registry's pipeline writes to."""
        headers = {
            "x-ms-blob-type": "BlockBlob",
            "Content-Length": str(BLOB["blobSize"]),
            "Content-MD5": str(BLOB["blobMd5"]),
        }
        self.mock.remove("HEAD", _BLOBS)
        self.mock.head(_BLOBS, **({"headers": headers} | answer))

    def _token(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        form = parse_qs(str(request.body))
        scopes = form.pop("scope")
        assert form == {
            "grant_type": ["refresh_token"],
            "service": [HOST.removeprefix("https://")],
            "refresh_token": [SECRET],
        }
        if len(scopes) > self.scopes_per_token:
            return 400, {}, json.dumps({"errors": [{"message": "too many scopes"}]})
        granted = scopes[: self.scopes_granted]
        return 200, {}, json.dumps({"access_token": f"for-{' '.join(granted)}"})

    def answers(self, path: str, scope: str, **answer: Any) -> None:
        """Answer the next GET of the path that shows a token for the scope."""

        def has_token(request: PreparedRequest) -> tuple[bool, str]:
            granted = str(request.headers["Authorization"]).removeprefix("Bearer for-").split()
            return scope in granted, f"no token for {scope}"

        self.mock.get(f"{HOST}{path}", match=[has_token], **answer)

    def holds(self, reference: str, media_type: str, document: Any) -> str:
        """Have a manifest in the repository team/app; returns its digest."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        for name in {reference or digest, digest}:
            path = f"/v2/team/app/manifests/{name}"
            headers = {"Content-Type": media_type}
            self.answers(path, "repository:team/app:pull", body=body, headers=headers)
        return digest

    def holds_all(self) -> None:
        """Have every artifact by tag, all with one configuration and one layer each."""
        config = {"digest": "sha256:0c", "mediaType": "application/json", "size": 1_000}

        def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
            layer = {"digest": str(request.path_url), "mediaType": "a/layer", "size": 1_000_000}
            document = {"config": config, "layers": [layer], "padding": ""}
            document["padding"] = "." * (500 - len(json.dumps(document)))
            return 200, {"Content-Type": IMAGE}, json.dumps(document)

        url = re.compile(re.escape(HOST) + "/v2/.+/manifests/.+")
        self.mock.add_callback("GET", url, answer, content_type=None)

    def tags(self, repository: str, *names: str, digest: str = "sha256:00", **answer: Any) -> None:
        """Answer the next GET of a repository's tags, all of one digest."""
        tags = [{"name": name, "digest": digest} for name in names]
        scope = f"repository:{repository}:metadata_read"
        self.answers(f"/acr/v1/{repository}/_tags", scope, json={"tags": tags}, **answer)

    def tags_everything(self, name: str) -> None:
        """Have a tag in every repository for which a token is shown."""

        def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
            repository = request.path_url.removeprefix("/acr/v1/").partition("/_tags")[0]
            granted = str(request.headers["Authorization"]).removeprefix("Bearer for-").split()
            assert f"repository:{repository}:metadata_read" in granted
            return 200, {}, json.dumps({"tags": [{"name": name, "digest": "sha256:00"}]})

        url = re.compile(re.escape(HOST) + "/acr/v1/.+/_tags")
        self.mock.add_callback("GET", url, answer)

    @property
    def requested(self) -> Counter[str]:
        """How often each was requested, apart from its query."""
        calls = (call.request for call in self.mock.calls)
        return Counter(f"{call.method} {str(call.url).partition('?')[0]}" for call in calls)


def document_of(artifact: str) -> bytes:
    """A manifest that no other artifact has."""
    return json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "of": artifact}).encode()


def described(content: bytes, media_type: str = IMAGE) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {"digest": digest, "mediaType": media_type, "size": len(content)}


def has(registry: Registry, *artifacts: str, content: bytes | None = None) -> None:
    """Have artifacts in the registry."""
    for artifact in artifacts:
        repository, _, reference = artifact.replace("@", ":", 1).partition(":")
        registry.answers(
            f"/v2/{repository}/manifests/{reference}",
            f"repository:{repository}:pull",
            body=content or document_of(artifact),
            headers={"Content-Type": json.loads(content or b"{}").get("mediaType", IMAGE)},
        )


@dataclass
class Repository:
    """What the repository team/app of a registry contains; answers every request for it."""

    registry: Registry
    #: Whether the registry has OCI's API for referrers; without it, its path is any unknown one.
    has_api: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    _manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        base = re.escape(f"{HOST}/v2/team/app/")
        mock = self.registry.mock
        for url, answer in {
            f"{base}manifests/.+": self._manifest,
            f"{base}referrers/.+": self._referrers,
            re.escape(f"{HOST}/acr/v1/team/app/_tags") + ".*": self._tags,
        }.items():
            mock.add_callback("GET", re.compile(url), answer, content_type=None)

    def push(self, *tags: str, media_type: str = IMAGE, **document: Any) -> str:
        """Have a manifest under tags, or by its digest only; returns its digest."""
        body = json.dumps({"mediaType": media_type, **document}).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self._manifests[digest] = media_type, body
        self.tags.update(dict.fromkeys(tags, digest))
        return digest

    def refer(self, subject: str, *tags: str, **document: Any) -> str:
        """Have a referrer of a digest, as notation and oras push it; returns its digest."""
        return self.push(*tags, subject=self.descriptor(subject), **document)

    def descriptor(self, digest: str) -> dict[str, Any]:
        media_type, body = self._manifests[digest]
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    def _manifest(self, request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        name = request.path_url.rpartition("/")[2]
        digest = self.tags.get(name, name)
        if digest not in self._manifests:
            return 404, {}, json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN"}]}).encode()
        media_type, body = self._manifests[digest]
        return 200, {"Content-Type": media_type}, body

    def _referrers(self, request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        if not self.has_api:
            return 404, {"Content-Type": "text/plain"}, b"404 page not found"
        subject = request.path_url.rpartition("/")[2]
        listed = [
            self.descriptor(digest)
            for digest, (_, body) in self._manifests.items()
            if json.loads(body).get("subject", {}).get("digest") == subject
        ]
        return 200, {}, json.dumps({"mediaType": INDEX, "manifests": listed}).encode()

    def _tags(self, _: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        tags = [{"name": name, "digest": digest} for name, digest in sorted(self.tags.items())]
        return 200, {}, json.dumps({"tags": tags}).encode()
