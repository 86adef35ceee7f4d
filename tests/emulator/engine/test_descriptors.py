"""Names, descriptors and manifests, without any server."""

import asyncio
import json
import re
from contextlib import suppress
from typing import Any

import pytest
from acr_emulator.engine import artifacts
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.artifacts import Artifact, Bounds, load_artifact
from acr_emulator.engine.descriptors import Descriptor, parse_manifest
from acr_emulator.engine.transfer_errors import TransferError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.emulator_wording import NO_ARTIFACT_NAME
from tests.support.oci import CONFIG, INDEX, LAYER, MANIFEST

DIGEST = "sha256:" + "a" * 64
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"


@pytest.mark.parametrize(
    ("text", "repository", "target", "shown"),
    [
        ("app", "app", "latest", "app:latest"),
        ("team/sub-1/app__x.y:V1.0_a", "team/sub-1/app__x.y", "V1.0_a", None),
        (f"app@{DIGEST}", "app", DIGEST, None),
        ("app:sha256-abc", "app", "sha256-abc", None),
    ],
)
def test_an_artifact_has_a_tag_or_a_digest(
    text: str, repository: str, target: str, shown: str | None
) -> None:
    reference = Reference.parse(text)
    assert (reference.repository, reference.target) == (repository, target)
    assert str(reference) == (shown or text)


@pytest.mark.parametrize(
    "text",
    ["", "App", "app:", "app@sha256:abc", "/app", "app/", "a//b", "app:-x", "../app", "app\n",
     "app:" + "t" * 129, f"app:v1@{DIGEST}", "registry.example:5000/app"],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(TransferError, match=NO_ARTIFACT_NAME):
        Reference.parse(text)


async def held(_: Descriptor) -> bool:
    return True


@pytest.mark.parametrize("present", [True, False])
def test_only_absent_foreign_layers_with_urls_stay_behind(present: bool) -> None:
    def layer(media_type: str, *urls: str) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": DIGEST, "size": 1, "urls": list(urls)}

    layers = [
        layer(FOREIGN, "https://example.com"),
        layer(NONDISTRIBUTABLE, "https://example.com"),
        layer(FOREIGN),
        layer(LAYER, "https://example.com"),
    ]
    config = {"mediaType": CONFIG, "digest": DIGEST, "size": 2}
    content = json.dumps({"config": config, "layers": layers}).encode()
    manifest = parse_manifest(Descriptor.of(content, MANIFEST), content)

    async def holds(_: Descriptor) -> bool:
        return present

    carried = asyncio.run(manifest.as_held(holds)).blobs
    foreign = [FOREIGN, NONDISTRIBUTABLE] if present else []
    assert [blob.media_type for blob in carried] == [CONFIG, *foreign, FOREIGN, LAYER]


def config_with(**change: object) -> bytes:
    descriptor = {"mediaType": CONFIG, "digest": DIGEST, "size": 2} | change
    return json.dumps({"config": descriptor, "layers": []}).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not json", "is not a JSON object"),
        (b"[]", "is not a JSON object"),
        (b"[" * 100_000, "is not a JSON object"),
        (b"{}", "A descriptor in manifest sha256:.* is not valid"),
        (config_with(size=-1), "A descriptor in"),
        (config_with(size=True), "A descriptor in"),
        (config_with(size="2"), "A descriptor in"),
        (config_with(digest="sha512:" + "a" * 128), "A descriptor in"),
        (config_with(digest="sha256:../../" + "a" * 58), "A descriptor in"),
        (config_with().replace(b"[]", b'"x"'), "'layers' in manifest .* is not a list"),
    ],
)
def test_a_manifest_that_is_none_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(TransferError, match=message):
        parse_manifest(Descriptor.of(content, MANIFEST), content)


def test_a_manifest_of_an_unknown_kind_is_refused() -> None:
    media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    with pytest.raises(TransferError, match=re.escape(f"has media type '{media_type}'")):
        parse_manifest(Descriptor.of(b"{}", media_type), b"{}")


def test_a_manifest_must_match_its_digest() -> None:
    with pytest.raises(TransferError, match="does not match its digest"):
        parse_manifest(Descriptor(MANIFEST, DIGEST, 2), b"{}")


names = st.sampled_from(["config", "layers", "manifests", "mediaType", "digest", "size", "urls"])
values = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
descriptors = st.dictionaries(names, values, max_size=4)


@given(st.dictionaries(names, values | descriptors | st.lists(descriptors | values, max_size=3)))
@settings(deadline=None)
def test_no_manifest_raises_anything_but_a_transfer_error(document: dict[str, Any]) -> None:
    content = json.dumps(document).encode()
    for media_type in (MANIFEST, INDEX):
        descriptor = Descriptor.of(content, media_type)
        with suppress(TransferError):
            assert parse_manifest(descriptor, content).content == content


class Shelf:
    """Manifests in memory, to load an artifact from."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.bounds = Bounds()

    def index(self, *children: Descriptor) -> Descriptor:
        manifests = [
            {"mediaType": child.media_type, "digest": child.digest, "size": child.size}
            for child in children
        ]
        content = json.dumps({"manifests": manifests}).encode()
        descriptor = Descriptor.of(content, INDEX)
        self.contents[descriptor.digest] = content
        return descriptor

    async def fetch(self, descriptor: Descriptor) -> bytes:
        self.fetched.append(descriptor.digest)
        return self.contents[descriptor.digest]

    def load(self, root: Descriptor) -> Artifact:
        work = load_artifact(Reference("app", "v1"), root, self.fetch, held, self.bounds)
        return asyncio.run(work)


def test_children_come_before_their_index_and_each_is_read_once() -> None:
    shelf = Shelf()
    leaf = shelf.index()
    inner = shelf.index(leaf)
    root = shelf.index(leaf, inner, leaf)
    artifact = shelf.load(root)
    assert [item.descriptor for item in artifact.manifests] == [leaf, inner, root]
    assert sorted(shelf.fetched) == sorted({leaf.digest, inner.digest, root.digest})


def test_depth_is_bounded() -> None:
    shelf = Shelf()
    root = shelf.index()
    for _ in range(9):
        root = shelf.index(root)
    with pytest.raises(TransferError, match="nested more than 8 deep"):
        shelf.load(root)


def test_the_number_of_descriptors_is_bounded() -> None:
    shelf = Shelf()
    leaf = shelf.index()
    root = shelf.index(*[leaf] * 20_000)
    for _ in range(4):
        shelf.load(root)
    with pytest.raises(TransferError, match="more than 100000 descriptors"):
        shelf.load(root)


def test_the_bytes_of_all_manifests_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MAX_MANIFESTS_BYTES", 40)
    shelf = Shelf()
    leaf = shelf.index()
    assert leaf.size == 17
    for _ in range(2):
        shelf.load(leaf)
    with pytest.raises(TransferError, match="more than 40 bytes of manifests"):
        shelf.load(leaf)


def test_the_size_of_a_manifest_is_bounded_before_it_is_read() -> None:
    shelf = Shelf()
    with pytest.raises(TransferError, match="is 4194305 bytes; the limit is 4194304"):
        shelf.load(Descriptor(INDEX, DIGEST, 4 * 1024**2 + 1))
    assert shelf.fetched == []
