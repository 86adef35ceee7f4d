"""The wheel in a real az: how it is installed, updated and kept, and that its commands exist."""

from __future__ import annotations

import json
import shlex
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.releases import MARK, build_release, release_as, serve_index, write_index
from tests.support.az import Result
from tests.support.terminal import AZ, AZ_VERSION, Terminal, bare_environment, run

pytestmark = pytest.mark.real_az
VERBS = {
    "export-pipeline": ["check", "create", "delete", "list", "show", "update", "wait"],
    "import-pipeline": ["check", "create", "delete", "list", "show", "update", "wait"],
    "pipeline-run": ["clean", "create", "delete", "list", "show", "verify", "wait"],
}
SUMMARY = (
    "Azure CLI extension for ACR Transfer: carry container images across an air gap or between"
    " clouds"
)
SILENT = Result(0, "", "")
NEWEST = "WARNING: Latest version of 'acrtransfer' is already installed.\n\nUse --debug for more"


@dataclass(frozen=True)
class User:
    """Somebody with no extension yet, whose az reaches nothing but this machine."""

    home: Path

    def __call__(self, line: str, **more: str) -> Result:
        """Run `az` with the words of a line, and with more in its environment."""
        environment = bare_environment(self.home) | {
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "AZURE_CORE_COLLECT_TELEMETRY": "0",
        }
        return run(environment | more, str(AZ), *shlex.split(line))

    def unpack(self, wheel: Path) -> None:
        """Have a wheel installed, faster than by az."""
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.extension)

    @property
    def extension(self) -> Path:
        """The folder of the installed extension."""
        return self.home / ".azure/cliextensions/acrtransfer"

    @property
    def version(self) -> str:
        """The version of the installed extension."""
        [metadata] = self.extension.glob("*.dist-info")
        return metadata.name.removesuffix(".dist-info").partition("-")[2]


@pytest.fixture
def user(tmp_path: Path) -> User:
    """Somebody in a new home."""
    home = tmp_path / "home"
    home.mkdir()
    return User(home)


@pytest.fixture(scope="module")
def version(wheel: Path) -> str:
    """The version of the release."""
    return wheel.name.split("-")[1]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release, in a path with a space."""
    folder = tmp_path_factory.mktemp("a release")
    build_release(folder)
    return folder


@pytest.fixture(scope="module")
def index(release: Path) -> Iterator[dict[str, str]]:
    """The environment in which the release's index is the one in force."""
    with serve_index(release) as url:
        yield {"AZURE_EXTENSION_INDEX_URL": url}


@pytest.fixture
def official(wheel: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The same for an index that lists a greater version of another release."""
    write_index(tmp_path, release_as("9.0.0", wheel, tmp_path))
    with serve_index(tmp_path) as url:
        yield {"AZURE_EXTENSION_INDEX_URL": url}


def test_it_installs_with_the_network_cut_off(user: User, wheel: Path, version: str) -> None:
    assert user(f"extension add --source '{wheel}' --yes") == SILENT
    listed = {
        "name": "acrtransfer",
        "version": version,
        "extensionType": "whl",
        "preview": False,
        "experimental": False,
        "path": str(user.extension),
    }
    assert user("extension list").json == [listed]


def test_an_index_lists_the_release(user: User, index: dict[str, str], version: str) -> None:
    listed = {"name": "acrtransfer", "preview": False, "experimental": False, "installed": False}
    newest = f"{version} (max compatible version)"
    available = user("extension list-available", **index)
    assert available.json == [listed | {"version": version, "summary": SUMMARY}]
    versions = user("extension list-versions --name acrtransfer", **index)
    assert versions.json == [listed | {"version": newest, "compatible": True}]
    assert (available.stderr, versions.stderr) == ("", "")


def test_it_is_installed_from_an_index_by_its_name(
    user: User, index: dict[str, str], version: str
) -> None:
    assert user("extension add --name acrtransfer", **index) == SILENT
    assert user.version == version
    assert not (user.extension / MARK).exists()


def test_an_older_version_is_updated_from_an_index(
    user: User, index: dict[str, str], wheel: Path, version: str, tmp_path: Path
) -> None:
    user.unpack(release_as("2.2.0", wheel, tmp_path))
    [available] = user("extension list-available", **index).json
    assert (available["version"], available["installed"]) == (version, "True (upgrade available)")
    assert user("extension update --name acrtransfer", **index) == SILENT
    assert user.version == version
    again = user("extension update --name acrtransfer", **index)
    assert (again.exit_code, again.stderr.startswith(NEWEST)) == (0, True)


def test_a_wheel_with_another_digest_than_in_the_index_is_refused(
    user: User, release: Path, tmp_path: Path
) -> None:
    index = json.loads((release / "index.json").read_text())
    index["extensions"]["acrtransfer"][0]["sha256Digest"] = "0" * 64
    (tmp_path / "index.json").write_text(json.dumps(index))
    with serve_index(tmp_path) as url:
        refused = user("extension add --name acrtransfer", AZURE_EXTENSION_INDEX_URL=url)
    message = (
        "ERROR: The checksum of the extension does not match the expected value."
        " Use --debug for more information.\n"
    )
    assert refused == Result(1, "", message)
    assert not user.extension.exists()


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_an_index_is_read_by_http_only(user: User, release: Path, scheme: str) -> None:
    url = f"{scheme}{release}/index.json"
    refused = user("extension add --name acrtransfer", AZURE_EXTENSION_INDEX_URL=url)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("ERROR: Unable to get extension index.\n")


def test_an_installed_extension_of_its_name_stays_without_upgrade(
    user: User, wheel: Path, tmp_path: Path
) -> None:
    user.unpack(release_as("2.0.0", wheel, tmp_path))
    kept = "WARNING: Extension 'acrtransfer' 2.0.0 is already installed.\n"
    assert user(f"extension add --source '{wheel}' --yes") == Result(0, "", kept)
    assert user.version == "2.0.0"


def test_removal_first_replaces_even_the_same_version(
    user: User, wheel: Path, version: str, tmp_path: Path
) -> None:
    user.unpack(release_as(version, wheel, tmp_path))
    assert user("extension remove --name acrtransfer") == SILENT
    assert user(f"extension add --source '{wheel}' --yes") == SILENT
    assert (user.version, (user.extension / MARK).exists()) == (version, False)


@pytest.mark.parametrize(("other", "stays"), [("9.0.0", False), ("", True)])
def test_upgrade_replaces_any_version_but_the_same(
    user: User, wheel: Path, version: str, tmp_path: Path, other: str, stays: bool
) -> None:
    user.unpack(release_as(other or version, wheel, tmp_path))
    added = user(f"extension add --source '{wheel}' --yes --upgrade")
    installed = f"WARNING: Extension 'acrtransfer' {other or version} is already installed.\n"
    replaced = "" if stays else f"WARNING: It will be overridden with version {version}.\n"
    assert added == Result(0, "", f"{installed}{replaced}")
    assert (user.version, (user.extension / MARK).exists()) == (version, stays)


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("extension update --name acrtransfer", False),
        ("upgrade --yes", False),
        ("upgrade --yes --all false", True),
    ],
)
def test_a_greater_version_of_the_index_in_force_replaces_it(
    user: User, wheel: Path, version: str, official: dict[str, str], line: str, stays: bool
) -> None:
    user.unpack(wheel)
    assert user(line, **official).exit_code == 0
    assert user.version == (version if stays else "9.0.0")


def test_it_stays_where_its_own_index_is_configured(
    user: User, wheel: Path, version: str, index: dict[str, str]
) -> None:
    user.unpack(wheel)
    [url] = index.values()
    assert user(f"config set extension.index_url={url}").exit_code == 0
    for line in ("extension update --name acrtransfer", "upgrade --yes"):
        updated = user(line)
        assert (updated.exit_code, NEWEST in updated.stderr) == (0, True)
    assert user.version == version


@pytest.mark.parametrize(
    ("option", "preview"), [("", False), ("--allow-preview true", True)], ids=["", "allowed"]
)
def test_a_preview_version_of_an_index_is_installed_if_allowed(
    user: User, wheel: Path, version: str, tmp_path: Path, option: str, preview: bool
) -> None:
    write_index(tmp_path, wheel, release_as("9.1.0b1", wheel, tmp_path))
    with serve_index(tmp_path) as url:
        line = f"extension add --name acrtransfer {option}"
        assert user(line, AZURE_EXTENSION_INDEX_URL=url).exit_code == 0
    assert user.version == ("9.1.0b1" if preview else version)


def test_az_has_the_version_of_the_suite(az: Terminal) -> None:
    versions = az.ok("version").json
    assert (versions["azure-cli"], list(versions["extensions"])) == (AZ_VERSION, ["acrtransfer"])


@pytest.mark.parametrize("group", VERBS)
def test_a_group_shows_its_commands(az: Terminal, group: str) -> None:
    shown = az.ok(f"acr {group} -h").stdout
    commands = shown.partition("Commands:")[2].partition("To search")[0]
    assert [line.split()[0] for line in commands.splitlines() if line.strip()] == VERBS[group]


@pytest.mark.parametrize("group", VERBS)
def test_a_command_shows_its_options(az: Terminal, group: str) -> None:
    shown = az.ok(f"acr {group} create -h").stdout
    assert all(option in shown for option in ("--registry -r", "--name -n", "--no-wait"))


def test_a_misspelt_option_is_named_with_the_nearest_one(az: Terminal) -> None:
    result = az("acr pipeline-run list --registry myregistry --tpo 3")
    assert result.exit_code == 2
    assert "--tpo" in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_input_costs_no_request(az: Terminal) -> None:
    result = az(
        "acr export-pipeline create --registry myregistry --name mypipeline "
        "--storage-container-uri http://mystorage.blob.core.windows.net/transfer"
    )
    assert (result.exit_code, result.stdout, az.cloud.requests()) == (1, "", [])
    assert "http://mystorage.blob.core.windows.net/transfer" in result.stderr
