"""Parsers: what is accepted keeps its text; what is refused is refused by a typed error."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import given
from hypothesis import strategies as st

from azext_acrtransfer import values
from azext_acrtransfer.globs import parse_references
from azext_acrtransfer.values import SYSTEM_IDENTITY, Artifact, ContainerUri, IdentityId, SecretUri

DIGEST = "sha256:90659bf80b44ce6be8234e6ff90a1ac34acbeb826903b02cfa0da11c82cbc042"

# Hosts of Azure's clouds, and of private ones.
CONTAINERS = [
    ("https://acct.blob.core.windows.net/transfer", "acct", "transfer"),
    ("https://acct.blob.core.windows.net/transfer/", "acct", "transfer"),
    ("HTTPS://Acct.Blob.Core.Windows.Net/transfer", "acct", "transfer"),
    ("https://acct.blob.core.chinacloudapi.cn/a-b-3", "acct", "a-b-3"),
    ("https://acct.blob.core.usgovcloudapi.net/$web", "acct", "$web"),
    ("https://acct.z22.blob.storage.azure.net/abc", "acct", "abc"),
    ("https://acct.blob.local.azurestack.external:8443/abc", "acct", "abc"),
]
SECRETS = [
    ("https://kv.vault.azure.net/secrets/sas", "kv", "sas"),
    ("https://kv.vault.azure.net/secrets/sas/", "kv", "sas"),
    ("https://KV.vault.azure.cn/secrets/My-Sas/0123456789abcdef0123456789abcdef", "kv", "My-Sas"),
    ("https://kv.vault.usgovcloudapi.net/secrets/sas", "kv", "sas"),
]
ARTIFACTS = [
    ("hello", "hello:latest"),
    ("hello:v1", "hello:v1"),
    ("samples/hello-world:v1.0_x", "samples/hello-world:v1.0_x"),
    ("a__b/c.d/e--f", "a__b/c.d/e--f:latest"),
    (f"hello@{DIGEST}", f"hello@{DIGEST}"),
]


@pytest.mark.parametrize(("text", "account", "container"), CONTAINERS)
def test_a_container_uri_keeps_its_text(text: str, account: str, container: str) -> None:
    uri = ContainerUri.parse(text)
    assert (uri.text, uri.account, uri.container) == (text, account, container)


@pytest.mark.parametrize(("text", "vault", "name"), SECRETS)
def test_a_secret_uri_keeps_its_text(text: str, vault: str, name: str) -> None:
    uri = SecretUri.parse(text)
    assert (uri.text, uri.vault, uri.name) == (text, vault, name)


@pytest.mark.parametrize(("text", "sent"), ARTIFACTS)
def test_an_artifact_is_sent_with_its_tag_or_digest(text: str, sent: str) -> None:
    assert str(Artifact.parse(text)) == sent


@pytest.mark.parametrize("text", ["[system]", "[SYSTEM]", "[System]"])
def test_the_pipelines_own_identity(text: str) -> None:
    assert IdentityId.parse(text) is SYSTEM_IDENTITY


@pytest.mark.parametrize("provider", ["Microsoft.ManagedIdentity", "microsoft.managedidentity"])
def test_an_identity_keeps_its_text(provider: str) -> None:
    text = f"/subscriptions/s/resourcegroups/g/providers/{provider}/userassignedidentities/Me"
    assert IdentityId.parse(text) == IdentityId(text)


@pytest.mark.parametrize(
    ("text", "suffix", "name"),
    [
        ("MyRegistry", ".azurecr.io", "MyRegistry"),
        ("myregistry.AzureCR.io", ".azurecr.io", "myregistry"),
        ("myregistry-abc123.azurecr.io", ".azurecr.io", "myregistry"),
        ("myregistry.azurecr.cn", ".azurecr.cn", "myregistry"),
        ("myregistry.registry.example", None, "myregistry"),
    ],
)
def test_a_registry_is_named_by_name_or_login_server(
    text: str, suffix: str | None, name: str
) -> None:
    assert values.registry_name(text, suffix) == name


PARSERS = [
    ContainerUri.parse,
    SecretUri.parse,
    Artifact.parse,
    lambda text: parse_references([text], "--artifacts", ".azurecr.io"),
    IdentityId.parse,
    values.pipeline_name,
    values.existing_run_name,
    values.blob_name,
    lambda text: values.registry_name(text, ".azurecr.io"),
]
URI_LIKE = st.from_regex(r"(https?://)?[a-z.@:\[\]]{0,12}(/[a-z$-]{0,6}){0,3}(\?[a-z=&]{0,9})?")


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.one_of(st.text(max_size=80), URI_LIKE))
def test_any_text_is_accepted_or_refused_by_a_typed_error(parse: object, text: str) -> None:
    assert callable(parse)
    try:
        parse(text)
    except InvalidArgumentValueError as error:
        refused = error
    else:
        return
    assert refused.recommendations


@given(
    signature=st.from_regex(r"[A-Za-z0-9%]{24}", fullmatch=True),
    scheme=st.sampled_from(["https", "http"]),
    path=st.sampled_from(["", "/transfer", "/transfer/blob", "/secrets/sas"]),
    mark=st.sampled_from(["?", "#"]),
    parse=st.sampled_from([ContainerUri.parse, SecretUri.parse]),
)
def test_a_signature_is_refused_and_never_shown(
    signature: str, scheme: str, path: str, mark: str, parse: object
) -> None:
    assert callable(parse)
    text = f"{scheme}://acct.blob.core.windows.net{path}{mark}sv=2026&sig={signature}"
    with pytest.raises(InvalidArgumentValueError) as refused:
        parse(text)
    shown = f"{refused.value.error_msg} {refused.value.recommendations}"
    assert signature not in shown
