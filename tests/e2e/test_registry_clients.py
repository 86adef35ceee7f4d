"""What az and skopeo do with a registry itself: log in, list referrers, lock, import images."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import new_name
from tests.support.az import Result
from tests.support.cloud import Cloud
from tests.support.emulator_wording import NO_SUCH_HOST, TAG_EXISTS
from tests.support.oci import INDEX, digest_of
from tests.support.site import Site
from tests.support.terminal import ROOT, Guest, Terminal, run

SKOPEO = ROOT / ".tools/debian/root/bin/skopeo"
SBOM = "application/vnd.example.sbom"


@pytest.fixture
def site(cloud: Cloud) -> Site:
    """A registry, and nothing else of a transfer."""
    return registry(cloud)


def registry(cloud: Cloud) -> Site:
    site = Site(cloud, new_name())
    cloud.arm("PUT", f"resourceGroups/{site.group}", {"location": "westus"})
    site.resource("", "PUT", {"location": "westus", "sku": {"name": "Premium"}})
    return site


def skopeo(az: Terminal, logins: Path, *arguments: str) -> Result:
    environment = az.environment | {"REGISTRY_AUTH_FILE": str(logins)}
    return run(environment, str(SKOPEO), "--insecure-policy", *arguments)


def test_skopeo_logs_in_with_a_service_principals_secret(
    az: Terminal, site: Site, guest: Guest, tmp_path: Path
) -> None:
    logins, image = tmp_path / "logins.json", f"docker://{site.login_server}/app:v1"
    site.registry_client.push("app", "v1", layer=b"hello")
    guest.gets("AcrPull", site.id_of(""))
    login = ("login", "--username", guest.login["appId"], "--password")
    refused = skopeo(az, logins, *login, "wrong", site.login_server)
    assert refused.exit_code == 1
    assert "invalid username/password" in refused.stderr
    accepted = skopeo(az, logins, *login, guest.login["password"], site.login_server)
    assert accepted.exit_code == 0, accepted.stderr
    pulled = skopeo(az, logins, "copy", image, f"dir:{tmp_path / 'app'}")
    assert pulled.exit_code == 0, pulled.stderr
    pushed = skopeo(az, logins, "copy", f"dir:{tmp_path / 'app'}", f"{image}2")
    assert pushed.exit_code == 1
    assert "authentication required" in pushed.stderr


def test_skopeo_pulls_without_a_login_where_that_is_switched_on(
    az: Terminal, site: Site, tmp_path: Path
) -> None:
    logins, image = tmp_path / "logins.json", f"docker://{site.login_server}/app:v1"
    digest = site.registry_client.push("app", "v1", layer=b"hello")
    assert skopeo(az, logins, "inspect", image).exit_code == 1
    az.ok(f"acr update -n {site.registry} --anonymous-pull-enabled true")
    inspected = skopeo(az, logins, "inspect", image)
    assert inspected.exit_code == 0, inspected.stderr
    assert inspected.json["Digest"] == digest


def test_az_lists_the_referrers_of_an_image(az: Terminal, site: Site) -> None:
    client = site.registry_client
    subject = client.push("app", "v1", layer=b"hello")
    manifest = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
    refers = {**manifest, "artifactType": SBOM, "subject": {"digest": subject}}
    digest = client.push_manifest("app", refers)
    listing = f"acr manifest list-referrers -r {site.registry} -n app:v1"
    content = client.manifest("app", digest) or b""
    expected = {"mediaType": INDEX, "digest": digest, "size": len(content), "artifactType": SBOM}
    assert az.ok(listing).json == {"manifests": [expected]}
    assert az.ok(f"{listing} --artifact-type application/x.none").json == {"manifests": []}


def test_az_locks_a_tag_against_pushes_deletions_and_imports(az: Terminal, site: Site) -> None:
    other = registry(az.cloud)
    digest = site.registry_client.push("app", "v1", layer=b"new")
    old = other.registry_client.push("app", "v1", layer=b"old")
    source = f"--source app:v1 --registry {site.registry}"
    importing = f"acr import -n {other.registry} --force --image app:v1 {source}"
    update = f"acr repository update -n {other.registry} --image app:v1 --write-enabled"
    attributes = az.ok(f"{update} false").json["changeableAttributes"]
    assert attributes["writeEnabled"] is False
    for line in (importing, f"acr repository delete -n {other.registry} --image app:v1 --yes"):
        refused = az(line)
        assert refused.exit_code == 1
        assert "The operation is disallowed on this registry, repository or image" in refused.stderr
    assert other.registry_client.digest("app", "v1") == old
    az.ok(f"{update} true")
    az.ok(importing)
    assert other.registry_client.digest("app", "v1") == digest


def test_az_imports_by_login_server_and_by_id(az: Terminal, site: Site) -> None:
    other = registry(az.cloud)
    digest = site.registry_client.push("app", "v1", layer=b"hello")
    az.ok(f"acr import -n {other.registry} --source {site.login_server}/app:v1")
    by_id = f"--registry {site.id_of('').rstrip('/')} --source app@{digest}"
    az.ok(f"acr import -n {other.registry} {by_id} --repository untagged")
    assert other.registry_client.digest("app", "v1") == digest
    assert other.registry_client.digest("untagged", digest) == digest
    assert other.registry_client.blob("untagged", digest_of(b"hello")) == b"hello"
    again = az(f"acr import -n {other.registry} --source {site.login_server}/app:v1")
    assert again.exit_code == 1
    assert f"Tag 'app:v1' {TAG_EXISTS}" in again.stderr
    elsewhere = az(f"acr import -n {other.registry} --source docker.io/library/app:v1")
    assert elsewhere.exit_code == 1
    assert f"{NO_SUCH_HOST} (docker.io:443)" in elsewhere.stderr
