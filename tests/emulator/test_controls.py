"""The controls: what they change, and what they leave alone."""

import time
from collections.abc import Iterator

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.controls_client import Controls
from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Emulator, Json

VAULT_URL = f"{PUBLIC.vault_url('controlled')}/secrets/x"
REGISTRY_URL = f"https://{PUBLIC.login_server('controlled')}/v2/"
LOGIN_URL = f"https://{PUBLIC.login}/common/discovery/instance"


@pytest.fixture
def controls(emulator: Emulator) -> Iterator[Controls]:
    emulator.registry("controlled")
    emulator.vault("controlled")
    controls = Controls(emulator)
    yield controls
    controls.post("reset")
    controls.http.close()


def test_a_fault_is_injected_as_often_and_reads_as_requested(
    emulator: Emulator, controls: Controls
) -> None:
    fault = {
        "count": 2,
        "status": 429,
        "headers": {"retry-after": "7"},
        "body": {"error": {"code": "TooManyRequests"}},
    }
    assert controls.post("faults", fault)["faults"] == 2
    struck = [emulator.arm("GET", SUBSCRIPTION) for _ in range(3)]
    assert [answer.status_code for answer in struck] == [429, 429, 200]
    assert struck[0].headers["retry-after"] == "7"
    assert struck[0].json() == {"error": {"code": "TooManyRequests"}}


def test_a_fault_strikes_only_its_method_and_path(emulator: Emulator, controls: Controls) -> None:
    controls.post("faults", {"method": "put", "path": "resourceGroups/[^/]+$", "status": 500})
    assert emulator.arm("GET", SUBSCRIPTION).status_code == 200
    assert emulator.arm("PUT", f"{SUBSCRIPTION}/resourceGroups/a/providers/x").status_code == 501
    assert emulator.arm("PUT", GROUP, {"location": "westus"}).status_code == 500
    assert emulator.arm("PUT", GROUP, {"location": "westus"}).status_code == 200


@pytest.mark.parametrize("url", [VAULT_URL, REGISTRY_URL])
def test_a_fault_strikes_vaults_and_registries(
    emulator: Emulator, controls: Controls, url: str
) -> None:
    controls.post("faults", {"status": 503})
    assert emulator.http.get(url).status_code == 503
    assert emulator.http.get(url).status_code != 503


def test_login_and_controls_are_never_troubled(emulator: Emulator, controls: Controls) -> None:
    controls.post("faults", {"count": 1})
    controls.post("latency", {"seconds": 30})
    started = time.monotonic()
    assert emulator.http.get(LOGIN_URL).status_code == 200
    assert controls.post("clock", {"advance": 0})["faults"] == 1
    assert time.monotonic() - started < 10


def test_latency_comes_before_each_answer(emulator: Emulator, controls: Controls) -> None:
    controls.post("latency", {"seconds": 0.2})
    started = time.monotonic()
    assert emulator.arm("GET", SUBSCRIPTION).status_code == 200
    assert time.monotonic() - started >= 0.2


def test_requests_are_logged_by_method_host_and_path_alone(
    emulator: Emulator, controls: Controls
) -> None:
    controls.post("reset")
    emulator.arm("GET", SUBSCRIPTION)
    emulator.http.get(f"{REGISTRY_URL}?sig=secret")
    assert controls.get("requests") == [
        {"method": "GET", "host": PUBLIC.arm, "path": SUBSCRIPTION},
        {"method": "GET", "host": "controlled.azurecr.io", "path": "/v2/"},
    ]


def test_the_clock_is_set_forward(emulator: Emulator, controls: Controls) -> None:
    before = emulator.instance.clock.now()
    controls.post("clock", {"advance": 5000})
    assert (emulator.instance.clock.now() - before).total_seconds() >= 5000


def test_the_clock_is_set_back(emulator: Emulator, controls: Controls) -> None:
    before = emulator.instance.clock.now()
    controls.post("clock", {"advance": -5000})
    assert (emulator.instance.clock.now() - before).total_seconds() < -4000
    emulator.ok("PUT", GROUP, {"location": "westus"})
    controls.post("clock", {"advance": 5000})


def test_provisioning_lasts_as_long_as_requested_by_the_clock(
    emulator: Emulator, controls: Controls
) -> None:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    controls.post("provisioning", {"seconds": 600, "retryAfter": 3})
    answer = emulator.arm("PUT", "slowregistry", {"location": "westus", "sku": {"name": "Premium"}})
    assert answer.status_code == 201
    assert answer.headers["retry-after"] == "3"
    path = answer.headers["azure-asyncoperation"].removeprefix(PUBLIC.arm_url).partition("?")[0]
    assert emulator.ok("GET", path) == {"status": "Creating"}
    controls.post("clock", {"advance": 600})
    assert emulator.ok("GET", path) == {"status": "Succeeded"}


def test_reset_puts_every_knob_back_and_keeps_resources(
    emulator: Emulator, controls: Controls
) -> None:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    fresh = controls.post("reset")
    controls.post("faults", {"count": 3})
    controls.post("latency", {"seconds": 1})
    controls.post("runs", {"seconds": 3, "answer": "sync", "messages": "long"})
    controls.post("pages", {"size": 7})
    changed = controls.post("provisioning", {"seconds": 1, "retryAfter": 1})
    assert changed["runs"] == {"seconds": 3, "answer": "sync", "messages": "long"}
    again = controls.post("reset")
    assert again.pop("now") > fresh.pop("now")
    assert again == fresh
    assert GROUP in again["resources"]
    assert controls.get("requests") == []


BAD = [
    ("clock", {"advance": -3e11}, "advance"),
    ("clock", {"advance": "-1"}, "advance"),
    ("runs", {"messages": "verbose"}, "messages"),
    ("clock", {"advance": 3e11}, "advance"),
    ("provisioning", {"seconds": 1e300}, "seconds"),
    ("clock", {"seconds": 1}, "advance"),
    ("latency", {"seconds": "1"}, "seconds"),
    ("latency", {"seconds": True}, "seconds"),
    ("runs", {"answer": "later"}, "answer"),
    ("faults", {"path": "("}, "path"),
    ("faults", {"count": None}, "count"),
    ("provisioning", {"retryAfter": "x"}, "retryAfter"),
    ("pages", {"size": 0.5}, "size"),
    ("past-runs", {"pipeline": f"{REGISTRIES}/controlled"}, "pipeline"),
    ("past-runs", {"count": 3}, "pipeline"),
]


@pytest.mark.parametrize(("name", "body", "named"), BAD)
def test_what_a_control_does_not_understand_is_refused(
    controls: Controls, name: str, body: Json, named: str
) -> None:
    answer = controls.http.post(f"{controls.base}/{name}", json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_controls_answer_to_loopback_names_only(controls: Controls) -> None:
    answer = controls.http.get(f"{controls.base}/state", headers={"host": "rebound.example"})
    assert answer.status_code == 400


def open_url(controls: Controls, name: str, userinfo: bytes = b"") -> httpx.URL:
    return httpx.URL(f"{controls.base}/{name}").copy_with(userinfo=userinfo)


@pytest.mark.parametrize("userinfo", [b"", b"acr-emulator:x", b"acr-emulator:", b"x:y"])
@pytest.mark.parametrize(("method", "name"), [("POST", "principals"), ("GET", "state")])
def test_controls_require_their_secret(
    emulator: Emulator, controls: Controls, method: str, name: str, userinfo: bytes
) -> None:
    before = list(emulator.instance.directory)
    answer = controls.http.request(method, open_url(controls, name, userinfo))
    assert (answer.status_code, answer.json()) == (
        401,
        {"error": "Use the whole URL in ACR_EMULATOR_CONTROL: it has a secret in it"},
    )
    assert list(emulator.instance.directory) == before


def test_health_needs_no_secret(controls: Controls) -> None:
    assert controls.http.get(open_url(controls, "health")).status_code == 200


@pytest.mark.parametrize("origin", ["https://page.example", "http://127.0.0.1:1", "null"])
def test_no_web_page_may_use_the_controls(
    emulator: Emulator, controls: Controls, origin: str
) -> None:
    url, before = f"{controls.base}/clock", emulator.instance.clock.now()
    answer = controls.http.post(url, json={"advance": 10**6}, headers={"Origin": origin})
    refusal = {"error": "No web page may use the controls"}
    assert (answer.status_code, answer.json()) == (403, refusal)
    assert (emulator.instance.clock.now() - before).total_seconds() < 10**5


def test_controls_are_not_among_the_imitated_paths(emulator: Emulator) -> None:
    answer = emulator.http.get(f"{PUBLIC.arm_url}/_emulator/state")
    assert answer.status_code == 401
