"""The CLI guide of 2023 between sovereign clouds that offer the first API version only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import new_name
from tests.e2e.guides.cli_2023 import GUIDE
from tests.e2e.guides.cli_steps import CliSteps
from tests.e2e.guides.shell import GuideShell
from tests.e2e.guides.side import Side
from tests.support.az import Result
from tests.support.cloud import Cloud, Json
from tests.support.emulator_wording import NO_PROVIDER
from tests.support.other_clouds import CHINA, DESCRIPTION, PRIVATE, SETTINGS, SHORT_REGISTRATIONS
from tests.support.site import ACCOUNT, GROUP, SAS_PERMISSIONS, Kind, Site
from tests.support.terminal import Terminal
from tests.support.wording import (
    CHOOSE_A_VERSION,
    VERSION_NOT_OFFERED,
    managed_identity_needs_newer,
)

REFUSAL = (
    f"ERROR: {VERSION_NOT_OFFERED} It offers: 2019-12-01-preview. The service said: "
    f"{NO_PROVIDER} '2025-06-01-preview' for type 'registries/exportPipelines'. The supported "
    "api-versions are '2019-12-01-preview'.\n"
    f"{CHOOSE_A_VERSION} az config set acrtransfer.api_version=2019-12-01-preview\n"
)
NO_MANAGED_IDENTITY = managed_identity_needs_newer("2019-12-01-preview")


class SovereignSide(Side):
    """A side whose registry is named by its login server, as that of no other cloud."""

    @property
    def names(self) -> dict[str, str]:
        """What the guides' variables stand for here."""
        return super().names | {"MyReg": self.site.login_server}


def log_in(az: Terminal) -> Terminal:
    """`az`, set to the cloud and logged in; it keeps a log, and nothing else is configured."""
    cloud = az.cloud
    for setting in (SETTINGS[cloud.hosts.name], "az config set logging.enable_log_file=true"):
        result = az.type(setting)
        assert result.exit_code == 0, result.stderr
    return az.log_in()


@pytest.fixture
def terminals(
    extensions: Path, program: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Terminal]]:
    """One terminal in each of the two clouds."""
    description = tmp_path / "contoso.json"
    description.write_text(json.dumps(DESCRIPTION))
    with ExitStack() as stack:
        clouds = [
            stack.enter_context(Cloud(tmp_path_factory.mktemp("cloud") / "state", name_or_file))
            for name_or_file in (CHINA, str(description))
        ]
        yield {cloud.hosts.name: log_in(Terminal(cloud, extensions, program)) for cloud in clouds}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("source_cloud", "target_cloud"), [(CHINA, PRIVATE), (PRIVATE, CHINA)])
def test_the_guide_works_with_the_api_version_that_the_refusal_names(
    terminals: dict[str, Terminal],
    source_cloud: str,
    target_cloud: str,
    tmp_path: Path,
) -> None:
    source = prepared(terminals[source_cloud], "export", tmp_path)
    target = prepared(terminals[target_cloud], "import", tmp_path)
    settle_on_the_version(terminals[source_cloud], source.site)
    target.az.ok("config set acrtransfer.api_version=2019-12-01-preview")
    with GuideShell(source.az, GUIDE, tmp_path, {}) as shell:
        CliSteps(shell, source, target).go()

    modern = storage_of(source.site) | {"storageAccessMode": "SasToken"}
    assert sent_endpoints(source.az, "target") == [
        modern,
        storage_of(source.site),
        storage_of(source.site),
    ]
    assert sent_endpoints(target.az, "source") == [storage_of(target.site), storage_of(target.site)]
    for az in terminals.values():
        assert "isn't in the active cloud" not in log_of(az)


def test_a_private_cloud_is_registered_the_same_by_shorter_ways(
    extensions: Path, program: Path, tmp_path: Path
) -> None:
    description = tmp_path / "contoso.json"
    description.write_text(json.dumps(DESCRIPTION))
    with Cloud(tmp_path / "state", str(description)) as cloud:
        az = Terminal(cloud, extensions, program)
        longest, *shorter = (
            registered(az, way)
            for way in (SETTINGS[PRIVATE].partition("az cloud set")[0], *SHORT_REGISTRATIONS)
        )
    assert shorter == [longest, longest]
    assert longest["suffixes"]["acrLoginServerEndpoint"] == ".cr.contoso.example"


def registered(az: Terminal, registration: str) -> Json:
    """The private cloud as az knows it after a registration, which is undone."""
    assert az.type(registration).exit_code == 0
    shown: Json = az.ok("cloud show --name Contoso").json
    az.ok("cloud unregister --name Contoso")
    # The service that ARM has taken the place of; if az isn't configured, it takes ARM's address.
    del shown["endpoints"]["management"]
    return shown


def prepared(az: Terminal, kind: Kind, folder: Path) -> Side:
    """A side where the extension is still to be installed, prepared by az's own commands."""
    site = Site.prepare(az.cloud, new_name(), kind)
    az.ok(f"acr create --resource-group {GROUP} --name {new_name()}registry --sku Premium")
    sas = az.ok(
        f"storage container generate-sas --account-name {ACCOUNT} --name {site.name}"
        f" --permissions {SAS_PERMISSIONS[kind]} --expiry 2030-01-01 --https-only --output tsv"
    )
    value = f"?{sas.stdout.strip()}"
    az.ok(f"keyvault secret set --vault-name {site.vault} --name {site.secret} --value '{value}'")
    return SovereignSide(replace(az, extensions=folder / kind), site, sas_mode=None)


def settle_on_the_version(az: Terminal, site: Site) -> None:
    """Be refused, type what the refusal says, and be refused what that version does not have."""
    words = (
        f"acr export-pipeline create --only-show-errors --resource-group {GROUP}"
        f" --registry {site.login_server} --name mypipeline"
        f" --storage-container-uri {site.container_uri}"
    )
    assert az(f"{words} --secret-uri {site.secret_uri}") == Result(1, "", REFUSAL)
    assert az.type(REFUSAL.splitlines()[-1].partition(": ")[2]).exit_code == 0
    az.cloud.control("reset")
    assert az(words) == Result(1, "", NO_MANAGED_IDENTITY)
    assert az.cloud.requests() == []


def storage_of(site: Site) -> Json:
    """The storage side of a pipeline as the first version has it: without an access mode."""
    return {
        "type": "AzureStorageBlobContainer",
        "uri": site.container_uri,
        "keyVaultUri": site.secret_uri,
    }


def sent_endpoints(az: Terminal, side: str) -> list[Any]:
    """The storage sides of the pipelines that az requested, in that order."""
    bodies = re.findall(r"Request body:\n.*? : (\{.*\})\n", log_of(az))
    sent = (json.loads(body).get("properties", {}) for body in bodies)
    return [properties[side] for properties in sent if side in properties]


def log_of(az: Terminal) -> str:
    """All that az said in this terminal, at any level."""
    return (Path(az.environment["AZURE_CONFIG_DIR"]) / "logs/az.log").read_text()
