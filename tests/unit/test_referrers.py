"""What refers to artifacts: taken along by --include-referrers, or named as left behind."""

from __future__ import annotations

import concurrent.futures
import json
import re
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import responses
from requests import PreparedRequest

from azext_acrtransfer.kinds import EXPORT, IMPORT
from azext_acrtransfer.registry.referrer_tags import list_tag
from azext_acrtransfer.registry.referrers import find_referrers
from azext_acrtransfer.service.concurrency import Background
from azext_acrtransfer.transfer import creation, referrers
from tests.support.az import Result
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    AUTHENTICATION,
    NOT_TRANSFERRED,
    PUSH_OR_EXCLUDE,
    REFERRERS_LEFT,
    REFERRERS_UNKNOWN,
    TO_COUNT_REFERRERS,
    TO_EXPORT_REFERRERS,
    TOO_MANY_REFERRERS,
    not_in_registry,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, pipeline, run
from tests.unit.fake_azure import Azure
from tests.unit.fake_registry import HOST, INDEX, Registry, Repository
from tests.unit.fake_runs import RUNS, UNDER_WAY, answers, error_of, failed

CREATE = [
    *("acr", "pipeline-run", "create", *WHERE),
    *("-n", "myrun", "-p", "mypipeline", "-t", "export"),
]
PLAN = [*CREATE, "-b", "myblob", "--dry-run"]
TOGETHER = [*PLAN, "--include-referrers"]


@pytest.fixture(autouse=True)
def referrers_left_behind() -> None:
    """Here, an export reads the registry to count referrers."""


@pytest.fixture
def registry(mock: responses.RequestsMock) -> Registry:
    """A registry that lets the caller in, under an ARM that has the pipeline."""
    mock.get(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=pipeline(EXPORT))
    registry = Registry(mock)
    registry.accepts_login()
    registry.has_blobs()
    return registry


@pytest.fixture
def repository(registry: Registry) -> Repository:
    """The repository team/app."""
    return Repository(registry)


def by_digest(digest: str) -> str:
    return f"team/app@{digest}"


def cosign(subject: str, suffix: str) -> str:
    """The tag under which cosign attaches something to a digest."""
    return f"{list_tag(subject)}.{suffix}"


def planned(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.stderr
    return [run["artifacts"] for run in result.json]


def warnings(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("WARNING: ")]


def left_behind(count: int) -> str:
    return f"WARNING: {REFERRERS_LEFT} {count}. {TO_EXPORT_REFERRERS}."


def signed_index(repository: Repository) -> list[str]:
    """Have an index of two images with referrers of all kinds; their references in order."""
    arm, amd = repository.push(name="arm"), repository.push(name="amd")
    children = [repository.descriptor(arm), repository.descriptor(amd)]
    index = repository.push("v1", media_type=INDEX, manifests=children)
    notation = repository.refer(index, name="signature by notation")
    repository.push(cosign(index, "sig"), name="signature by cosign")
    sbom = repository.refer(amd, "sbom", name="SBOM of an image")
    of_sbom = repository.refer(sbom, name="its signature")
    repository.push(cosign(of_sbom, "att"), name="an attestation of that")
    return [
        f"team/app:{cosign(index, 'sig')}",
        by_digest(notation),
        "team/app:sbom",
        by_digest(of_sbom),
        f"team/app:{cosign(of_sbom, 'att')}",
    ]


def test_referrers_of_every_kind_and_of_referrers_go_along(az: Az, repository: Repository) -> None:
    expected = signed_index(repository)
    result = az(*TOGETHER, "-a", "team/app:v1")
    assert planned(result) == [["team/app:v1", *expected]]
    assert warnings(result) == []


def test_where_there_is_no_api_a_list_under_a_tag_is_followed(az: Az, registry: Registry) -> None:
    repository = Repository(registry, has_api=False)
    image = repository.push("v1")
    signature = repository.refer(image)
    manifests = [repository.descriptor(signature)]
    repository.push(list_tag(image), media_type=INDEX, manifests=manifests)
    expected = ["team/app:v1", f"team/app:{list_tag(image)}", by_digest(signature)]
    assert planned(az(*TOGETHER, "-a", "team/app:v1")) == [expected]
    # The list isn't a referrer itself.
    assert warnings(az(*PLAN, "-a", "team/app:v1")) == [left_behind(1)]


def test_a_referrer_by_its_subject_and_by_a_tag_of_it_goes_once(
    az: Az, repository: Repository
) -> None:
    image = repository.push("v1")
    tag = cosign(image, "sig")
    repository.refer(image, tag)
    assert planned(az(*TOGETHER, "-a", "team/app:v1")) == [["team/app:v1", f"team/app:{tag}"]]


def test_a_referrer_of_two_manifests_goes_once(az: Az, registry: Registry) -> None:
    repository = Repository(registry, has_api=False)
    one, two = repository.push("v1", name="one"), repository.push("v2", name="two")
    signature = repository.refer(one)
    for image in (one, two):
        manifests = [repository.descriptor(signature)]
        repository.push(list_tag(image), media_type=INDEX, manifests=manifests, of=image)
    expected = ["team/app:v1", f"team/app:{list_tag(one)}", by_digest(signature)]
    assert planned(az(*TOGETHER, "-a", "team/app:v1", "team/app:v2")) == [
        [*expected, "team/app:v2", f"team/app:{list_tag(two)}"]
    ]


@pytest.mark.parametrize("digest", ["sha256:../..", None])
def test_a_list_of_referrers_that_cannot_be_used_ends_the_command(
    az: Az, registry: Registry, digest: str | None
) -> None:
    repository = Repository(registry, has_api=False)
    image = repository.push("v1")
    item = {"mediaType": INDEX, "size": 1} | ({"digest": digest} if digest else {})
    repository.push(list_tag(image), media_type="an/index", manifests=[item])
    result = az(*TOGETHER, "-a", "team/app:v1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"/v2/team/app/referrers/{image}" in error_of(result)[0]


def test_artifacts_without_referrers_go_alone(az: Az, repository: Repository) -> None:
    repository.push("v1")
    repository.push("v2", name="another")
    artifacts = ["team/app:v1", "team/app:v2", "team/app:gone"]
    assert planned(az(*TOGETHER, "-a", *artifacts)) == [artifacts]


def test_cycles_end(az: Az, repository: Repository) -> None:
    one, two = repository.push("v1", name="one"), repository.push(name="two")
    repository.tags |= {cosign(one, "sig"): two, cosign(two, "sig"): one}
    expected = ["team/app:v1", f"team/app:{cosign(one, 'sig')}", f"team/app:{cosign(two, 'sig')}"]
    assert planned(az(*TOGETHER, "-a", "team/app:v1")) == [expected]
    # Each refers to the other, and both are chosen.
    both = [f"team/app:{cosign(two, 'sig')}", f"team/app:{cosign(one, 'sig')}"]
    assert [sorted(artifacts) for artifacts in planned(az(*TOGETHER, "-a", *both))] == [
        sorted(both)
    ]


def test_an_sbom_that_two_images_share_goes_along_under_both_tags(
    az: Az, repository: Repository
) -> None:
    one, two = repository.push("v1", name="one"), repository.push("v2", name="two")
    shared = [cosign(one, "sbom"), cosign(two, "sbom")]
    repository.push(*shared, name="shared")
    expected = ["team/app:v1", f"team/app:{shared[0]}", "team/app:v2", f"team/app:{shared[1]}"]
    assert planned(az(*TOGETHER, "-a", "team/app:v1", "team/app:v2")) == [expected]


def test_a_chosen_referrer_moves_to_the_run_of_its_subject(az: Az, repository: Repository) -> None:
    images = [repository.push(f"v{number:02}", name=str(number)) for number in range(50)]
    signatures = [cosign(images[0], "sig"), cosign(images[49], "sig")]
    for number, tag in enumerate(signatures):
        repository.push(tag, name=f"signature {number}")
    sbom = repository.refer(images[0], "sbom")
    references = [f"team/app:v{number:02}" for number in range(50)]
    runs = planned(az(*TOGETHER, "-a", "team/app:*"))
    first = ["team/app:v00", f"team/app:{signatures[0]}", "team/app:sbom"]
    assert runs[0] == [*first, *references[1:48]]
    assert runs[1] == ["team/app:v48", "team/app:v49", f"team/app:{signatures[1]}"]
    # By its digest, too.
    assert planned(
        az(*TOGETHER, "-a", "team/app:v00", by_digest(sbom), "--exclude", "team/app:*.sig")
    ) == [["team/app:v00", by_digest(sbom)]]


def test_artifacts_of_one_digest_share_its_referrers(az: Az, repository: Repository) -> None:
    signature = repository.refer(repository.push("v1", "latest"))
    expected = ["team/app:v1", by_digest(signature), "team/app:latest"]
    assert planned(az(*TOGETHER, "-a", "team/app:v1", "team/app:latest")) == [expected]


@pytest.mark.parametrize(
    ("excluded", "left"),
    [
        ("team/app:*.sig", [1, 2, 3, 4]),
        ("team/app:sbom", [0, 1]),
        ("team/app:*.att", [0, 1, 2, 3]),
    ],
)
def test_an_excluded_referrer_stays_behind_with_what_refers_to_it(
    az: Az, repository: Repository, excluded: str, left: list[int]
) -> None:
    all_ = signed_index(repository)
    expected = [all_[number] for number in left]
    result = az(*TOGETHER, "-a", "team/app:v1", "--exclude", excluded)
    assert planned(result) == [["team/app:v1", *expected]]
    # Without the option, what is left out on purpose isn't named.
    result = az(*PLAN, "-a", "team/app:v1", "--exclude", excluded)
    assert warnings(result) == [left_behind(len(left))]


def test_referrers_of_children_of_a_referrer_go_along(az: Az, repository: Repository) -> None:
    child = repository.push(name="SBOM for a platform")
    index = repository.refer(
        repository.push("v1"), media_type=INDEX, manifests=[repository.descriptor(child)]
    )
    signature = repository.refer(child)
    expected = ["team/app:v1", by_digest(index), by_digest(signature)]
    assert planned(az(*TOGETHER, "-a", "team/app:v1")) == [expected]


def test_a_referrer_with_two_tags_goes_by_the_chosen_or_the_first(
    az: Az, repository: Repository
) -> None:
    repository.refer(repository.push("v1"), "first", "second")
    for chosen, tag in (([], "first"), (["team/app:second"], "second")):
        result = az(*TOGETHER, "-a", "team/app:v1", *chosen)
        assert planned(result) == [["team/app:v1", f"team/app:{tag}"]]


def test_another_tag_or_the_digest_of_a_referrer_excludes_it(
    az: Az, repository: Repository
) -> None:
    digest = repository.refer(repository.push("v1"), "first", "second")
    for excluded in ("team/app:second", by_digest(digest), "team/app:sec*"):
        words = ["-a", "team/app:v1", "--exclude", excluded]
        assert planned(az(*TOGETHER, *words)) == [["team/app:v1"]]


def test_a_list_that_names_an_excluded_referrer_stays_behind(az: Az, registry: Registry) -> None:
    repository = Repository(registry, has_api=False)
    image = repository.push("v1")
    one, two = repository.refer(image, "one", name="one"), repository.refer(image, name="two")
    manifests = [repository.descriptor(one), repository.descriptor(two)]
    repository.push(list_tag(image), media_type=INDEX, manifests=manifests)
    words = ["-a", "team/app:v1", "--exclude", "team/app:one"]
    assert planned(az(*TOGETHER, *words)) == [["team/app:v1", by_digest(two)]]


def test_a_referrer_that_was_deleted_meanwhile_is_exported_in_vain(
    az: Az, repository: Repository
) -> None:
    image = repository.push("v1")
    repository.tags[cosign(image, "sig")] = f"sha256:{'0' * 64}"
    [planned_run] = az(*TOGETHER, "-a", "team/app:v1").json
    assert planned_run["missing"] == [f"team/app:{cosign(image, 'sig')}"]
    words = ["-a", "team/app:v1", "--exclude", "team/app:*.sig"]
    assert planned(az(*TOGETHER, *words)) == [["team/app:v1"]]


def test_more_referrers_than_fit_into_a_run_end_the_command(az: Az, repository: Repository) -> None:
    image = repository.push("v1")
    for number in range(50):
        repository.refer(image, name=str(number))
    result = az(*TOGETHER, "-a", "team/app:v1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)[:2] == [
        f"ERROR: 1 of 1 artifacts have more than 49 {TOO_MANY_REFERRERS}",
        "  team/app:v1: 50",
    ]


def test_a_manifest_names_subjects_and_verify_finds_the_referrers_listed(
    az: Az, registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    image = repository.push("v1")
    signature = repository.refer(image)
    tag = cosign(image, "sig")
    repository.push(tag, name="by its tag")
    file = tmp_path / "manifest.json"
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = ["-b", "myblob", "-a", "team/app:v1", "--include-referrers", "--manifest", str(file)]
    result = az(*CREATE, *words)
    assert (result.exit_code, result.stderr) == (0, AUTHENTICATION)
    entries = json.loads(file.read_text())["artifacts"]
    assert {entry["reference"]: entry.get("subject") for entry in entries} == {
        "team/app:v1": None,
        f"team/app:{tag}": image,
        by_digest(signature): image,
    }
    verified = az("acr", "pipeline-run", "verify", *WHERE, "--manifest", str(file))
    assert [(row["status"], row["subject"]) for row in verified.json] == [
        ("present", None),
        ("present", image),
        ("present", image),
    ]


def verify(az: Az, file: Path, there: Path) -> Result:
    """Compare the registry with a manifest, and write what it has to another one."""
    words = ("--manifest", str(file), "--write", str(there))
    return az("acr", "pipeline-run", "verify", *WHERE, *words)


def test_a_registry_that_does_not_list_a_referrer_fails_verify(
    az: Az, registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    signature = repository.refer(repository.push("v1"))
    file, there = tmp_path / "manifest.json", tmp_path / "target.json"
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = ["-a", "team/app:v1", "--include-referrers", "--manifest", str(file)]
    assert az(*CREATE, "-b", "myblob", *words).exit_code == 0
    repository.has_api = False
    result = verify(az, file, there)
    assert result.exit_code == 1
    assert [row["status"] for row in result.json] == ["present", "unlisted"]
    # Another export brings it again.
    results = {each["reference"]: each["result"] for each in written(there)}
    assert results == {"team/app:v1": "present", by_digest(signature): "missing"}


def written(file: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(file.read_text())["artifacts"]
    return entries


def test_what_the_target_has_is_skipped_and_its_new_signature_goes(
    az: Az, registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    image = repository.push("v1")
    old = repository.refer(image, name="old")
    file, there = tmp_path / "manifest.json", tmp_path / "target.json"
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = ["-a", "team/app:v1", "--include-referrers"]
    assert az(*CREATE, "-b", "myblob", *words, "--manifest", str(file)).exit_code == 0
    assert verify(az, file, there).exit_code == 0
    document = json.loads(there.read_text()) | {"registry": "another.azurecr.io"}
    there.write_text(json.dumps(document))
    new = repository.refer(image, name="new")
    [planned_run] = az(*TOGETHER, "-a", "team/app:v1", "--skip", str(there)).json
    assert (planned_run["artifacts"], planned_run["skipped"]) == (
        [by_digest(new)],
        ["team/app:v1"],
    ), old
    # The old one is in the target, and isn't left behind.
    words = ["-a", "team/app:v1", "team/app:gone", "--skip", str(there)]
    repository.tags["gone"] = repository.push(name="not in the target")
    assert warnings(az(*PLAN, *words)) == []


@pytest.mark.usefixtures("fake_time")
def test_only_failed_exports_referrers_of_the_manifest_again(
    az: Az, registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    image = repository.push("v1")
    one, two = repository.refer(image, name="one"), repository.refer(image, name="two")
    options = pipeline(EXPORT, options=["ContinueOnErrors"])
    registry.mock.replace("GET", f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=options)
    answers(registry.mock, "myrun", failed(EXPORT, f"Artifact '{by_digest(one)}' broke.", "myrun"))
    file = tmp_path / "manifest.json"
    words = ["-b", "myblob", "-a", "team/app:v1", "--include-referrers", "--manifest", str(file)]
    assert az(*CREATE, *words).exit_code == 1
    document = json.loads(file.read_text())
    for entry, result in zip(document["artifacts"], ["failed", "failed", "exported"], strict=True):
        entry["result"] = result
    file.write_text(json.dumps(document))
    # What was exported already neither goes again nor is it named.
    expected = [["team/app:v1", by_digest(one)]]
    for create in (PLAN, TOGETHER):
        retried = az(*create, "--only-failed", str(file))
        assert (planned(retried), warnings(retried)) == (expected, []), two


def test_referrers_left_behind_are_counted_once_and_none_twice(
    az: Az, registry: Registry, repository: Repository
) -> None:
    signed_index(repository)
    repository.tags["latest"] = repository.tags["v1"]
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = ["-a", "team/app:v1", "team/app:latest"]
    assert warnings(az(*PLAN, *words)) == [left_behind(5)]
    result = az(*CREATE, "-b", "myblob", *words)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [AUTHENTICATION.strip(), left_behind(5)]
    # What a pattern chooses isn't left behind.
    assert warnings(az(*PLAN, "-a", "team/app:*")) == [left_behind(2)]


def test_the_search_costs_a_request_for_each_manifest(az: Az, repository: Repository) -> None:
    signed_index(repository)
    words = ["-b", "myblob", "-a", "team/app:v1"]
    assert warnings(az(*CREATE, *words))[-1] == left_behind(5)
    counts = {
        word: sum(number for url, number in repository.registry.requested.items() if word in url)
        for word in ("/manifests/", "/_tags", "/referrers/")
    }
    # The index, and two referrers of which a tag says no type; an index with two images and five
    # referrers.
    assert counts == {"/manifests/": 3, "/_tags": 1, "/referrers/": 8}


def test_referrers_that_are_exported_are_not_searched_again(
    az: Az, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[object] = []

    def search(*arguments: Any) -> Any:
        searches.append(arguments)
        return find_referrers(*arguments)

    monkeypatch.setattr(referrers, "find_referrers", search)
    expected = signed_index(repository)
    assert planned(az(*TOGETHER, "-a", "team/app:v1")) == [["team/app:v1", *expected]]
    assert len(searches) == 1


def test_nothing_is_searched_where_no_warning_would_be_shown(
    az: Az, registry: Registry, repository: Repository
) -> None:
    signed_index(repository)
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = ["-b", "myblob", "-a", "team/app:v1", "--only-show-errors"]
    assert az(*CREATE, *words).exit_code == 0
    assert [url for url in registry.requested if HOST in url] == []


NOT_IN_TIME = [
    f"WARNING: {REFERRERS_UNKNOWN}: The result isn't available yet.",
    TO_COUNT_REFERRERS,
]


@pytest.mark.usefixtures("fake_time")
def test_a_registry_that_cannot_be_read_fails_no_run(az: Az, registry: Registry) -> None:
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    tags = f"{HOST}/acr/v1/team/app/_tags"
    registry.mock.get(tags, status=403, json={"errors": [{"message": "denied"}]})
    words = ["-a", "team/app:v1"]
    result = az(*CREATE, "-b", "myblob", *words)
    first, unknown, advice = result.stderr.splitlines()
    assert (result.exit_code, first, advice) == (0, AUTHENTICATION.strip(), TO_COUNT_REFERRERS)
    assert unknown == (
        f"WARNING: {REFERRERS_UNKNOWN}: You don't have permission to list the tags of repository "
        "'team/app' in registry 'myregistry'. The registry said: denied"
    )
    planned_run = az(*PLAN, *words)
    assert (planned_run.exit_code, warnings(planned_run)[0]) == (0, unknown)
    assert TO_COUNT_REFERRERS not in planned_run.stderr
    # To take them along, they have to be read.
    assert az(*CREATE, "-b", "myblob", *words, "--include-referrers").exit_code == 1


@pytest.mark.parametrize("more", [[], ["--no-wait"]])
def test_referrers_are_counted_while_the_run_is_created(
    az: Az, registry: Registry, repository: Repository, more: list[str]
) -> None:
    """Neither the request of the run nor the one for referrers is answered before the other."""
    signed_index(repository)
    both = threading.Barrier(2, timeout=60)

    def put(_: PreparedRequest) -> tuple[int, dict[str, str], str]:
        both.wait()
        return 200, {}, json.dumps(run(EXPORT, "myrun"))

    def tags(request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        both.wait()
        return repository._tags(request)

    registry.mock.add_callback("PUT", f"{ARM}{RUNS}/myrun", put)
    url = f"{HOST}/acr/v1/team/app/_tags"
    registry.mock.remove("GET", re.compile(re.escape(url) + ".*"))
    registry.mock.add_callback("GET", url, tags, content_type=None)
    result = az(*CREATE, "-b", "myblob", "-a", "team/app:v1", *more)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [AUTHENTICATION.strip(), left_behind(5)]


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch, over: threading.Event) -> threading.Event:
    """A registry that doesn't answer before this event."""

    def wait(*arguments: Any) -> Any:
        assert over.wait(60)
        return find_referrers(*arguments)

    monkeypatch.setattr(referrers, "find_referrers", wait)
    return over


@pytest.mark.usefixtures("fake_time", "unanswered")
@pytest.mark.parametrize("more", [[], ["--no-wait"]])
def test_a_count_that_takes_longer_than_the_run_delays_nothing(
    az: Az, registry: Registry, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    monkeypatch.setattr(creation, "_LONGEST_COUNT_AFTER_RUNS", 0.01)
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    result = az(*CREATE, "-b", "myblob", "-a", "team/app:v1", *more)
    assert (result.exit_code, result.json["name"]) == (0, "myrun")
    assert result.stderr.splitlines() == [AUTHENTICATION.strip(), *NOT_IN_TIME]


@pytest.mark.usefixtures("unanswered")
@pytest.mark.parametrize("stop", [KeyboardInterrupt, None])
def test_a_stopped_command_does_not_wait_for_the_count(
    az: Az,
    registry: Registry,
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
    stop: type[BaseException] | None,
) -> None:
    timeouts: list[float] = []
    result_of = Background.result

    def result_within(count: Background[int], timeout: float) -> int:
        timeouts.append(timeout)
        return result_of(count, timeout)

    monkeypatch.setattr(Background, "result", result_within)

    def interrupt() -> None:
        if stop:
            raise stop

    fake_time.until = interrupt
    in_progress = run(EXPORT, "myrun", **UNDER_WAY)
    answers(registry.mock, "myrun", in_progress, in_progress)
    result = az(*CREATE, "-b", "myblob", "-a", "team/app:v1", "--timeout", "1")
    lines = result.stderr.splitlines()
    assert (result.exit_code, lines[:3]) == (1, [AUTHENTICATION.strip(), *NOT_IN_TIME])
    assert lines[3].startswith("ERROR: Stopped waiting")
    assert timeouts == [0]


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize("is_late", [True, False])
def test_ctrl_c_after_the_run_ends_the_wait_for_the_count(
    az: Az,
    registry: Registry,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    unanswered: threading.Event,
    is_late: bool,
) -> None:
    signed_index(repository)
    answers(registry.mock, "myrun", failed(EXPORT, "Out of order.", "myrun"))
    wait = concurrent.futures.wait

    def interrupt(futures: Any, timeout: float) -> None:
        assert 4 < timeout * 10 <= 5, "Ctrl-C is noticed on Windows, too"
        if not is_late:
            unanswered.set()
            wait(futures, timeout=60)
        raise KeyboardInterrupt

    def interrupt_in_main_thread(futures: Any, timeout: float) -> Any:
        is_main = threading.current_thread() is threading.main_thread()
        return (interrupt if is_main else wait)(futures, timeout)

    monkeypatch.setattr(concurrent.futures, "wait", interrupt_in_main_thread)
    result = az(*CREATE, "-b", "myblob", "-a", "team/app:v1")
    expected = NOT_IN_TIME if is_late else [left_behind(5)]
    lines = result.stderr.splitlines()
    assert (result.exit_code, lines[1 : 1 + len(expected)]) == (1, expected)
    assert lines[1 + len(expected)] == "ERROR: The pipeline run 'myrun' failed: Out of order."


def test_no_request_is_sent_after_the_command(
    az: Az,
    registry: Registry,
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
    over: threading.Event,
) -> None:
    repository = Repository(registry)
    repository.push("v1", name="one")
    repository.push("v2", name="two")
    monkeypatch.setattr(creation, "_LONGEST_COUNT_AFTER_RUNS", 0)
    answers(registry.mock, "myrun", run(EXPORT, "myrun", **UNDER_WAY), run(EXPORT, "myrun"))
    before, is_counting = set(threading.enumerate()), threading.Event()
    fake_time.until = partial(is_counting.wait, 60)

    def manifest(request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        is_counting.set()
        assert over.wait(60)
        return repository._manifest(request)

    url = re.compile(re.escape(f"{HOST}/v2/team/app/manifests/") + ".+")
    registry.mock.remove("GET", url)
    registry.mock.add_callback("GET", url, manifest, content_type=None)
    result = az(*CREATE, "-b", "myblob", "-a", "team/app:v1", "team/app:v2")
    assert result.stderr.splitlines()[1:] == NOT_IN_TIME
    over.set()
    while set(threading.enumerate()) - before:  # one that is only starting can't be joined
        threading.Event().wait(0.01)
    assert [url for url in registry.requested if "/referrers/" in url] == []


def test_ctrl_c_ends_a_dry_run_that_counts(
    az: Az, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(referrers, "find_referrers", interrupt)
    result = az(*PLAN, "-a", "team/app:v1")
    assert (result.exit_code, result.stdout, warnings(result)) == (1, "", [])
    assert [url for url in registry.requested if "/manifests/" in url] == []


def test_an_import_searches_for_no_referrers(
    az: Az, registry: Registry, repository: Repository
) -> None:
    signed_index(repository)
    registry.mock.get(f"{ARM}{REGISTRY}/importPipelines/mypipeline", json=pipeline(IMPORT))
    answers(registry.mock, "myrun", run(IMPORT, "myrun"))
    result = az(*CREATE, "-t", "import", "-b", "myblob")
    assert (result.exit_code, result.stderr) == (0, AUTHENTICATION)
    assert [url for url in registry.requested if HOST in url] == []


def test_check_names_what_stays_behind(
    az: Az, mock: responses.RequestsMock, registry: Registry, repository: Repository
) -> None:
    azure = Azure(mock)
    azure.tell(f"{ARM}{REGISTRY}", registry.resource)
    expected = signed_index(repository)
    _, checks = azure(az, "--artifacts", "team/app:v1")
    check = checks["ReferrersIncluded"]
    assert (check["status"], check["message"]) == (
        "warning",
        f"{NOT_TRANSFERRED} {', '.join(expected)}.",
    )
    _, checks = azure(az, "--artifacts", "team/app:v1", *expected)
    assert checks["ReferrersIncluded"]["status"] == "pass"


def test_a_plan_within_a_size_needs_to_read_the_registry(
    az: Az, registry: Registry, repository: Repository
) -> None:
    repository.push("v1")
    words = [*PLAN, "-a", "team/app:v1", "team/app:gone", "--max-blob-size", "1GB"]
    result = az(*words)
    assert (result.exit_code, error_of(result)) == (
        1,
        [
            f"ERROR: {not_in_registry(1, 2, 'myregistry')}:",
            "  team/app:gone",
            f"Nothing was exported. {PUSH_OR_EXCLUDE}",
        ],
    )
    registry.mock.replace("POST", f"{HOST}/oauth2/token", status=403, json={"errors": []})
    result = az(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)[0].startswith("ERROR: You ")


def test_runs_are_split_by_size(az: Az, repository: Repository, tmp_path: Path) -> None:
    shared = {"digest": f"sha256:{'1' * 64}", "mediaType": "a/layer", "size": 6_000}
    layers = [shared | {"digest": f"sha256:{number:064}", "size": 3_000} for number in range(3)]
    manifests = [
        repository.descriptor(repository.push(f"v{number}", config=shared, layers=[layer]))["size"]
        for number, layer in enumerate(layers)
    ]
    file = tmp_path / "manifest.json"
    words = ["-a", "team/app:*", "--max-blob-size", "13KB"]
    plan = az(*PLAN, *words).json
    assert [run["artifacts"] for run in plan] == [["team/app:v0", "team/app:v1"], ["team/app:v2"]]
    sizes = [12_000 + manifests[0] + manifests[1], 9_000 + manifests[2]]
    assert [run["size"] for run in plan] == sizes
    for name in ("myrun001", "myrun002"):
        answers(repository.registry.mock, name, run(EXPORT, name))
    blobs = ["-b", "images.tar"]
    assert az(*CREATE, *blobs, *words, "--manifest", str(file)).exit_code == 0
    runs = json.loads(file.read_text())["runs"]
    assert [(run["blob"], run["estimatedSize"]) for run in runs] == [
        ("images-001.tar", sizes[0]),
        ("images-002.tar", sizes[1]),
    ]


@pytest.mark.usefixtures("fake_time")
def test_the_rest_fits_the_media_too(az: Az, registry: Registry, repository: Repository) -> None:
    repository.push("v1", "v2")
    answers(registry.mock, "myrun", failed(EXPORT, "Out of order.", "myrun"))
    words = ["-a", "team/app:v1", "team/app:v2", "--max-blob-size", "25GB"]
    result = az(*CREATE, "-b", "images.tar", *words)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        1,
        "az acr pipeline-run create --resource-group mygroup --registry myregistry "
        "--name myrunretry --pipeline mypipeline --pipeline-type export --storage-blob "
        "images-retry.tar --max-blob-size 25000000000 --artifacts team/app:v1 team/app:v2",
    )
