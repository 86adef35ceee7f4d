"""The answers of every az that is supported are those of one file, to the last key."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.support.terminal import Terminal

pytestmark = pytest.mark.real_az
EXPECTED = Path(__file__).parent / "expected_output.json"

_GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_VARYING = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00": "<time>",
    r"sha256:[0-9a-f]{64}": "<digest>",
    _GUID: "<guid>",
}


@pytest.fixture
def answers(az: Terminal, site: Site) -> dict[str, Any]:
    """What each kind of command prints, without what differs from run to run."""
    site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    lines = {
        "export-pipeline create": f"{site.args} -n exporter -c {site.container_uri} "
        f"-s {site.secret_uri} -z OverwriteBlobs",
        "import-pipeline create": f"{site.args} -n importer -c {site.container_uri} -e false",
        "export-pipeline list": site.args,
        "import-pipeline show": f"{site.args} -n importer",
    }
    results = {line: az.ok(f"acr {line} {rest}").json for line, rest in lines.items()}
    site.grant_secret(site.resource("exportPipelines/exporter"))
    site.grant_storage(site.resource("importPipelines/importer"))
    for kind, more in (("export", "-a samples/hello:1.0"), ("import", "")):
        run = f"{site.args} -n {kind}run -p {kind}er -t {kind} -b myblob {more}"
        results[f"pipeline-run create {kind}"] = az.ok(f"acr pipeline-run create {run}").json
    results["pipeline-run list"] = az.ok(f"acr pipeline-run list {site.args} --top 1").json
    text = json.dumps(results, indent=1, sort_keys=True).replace(site.name, "<site>")
    for varying, name in _VARYING.items():
        text = re.sub(varying, name, text)
    answers: dict[str, Any] = json.loads(text)
    return answers


def test_every_answer_is_as_expected(answers: dict[str, Any]) -> None:
    if os.environ.get("WRITE_EXPECTED"):
        EXPECTED.write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n")
    assert answers == json.loads(EXPECTED.read_text())
