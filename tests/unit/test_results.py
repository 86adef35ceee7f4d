"""JSON results that the extension makes itself, and the queries that help prints for them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jmespath
import pytest
import yaml
from azure.cli.core.util import todict
from knack.help_files import helps

from azext_acrtransfer.kinds import EXPORT, IMPORT
from azext_acrtransfer.manifest.verification import Finding, VerifiedArtifact
from azext_acrtransfer.preflight.rule import Check
from azext_acrtransfer.preflight.rules import evaluate
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer import cleaning
from azext_acrtransfer.transfer.cleaning import CleanOutcome
from azext_acrtransfer.transfer.preview import PlannedRun, preview
from azext_acrtransfer.transfer.specs import RunSpec
from tests.support.printed import words_of
from tests.unit.preflight_snapshots import registry, snapshot

HELLO = Artifact("samples/hello", "1.0")


class Sizes:
    """A registry that knows the sizes of its artifacts."""

    def sizes_of(self, artifacts: Sequence[Artifact]) -> dict[Artifact, dict[str, int] | None]:
        return {artifact: {"sha256:0a": 1} for artifact in artifacts}


BASIC = registry(sku="Basic")
CLEANED = [CleanOutcome(name="failed01", outcome=cleaning.DELETED, error=None)]
#: A result of each command, in which every query of its help finds something.
RESULTS: dict[str, tuple[type, Iterable[Mapping[str, Any]]]] = {
    "acr export-pipeline check": (Check, evaluate(snapshot(EXPORT, registry=BASIC))),
    "acr import-pipeline check": (Check, evaluate(snapshot(IMPORT, registry=BASIC))),
    "acr pipeline-run create --dry-run": (
        PlannedRun,
        preview([RunSpec(EXPORT, "myrun", "myblob", (HELLO,))], "mypipeline", (HELLO,), Sizes()),
    ),
    "acr pipeline-run clean": (CleanOutcome, CLEANED),
    "acr pipeline-run verify": (
        VerifiedArtifact,
        [*Finding(HELLO, "sha256:0a", None, (Finding(HELLO, "sha256:0b", None),)).rows],
    ),
}
#: What queries of help read of the service's resources, in its spelling.
SHOWN: dict[str, Mapping[str, Any]] = {
    "acr export-pipeline": {"name": "mypipeline", "identity": {"principalId": "1"}},
    "acr import-pipeline": {"name": "mypipeline", "identity": {"principalId": "1"}},
    "acr pipeline-run": {"name": "myrun", "response": {"pipelineRunErrorMessage": "Forbidden"}},
}
SAMPLES: dict[str, Any] = {
    **{command: todict(list(rows)) for command, (_, rows) in RESULTS.items()},
    **{f"{group} show": resource for group, resource in SHOWN.items()},
    **{f"{group} list": [resource] for group, resource in SHOWN.items()},
}
QUERIES = [
    (" ".join(words[1:4]), words[words.index("--query") + 1])
    for text in helps.values()
    for example in yaml.safe_load(text).get("examples", ())
    if "--query" in (words := shlex.split(words_of(example["text"])))
]


@pytest.mark.parametrize("command", RESULTS)
def test_a_result_has_the_keys_of_its_type(command: str) -> None:
    shape, rows = RESULTS[command]
    shown = todict(list(rows))
    assert shown
    assert [list(row) for row in shown] == [list(shape.__annotations__)] * len(shown)


@pytest.mark.parametrize(("command", "query"), QUERIES)
def test_a_query_in_help_fits_the_result(command: str, query: str) -> None:
    assert command in SAMPLES, f"add a result of `az {command}` to {__name__}"
    selected = jmespath.search(query, SAMPLES[command])
    assert selected
    assert None not in ([selected] if isinstance(selected, str) else selected)


def test_help_has_queries() -> None:
    assert QUERIES
