"""Every pattern against the documented rule of Azure or OCI, which is written differently here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from string import ascii_letters, ascii_lowercase, digits

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import example, given
from hypothesis import strategies as st

from azext_acrtransfer import arguments
from azext_acrtransfer.arguments import ContainerUri, IdentityId, SecretUri
from azext_acrtransfer.hosts import KEY_VAULTS, STORAGE_ACCOUNTS
from azext_acrtransfer.registry.references import Artifact

Predicate = Callable[[str], bool]

LOWER = set(ascii_lowercase + digits)
ALPHANUMERIC = set(ascii_letters + digits)
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
IDENTITIES = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(frozen=True)
class Rule:
    """A documented rule, a parser that has to follow it, and texts on which they could differ."""

    parse: Callable[[str], object]
    documented: Predicate
    sizes: tuple[int, ...]
    good: str
    bad: str

    def accepts(self, text: str) -> bool:
        """Whether the parser accepts a text."""
        try:
            self.parse(text)
        except InvalidArgumentValueError:
            return False
        return True

    @property
    def texts(self) -> st.SearchStrategy[str]:
        """Texts around the documented lengths, with every kind of character at every position."""
        edges = st.one_of(st.text(self.good, max_size=6), st.text(self.good + self.bad, max_size=6))
        return st.builds(self._fill, edges, st.sampled_from(self.sizes), st.integers(0, 6))

    def _fill(self, edges: str, size: int, position: int) -> str:
        filling = self.good[0] * max(0, size - len(edges))
        return edges[:position] + filling + edges[position:]


def _single_hyphens(text: str) -> bool:
    return "--" not in text and text[:1] != "-" and text[-1:] != "-"


def is_account(text: str) -> bool:
    """Storage accounts: 3-24, lowercase letters and numbers; a host ignores case."""
    return 3 <= len(text) <= 24 and set(text.lower()) <= LOWER


def is_container(text: str) -> bool:
    """Containers: 3-63, lowercase letters, numbers, hyphens; no hyphen at an end or twice."""
    special = text in ("$root", "$web")
    return special or (
        3 <= len(text) <= 63 and set(text) <= LOWER | {"-"} and _single_hyphens(text)
    )


def is_blob(text: str) -> bool:
    """Blobs: 1-1024 of any characters, at most 254 segments, none that ends with a dot."""
    segments = text.split("/")
    ends = all(not segment.endswith(".") for segment in segments)
    return (
        1 <= len(text) <= 1024
        and len(segments) <= 254
        and ends
        and ""
        not in (
            segments[0],
            segments[-1],
        )
    )


def is_vault(text: str) -> bool:
    """Vaults: 3-24, alphanumerics and hyphens; start with a letter, no consecutive hyphens."""
    return (
        3 <= len(text) <= 24
        and set(text) <= ALPHANUMERIC | {"-"}
        and text[0].isalpha()
        and _single_hyphens(text)
    )


def is_secret(text: str) -> bool:
    """Secrets: 1-127, alphanumerics and hyphens."""
    return 1 <= len(text) <= 127 and set(text) <= ALPHANUMERIC | {"-"}


def is_version(text: str) -> bool:
    """Versions of secrets: strings of 32 characters, or none."""
    return len(text) in (0, 32) and set(text) <= ALPHANUMERIC


def is_new_name(text: str) -> bool:
    """Pipelines and runs: 5-50, ^[a-zA-Z0-9]*$ in the API's specification."""
    return 5 <= len(text) <= 50 and set(text) <= ALPHANUMERIC


def is_existing_name(text: str) -> bool:
    """Resources: 1-260 letters, digits, and of -_.() but no period at the end."""
    fine = all(char.isalnum() or char in "-_.()" for char in text)
    return 1 <= len(text) <= 260 and fine and text[-1] != "."


def is_repository(text: str) -> bool:
    """OCI: components of lowercase letters and digits, between them one of . _ __ or hyphens."""

    def is_component(part: str) -> bool:
        runs = [(inner, "".join(run)) for inner, run in groupby(part, LOWER.__contains__)]
        separators = [run for inner, run in runs if not inner]
        fine = all(run in (".", "_", "__") or set(run) == {"-"} for run in separators)
        return bool(runs) and runs[0][0] and runs[-1][0] and fine

    return all(map(is_component, text.split("/")))


def is_tag(text: str) -> bool:
    """OCI: up to 128 letters, digits, underscores, periods and hyphens, none of both first."""
    return 1 <= len(text) <= 128 and set(text) <= ALPHANUMERIC | set("._-") and text[0] not in "-."


def is_digest(text: str) -> bool:
    """OCI: 64 hexadecimal digits in lower case after sha256."""
    return len(text) == 64 and set(text) <= set(digits + "abcdef")


def is_group(text: str) -> bool:
    """Resource groups: 1-90 letters, digits, underscores, hyphens, periods, parentheses."""
    fine = all(char.isalnum() or char in "_-.()" for char in text)
    return 1 <= len(text) <= 90 and fine and text[-1] != "."


def is_identity(text: str) -> bool:
    """User-assigned identities: 3-128, alphanumerics, hyphens, underscores; not first."""
    known = set(text) <= ALPHANUMERIC | set("-_")
    return 3 <= len(text) <= 128 and known and text[0] in ALPHANUMERIC


RULES = {
    "account": Rule(
        lambda text: ContainerUri.parse(f"https://{text}.blob.core.windows.net/transfer"),
        is_account,
        (0, 2, 3, 24, 25),
        "a7Z",
        "-_é <>\n",
    ),
    "container": Rule(
        lambda text: ContainerUri.parse(f"https://contoso.blob.core.windows.net/{text}"),
        is_container,
        (0, 2, 3, 63, 64),
        "a7-",
        "A_.é\n$",
    ),
    "blob": Rule(arguments.blob_name, is_blob, (0, 1, 2, 1023, 1024, 1025), "aé.,", "/"),
    "vault": Rule(
        lambda text: SecretUri.parse(f"https://{text}.vault.azure.net/secrets/sas"),
        is_vault,
        (0, 2, 3, 24, 25),
        "aZ7-",
        "_é <\n",
    ),
    "secret": Rule(
        lambda text: SecretUri.parse(f"https://contoso.vault.azure.net/secrets/{text}"),
        is_secret,
        (0, 1, 127, 128),
        "aZ7-",
        "_.é %\n",
    ),
    "version of a secret": Rule(
        lambda text: SecretUri.parse(f"https://contoso.vault.azure.net/secrets/sas/{text}"),
        is_version,
        (0, 1, 31, 32, 33),
        "a7",
        "-_é\n",
    ),
    "new pipeline or run": Rule(
        arguments.new_name, is_new_name, (0, 4, 5, 50, 51), "aZ7", "-_.é \n"
    ),
    "existing pipeline or run": Rule(
        arguments.existing_name, is_existing_name, (0, 1, 259, 260, 261), "aZ7-_.é", "/?%:=\\ \n#"
    ),
    "registry": Rule(
        lambda text: arguments.registry_name(text, ".azurecr.io"),
        is_new_name,
        (0, 4, 5, 50, 51),
        "aZ7",
        "-_é \n",
    ),
    "repository": Rule(Artifact.parse, is_repository, (0, 1, 2), "a7/._-", "Aé \n"),
    "tag": Rule(
        lambda text: Artifact.parse(f"hello:{text}"), is_tag, (0, 1, 128, 129), "aZ7._-", "é /\n"
    ),
    "digest": Rule(
        lambda text: Artifact.parse(f"hello@sha256:{text}"),
        is_digest,
        (0, 63, 64, 65),
        "a7f",
        "gA\n",
    ),
    "resource group": Rule(
        lambda text: IdentityId.parse(f"{SUBSCRIPTION}/resourceGroups/{text}/{IDENTITIES}/mine"),
        is_group,
        (0, 1, 90, 91),
        "aZ7é-_.()",
        " /\n%",
    ),
    "identity": Rule(
        lambda text: IdentityId.parse(f"{SUBSCRIPTION}/resourceGroups/mygroup/{IDENTITIES}/{text}"),
        is_identity,
        (0, 2, 3, 128, 129),
        "aZ7-_",
        "é. \n",
    ),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
@given(data=st.data())
def test_a_parser_accepts_what_is_documented_only(rule: Rule, data: st.DataObject) -> None:
    text = data.draw(rule.texts)
    assert rule.accepts(text) is rule.documented(text)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_the_shortest_and_the_longest_text_is_accepted(rule: Rule) -> None:
    accepted = [size for size in rule.sizes if rule.accepts(rule.good[0] * size)]
    assert accepted == [size for size in rule.sizes if rule.documented(rule.good[0] * size)]
    assert accepted


@given(segments=st.integers(250, 258))
@example(segments=254)
@example(segments=255)
def test_a_blob_has_at_most_254_segments(segments: int) -> None:
    assert RULES["blob"].accepts("/".join("a" * segments)) is (segments <= 254)


# Hosts: what stands between the name and the suffix, in every cloud.
SUFFIXES = st.sampled_from(
    [
        "core.windows.net",
        "core.chinacloudapi.cn",
        "core.usgovcloudapi.net",
        "local.azurestack.external",
    ]
)
ZONES = st.integers(0, 99).map(lambda number: f"z{number:02}.")
ACCOUNTS = st.text("abc019", min_size=3, max_size=24)
CONTAINERS = st.lists(ACCOUNTS, min_size=1, max_size=2).map("-".join)


@given(
    account=ACCOUNTS,
    between=st.one_of(st.sampled_from(["", "privatelink."]), ZONES),
    suffix=SUFFIXES,
    container=CONTAINERS,
    end=st.sampled_from(["", "/"]),
)
def test_a_container_uri_round_trips(
    account: str, between: str, suffix: str, container: str, end: str
) -> None:
    host = f"{account}.{between}blob.{suffix}"
    text = f"https://{host}/{container}{end}"
    uri = ContainerUri.parse(text)
    assert uri == ContainerUri(text, host, container)
    assert (STORAGE_ACCOUNTS.resource_of(uri.host), ContainerUri.parse(uri.text)) == (account, uri)


@given(
    vault=st.from_regex(r"[a-z](-?[a-z0-9]){3,10}", fullmatch=True),
    suffix=st.sampled_from(
        [
            "vault.azure.net",
            "privatelink.vaultcore.azure.net",
            "vault.azure.cn",
            "vault.local.example",
        ]
    ),
    name=st.text("aZ7-", min_size=1, max_size=127),
    version=st.sampled_from(["", "/", "/0123456789abcdef0123456789abcdef"]),
)
def test_a_secret_uri_round_trips(vault: str, suffix: str, name: str, version: str) -> None:
    text = f"https://{vault}.{suffix}/secrets/{name}{version}"
    uri = SecretUri.parse(text)
    assert uri == SecretUri(text, f"{vault}.{suffix}", name)
    assert (KEY_VAULTS.resource_of(uri.host), SecretUri.parse(uri.text)) == (vault, uri)


@given(
    account=ACCOUNTS,
    zone=st.one_of(st.just(""), ZONES),
    service=st.sampled_from(["dfs", "file", "queue", "table", "web", "vault"]),
    suffix=SUFFIXES,
)
def test_another_endpoint_of_an_account_is_refused(
    account: str, zone: str, service: str, suffix: str
) -> None:
    host = f"{account}.{zone}{service}.{suffix}"
    why = f"'{host}' isn't a blob endpoint but one for '{service}'."
    with pytest.raises(InvalidArgumentValueError, match=re.escape(why)):
        ContainerUri.parse(f"https://{host}/transfer")


@given(domain=st.lists(st.from_regex(r"[a-z0-9_<>-]{1,5}", fullmatch=True), min_size=1, max_size=3))
def test_a_custom_domain_is_a_valid_host_name_without_an_account(domain: list[str]) -> None:
    valid = all(set(label) <= LOWER | {"-"} and label.strip("-") == label for label in domain)
    rule = Rule(ContainerUri.parse, is_container, (), "", "")
    host = f"{'.'.join(domain)}.example"
    assert rule.accepts(f"https://{host}/transfer") is valid
    assert STORAGE_ACCOUNTS.is_custom_domain(host) is valid
    assert STORAGE_ACCOUNTS.resource_of(host) is None
