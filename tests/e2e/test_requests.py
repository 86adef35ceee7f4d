"""How many requests each command costs, by the service's own log."""

from __future__ import annotations

import pytest

from tests.support.site import Kind, Site
from tests.support.terminal import Terminal


def requests_of(az: Terminal, site: Site, line: str) -> list[tuple[str, str]]:
    """What a successful command requested from ARM: below the registry where it can be."""
    az.cloud.control("reset")
    az.ok(line)
    registry = site.id_of("")
    return [(method, path.removeprefix(registry)) for method, path in az.cloud.requests()]


def test_each_command_on_pipelines_is_one_request(az: Terminal, site: Site, kind: Kind) -> None:
    group, pipelines = f"acr {kind}-pipeline", f"{kind}Pipelines"
    create = (
        f"{group} create {site.args} -n mypipeline -c {site.container_uri} -s {site.secret_uri}"
    )
    one = f"{pipelines}/mypipeline"
    assert requests_of(az, site, create) == [("PUT", one)]
    assert requests_of(az, site, f"{group} show {site.args} -n mypipeline") == [("GET", one)]
    assert requests_of(az, site, f"{group} list {site.args}") == [("GET", pipelines)]
    assert requests_of(az, site, f"{group} update {site.args} -n mypipeline --options") == [
        ("GET", one),
        ("PUT", one),
    ]
    assert requests_of(az, site, f"{group} delete {site.args} -n mypipeline") == [("DELETE", one)]


def test_without_a_resource_group_it_is_one_more(az: Terminal, site: Site, kind: Kind) -> None:
    site.pipeline(kind)
    [(method, path), *rest] = requests_of(
        az, site, f"acr {kind}-pipeline show -r {site.registry} -n mypipeline"
    )
    assert method == "GET"
    assert path.endswith("/providers/Microsoft.ContainerRegistry/registries")
    assert rest == [("GET", f"{kind}Pipelines/mypipeline")]


@pytest.mark.parametrize("answer", ["async", "sync"])
def test_a_run_is_a_get_a_put_and_polls(az: Terminal, site: Site, answer: str) -> None:
    site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    site.pipeline("export")
    az.cloud.control("reset")
    az.cloud.control("runs", answer=answer)
    az.ok(
        f"acr pipeline-run create {site.args} -n myrun01 -p mypipeline -t export -b myblob "
        "-a samples/hello:1.0"
    )
    paths = [(method, path.partition("registries/")[2]) for method, path in az.cloud.requests()]
    run = ("GET", f"{site.registry}/pipelineRuns/myrun01")
    polls = [run] if answer == "async" else []
    # To count referrers in the registry, in the background.
    paths.remove(("GET", site.registry))
    assert paths == [
        ("GET", f"{site.registry}/exportPipelines/mypipeline"),
        ("PUT", f"{site.registry}/pipelineRuns/myrun01"),
        *polls,
    ]


def test_each_other_command_on_runs_has_few_requests(az: Terminal, site: Site) -> None:
    pipeline = site.pipeline("export")
    site.run("myrun01", pipeline, "myblob", "samples/nothing")
    site.finished("myrun01")
    one = "pipelineRuns/myrun01"
    assert requests_of(az, site, f"acr pipeline-run show {site.args} -n myrun01") == [("GET", one)]
    assert requests_of(az, site, f"acr pipeline-run list {site.args} --top 1") == [
        ("GET", "pipelineRuns")
    ]
    assert requests_of(az, site, f"acr pipeline-run clean {site.args}") == [
        ("GET", "pipelineRuns"),
        ("GET", one),
        ("DELETE", one),
    ]
    site.run("myrun01", pipeline, "myblob", "samples/nothing")
    site.finished("myrun01")
    assert requests_of(az, site, f"acr pipeline-run delete {site.args} -n myrun01") == [
        ("DELETE", one)
    ]
