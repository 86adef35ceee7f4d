"""The proxy: which hosts there are, and that nothing ever goes further."""

import socket
import ssl
from collections.abc import Iterator

import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.running import Emulator

UNKNOWN = [
    "example.com:443",
    "127.0.0.1:443",
    "localhost:443",
    "azurecr.io:443",
    ".azurecr.io:443",
    "a.b.azurecr.io:443",
    "management.azure.com.example.com:443",
    "nobody.blob.core.windows.net:443",
    "nobody.vault.azure.net:443",
    "noregistry.azurecr.io:443",
    f"{PUBLIC.arm}:80",
    f"{PUBLIC.arm}:22",
    PUBLIC.arm,
]
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


@pytest.mark.parametrize("target", UNKNOWN)
def test_an_unknown_host_is_refused_and_named(connection: socket.socket, target: str) -> None:
    answer = ask(connection, f"CONNECT {target}")
    assert answer.startswith("HTTP/1.1 403 Forbidden\r\n")
    assert target.rpartition(":")[0] in answer
    assert "is not part of this emulator" in answer


@pytest.mark.parametrize("method", ["GET", "POST", "connect"])
def test_it_knows_only_connect(connection: socket.socket, method: str) -> None:
    answer = ask(connection, f"{method} http://{PUBLIC.arm}/")
    assert answer.startswith("HTTP/1.1 405 Method Not Allowed\r\n")


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
