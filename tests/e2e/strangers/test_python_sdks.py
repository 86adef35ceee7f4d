"""azure-mgmt-containerregistry at every API version that has pipelines."""

from __future__ import annotations

import pytest

from tests.e2e.strangers.artifacts import (
    ARTIFACTS,
    artifact_digests,
    granted_identity,
    push_artifacts,
)
from tests.e2e.strangers.programs import python, python_versions
from tests.support.site import Site
from tests.support.terminal import Terminal

_OLD = ("2019-12-01-preview", "2020-11-01-preview")
#: The API versions with pipelines that each version of the package has, without those that a
#: later line tests again.
API_VERSIONS: dict[str, tuple[str, ...]] = {
    "3.0.0rc17": _OLD,
    "10.3.0": (
        *_OLD,
        "2021-06-01-preview",
        "2021-08-01-preview",
        "2021-12-01-preview",
        "2022-02-01-preview",
        "2023-01-01-preview",
        "2023-06-01-preview",
        "2023-08-01-preview",
    ),
    "14.0.0": ("2023-11-01-preview", "2024-11-01-preview", "2025-03-01-preview"),
    "15.1.0b1": ("2026-01-01-preview",),
    "15.1.0b2": ("2026-03-01-preview",),
}


def test_every_installed_version_is_tested() -> None:
    assert list(API_VERSIONS) == python_versions("azure-mgmt-containerregistry")


@pytest.mark.parametrize("version", API_VERSIONS)
def test_pipelines_and_runs(az: Terminal, site: Site, importing_site: Site, version: str) -> None:
    digests = push_artifacts(site)
    site.write_secret(site.sas("rwdla"))
    answers = python(
        az,
        "transfer.py",
        "azure-mgmt-containerregistry",
        version,
        group=site.group,
        source=site.registry,
        target=importing_site.registry,
        identity=granted_identity(site),
        containerUri=site.container_uri,
        secretUri=site.secret_uri,
        artifacts=ARTIFACTS,
        apiVersions=API_VERSIONS[version],
    )
    expected = {
        "ids": [
            site.id_of("exportPipelines/pyexport"),
            importing_site.id_of("importPipelines/pyimport"),
        ],
        "uris": [site.container_uri, site.container_uri],
        "states": ["Succeeded"] * 4,
        "responses": ["Succeeded"] * 2,
        "imported": ARTIFACTS,
        "before": [["pyexport"], ["pyimport"], ["pyexportrun"], ["pyimportrun"]],
        "after": [[], [], [], []],
    }
    assert answers == [expected] * len(API_VERSIONS[version])
    assert artifact_digests(importing_site) == digests
