"""What references, globs and files choose, from what a registry or a container lists."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import given
from hypothesis import strategies as st

from azext_acrtransfer.registry.patterns import ArtifactGlob, check_lines, matches, parse_references
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer.selection import Selection, resolve_blobs
from tests.support.wording import (
    IN_QUOTES,
    NO_REGISTRY_IN_REFERENCE,
    NO_TAG_NO_REPOSITORY,
    NOT_IN_THE_REGISTRY,
    invalid,
)

DIGEST = f"sha256:{'0' * 64}"
CONTENT = {
    "base": ["v1"],
    "nginx": ["1.25", "1.26", "latest"],
    "samples/deep/er": ["v1"],
    "samples/gone": [],
    "samples/hello": ["v1", "v10", "v2"],
}
CATALOG = "the catalog"


def digest(artifact: str) -> str:
    """The digest that a tag of the registry names."""
    return f"sha256:{artifact.encode().hex():0>64.64}"


class Content:
    """A registry, and a container, of which it is known what was requested."""

    def __init__(self) -> None:
        self.requested: list[str] = []

    def repositories(self) -> Sequence[str]:
        self.requested.append(CATALOG)
        return list(CONTENT)

    def tags_of(self, repositories: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
        for repository in repositories:
            self.requested.append(repository)
            tags = CONTENT.get(repository, [])
            yield repository, {tag: digest(f"{repository}:{tag}") for tag in tags}

    def contains(self, artifact: Artifact) -> bool:
        self.requested.append(str(artifact))
        return artifact.reference == DIGEST

    def blobs(self) -> Sequence[str]:
        self.requested.append("the blobs")
        return ["a/images-001", "images-001", "images-002", "other"]


def parse(*texts: str) -> tuple[Artifact | ArtifactGlob, ...]:
    return parse_references(texts, "--artifacts", ".azurecr.io")


def chosen(*texts: str, exclude: tuple[str, ...] = ()) -> list[str]:
    artifacts = Selection(parse(*texts), parse(*exclude)).resolve(Content())
    return [str(artifact) for artifact in artifacts]


GLOBS = [
    ("samples/*", ["samples/hello:v1", "samples/hello:v10", "samples/hello:v2"]),
    (
        "samples/**",
        [
            "samples/deep/er:v1",
            "samples/hello:v1",
            "samples/hello:v10",
            "samples/hello:v2",
        ],
    ),
    ("samples/*:v1*", ["samples/hello:v1", "samples/hello:v10"]),
    ("samples/h?llo:v?", ["samples/hello:v1", "samples/hello:v2"]),
    ("nginx:1.2*", ["nginx:1.25", "nginx:1.26"]),
    ("**:v1", ["base:v1", "samples/deep/er:v1", "samples/hello:v1"]),
    ("*:latest", ["nginx:latest"]),
    ("**/er", ["samples/deep/er:v1"]),
]


@pytest.mark.parametrize(("glob", "artifacts"), GLOBS)
def test_a_glob_takes_what_it_matches_in_the_order_of_the_listing(
    glob: str, artifacts: list[str]
) -> None:
    assert chosen(glob) == artifacts


def test_each_is_taken_once_where_it_was_named_first() -> None:
    named = chosen("zeta", "samples/hello:v2", "samples/hello:*", f"nginx@{DIGEST}", "zeta:latest")
    assert named == [
        "zeta:latest",
        "samples/hello:v2",
        "samples/hello:v1",
        "samples/hello:v10",
        f"nginx@{DIGEST}",
    ]


def test_a_file_has_a_reference_or_glob_a_line() -> None:
    file = "# what goes\r\n\r\nbase:v1   # the base\n  nginx:1.2*\n#nginx:latest\n"
    assert chosen("zeta:v1", file) == ["zeta:v1", "base:v1", "nginx:1.25", "nginx:1.26"]


EXCLUDED = [
    ("samples/hello:v1", ["samples/hello:v10", f"samples/hello@{DIGEST}"]),
    ("samples/hello:v1*", [f"samples/hello@{DIGEST}"]),
    ("samples/hello:*0", ["samples/hello:v1", f"samples/hello@{DIGEST}"]),  # a digest is no tag
    (f"samples/hello@{DIGEST}", ["samples/hello:v1", "samples/hello:v10"]),
    (
        f"samples/hello@{digest('samples/hello:v10')}",
        ["samples/hello:v1", f"samples/hello@{DIGEST}"],
    ),
    ("samples/*", []),
    ("**/hello:*", []),
    ("# nothing", ["samples/hello:v1", "samples/hello:v10", f"samples/hello@{DIGEST}"]),
]


@pytest.mark.parametrize(("exclude", "left"), EXCLUDED)
def test_what_is_excluded_is_left_out_whether_a_glob_or_a_name_took_it(
    exclude: str, left: list[str]
) -> None:
    named = ("samples/*:v1*", f"samples/hello@{DIGEST}")
    assert chosen("base:v1", *named, exclude=(exclude,)) == ["base:v1", *left]


@pytest.mark.parametrize("exclude", ["samples/hello:v10", "samples/*:v1?", "samples/hello:*"])
def test_a_digest_is_left_out_if_a_tag_that_names_it_is_excluded(exclude: str) -> None:
    named = f"samples/hello@{digest('samples/hello:v10')}"
    assert chosen("base:v1", named, exclude=(exclude,)) == ["base:v1"]


NOT_SELECTED = ["nginx", "samples/hello:v2", "*/*:v2", f"nginx@{digest('nginx:1.25')}"]


@pytest.mark.parametrize("exclude", [*NOT_SELECTED, f"nginx@{DIGEST}"])
def test_excluding_what_exists_and_is_not_selected_has_no_effect(exclude: str) -> None:
    assert chosen("samples/hello:v1*", exclude=(exclude,)) == [
        "samples/hello:v1",
        "samples/hello:v10",
    ]


MISSPELT = [
    (
        "smples/*",
        "no repository matches",
        "The nearest of 5 listed: 'samples/gone', 'samples/hello', 'samples/deep/er'.",
    ),
    (
        "*/er",
        "no repository matches",
        "'*' doesn't match a slash. To match repositories of any depth: '**/er'.",
    ),
    (
        "samples/*:*-debug",
        "no tag matches",
        "The nearest of 3 listed: 'samples/hello:v2', 'samples/hello:v1', 'samples/hello:v10'.",
    ),
    (
        "samples/hello:latest",
        NOT_IN_THE_REGISTRY,
        "Without a tag, 'samples/hello' means 'samples/hello:latest'. For all tags: "
        "'samples/hello:*'.",
    ),
    (
        "samples/hello:2",
        NOT_IN_THE_REGISTRY,
        "The nearest of 3 listed: 'samples/hello:v2', 'samples/hello:v1', 'samples/hello:v10'.",
    ),
    (
        "smples/hello:latest",
        NOT_IN_THE_REGISTRY,
        "The nearest of 1 listed: 'samples/hello'.",
    ),
    (
        f"samples/hello@{digest('another')}",
        NOT_IN_THE_REGISTRY,
        "Check the digest. For all tags: 'samples/hello:*'.",
    ),
]


@pytest.mark.parametrize(("exclude", "why", "advice"), MISSPELT)
def test_excluding_what_does_not_exist_is_refused(exclude: str, why: str, advice: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        chosen("samples/*", exclude=("nginx", exclude))
    assert refused.value.error_msg == f"{invalid(exclude, '--exclude')}: {why}."
    assert refused.value.recommendations == [advice]


def test_each_exclusion_without_a_match_is_named() -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        chosen("samples/*", exclude=("smples/*", "samples/hello:v1", "samples/hello"))
    assert refused.value.error_msg == (
        f"{invalid('smples/*', '--exclude')}: no repository matches.\n"
        f"{invalid('samples/hello:latest', '--exclude')}: {NOT_IN_THE_REGISTRY}."
    )
    assert refused.value.recommendations == [
        "smples/*: The nearest of 5 listed: 'samples/gone', 'samples/hello', 'samples/deep/er'.",
        "samples/hello:latest: Without a tag, 'samples/hello' means 'samples/hello:latest'. For "
        "all tags: 'samples/hello:*'.",
    ]


def test_thousands_of_exact_exclusions_take_no_time() -> None:
    listed = [f"zeta:v{number}" for number in range(6_000)]
    started = time.process_time()
    assert chosen(*listed, exclude=tuple(listed[1:])) == ["zeta:v0"]
    with pytest.raises(InvalidArgumentValueError) as refused:
        chosen(*listed, exclude=(*listed[1:], *(f"beta:v{number}" for number in range(6_000))))
    assert time.process_time() - started < 5  # compared one by one, they take ten times that
    lines = str(refused.value.error_msg).splitlines()
    assert (len(lines), lines[-1]) == (21, "and 5980 more")


DEEPER = [
    (
        ("*",),
        (),
        "--artifacts '*' doesn't match 3 repositories, such as 'samples/deep/er', because '*' "
        "doesn't match a slash. To match them, too: '**'.",
    ),
    (
        ("**", "base:v1"),
        ("*/*:v?",),
        "--exclude '*/*:v?' doesn't match 1 of the artifacts, such as 'samples/deep/er:v1', "
        "because '*' doesn't match a slash. To exclude them, too: '**/**:v?'.",
    ),
    (("*", "samples/**"), (), None),
    (("s*/*", "samples/deep/er:v1"), (), None),
    (("samples/**", "nginx:*"), ("*/*/*:v*", "nginx:l*"), None),
]


@pytest.mark.parametrize(("include", "exclude", "warning"), DEEPER)
def test_a_star_that_stops_at_a_slash_says_so(
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    warning: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen(*include, exclude=exclude)
    assert [record.getMessage() for record in caplog.records] == [warning] * bool(warning)


REQUESTS = [
    ("base:v1", []),
    (f"base@{DIGEST}", []),
    ("nginx:1.2*", ["nginx"]),
    ("samples/*", ["samples/gone", "samples/hello", CATALOG]),
]


@pytest.mark.parametrize(("text", "requested"), REQUESTS)
def test_no_more_is_requested_than_a_reference_needs(text: str, requested: list[str]) -> None:
    content = Content()
    Selection(parse(text)).resolve(content)
    assert sorted(set(content.requested)) == requested


UNMATCHED = [
    (
        "smaples/*",
        "no repository matches",
        "The nearest of 5 listed: 'samples/gone', 'samples/hello', 'samples/deep/er'.",
    ),
    (
        "nginx:2*",
        "no tag matches",
        "The nearest of 3 listed: 'nginx:1.26', 'nginx:1.25', 'nginx:latest'.",
    ),
    (
        "qq*",
        "no repository matches",
        "The nearest of 5 listed: 'base', 'nginx', 'samples/deep/er'.",
    ),
    ("missing:*", "no tag matches", "None is listed."),
]


@pytest.mark.parametrize(("glob", "why", "advice"), UNMATCHED)
def test_a_glob_that_matches_nothing_is_refused_with_the_nearest_names(
    glob: str, why: str, advice: str
) -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        chosen("base:v1", glob)
    assert refused.value.error_msg == f"{invalid(glob, '--artifacts')}: {why}."
    assert refused.value.recommendations == [advice]


def test_each_pattern_without_a_match_is_named() -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        chosen("nginx:2*", "base:*", "missing:*")
    assert refused.value.error_msg == (
        f"{invalid('nginx:2*', '--artifacts')}: no tag matches.\n"
        f"{invalid('missing:*', '--artifacts')}: no tag matches."
    )
    assert refused.value.recommendations == [
        "nginx:2*: The nearest of 3 listed: 'nginx:1.26', 'nginx:1.25', 'nginx:latest'.",
        "missing:*: None is listed.",
    ]


def test_excluding_everything_is_refused() -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        chosen("nginx:1.2*", exclude=("nginx:*",))
    assert refused.value.error_msg == (
        "--exclude leaves out 2 of 2 artifacts that --artifacts selects."
    )
    assert refused.value.recommendations == [f"Exclude fewer artifacts. {NO_TAG_NO_REPOSITORY}"]


def test_blobs_are_chosen_alike() -> None:
    assert resolve_blobs(["other", "images-*", "images-001"], Content()) == (
        "other",
        "images-001",
        "images-002",
    )
    assert resolve_blobs(["**-001"], Content()) == ("a/images-001", "images-001")


def test_blobs_named_in_full_request_nothing() -> None:
    content = Content()
    assert resolve_blobs(["one", "two", "one"], content) == ("one", "two")
    assert content.requested == []


def test_a_glob_without_blobs_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        resolve_blobs(["imgaes-*"], Content())
    assert refused.value.error_msg == f"{invalid('imgaes-*', '--storage-blob')}: no blob matches."
    assert refused.value.recommendations == [
        "The nearest of 4 listed: 'images-002', 'images-001', 'a/images-001'."
    ]


NAME = st.from_regex(r"[a-z]{1,3}(/[a-z]{1,3}){0,2}", fullmatch=True)


@given(name=NAME, data=st.data())
def test_a_glob_made_from_a_name_matches_it(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name)))
    end = data.draw(st.integers(start, len(name)))
    assert matches(name, name)
    assert matches(f"{name[:start]}**{name[end:]}", name)
    assert matches(f"{name[:start]}*{name[end:]}", name) == ("/" not in name[start:end])
    questions = "?" * (end - start)
    assert matches(name[:start] + questions + name[end:], name) == ("/" not in name[start:end])


@given(
    repository=st.from_regex(r"[a-z*?]{1,4}(/[a-z*?]{1,4})?", fullmatch=True),
    tag=st.from_regex(r"([a-z*?.]{1,4})?", fullmatch=True),
)
def test_what_is_accepted_keeps_its_parts(repository: str, tag: str) -> None:
    text = f"{repository}:{tag}" if tag else repository
    if tag.startswith("."):
        with pytest.raises(InvalidArgumentValueError):
            parse(text)
    elif {"*", "?"} & set(text):
        assert parse(text) == (ArtifactGlob(text, repository, tag or "*"),)
    else:
        assert parse(text) == (Artifact(repository, tag or "latest"),)


@given(
    signature=st.from_regex(r"[A-Za-z0-9%]{24}", fullmatch=True),
    start=st.sampled_from(
        ["https://acct.blob.core.windows.net/c", "repo", "*", "@", "me.azurecr.io/repo*"]
    ),
    mark=st.sampled_from(["?", "#", "&", "@", ":", ""]),
)
def test_a_signature_is_refused_and_never_shown(signature: str, start: str, mark: str) -> None:
    text = f"{start}{mark}sv=2026&sig={signature}"
    with pytest.raises(InvalidArgumentValueError) as refused:
        parse(text)
    assert signature not in f"{refused.value.error_msg} {refused.value.recommendations}"


REFUSED = [
    (
        "https://user:secret@me.azurecr.io/repo",
        f"{invalid('https://***@me.azurecr.io/repo', '--artifacts')}: expected the name of a "
        "repository, not a URI or a SAS token.",
    ),
    (
        "@missing.txt",
        f"{invalid('@missing.txt', '--artifacts')}: there is no file 'missing.txt'.",
    ),
    (
        f"nginx*@{DIGEST}",
        f"{invalid(f'nginx*@{DIGEST}', '--artifacts')}: a pattern can't contain a digest.",
    ),
    (
        "Nginx*",
        f"{invalid('Nginx*', '--artifacts')}: 'Nginx*' isn't a valid name of a repository: "
        "expected lowercase letters and digits, separated by '/', '.', '_' or '-'.",
    ),
    ("nginx*:", f"{invalid('nginx*:', '--artifacts')}: '' isn't a valid tag."),
    ("nginx:-*", f"{invalid('nginx:-*', '--artifacts')}: '-*' isn't a valid tag."),
    (
        "me.azurecr.io/samples/*",
        f"{invalid('me.azurecr.io/samples/*', '--artifacts')}: {NO_REGISTRY_IN_REFERENCE}; use "
        "--registry for the registry.",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_can_match_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidArgumentValueError, match=f"^{re.escape(message)}$") as refused:
        parse(text)
    assert refused.value.recommendations


LISTS = [
    ('["base:v1", "nginx:1.25"]', "expected references, not JSON"),
    ("- base:v1", "expected references, not a YAML list"),
    ("'base:v1'", "a reference doesn't contain quotation marks"),
    ("base:v1,nginx:*", "expected references separated by spaces"),
    ("base:v1 nginx:1.25", "expected one reference a line"),
]


@pytest.mark.parametrize(("line", "why"), LISTS)
@pytest.mark.parametrize("option", ["--artifacts", "--exclude"])
def test_a_list_of_another_kind_is_refused_in_its_line(
    line: str, why: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary, file = tmp_path / "not a text", tmp_path / "artifacts.txt"
    binary.write_bytes(b"\xd8" * 4)
    file.write_text(f"base:v1\n# a comment\n{line} \n")
    text = file.read_text().rstrip("\n")
    expected = f"{invalid(line, option)}: {why}."
    others = [f"@{tmp_path}", "@no file", f"@{binary}"]
    for words, source in ([], "the list"), ([*others, f"@{file}"], str(file)):
        monkeypatch.setattr(sys, "argv", ["az", *words])
        with pytest.raises(InvalidArgumentValueError) as refused:
            parse_references([text], option, ".azurecr.io")
        assert refused.value.error_msg == f"Line 3 of {source}: {expected}"
    with pytest.raises(InvalidArgumentValueError) as refused:
        parse_references([line], option, ".azurecr.io")
    assert refused.value.error_msg == expected
    assert refused.value.recommendations == [
        "Separate references with spaces, without quotes, commas or brackets: repo1:tag1 "
        "repo2:tag2. In a file, write one reference a line."
    ]


@pytest.mark.parametrize("after", [" # quoted", "\r\n"])
def test_lines_are_checked_without_their_blanks_and_comments(after: str) -> None:
    quoted = '"nginx:*"'
    check_lines(" base:v1 # 'quoted'\n nginx:* ", "--artifacts")
    with pytest.raises(InvalidArgumentValueError) as refused:
        check_lines(f"base:v1\n{quoted}{after}", "--artifacts")
    assert refused.value.error_msg == (
        f"Line 2 of the list: {invalid(quoted, '--artifacts')}: {IN_QUOTES}."
    )


def test_an_error_names_the_option_that_was_typed() -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        parse_references(["Nginx"], "--exclude", None)
    assert str(refused.value.error_msg).startswith(f"{invalid('Nginx', '--exclude')}: ")
