"""Clients that push, read, delete and make again the same names at once, against one emulator.

No answer is an error of the service, no key of a deleted account is accepted, and at the end
nothing is left of what was deleted. SECONDS=... makes it longer or shorter.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import ssl
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
from acr_emulator.cloud.clouds import PUBLIC
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.storage.blob import ContainerClient

from tests.support.cloud import VERSION, Cloud, Json
from tests.support.oci import MANIFEST, RegistryClient

_SECONDS = 120
_GROUP = f"/subscriptions/{PUBLIC.subscription_id}/resourceGroups/race"
_PROVIDERS = f"{_GROUP}/providers"
_ACCOUNT, _CONTAINER = "raceaccount", "transfer"
_REGISTRIES = ("raceregistryone", "raceregistrytwo")
_REPOSITORIES, _TAGS = ("app", "team/app"), ("v1", "v2")
_LAYERS = [bytes([number]) * 1000 for number in range(4)]
_ROLE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
#: Why a run must not fail. Another client causes all else, such as a missing artifact.
_DEFECT = re.compile(r"answered 5|service failed|Status: 5|Registry '.*' cannot be reached")
#: What the state may hold when no resource is left.
_KEPT = {
    "client-secret",
    "cloud",
    "control-secret",
    "operation",
    "port",
    "principal",
    "storage-creation",
}


def _path(kind: str, name: str) -> str:
    return f"{_PROVIDERS}/Microsoft.{kind}/{name}"


def _registry_path(name: str) -> str:
    return _path("ContainerRegistry/registries", name)


_ACCOUNT_PATH = _path("Storage/storageAccounts", _ACCOUNT)
_VAULT_PATH = _path("KeyVault/vaults", "racevault")
_PURGE_PATH = (
    f"/subscriptions/{PUBLIC.subscription_id}/providers/Microsoft.KeyVault/locations/westus"
    "/deletedVaults/racevault/purge"
)
_CONTAINER_ID = f"{_ACCOUNT_PATH}/blobServices/default/containers/{_CONTAINER}"
_LOCATED: Json = {"location": "westus"}
_BODIES: dict[str, Json] = {
    **{_registry_path(name): {**_LOCATED, "sku": {"name": "Premium"}} for name in _REGISTRIES},
    _ACCOUNT_PATH: {**_LOCATED, "sku": {"name": "Standard_LRS"}},
    _VAULT_PATH: {
        **_LOCATED,
        "properties": {
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": True,
        },
    },
}


class Race:
    """One emulator, its clients, and what they found."""

    def __init__(self, folder: Path) -> None:
        self._cloud = Cloud(folder / "state")
        self._log = folder / "state.log"
        self._dead_keys: list[str] = []
        self._guard = threading.Lock()
        #: Answers by status, and `refused` and `broken` for connections.
        self.answers = Counter[str]()
        #: How often a key of a deleted account was tried.
        self.dead_keys_tried = 0
        #: What did not hold.
        self.failed: list[str] = []

    def run(self, seconds: float) -> None:
        """Have all clients do what they do for so long, then delete everything and look."""
        with self._cloud:
            trusted = ssl.create_default_context(cafile=self._cloud.environment["SSL_CERT_FILE"])
            with httpx.Client(
                proxy=self._cloud.environment["HTTPS_PROXY"],
                verify=trusted,
                timeout=60,
                trust_env=False,
                event_hooks={"response": [self._count]},
            ) as self._http:
                self._make_all()
                self._compete(time.monotonic() + seconds)
                self._clean_up()
        self.failed += self._left_over()

    def _compete(self, end: float) -> None:
        clients = [
            *[self._push] * 2,
            *[self._read] * 3,
            self._delete,
            *[self._transfer] * 3,
            self._use_dead_keys,
            self._recreate,
            self._recreate_registry,
        ]
        with ThreadPoolExecutor(len(clients)) as threads:
            for result in [threads.submit(self._repeat, client, end) for client in clients]:
                result.result()

    def _repeat(self, step: Callable[[], None], end: float) -> None:
        while time.monotonic() < end:
            try:
                step()
            except httpx.HTTPStatusError:  # another client was faster; it is counted
                continue
            except httpx.ProxyError as error:  # the name doesn't exist just now
                self._note("refused" if "403" in str(error) else f"proxy: {error}")
            except httpx.HTTPError as error:
                self._note(f"broken: {error!r}")

    def _note(self, what: str) -> None:
        with self._guard:
            self.answers[what.partition(":")[0]] += 1
            if what != "refused":
                self.failed.append(what)

    def _count(self, answer: httpx.Response) -> None:
        with self._guard:
            self.answers[str(answer.status_code)] += 1
        if answer.is_server_error:
            request = answer.request
            self.failed.append(
                f"{answer.status_code} to {request.method} {request.url}: {answer.read()[:500]!r}"
            )

    def _arm(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        return self._http.request(
            method,
            f"{PUBLIC.arm_url}{path}",
            params={"api-version": VERSION},
            headers={"Authorization": f"Bearer {self._cloud.token(PUBLIC.arm_url)}"},
            json=body,
        )

    def _make_all(self) -> None:
        self._arm("PUT", _GROUP, _LOCATED)
        self._arm("POST", _PURGE_PATH)
        for path, body in _BODIES.items():
            self._arm("PUT", path, body)

    def _client(self, registry: str = "") -> RegistryClient:
        host = PUBLIC.login_server(registry or random.choice(_REGISTRIES))
        token = self._cloud.token(PUBLIC.registry_audience)
        return RegistryClient.log_in(self._http, host, tenant=PUBLIC.tenant_id, entra_token=token)

    def _push(self) -> None:
        """Push two images, then have the tags name one after the other."""
        client, repository = self._client(), random.choice(_REPOSITORIES)
        for tag, layer in zip(_TAGS, random.sample(_LAYERS, 2), strict=True):
            client.push(repository, tag, layer=layer)
        manifests = [client.manifest(repository, tag) for tag in _TAGS]
        for turn in range(10):
            manifest = manifests[turn % 2]
            if manifest:
                client.push_manifest(repository, manifest, *_TAGS)
                client.push_blob(repository, random.choice(_LAYERS))

    def _read(self) -> None:
        client, repository = self._client(), random.choice(_REPOSITORIES)
        scopes = f"repository:{repository}:pull,metadata_read", "registry:catalog:*"
        headers = {"Authorization": f"Bearer {client.token(*scopes)}", "Accept": MANIFEST}
        oci, acr = f"/v2/{repository}", f"/acr/v1/{repository}"
        for tag in _TAGS * 5:
            answer = client.call("GET", f"{oci}/manifests/{tag}", headers=headers)
            for part in answer.json()["layers"] if answer.is_success else ():
                client.call("GET", f"{oci}/blobs/{part['digest']}", headers=headers)
            client.call("GET", f"{acr}/_tags/{tag}", headers=headers)
        for path in ("/v2/_catalog", f"{oci}/tags/list", acr, f"{acr}/_tags", f"{acr}/_manifests"):
            client.call("GET", path, headers=headers)

    def _delete(self) -> None:
        client, repository = self._client(), random.choice(_REPOSITORIES)
        token = client.token(f"repository:{repository}:pull,delete,metadata_read")
        headers = {"Authorization": f"Bearer {token}", "Accept": MANIFEST}
        tag = random.choice(_TAGS)
        client.call("DELETE", f"/acr/v1/{repository}/_tags/{tag}", headers=headers)
        time.sleep(0.5)
        tag = random.choice(_TAGS)
        head = client.call("HEAD", f"/v2/{repository}/manifests/{tag}", headers=headers)
        digest = head.headers.get("docker-content-digest")
        if digest:
            client.call("DELETE", f"/v2/{repository}/manifests/{digest}", headers=headers)
        time.sleep(0.5)
        client.call("DELETE", f"/acr/v1/{repository}", headers=headers)

    def _transfer(self) -> None:
        """Have a pipeline, run it, and wait for the end or delete the run."""
        name = random.choice(_REGISTRIES)
        registry = _registry_path(name)
        kind = random.choice(("export", "import"))
        storage = {
            "uri": f"https://{_ACCOUNT}.{PUBLIC.blob_suffix}/{_CONTAINER}",
            "storageAccessMode": "ManagedIdentity",
        }
        properties: Json = {"target": storage, "options": ["OverwriteBlobs", "ContinueOnErrors"]}
        if kind == "import":
            options = ["OverwriteTags", "DeleteSourceBlobOnSuccess"]
            properties = {"source": storage, "options": options[: random.randint(0, 2)]}
        body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
        pipeline = f"{registry}/{kind}Pipelines/pipeline"
        identity = self._arm("PUT", pipeline, body).raise_for_status().json()["identity"]
        principal = identity["principalId"]
        self._make_container()
        self._arm(
            "PUT",
            f"{_CONTAINER_ID}/providers/Microsoft.Authorization/roleAssignments/{principal}",
            {"properties": {"roleDefinitionId": _ROLE, "principalId": principal}},
        )
        request: Json = {"pipelineResourceId": pipeline}
        request |= (
            {"target": {"name": "blob"}, "artifacts": [f"{_REPOSITORIES[0]}:{_TAGS[0]}"]}
            if kind == "export"
            else {"source": {"name": "blob"}}
        )
        if kind == "export":
            layer = random.choice(_LAYERS)
            self._client(name).push(_REPOSITORIES[0], _TAGS[0], layer=layer)
        run = f"{registry}/pipelineRuns/{kind}{random.randrange(3):05}"
        tag = {"forceUpdateTag": str(random.random())}
        self._arm("PUT", run, {"properties": {"request": request, **tag}}).raise_for_status()
        if random.random() < 0.3:
            self._arm("DELETE", run)
            return
        while True:
            properties = self._arm("GET", run).raise_for_status().json()["properties"]
            if properties["provisioningState"] != "Creating":
                break
            time.sleep(0.1)
        message = properties["response"].get("pipelineRunErrorMessage", "")
        self.answers[f"{kind} {properties['provisioningState'].lower()}"] += 1
        if _DEFECT.search(message):
            self._note(f"{kind}: {message}")

    def _make_container(self) -> None:
        keys = self._arm("POST", f"{_ACCOUNT_PATH}/listKeys").raise_for_status().json()["keys"]
        with self._container(keys[0]["value"]) as container:
            try:
                container.create_container()
            except HttpResponseError as error:
                if (error.status_code or 0) >= 500:
                    self._note(f"storage: {error.status_code} {error.message}")
            except AzureError:  # the account was deleted
                return

    def _container(self, key: str) -> ContainerClient:
        return ContainerClient(
            f"https://{_ACCOUNT}.{PUBLIC.blob_suffix}",
            _CONTAINER,
            credential={"account_name": _ACCOUNT, "account_key": key},
            proxies={"https": self._cloud.environment["HTTPS_PROXY"]},
            connection_verify=self._cloud.environment["SSL_CERT_FILE"],
            use_env_settings=False,
            retry_total=0,
        )

    def _use_dead_keys(self) -> None:
        """Try a key of a deleted account on the account that has its name now."""
        time.sleep(0.1)
        if not self._dead_keys:
            return
        with self._container(random.choice(self._dead_keys[-4:])) as container:
            try:
                container.get_container_properties()
            except (ClientAuthenticationError, ServiceRequestError, ServiceResponseError):
                self.dead_keys_tried += 1
                return
            except AzureError:  # such as 404: it is admitted, and finds no container
                pass
        self._note("a key of a deleted account was accepted")

    def _recreate(self) -> None:
        """Delete a registry, the account, the vault or all, and make it again."""
        time.sleep(random.uniform(0, 3))
        # Seldom what takes a blob server along, which then has to start again.
        path = random.choice(
            [*_BODIES, *map(_registry_path, _REGISTRIES), *[_VAULT_PATH] * 4, _GROUP]
        )
        keys = self._arm("POST", f"{_ACCOUNT_PATH}/listKeys").json().get("keys", [])
        deleted = self._arm("DELETE", path)
        if path in (_ACCOUNT_PATH, _GROUP) and deleted.is_success:
            self._dead_keys += [key["value"] for key in keys]
        time.sleep(random.uniform(0, 0.2))
        self._make_all()

    def _recreate_registry(self) -> None:
        time.sleep(random.uniform(0, 4))
        self._arm("DELETE", _registry_path(random.choice(_REGISTRIES)))
        self._make_all()

    def _clean_up(self) -> None:
        self._arm("DELETE", _GROUP).raise_for_status()
        self._arm("POST", _PURGE_PATH).raise_for_status()
        for path in _BODIES:
            provider, name = path.split("/")[-3], path.split("/")[-1]
            answer = self._arm(
                "POST",
                f"/subscriptions/{PUBLIC.subscription_id}/providers/{provider}"
                "/checkNameAvailability",
                {"name": name},
            )
            if answer.json() != {"nameAvailable": True}:
                self.failed.append(f"{name}: {answer.text}")

    def _left_over(self) -> Iterator[str]:
        """What is left of deleted resources in the state, in folders, and as processes."""
        if logged := self._log.read_text():
            yield f"the emulator's log is not empty: {logged[-2000:]}"
        state = self._cloud.state
        with closing(sqlite3.connect(state / "state.db")) as database:
            kinds = Counter(kind for (kind,) in database.execute("SELECT kind FROM entries"))
        if others := set(kinds) - _KEPT:
            yield f"the state still has {others}"
        if kinds["principal"] != 1:
            yield f"{kinds['principal'] - 1} principals are left"
        registries = state / "registries/storage/docker/registry/v2/repositories"
        for folder in (state / "blobs", registries):
            if left := sorted(path.name for path in folder.glob("*")):
                yield f"{folder.name} still has {left}"


def main() -> list[str]:
    """Race for two minutes, print a table, and return what failed."""
    seconds = float(os.environ.get("SECONDS") or _SECONDS)
    with tempfile.TemporaryDirectory(prefix="acr-race-") as folder:
        race = Race(Path(folder))
        race.run(seconds)
    row = "{:<10} {:>8} {:>10} {:>10} {:>16} {:>8}"
    print(row.format("race", "seconds", "answers", "of 5xx", "dead keys tried", "failed"))
    answers = sum(number for key, number in race.answers.items() if key.isdigit())
    errors = sum(number for key, number in race.answers.items() if key.startswith("5"))
    print(row.format("", seconds, answers, errors, race.dead_keys_tried, len(race.failed)))
    print(", ".join(f"{key}: {number}" for key, number in sorted(race.answers.items())))
    return race.failed
