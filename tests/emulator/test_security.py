"""What keeps the emulator to this machine, to its owner and to those who may log in."""

import asyncio
import base64
import dataclasses
import hmac
import json
import logging
import os
import re
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from acr_emulator.bundled.tools import AZURITE, path_of
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.engine import Repositories, TransferError
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.identity.tokens import Principal, Tokens
from acr_emulator.network.ports import listen
from acr_emulator.resource_locks import RepositoryLocks, ResourceLocks
from acr_emulator.runs.pipelines import IMPORT, KINDS
from acr_emulator.storage import azurite
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.emulator.run_world import VAULT, World
from tests.emulator.running import SUBSCRIPTION, VERSION, Emulator, Json
from tests.support.cloud import Cloud
from tests.support.route import KINDS as BOTH
from tests.support.route import Route
from tests.support.site import ACCOUNT, Site

SOMEONE = Principal("0b0e8d5c-6d0c-4a44-9b53-1f0a4c8e7d11", "2b0e8d5c-6d0c-4a44-9b53-1f0a4c8e7d11")
OTHER_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A separate process, through which an image has gone."""
    with Cloud(tmp_path_factory.mktemp("cloud") / "state") as running:
        route = Route(running)
        route.push(b"layer")
        assert [route.transfer(kind, f"{kind}01") for kind in BOTH] == ["", ""]
        yield running


def processes(cloud: Cloud) -> list[int]:
    """The emulator and its children."""
    parts = [int(file.read_text().split()[0]) for file in cloud.state.glob("*/*.pid")]
    stats = [Path(f"/proc/{part}/stat").read_text() for part in parts]
    return [int(stats[0].rpartition(")")[2].split()[1]), *parts]


def listeners(pid: int) -> Iterator[str]:
    """The addresses that a process listens on."""
    process = Path(f"/proc/{pid}")
    ours = {os.readlink(file) for file in (process / "fd").iterdir()}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in (process / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            address, state, inode = fields[1], fields[3], fields[9]
            if f"socket:[{inode}]" in ours and (table.startswith("udp") or state == "0A"):
                yield f"{table} {address.partition(':')[0]}"


def test_every_process_listens_on_loopback_only(cloud: Cloud) -> None:
    addresses = [address for pid in processes(cloud) for address in listeners(pid)]
    loopback = f"tcp {int.from_bytes(bytes([127, 0, 0, 1]), sys.byteorder):08X}"
    # Proxy, hosts and controls; distribution; Azurite.
    assert addresses == [loopback] * 5


def test_distribution_answers_nobody_who_has_not_its_secret(cloud: Cloud) -> None:
    log = (cloud.state / "registries/distribution.log").read_text()
    [port] = set(re.findall(r"listening on 127\.0\.0\.1:(\d+)", log))
    configuration = json.loads((cloud.state / "registries/configuration.yml").read_text())
    root = configuration["http"]["prefix"]
    assert re.fullmatch(r"/[\w-]{43}/", root)
    for method, path, status in (
        ("GET", "v2/", 404),
        ("GET", "v2/_catalog", 404),
        ("POST", "v2/other/app/blobs/uploads/", 404),
        ("GET", f"{root[1:]}v2/", 200),
    ):
        url = f"http://127.0.0.1:{port}/{path}"
        assert httpx.request(method, url, trust_env=False).status_code == status
    for kept in cloud.state.glob("*.db*"):
        assert root[1:-1].encode() not in kept.read_bytes()


def test_no_error_shows_the_secret_of_distribution() -> None:
    async def ask() -> None:
        answers = httpx.MockTransport(lambda _: httpx.Response(500))
        async with httpx.AsyncClient(transport=answers) as http:
            repositories = Repositories(
                "http://127.0.0.1:1/secret",
                prefix="registry",
                http=http,
                locks=RepositoryLocks(ResourceLocks()),
            )
            await repositories.check_tag(Reference("team/app", "v1"), "", print)

    with pytest.raises(TransferError) as failure:
        asyncio.run(ask())
    path = "/v2/team/app/manifests/v1"
    assert str(failure.value) == f"The registry answered 500 to HEAD {path}"


def test_nobody_else_can_read_what_the_emulator_writes(cloud: Cloud) -> None:
    written = [cloud.state, *cloud.state.rglob("*")]
    assert len(written) > 30
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_the_callers_variables_reach_no_child_and_no_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {"HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ"}
    with listen() as trap:
        proxy = f"http://127.0.0.1:{trap.getsockname()[1]}"
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("REGISTRY_HTTP_DEBUG_ADDR", "127.0.0.1:0")
        monkeypatch.setenv("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", str(tmp_path / "else"))
        monkeypatch.setenv("NODE_OPTIONS", f"--require {tmp_path / 'none.js'}")
        monkeypatch.setenv("AZURITE_DB", "sqlite://")
        with Cloud(tmp_path / "state") as cloud:
            route = Route(cloud)
            route.push(b"layer")
            assert [route.transfer(kind, f"{kind}01") for kind in BOTH] == ["", ""]
            inherited = [
                {entry.partition(b"=")[0].decode() for entry in entries.split(b"\0")[:-1]}
                for child in processes(cloud)[1:]
                for entries in [Path(f"/proc/{child}/environ").read_bytes()]
            ]
            assert len(inherited) == 2
            more = {name for names in inherited for name in names - ours}
            assert {name for name in more if not name.startswith("AZURITE_")} == {"NODE_OPTIONS"}
            assert "AZURITE_DB" not in more
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()
    assert not (tmp_path / "else").exists()


def test_azurites_telemetry_is_not_even_loaded(tmp_path: Path) -> None:
    listing = tmp_path / "listing.cjs"
    listing.write_text(
        'process.on("exit", () => console.log(Object.keys(require.cache).join("\\n")));'
    )
    unused = Path(azurite.__file__).with_name("azurite_unused.cjs")
    printed = subprocess.check_output(
        ["node", "-r", unused, "-r", listing, Path(path_of(AZURITE)).resolve(), "--version"],
        text=True,
    )
    loaded = {line.split("node_modules/")[-1].split("/")[0] for line in printed.splitlines()}
    assert {"azurite", "express"} <= loaded
    assert loaded.isdisjoint({"applicationinsights", "sequelize"})


def test_the_command_of_run_keeps_its_own_umask(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "acr_emulator", "run", "--", "sh", "-c", "umask"]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=True, umask=0o027, cwd=tmp_path
    )
    assert ran.stdout == "0027\n"


def test_no_store_of_the_system_or_of_its_user_learns_of_the_authority(tmp_path: Path) -> None:
    def everything() -> dict[str, int]:
        stores = (Path("/etc/ssl"), Path("/etc/pki"), Path("/usr/local/share/ca-certificates"))
        files = (file for store in stores for file in store.rglob("*") if file.exists())
        return {str(file): file.stat().st_mtime_ns for file in files}

    before = everything()
    home = tmp_path / "home"
    home.mkdir()
    command = [
        sys.executable,
        "-m",
        "acr_emulator",
        "run",
        "--",
        "sh",
        "-c",
        'cat "$SSL_CERT_FILE"',
    ]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "HOME": str(home)}
    )
    assert "BEGIN CERTIFICATE" in ran.stdout
    assert everything() == before
    assert list(home.iterdir()) == []


def test_a_verbose_log_has_every_request_and_no_secret(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    with Cloud(tmp_path / "state", PUBLIC.name, "--verbose", "--log", str(log)) as cloud:
        site = Site.prepare(cloud, "logged")
        sas = site.sas("rwla")
        site.write_secret(sas)
        site.registry_client.push("app", "v1", layer=b"layer")
        pipeline = site.pipeline("export")
        states = []
        for run, artifact in (("works", "app:v1"), ("fails", "none:v1")):
            site.run(run, pipeline, "blob", artifact)
            states.append(site.finished(run)["response"]["status"])
        account = f"Microsoft.Storage/storageAccounts/{ACCOUNT}"
        key = site.arm("POST", f"{account}/listKeys")["keys"][0]["value"]
        secret, token = cloud.environment["AZURE_CLIENT_SECRET"], cloud.token(PUBLIC.arm_url)
    text = log.read_text()
    assert states == ["Succeeded", "Failed"]
    assert f" DEBUG PUT {PUBLIC.arm}/subscriptions/" in text
    assert f" DEBUG CONNECT {ACCOUNT}.{PUBLIC.blob_suffix}" in text
    signature = urllib.parse.parse_qs(sas[1:])["sig"][0]
    for shown in (secret, token, key, signature, urllib.parse.quote(signature, safe=""), "sig="):
        assert shown not in text
    assert log.stat().st_mode & 0o077 == 0


def claims(audience: str, **changes: Any) -> Json:
    now = int(time.time())
    tenant = PUBLIC.tenant_id
    good = {
        "aud": audience,
        "iss": f"{PUBLIC.issuer}/{tenant}/",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "tid": tenant,
        "oid": SOMEONE.object_id,
        "appid": SOMEONE.application_id,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def own_key(emulator: Emulator) -> bytes:
    return (emulator.instance.state_dir / "tls/tokens.key").read_bytes()


def signed(emulator: Emulator, audience: str, **changes: Any) -> str:
    """By the emulator's own key."""
    return jwt.encode(claims(audience, **changes), own_key(emulator), "RS256")


def by_another_key(emulator: Emulator, audience: str) -> str:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    header = {"kid": emulator.instance.tokens.key_id}
    return jwt.encode(claims(audience), other, "RS256", headers=header)


def unsigned(_: Emulator, audience: str) -> str:
    return jwt.encode(claims(audience), "", algorithm="none")


def by_the_public_key(emulator: Emulator, audience: str) -> str:
    """Takes the published key for the secret of an HMAC."""
    private = serialization.load_pem_private_key(own_key(emulator), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    parts = [{"alg": "HS256", "typ": "JWT"}, claims(audience)]
    message = b".".join(_base64(json.dumps(part).encode()) for part in parts)
    return b".".join((message, _base64(hmac.digest(public, message, "sha256")))).decode()


def _base64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def with_another_payload(emulator: Emulator, audience: str) -> str:
    header, _, signature = signed(emulator, "https://example.com").split(".")
    return ".".join((header, _base64(json.dumps(claims(audience)).encode()).decode(), signature))


def of_another_tenant(emulator: Emulator, audience: str) -> str:
    """As another tenant of the same login host issues it, were the key the same."""
    tenant = dataclasses.replace(PUBLIC, tenant_id=OTHER_TENANT)
    tokens = Tokens(emulator.instance.state_dir / "tls/tokens.key", tenant)
    return tokens.issue(audience, SOMEONE)


Forge = Callable[[Emulator, str], str]
FORGED: dict[str, Forge] = {
    "another key": by_another_key,
    "alg none": unsigned,
    "the public key as a secret": by_the_public_key,
    "another payload": with_another_payload,
    "another tenant": of_another_tenant,
    "another tenant, our issuer": lambda it, audience: signed(it, audience, tid=OTHER_TENANT),
    "another issuer": lambda it, audience: signed(it, audience, iss="https://example.com/"),
    "no issuer": lambda it, audience: signed(it, audience, iss=None),
    "another audience": lambda it, _: signed(it, "https://example.com"),
    "no audience": lambda it, audience: signed(it, audience, aud=None),
    "expired": lambda it, audience: signed(it, audience, exp=int(time.time()) - 1),
    "no expiry": lambda it, audience: signed(it, audience, exp=None),
    "of tomorrow": lambda it, audience: signed(it, audience, nbf=int(time.time()) + 86400),
}


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def ask_arm(emulator: Emulator, token: str) -> httpx.Response:
    url = f"{PUBLIC.arm_url}{SUBSCRIPTION}/resourceGroups?api-version={VERSION}"
    return emulator.http.get(url, headers=_bearer(token))


def ask_vault(emulator: Emulator, token: str) -> httpx.Response:
    emulator.vault("guarded")
    url = f"{PUBLIC.vault_url('guarded')}/secrets?api-version=7.4"
    return emulator.http.get(url, headers=_bearer(token))


def ask_graph(emulator: Emulator, token: str) -> httpx.Response:
    return emulator.http.get(f"https://{PUBLIC.graph}/v1.0/users", headers=_bearer(token))


def ask_registry(emulator: Emulator, token: str) -> httpx.Response:
    emulator.registry("guarded")
    host = PUBLIC.login_server("guarded")
    form = {"grant_type": "access_token", "service": host, "access_token": token}
    return emulator.http.post(f"https://{host}/oauth2/exchange", data=form)


def ask_storage(emulator: Emulator, token: str) -> httpx.Response:
    emulator.container("guarded", "container")
    url = f"https://guarded.{PUBLIC.blob_suffix}/container?restype=container&comp=list"
    return emulator.http.get(url, headers={**_bearer(token), "x-ms-version": "2026-02-06"})


HOSTS = {
    "arm": (ask_arm, PUBLIC.arm_audience),
    "vault": (ask_vault, PUBLIC.vault_audience),
    "graph": (ask_graph, f"https://{PUBLIC.graph}"),
    "registry": (ask_registry, PUBLIC.registry_audience),
    "storage": (ask_storage, PUBLIC.storage_audience),
}


@pytest.mark.parametrize("host", HOSTS)
def test_no_host_takes_a_forged_token(emulator: Emulator, host: str) -> None:
    ask, audience = HOSTS[host]
    answers = {name: ask(emulator, forge(emulator, audience)) for name, forge in FORGED.items()}
    refused = 403 if host == "storage" else 401
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        FORGED, refused
    )
    operator, _ = emulator.instance.directory.operator()
    good = signed(emulator, audience, oid=operator.object_id, appid=operator.application_id)
    assert ask(emulator, good).status_code == 200


def test_a_registry_takes_no_token_of_another_one(emulator: Emulator) -> None:
    emulator.registry("guarded")
    emulator.registry("neighbour")
    neighbour = emulator.client("neighbour")
    answer = emulator.client("guarded").call(
        "GET", "/v2/_catalog", headers=_bearer(neighbour.token("registry:catalog:*"))
    )
    assert answer.status_code == 401
    own_words = jwt.encode({"sub": "x", "aud": PUBLIC.login_server("guarded")}, "", "none")
    answer = emulator.client("guarded").call("GET", "/v2/_catalog", headers=_bearer(own_words))
    assert answer.status_code == 401


def test_nothing_secret_is_logged_or_shown_in_a_name(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = world.emulator
    ends: list[str] = []
    with caplog.at_level(logging.DEBUG):
        signatures = [world.sas("ralwd"), world.account_sas("sco")]
        for kind, sas in zip(KINDS, signatures, strict=True):
            uri = world.secret(f"{kind.side}secret", f"?{sas}")
            principal = world.pipeline(
                kind, "secretly", keyVaultUri=uri, storageAccessMode="SasToken"
            )
            emulator.vault(VAULT, principal)
            for run, blob in (("goes01", "goes"), ("fails1", "none" if kind is IMPORT else "goes")):
                ends.append(world.run(kind, "secretly", run, blob)["provisioningState"])
    assert ends == ["Succeeded", "Failed"] * 2
    names = "\n".join(str(path) for path in emulator.instance.state_dir.rglob("*"))
    commands = "\n".join(
        Path(f"/proc/{file.read_text().split()[0]}/cmdline").read_text()
        for file in emulator.instance.state_dir.glob("*/*.pid")
    )
    logs = "\n".join(file.read_text() for file in emulator.instance.state_dir.rglob("*.log"))
    assert "comp=blocklist" in caplog.text  # the requests were logged
    assert "docker-registry" in commands
    secrets = [urllib.parse.parse_qs(sas)["sig"][0] for sas in signatures]
    secrets += [key["value"] for key in emulator.instance.storage.keys("runsacct")]
    secrets += [emulator.instance.directory.operator()[1]]
    for secret in secrets:
        for form in (secret, urllib.parse.quote(secret), urllib.parse.quote(secret, safe="")):
            for output in (caplog.text, names, commands, logs):
                assert form not in output
