"""Comparison of two registries, by skopeo: each tag, and each image of an index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping

from demo import script
from demo.cloud import Cloud
from demo.payload import SBOM, SIGNATURE

#: Raw manifests and indexes by reference. After that of an index stands the architecture of an
#: image in it, and after that of a signed image the artifact type of a referrer.
Content = Mapping[str, str]

_KINDS = {SIGNATURE: "signature", SBOM: "SBOM"}


def read_registry(cloud: Cloud) -> Content:
    """Read everything that the registry of a cloud contains, with referrers of the signed image."""
    registry = f"contoso{cloud.name}"
    content: dict[str, str] = {}
    for repository in _stdout(cloud, f"az acr repository list -n {registry} -o tsv").split():
        url = f"docker://{registry}.azurecr.io/{repository}"
        for tag in json.loads(_stdout(cloud, f"skopeo list-tags {url}"))["Tags"]:
            content.update(_manifests(cloud, url, f":{tag}", f"{repository}:{tag}"))
    repository = script.SIGNED.partition(":")[0]
    for digest, type_ in _referrers(cloud, registry):
        url = f"docker://{registry}.azurecr.io/{repository}"
        content.update(_manifests(cloud, url, f"@{digest}", f"{script.SIGNED} {type_}"))
    return content


def _referrers(cloud: Cloud, registry: str) -> Iterator[tuple[str, str]]:
    """Return the digests of the signed image's referrers, and what they are."""
    listed = json.loads(
        _stdout(
            cloud,
            f"az acr manifest list-referrers --registry {registry} --name {script.SIGNED} -o json",
        )
    )
    for referrer in listed["manifests"]:
        yield referrer["digest"], _KINDS[referrer["artifactType"]]


def _manifests(cloud: Cloud, url: str, reference: str, name: str) -> Iterator[tuple[str, str]]:
    raw = _stdout(cloud, f"skopeo inspect --raw {url}{reference}")
    yield name, raw
    for image in json.loads(raw).get("manifests", []):
        architecture = image["platform"]["architecture"]
        yield from _manifests(cloud, url, f"@{image['digest']}", f"{name} {architecture}")


def _stdout(cloud: Cloud, command: str) -> str:
    return cloud.run(command)[0]


def print_comparison(source: Content, target: Content, transferred: Collection[str]) -> bool:
    """Print a table of the digests.

    Args:
        transferred: References of the artifacts that the target should contain, and no others.

    Returns:
        Whether the target contains just these, each equal to that of the source.
    """
    print(f"{'artifact':<29} {'digest in the source registry':<71} target registry")
    for name in sorted({*source, *target, *transferred}):
        reference, _, architecture = name.partition(" ")
        if reference in transferred:
            is_equal = name in target and source.get(name) == target[name]
            status = "equal" if is_equal else _digest(target, name)
        elif name in target:
            status = "unexpected"
        elif not architecture:
            status = "not transferred"
        else:
            continue
        print(f"{name:<29} {_digest(source, name):<71} {status}")
    expected = {name: raw for name, raw in source.items() if name.split()[0] in transferred}
    return set(transferred) <= expected.keys() and target == expected


def _digest(content: Content, name: str) -> str:
    if name not in content:
        return "missing"
    return f"sha256:{hashlib.sha256(content[name].encode()).hexdigest()}"


def size_of(content: Content) -> int:
    """Add up the sizes of all blobs that the manifests refer to, each blob once."""
    sizes = {}
    for manifest in map(json.loads, content.values()):
        for blob in [manifest["config"], *manifest["layers"]] if "layers" in manifest else []:
            sizes[blob["digest"]] = blob["size"]
    return sum(sizes.values())
