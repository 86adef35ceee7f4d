"""What choosing by globs requests, and which rights it needs."""

from __future__ import annotations

import pytest

from tests.support.site import Site
from tests.support.terminal import Guest, Terminal
from tests.support.wording import OR_ACR_PULL, invalid, no_permission

CREATE = "acr pipeline-run create"


@pytest.fixture(autouse=True)
def _stock(site: Site) -> None:
    """Some repositories, and a pipeline."""
    for repository, *tags in [("samples/hello", "v1", "v2"), ("samples/world", "v1"), ("base",)]:
        site.registry_client.push(repository, *tags or ("v1",), layer=repository.encode())
    site.pipeline("export")


def export(site: Site, artifacts: str) -> str:
    return f"{CREATE} {site.args} -p mypipeline -t export -n myrun01 -b myblob -a {artifacts}"


def listed(az: Terminal, site: Site, artifacts: str) -> list[str]:
    """Return what a dry run lists; it also reads the manifests that it sizes.

    Without warnings, it doesn't look for referrers.
    """
    az.cloud.control("reset")
    az.ok(f"{export(site, artifacts)} --dry-run --only-show-errors")
    login = ["/oauth2/exchange"]
    paths = [path for _, path in az.cloud.requests(site.login_server)]
    assert paths[:1] in ([], login)
    return [path for path in paths[1:] if path != "/oauth2/token" and "/manifests/" not in path]


def test_no_more_is_listed_than_a_glob_needs(az: Terminal, site: Site) -> None:
    assert listed(az, site, "samples/hello:v1 base") == []
    assert listed(az, site, "samples/hello:v* base:v1") == ["/acr/v1/samples/hello/_tags"]
    catalog, *tags = listed(az, site, "samples/*:v1 samples/*:v2 samples/hello:*")
    assert catalog == "/v2/_catalog"
    assert sorted(tags) == ["/acr/v1/samples/hello/_tags", "/acr/v1/samples/world/_tags"]


def test_a_glob_that_matches_nothing_runs_nothing(az: Terminal, site: Site) -> None:
    failed = az(export(site, "smaples/*"))
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.splitlines()[-2:] == [
        f"ERROR: {invalid('smaples/*', '--artifacts')}: no repository matches.",
        "The nearest of 3 listed: 'samples/world', 'samples/hello', 'base'.",
    ]
    assert ("PUT", site.id_of("pipelineRuns/myrun01")) not in az.cloud.requests()


REFUSED = [
    ("samples/*", "list the repositories", "Container Registry Repository Catalog Lister"),
    (
        "samples/hello:v*",
        "list the tags of repository 'samples/hello'",
        "Container Registry Repository Reader",
    ),
]


def test_only_globs_need_the_permission_to_list_and_name_it(site: Site, guest: Guest) -> None:
    guest.gets("Container Registry Transfer Pipeline Contributor", site.id_of(""))
    for glob, verb, role in REFUSED:
        refused = guest(f"{export(site, glob)} --dry-run")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert (
            f"ERROR: {no_permission(verb)} in registry '{site.registry}'. The registry said: "
            "authentication required\n"
            f"The role '{role}' {OR_ACR_PULL} "
        ) in refused.stderr
    exact = guest(f"{export(site, 'samples/hello:v1')} --dry-run")
    assert (exact.exit_code, len(exact.json)) == (0, 1), exact.stderr
    guest.gets("AcrPull", site.id_of(""))
    allowed = guest(f"{export(site, 'samples/*')} --dry-run")
    assert allowed.exit_code == 0, allowed.stderr


def test_a_throttled_registry_is_waited_for(az: Terminal, site: Site) -> None:
    for path in ("/oauth2/exchange", "/oauth2/token", "/acr/v1/samples/hello/_tags"):
        headers = {"Retry-After": "1"}
        az.cloud.control("faults", status=429, path=path, count=2, headers=headers)
    answer = az.ok(export(site, "samples/hello:*"))
    assert answer.json["request"]["artifacts"] == ["samples/hello:v1", "samples/hello:v2"]
