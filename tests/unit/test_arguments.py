"""Whatever is typed: taken as it is, or refused by a typed error that shows no secret of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus, urlsplit

import pytest
import yaml
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import given
from hypothesis import strategies as st

from azext_acrtransfer import arguments
from azext_acrtransfer.arguments import SYSTEM_IDENTITY, ContainerUri, IdentityId, SecretUri
from azext_acrtransfer.hosts import KEY_VAULTS, STORAGE_ACCOUNTS, Hosts
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.registry import patterns
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.api_version import ApiVersion
from tests.support.wording import IN_QUOTES, LIST_SHOWS_NAMES, NAME_EXAMPLE, NAME_RULE, invalid

Parser = Callable[[str], Any]

CORPUS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "corpus.yaml").read_text()
)


def api_version(text: str) -> str:
    """The API version that this setting requests."""
    config = SimpleNamespace(get=lambda *_, **__: text)
    return ApiVersion.configured(SimpleNamespace(config=config)).text


def references(text: str) -> tuple[patterns.Reference, ...]:
    """What one value of --artifacts names."""
    return patterns.parse_references([text], "--exclude", ".azurecr.io")


def registry_name(text: str) -> str:
    """The registry that a name or a login server of the public cloud names."""
    return arguments.registry_name(text, ".azurecr.io")


PARSERS: dict[str, Parser] = {
    "container": ContainerUri.parse,
    "secret": SecretUri.parse,
    "artifact": Artifact.parse,
    "references": references,
    "identity": IdentityId.parse,
    "registry": registry_name,
    "new pipeline or run": arguments.new_name,
    "existing pipeline or run": arguments.existing_name,
    "blob": arguments.blob_name,
    "age": arguments.age,
    "bytes": partial(arguments.byte_count, option="--max-blob-size"),
    "API version": api_version,
}


def shown(error: InvalidArgumentValueError) -> str:
    """All that a user sees of a refusal."""
    return f"{error.error_msg} {error.recommendations}"


def corpus(name: str) -> pytest.MarkDecorator:
    """Each line of a part of the corpus."""
    rows = CORPUS[name]
    return pytest.mark.parametrize("row", rows, ids=[str(row["text"]) for row in rows])


def _assert_parsed(row: dict[str, Any], parse: Callable[[], Any], **expected: Any) -> None:
    if "refused" in row:
        with pytest.raises(InvalidArgumentValueError) as refused:
            parse()
        assert row["refused"] in shown(refused.value)
        return
    parsed = parse()
    assert {name: getattr(parsed, name) for name in expected} == expected


def _resource(hosts: Hosts, text: str) -> str | None:
    return hosts.resource_of(str(urlsplit(text).hostname))


@corpus("container")
def test_containers_of_all_clouds(row: dict[str, Any]) -> None:
    taken = {name: row.get(name) for name in ("text", "container")}
    _assert_parsed(row, lambda: ContainerUri.parse(row["text"]), **taken)
    assert "refused" in row or _resource(STORAGE_ACCOUNTS, row["text"]) == row["account"]


@corpus("secret")
def test_secrets_of_all_clouds(row: dict[str, Any]) -> None:
    taken = {name: row.get(name) for name in ("text", "name")}
    _assert_parsed(row, lambda: SecretUri.parse(row["text"]), **taken)
    assert "refused" in row or _resource(KEY_VAULTS, row["text"]) == row["vault"]


@corpus("artifact")
def test_references_as_they_are_found(row: dict[str, Any]) -> None:
    _assert_parsed(
        row, lambda: SimpleNamespace(sent=str(Artifact.parse(row["text"]))), sent=row.get("sent")
    )


@corpus("registry")
def test_registries_of_all_clouds(row: dict[str, Any]) -> None:
    def parse() -> Any:
        return SimpleNamespace(name=arguments.registry_name(row["text"], row["suffix"]))

    _assert_parsed(row, parse, name=row.get("name"))


@corpus("identity")
def test_identities(row: dict[str, Any]) -> None:
    _assert_parsed(row, lambda: IdentityId.parse(row["text"]), text=row["text"])


@pytest.mark.parametrize("text", ["[system]", "[SYSTEM]", "[System]"])
def test_the_pipelines_own_identity(text: str) -> None:
    assert IdentityId.parse(text) is SYSTEM_IDENTITY


@corpus("blob")
def test_blobs(row: dict[str, Any]) -> None:
    _assert_parsed(
        row, lambda: SimpleNamespace(name=arguments.blob_name(row["text"])), name=row["text"]
    )


# What is well-formed, built from its parts by other rules than the parsers'.
LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
ALPHANUMERIC = LOWER + LOWER[:26].upper()
NAMES = st.text(ALPHANUMERIC, min_size=5, max_size=50)
LABELS = st.text(LOWER, min_size=3, max_size=24)
DOMAINS = st.lists(LABELS, min_size=2, max_size=5).map(".".join)
CONTAINERS = st.lists(LABELS, min_size=1, max_size=2).map("-".join)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
REPOSITORIES = st.lists(
    st.tuples(LABELS, st.sampled_from(["/", ".", "_", "__", "-", "---"])), min_size=1, max_size=4
).map(lambda parts: "".join(word + joint for word, joint in parts) + "end")
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)


@given(repository=REPOSITORIES, tag=TAGS, digest=HEX)
def test_an_artifact_round_trips(repository: str, tag: str, digest: str) -> None:
    for text in (f"{repository}:{tag}", f"{repository}@sha256:{digest}"):
        assert str(Artifact.parse(text)) == text
    assert str(Artifact.parse(repository)) == f"{repository}:latest"


@given(name=NAMES, label=st.sampled_from(["", "-d3f7b2a1"]), domain=DOMAINS)
def test_a_registry_is_found_by_its_name_and_its_login_server(
    name: str, label: str, domain: str
) -> None:
    assert arguments.registry_name(name, None) == name
    assert arguments.registry_name(f"{name}{label}.{domain}", f".{domain}") == name


@pytest.mark.parametrize(
    ("parse", "text", "why", "advice"),
    [
        (
            arguments.new_name,
            "my_run",
            NAME_RULE,
            NAME_EXAMPLE,
        ),
        (
            arguments.existing_name,
            "/subscriptions/1/registries/r/pipelineRuns/my_run",
            "expected a resource name",
            "Use the name only, 'my_run'.",
        ),
        (
            arguments.existing_name,
            "..",
            "expected a resource name",
            LIST_SHOWS_NAMES,
        ),
        (
            arguments.existing_name,
            "",
            "the name is empty (is a variable unset?)",
            LIST_SHOWS_NAMES,
        ),
    ],
)
def test_a_name_is_refused_with_the_rule(parse: Parser, text: str, why: str, advice: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        parse(text)
    assert refused.value.error_msg == f"{invalid(text, '--name')}: {why}."
    assert refused.value.recommendations == [advice]


@given(number=st.integers(1, 99_999))
@pytest.mark.parametrize(("unit", "seconds"), [("m", 60), ("h", 3600), ("d", 86400), ("w", 604800)])
def test_an_age_round_trips(unit: str, seconds: int, number: int) -> None:
    assert arguments.age(f"{number}{unit}") == timedelta(seconds=number * seconds)


@given(day=st.dates(), kind=st.sampled_from(["", "-preview"]))
def test_an_api_version_round_trips(day: Any, kind: str) -> None:
    assert api_version(f"{day.isoformat()}{kind}") == f"{day.isoformat()}{kind}"


# What is not, and what nobody would think of.
URI_LIKE = st.from_regex(r"(https?://)?[a-z.@:\[\]]{0,12}(/[a-z$-]{0,6}){0,3}(\?[a-z=&]{0,9})?")
ANYTHING = st.one_of(st.text(max_size=80), URI_LIKE)


@pytest.mark.parametrize("name", PARSERS)
@given(text=ANYTHING)
def test_any_text_is_taken_or_refused_by_a_typed_error(name: str, text: str) -> None:
    try:
        PARSERS[name](text)
    except InvalidArgumentValueError as error:
        refused = error
    else:
        return
    assert refused.recommendations


# Secrets: the signature of a SAS, an account's key, a password before a host.
KEYS = st.text(ALPHANUMERIC + "+/", min_size=42, max_size=43).map(lambda text: f"{text}=")
WAYS = (
    "{sas}",
    "?{sas}",
    "'{sas}'",
    "{clean}?{sas}",
    "{clean}/images.tar?{sas}",
    "{clean}#{sas}",
    "http://contoso.blob.core.windows.net/?{sas}",
    "https://[contoso/?{sas}",
    "https://me:{key}@contoso.blob.core.windows.net/transfer",
    "https://me:{key}@[contoso/transfer",
    "oci://me:{key}@contoso.azurecr.io/hello:v1",
    "samples/hello:v1?{sas}",
    "https%3A%2F%2Fcontoso%2Ftransfer%3Fsv%3D2026-01-01%26sig%3D{key}",
    "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey={key};EndpointSuffix=x",
    "BlobEndpoint=https://contoso.blob.core.windows.net/;SharedAccessSignature={sas}",
)
CLEAN = [
    row["text"]
    for name in ("container", "secret", "artifact")
    for row in CORPUS[name]
    if row["text"]
]
FIELDS = ("sv=2026-01-01", "se=2026-02-01T00%3A00%3A00Z", "sp=rl", "sr=c", "skoid=1-2")


@st.composite
def secrets(draw: st.DrawFn) -> tuple[str, str]:
    """A text with a secret in it, and the secret as it stands there."""
    key = draw(st.one_of(KEYS, KEYS.map(quote_plus)))
    sas = "&".join(draw(st.permutations([*FIELDS, f"sig={key}"])))
    clean = draw(st.sampled_from(CLEAN))
    return draw(st.sampled_from(WAYS)).format(sas=sas, key=key, clean=clean), key


def holds(text: str, secret: str) -> bool:
    """Whether a text tells a third of a secret or more."""
    size = len(secret) // 3
    return any(secret[start : start + size] in text for start in range(len(secret) - size))


@pytest.mark.parametrize("name", PARSERS)
@given(typed=secrets())
def test_a_secret_is_never_shown(name: str, typed: tuple[str, str]) -> None:
    text, secret = typed
    with pytest.raises(InvalidArgumentValueError) as refused:
        PARSERS[name](text)
    assert not holds(shown(refused.value), secret)


@given(typed=secrets(), position=st.integers(0, 300), char=st.sampled_from("\r\n\t\x00\u200b"))
def test_a_secret_with_a_hidden_character_is_never_shown(
    typed: tuple[str, str], position: int, char: str
) -> None:
    text, secret = typed
    with pytest.raises(InvalidArgumentValueError) as refused:
        arguments.check_word(text[:position] + char + text[position:], "--name")
    assert not holds(shown(refused.value), secret)


@given(before=st.text(max_size=20), typed=secrets(), after=st.sampled_from(["", " ", "\n", "'."]))
def test_what_a_service_quotes_is_masked(before: str, typed: tuple[str, str], after: str) -> None:
    text, secret = typed
    masked = mask_sas(f"{before} {text}{after}")
    assert not holds(masked, secret)
    assert mask_sas(masked) == masked


@given(text=st.text(max_size=80).filter(lambda text: not set(text) & set("=@%")))
def test_a_text_without_a_secret_stays(text: str) -> None:
    assert mask_sas(text) == text


def test_an_identity_with_a_slash_at_its_end_is_refused_without_it() -> None:
    subscription = "00000000-0000-0000-0000-000000000000"
    identity = (
        f"/subscriptions/{subscription}/resourceGroups/mygroup/providers"
        "/Microsoft.ManagedIdentity/userAssignedIdentities/IDENTITY-X"
    )
    with pytest.raises(InvalidArgumentValueError) as refusal:
        IdentityId.parse(f"{identity}/")
    assert refusal.value.error_msg == (
        f"{invalid(f'{identity}/', '--assign-identity')}: it ends in '/'."
    )
    assert refusal.value.recommendations == [f"Use '{identity}'."]


@pytest.mark.parametrize(("word", "is_quoted"), [('""', True), ('"', False), ('7"', False)])
def test_a_quotation_mark_alone_quotes_nothing(word: str, is_quoted: bool) -> None:
    refusal = pytest.raises(InvalidArgumentValueError, match=IN_QUOTES)
    with refusal if is_quoted else nullcontext():
        arguments.check_word(word, "--storage-blob")


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        (
            "https://mystorage.blob.core.windows.net/trånsfer",
            "a URI contains only ASCII characters, and no spaces",
        ),
        (
            "https://my-storage.blob.core.windows.net/transfer",
            "'my-storage' isn't a valid name of a storage account: expected 3 to 24 lowercase "
            "letters and digits",
        ),
    ],
)
def test_a_uri_is_refused_with_its_value_its_option_and_its_fault(uri: str, fault: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as refusal:
        ContainerUri.parse(uri)
    assert refusal.value.error_msg == f"{invalid(uri, '--storage-container-uri')}: {fault}."
    assert refusal.value.recommendations == [ContainerUri.ADVICE]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 1),
        ("5000000", 5_000_000),
        ("700B", 700),
        ("2KB", 2_000),
        ("3MB", 3_000_000),
        ("25GB", 25_000_000_000),
        ("25 GB", 25_000_000_000),
        ("4.7gb", 4_700_000_000),
        ("1TB", 10**12),
        ("1.5KiB", 1_536),
        ("1MiB", 2**20),
        ("25GiB", 25 * 2**30),
        ("1tib", 2**40),
    ],
)
def test_a_number_of_bytes_can_have_a_unit(text: str, count: int) -> None:
    assert arguments.byte_count(text, "--max-blob-size") == count


@pytest.mark.parametrize("text", ["", "0", "0.1", "-1", "GB", "25G", "25Gb/s", "1e9", "1,5GB", "٢"])
def test_anything_else_is_no_number_of_bytes(text: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as refusal:
        arguments.byte_count(text, "--max-blob-size")
    assert refusal.value.error_msg == (
        f"{invalid(text, '--max-blob-size')}: expected a number of bytes, with or without "
        "a unit: B, KB, MB, GB or TB, or KiB, MiB, GiB or TiB."
    )
