"""check --artifacts over answers of a registry: globs, and the layers of all platforms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import responses

from azext_acrtransfer.kinds import EXPORT, PipelineKind
from azext_acrtransfer.preflight.artifact_contents import read_referrers
from azext_acrtransfer.preflight.lookups import Unreadable
from azext_acrtransfer.registry.references import Artifact
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az
from tests.unit.fake_azure import STORAGE, Azure
from tests.unit.fake_registry import HOST, IMAGE, INDEX, Registry

LAYER = {"digest": "sha256:0c", "size": 9 * 1024**3, "mediaType": "application/vnd.oci.layer.v1"}


def holding(mock: responses.RequestsMock, layer: dict[str, Any]) -> Registry:
    """A registry with one tag, of an index of an index of an image with one layer."""
    registry = Registry(mock)
    registry.accepts_login()
    names = {"repositories": ["team/app"]}
    registry.answers("/v2/_catalog?n=100", "registry:catalog:*", json=names)
    registry.tags("team/app", "v1")
    image = registry.holds("", IMAGE, {"layers": [layer]})
    child = {"mediaType": IMAGE, "size": 1}
    inner = registry.holds("", INDEX, {"manifests": [{"digest": image, **child}]})
    child = {"mediaType": INDEX, "size": 1}
    registry.holds("v1", INDEX, {"manifests": [{"digest": inner, **child}]})
    return registry


def check(az: Az, mock: responses.RequestsMock, kind: PipelineKind, registry: Registry) -> Any:
    azure = Azure(mock, kind)
    azure.tell(f"{ARM}{REGISTRY}", registry.resource)
    _, checks = azure(az, "--artifacts", "team/*")
    return {code: f"{check['status']}: {check['message']}" for code, check in checks.items()}


def test_a_plan_and_its_check_log_in_once_and_read_once(
    az: Az, mock: responses.RequestsMock, tmp_path: Path
) -> None:
    registry = holding(mock, LAYER | {"size": 1})
    azure = Azure(mock)
    azure.tell(f"{ARM}{REGISTRY}", registry.resource)
    azure.tell(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", azure.pipeline)
    azure.tell(f"{STORAGE}/myblob", method="HEAD", status=404)
    line = ["acr", "pipeline-run", "create", *WHERE, "-n", "myrun01", "-p", "mypipeline", "--check"]
    words = ["-t", "export", "-b", "myblob", "-a", "team/*", "--dry-run"]
    result = az(*line, *words, "--manifest", str(tmp_path / "manifest.json"))
    assert result.exit_code == 0, result.stderr
    in_registry = {line: count for line, count in registry.requested.items() if HOST in line}
    assert in_registry.pop(f"POST {HOST}/oauth2/token") == 3
    assert set(in_registry.values()) == {1}
    assert len([line for line in in_registry if "/manifests/" in line]) == 3


def test_a_check_of_a_pattern_without_matches_exits_1(az: Az, mock: responses.RequestsMock) -> None:
    registry = holding(mock, LAYER)
    mock.replace("GET", f"{ARM}{REGISTRY}", json=registry.resource)
    result = az("acr", "export-pipeline", "check", *WHERE, "-n", "mypipeline", "-a", "another/*")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("ERROR: ")
    assert "another/*" in result.stderr


def test_a_glob_is_checked_in_all_its_platforms(
    az: Az, mock: responses.RequestsMock, kind: PipelineKind
) -> None:
    registry = holding(mock, LAYER)
    checks = check(az, mock, kind, registry)
    if kind is EXPORT:
        assert checks["ArtifactsFound"] == "pass: All 1 exist."
        assert checks["LayerSizes"] == (
            "fail: Larger than 8 GB: sha256:0c (9663676416 bytes) of team/app:v1."
        )
    else:
        assert checks["NoTagConflicts"] == "warning: Already exist: team/app:v1."
    requested = {url: count for url, count in registry.requested.items() if "/manifests/" in url}
    assert (len(requested), set(requested.values())) == (3, {1})
    assert registry.requested[f"POST {HOST}/oauth2/token"] == 3  # for each of three rights


def test_the_referrers_of_what_is_unreadable_are_not_requested() -> None:
    unreadable = Unreadable("You don't have permission to pull.")
    registry: Any = None
    assert read_referrers(registry, {Artifact("team/app", "v1"): unreadable}) == unreadable


def test_a_layer_that_lacks_its_size_is_unknown(az: Az, mock: responses.RequestsMock) -> None:
    registry = holding(mock, {key: value for key, value in LAYER.items() if key != "size"})
    checks = check(az, mock, EXPORT, registry)
    assert checks["LayerSizes"] == checks["NoForeignLayers"] == "unknown: The answer lacks 'size'."
