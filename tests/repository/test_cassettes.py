"""The cassettes of tests/recorded: one for each test, no secret in any, none that fits too much."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from acr_emulator.identity.authorization import ROLES
from vcr.request import Request

from tests.recorded.expected import SITE
from tests.support.az import SUBSCRIPTION, TENANT
from tests.support.cassette import FOLDER, Cassette, path_of, same_body
from tests.support.scrub import Scrubber

ROOT = Path(__file__).resolve().parents[2]
CASSETTES = sorted(FOLDER.rglob("*.yaml"))
SECRET = re.compile(
    r"sig=(?!\*\*\*)|eyJ|AccountKey|Bearer (?!realm=)|client_secret|Authorization:"
    r"|User-Agent|_token(?:=|\":\s*\")(?!none\b)",
    re.IGNORECASE,
)
# A stand-in is recognised by its one repeated digit, or by its zeros.
GUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
STAND_IN = re.compile(r"([0-9])\1{7}(?:-\1{4}){3}-(?:\1{12}|0{9}[0-9]{3})")


def test_every_recorded_test_has_its_cassette_and_every_cassette_its_test() -> None:
    listing = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/recorded", "--collect-only", "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    tests = [line for line in listing.stdout.splitlines() if "::" in line]
    assert sorted(map(path_of, tests)) == CASSETTES


@pytest.mark.parametrize(
    "text",
    [
        "?sv=2026-02-06&sig=abc",
        '"eyJhbGciOi.',
        "Bearer abc",
        "&refresh_token=abc",
        '"access_token": "abc"',
    ],
)
def test_a_secret_would_be_seen(text: str) -> None:
    assert SECRET.search(text)


def test_no_cassette_holds_a_secret() -> None:
    assert CASSETTES
    texts = {path.name: SECRET.findall(path.read_text()) for path in CASSETTES}
    assert {name: secrets for name, secrets in texts.items() if secrets} == {}


def test_every_id_is_a_stand_in() -> None:
    guids = {guid[0] for path in CASSETTES for guid in GUID.finditer(path.read_text())}
    assert guids > {SUBSCRIPTION, TENANT}
    built_in = {role.id for role in ROLES}
    assert [guid for guid in guids - built_in if not STAND_IN.fullmatch(guid)] == []


def test_no_other_host_got_a_request() -> None:
    hosts = {
        interaction["request"]["uri"].split("/")[2]
        for path in CASSETTES
        for interaction in Cassette.read(path).interactions
    }
    # Globs and manifests ask the registry and the container too, checks also the vault.
    content = {f"{SITE}registry.azurecr.io", "mystorage.blob.core.windows.net"}
    content |= {f"{SITE}vault.vault.azure.net"}
    assert hosts == {"management.azure.com"} | content


def request(body: Any) -> Request:
    content = None if body is None else json.dumps(body).encode()
    return Request("PUT", "https://management.azure.com/", content, {})


@pytest.mark.parametrize(
    ("recorded", "sent", "same"),
    [
        (None, None, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, None, False),
        ({"properties": {"forceUpdateTag": "1"}}, {"properties": {"forceUpdateTag": "2"}}, True),
        ({"properties": {"forceUpdateTag": "1"}}, {"properties": {}}, False),
    ],
)
def test_a_request_fits_if_its_body_says_the_same(recorded: Any, sent: Any, same: bool) -> None:
    try:
        same_body(request(sent), request(recorded))
        fits = True
    except AssertionError:
        fits = False
    assert fits is same


def test_another_recording_of_the_same_gives_the_same_cassette() -> None:
    """Ids, times and names are other ones each time; their order and their sameness are not."""

    def scrubbed(scene: str, guid: str, seconds: str) -> Any:
        scrubber = Scrubber({f"{scene}0000-0000-4000-8000-000000000000": SUBSCRIPTION})
        times = {"finish": f"2026-11-02T10:00:{seconds}+00:00", "start": "2026-11-02T10:00:00Z"}
        body = {"id": f"{scene}0000-0000-4000-8000-000000000000", "principal": guid, **times}
        answer = {
            "request": {"method": "GET", "uri": f"https://arm/{guid}", "body": None},
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"date": ["Mon, 02 Nov 2026 10:00:00 GMT"], "x-ms-request-id": [guid]},
                "body": {"string": json.dumps(body | {"run": f"mypipeline_{guid[:8]}"})},
            },
        }
        return scrubber.interaction(answer)

    first = scrubbed("aaaa", "12345678-1234-4321-8765-1234567890ab", "05.25")
    second = scrubbed("bbbb", "87654321-1234-4321-8765-1234567890ab", "59.123456")
    assert (
        first
        == second
        == {
            "request": {
                "method": "GET",
                "uri": "https://arm/00000000-0000-0000-0000-000000000001",
                "body": None,
                "headers": {},
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Date": ["Tue, 20 Jan 2026 12:02:00 GMT"]},
                "body": {
                    "string": json.dumps(
                        {
                            "id": SUBSCRIPTION,
                            "principal": "00000000-0000-0000-0000-000000000001",
                            "finish": "2026-01-20T12:02:00.123456+00:00",
                            "start": "2026-01-20T12:01:00.123456Z",
                            "run": "mypipeline_triggered",
                        }
                    )
                },
            },
        }
    )
