"""The proxy: which hosts there are, and that nothing ever goes further."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from acr_emulator.bundled.tools import VARIABLE
from acr_emulator.cloud.clouds import CHINA, PUBLIC

from tests.emulator.running import Emulator

_PORT = "isn't a host with port 443"
REASONS = {
    "example.com:443": "Host example.com is unknown to AzureCloud",
    "Example.COM:443": "Host example.com is unknown to AzureCloud",
    "127.0.0.1:443": "Host 127.0.0.1 is unknown to AzureCloud",
    "localhost:443": "Host localhost is unknown to AzureCloud",
    "azurecr.io:443": "Host azurecr.io is unknown to AzureCloud",
    ".azurecr.io:443": "Host .azurecr.io is unknown to AzureCloud",
    "a.b.azurecr.io:443": "Host a.b.azurecr.io is unknown to AzureCloud",
    "management.azure.com.example.com:443": (
        "Host management.azure.com.example.com is unknown to AzureCloud"
    ),
    f"{CHINA.arm}:443": f"Host {CHINA.arm} is unknown to AzureCloud",
    "nobody.blob.core.windows.net:443": "Storage account nobody doesn't exist in AzureCloud",
    "nobody.vault.azure.net:443": "Key vault nobody doesn't exist in AzureCloud",
    "noregistry.azurecr.io:443": "Registry noregistry doesn't exist in AzureCloud",
    f"{PUBLIC.arm}:80": f"{PUBLIC.arm}:80 {_PORT}",
    f"{PUBLIC.arm}:22": f"{PUBLIC.arm}:22 {_PORT}",
    PUBLIC.arm: f"{PUBLIC.arm} {_PORT}",
    "": f" {_PORT}",
    "a\tb\x1b[31m\u00e9:443": "Host a?b?[31m?? is unknown to AzureCloud",
    f"{'a' * 300}:443": f"Host {'a' * 195}",
}
KNOWN = [
    PUBLIC.arm,
    PUBLIC.login,
    PUBLIC.graph,
    PUBLIC.arm.upper(),
    PUBLIC.login_server("proxied"),
    f"Proxied.{PUBLIC.vault_suffix}",
]


@pytest.fixture
def connection(emulator: Emulator) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", emulator.instance.proxy.port), 10) as connection:
        yield connection


def ask(connection: socket.socket, request_line: str) -> str:
    connection.sendall(f"{request_line} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection.recv(65536).decode()


@pytest.mark.parametrize("target", REASONS)
def test_an_unknown_host_is_named_in_the_status_line(
    connection: socket.socket, target: str
) -> None:
    reason = REASONS[target]
    head, _, body = ask(connection, f"CONNECT {target}").partition("\r\n\r\n")
    assert (head.split("\r\n")[0], body) == (f"HTTP/1.1 403 {reason}", f"{reason}\n")


def test_an_http_client_shows_why_its_host_was_refused(emulator: Emulator) -> None:
    with pytest.raises(httpx.ProxyError, match="^403 Host example.com is unknown to AzureCloud$"):
        emulator.http.get("https://example.com/")


def test_azurite_that_cannot_start_is_named(
    emulator: Emulator, connection: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    emulator.storage_account("stopped")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    head, _, body = ask(connection, f"CONNECT stopped.{PUBLIC.blob_suffix}:443").partition(
        "\r\n\r\n"
    )
    reason = "Azurite of storage account stopped didn't start"
    assert head.split("\r\n")[0] == f"HTTP/1.1 502 {reason}"
    assert f"acr-emulator setup --tools {tmp_path}" in body


@pytest.mark.parametrize("method", ["GET", "POST", "connect"])
def test_it_accepts_only_connect(connection: socket.socket, method: str) -> None:
    answer = ask(connection, f"{method} http://{PUBLIC.arm}/")
    assert answer.startswith("HTTP/1.1 405 This proxy accepts only CONNECT\r\n")


@pytest.mark.parametrize("host", KNOWN)
def test_a_known_host_shows_a_certificate_of_our_authority(
    emulator: Emulator, connection: socket.socket, host: str
) -> None:
    emulator.registry("proxied")
    emulator.vault("proxied")
    assert ask(connection, f"CONNECT {host}:443").startswith("HTTP/1.1 200 ")
    context = ssl.create_default_context(cafile=emulator.ca_file)
    with context.wrap_socket(connection, server_hostname=host) as secured:
        assert secured.version() in ("TLSv1.2", "TLSv1.3")


def test_a_client_without_our_authority_does_not_get_through(connection: socket.socket) -> None:
    ask(connection, f"CONNECT {PUBLIC.arm}:443")
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(connection, server_hostname=PUBLIC.arm)


def test_a_storage_account_is_reached_by_its_name(emulator: Emulator) -> None:
    emulator.container("proxied", "container")
    sas = emulator.sas("proxied", "container", "rl")
    url = f"https://proxied.{PUBLIC.blob_suffix}/container?restype=container&comp=list&{sas}"
    answer = emulator.http.get(url)
    assert answer.status_code == 200
    assert "<EnumerationResults" in answer.text


def test_the_port_behind_it_answers_for_no_other_host(emulator: Emulator) -> None:
    answer = emulator.http.get(f"https://{PUBLIC.arm}/", headers={"host": "example.com"})
    assert answer.status_code == 421


def test_every_port_is_on_loopback_only(emulator: Emulator) -> None:
    instance = emulator.instance
    for port in (instance.proxy.port, instance.web.port, instance.controls.port):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), 5).close()
