"""skopeo: an image is copied to, between and from registries, with each kind of login."""

from __future__ import annotations

import base64
import json
import tarfile
from pathlib import Path

import pytest

from tests.e2e.conftest import new_name
from tests.e2e.strangers.registry_logins import LOGINS, NOBODY, refresh_token, switch_on
from tests.support.az import Result
from tests.support.oci import digest_of
from tests.support.site import Site
from tests.support.terminal import ROOT, Terminal, run

_SKOPEO = str(ROOT / ".tools/debian/root/bin/skopeo")


def skopeo(az: Terminal, *argv: str) -> Result:
    """Run skopeo with the logins of the file `registries.json`."""
    logins = Path(az.environment["HOME"]) / "registries.json"
    environment = az.environment | {"REGISTRY_AUTH_FILE": str(logins)}
    return run(environment, _SKOPEO, "--insecure-policy", *argv)


def ok(az: Terminal, *argv: str) -> str:
    """Run skopeo, which must not fail; its output."""
    result = skopeo(az, *argv)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def log_in(az: Terminal, site: Site, username: str, password: str) -> Result:
    """Run `skopeo login`."""
    return skopeo(az, "login", "-u", username, "-p", password, site.login_server)


def image(site: Site) -> str:
    """The name of the image in a registry."""
    return f"docker://{site.login_server}/samples/hello:1.0"


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """An image made of a tar file, as skopeo names it."""
    (tmp_path / "hello.txt").write_text("Hello.\n")
    with tarfile.open(tmp_path / "hello.tar", "w") as file:
        file.add(tmp_path / "hello.txt", "hello.txt")
    return f"tarball:{tmp_path}/hello.tar"


@pytest.fixture
def pushed(site: Site) -> str:
    """The digest of an image in the registry."""
    return site.registry_client.push("samples/hello", "1.0", layer=b"hello")


@pytest.mark.parametrize("kind", LOGINS)
def test_an_image_goes_in_and_out(
    az: Terminal, site: Site, archive: str, tmp_path: Path, kind: str
) -> None:
    assert "Login Succeeded!" in log_in(az, site, *LOGINS[kind](az, site)).stdout
    ok(az, "copy", archive, image(site))
    stored = site.registry_client.manifest("samples/hello", "1.0")
    assert stored
    inspected = json.loads(ok(az, "inspect", image(site)))
    assert inspected["Digest"] == digest_of(stored)
    assert inspected["RepoTags"] == ["1.0"]
    ok(az, "copy", image(site), f"oci:{tmp_path}/out:1.0")
    index = json.loads((tmp_path / "out/index.json").read_text())
    assert index["manifests"][0]["digest"] == digest_of(stored)
    tags = json.loads(ok(az, "list-tags", image(site).rpartition(":")[0]))
    assert tags["Tags"] == ["1.0"]
    ok(az, "logout", site.login_server)
    assert "unauthorized" in skopeo(az, "inspect", image(site)).stderr


@pytest.mark.usefixtures("pushed")
def test_a_wrong_password_is_refused(az: Terminal, site: Site) -> None:
    switch_on(site, "adminUserEnabled")
    refused = log_in(az, site, site.registry, "wrong")
    assert refused.exit_code == 1
    assert "invalid username/password" in refused.stderr


def test_an_identity_token_of_the_file_of_logins(az: Terminal, site: Site, pushed: str) -> None:
    _, token = refresh_token(az, site)
    login = {"auth": base64.b64encode(f"{NOBODY}:".encode()).decode(), "identitytoken": token}
    file = Path(az.environment["HOME"]) / "registries.json"
    file.write_text(json.dumps({"auths": {site.login_server: login}}))
    assert json.loads(ok(az, "inspect", image(site)))["Digest"] == pushed
    file.unlink()


def test_an_access_token(az: Terminal, site: Site, pushed: str) -> None:
    token = site.registry_client.token("repository:samples/hello:pull")
    inspected = ok(az, "inspect", "--registry-token", token, image(site))
    assert json.loads(inspected)["Digest"] == pushed
    other = site.registry_client.token("repository:samples/other:pull")
    refused = skopeo(az, "inspect", "--registry-token", other, image(site))
    assert refused.exit_code == 1


def test_an_anonymous_pull_where_it_is_switched_on(az: Terminal, site: Site, pushed: str) -> None:
    assert skopeo(az, "inspect", "--no-creds", image(site)).exit_code == 1
    switch_on(site, "anonymousPullEnabled")
    inspected = ok(az, "inspect", "--no-creds", image(site))
    assert json.loads(inspected)["Digest"] == pushed


def test_images_are_synchronized_between_registries(az: Terminal, site: Site, archive: str) -> None:
    other = Site.prepare(site.cloud, new_name())
    for each in (site, other):
        assert log_in(az, each, *refresh_token(az, each)).exit_code == 0
    ok(az, "copy", archive, image(site))
    source, target = f"{site.login_server}/samples/hello", f"{other.login_server}/samples"
    ok(az, "sync", "--src", "docker", "--dest", "docker", source, target)
    digest = site.registry_client.digest("samples/hello", "1.0")
    assert digest
    assert other.registry_client.digest("samples/hello", "1.0") == digest
    ok(az, "delete", image(other))
    assert other.registry_client.tags("samples/hello") == []
