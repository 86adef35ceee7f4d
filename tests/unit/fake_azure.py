"""ARM, a key vault and a storage account whose answers to `check` a test writes."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any
from urllib.parse import unquote_plus

import responses

from azext_acrtransfer.kinds import EXPORT, PipelineKind
from azext_acrtransfer.preflight.rule import Check
from tests.support.az import SUBSCRIPTION
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, pipeline
from tests.unit.preflight_snapshots import PRINCIPAL, sas

GROUP = REGISTRY.partition("/providers")[0]
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mystorage"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/transfer"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/myvault"
AUTHORIZATION = "/providers/Microsoft.Authorization"
STORAGE = "https://mystorage.blob.core.windows.net/transfer"
SECRET = "https://myvault.vault.azure.net/secrets/sas"
RESOURCES = f"{ARM}/subscriptions/{SUBSCRIPTION}/resources"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
ROLE = f"{AUTHORIZATION}/roleDefinitions/one"
ROLE_ID = f"/subscriptions/{SUBSCRIPTION}{ROLE}"
SAS = sas(se="2099-01-01T00:00:00Z")
Json = dict[str, Any]


class Azure:
    """Answers by method and URL, any number of times; what wasn't set is a test's mistake."""

    def __init__(self, mock: responses.RequestsMock, kind: PipelineKind = EXPORT) -> None:
        self._mock = mock
        self.pipeline = pipeline(kind)
        self.pipeline_status = 200
        self.pipeline_headers: dict[str, str] = {}
        self.kind = kind
        self.tell(f"{ARM}{REGISTRY}", {"sku": {"name": "Premium"}, "properties": {}})
        self.tell(f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions", {"value": [{"actions": ["*"]}]})
        for name, resource in (("mystorage", ACCOUNT), ("myvault", VAULT)):
            wanted = re.compile(re.escape(RESOURCES) + f".*{name}")
            self.tell(wanted, {"value": [{"id": resource, "name": name.upper()}]})
        self.tell(f"{ARM}{ACCOUNT}", {"id": ACCOUNT, "properties": {}})
        self.tell(f"{ARM}{CONTAINER}", {"id": CONTAINER})
        policy = {"objectId": PRINCIPAL, "permissions": {"secrets": ["get"]}}
        self.tell(f"{ARM}{VAULT}", {"id": VAULT, "properties": {"accessPolicies": [policy]}})
        self.tell(SECRET, {"value": SAS, "attributes": {"enabled": True}})
        self.tell(STORAGE, body="<EnumerationResults />")

    def use_identity(self) -> None:
        """Have the pipeline go by an identity that was assigned to it, and may do everything."""
        self.pipeline["properties"][self.kind.side]["storageAccessMode"] = "ManagedIdentity"
        assigned = {IDENTITY: {"principalId": PRINCIPAL, "clientId": "c"}}
        self.pipeline["identity"] = {"type": "userAssigned", "userAssignedIdentities": assigned}
        self.tell(f"{ARM}{IDENTITY}", {"id": IDENTITY})
        self.tell_assigned("role", {"roleDefinitionId": ROLE_ID, "scope": GROUP})
        self.tell_assigned("deny")
        actions = ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"]
        role = {"roleName": "Mover", "permissions": [{"dataActions": actions}]}
        self.tell(f"{ARM}{CONTAINER}{ROLE}", {"properties": role})

    def tell_blob(self, name: str, **headers: str) -> None:
        """Which properties a blob has."""
        of_storage = {"x-ms-blob-type": "BlockBlob"} | headers
        self.tell(f"{STORAGE}/{name}", method="HEAD", headers=of_storage)

    def tell_no_blob(self, name: str, code: str = "BlobNotFound") -> None:
        """Have storage refuse a blob with an error code."""
        headers = {"x-ms-error-code": code}
        self.tell(f"{STORAGE}/{name}", method="HEAD", status=404, headers=headers)

    def tell_assigned(self, what: str, *assignments: Json) -> None:
        """Which roles or denials the identity has at the container."""
        listed = {"value": [{"properties": each} for each in assignments]}
        self.tell(f"{ARM}{CONTAINER}{AUTHORIZATION}/{what}Assignments", listed)

    def tell(
        self, url: str | re.Pattern[str], json: Any = None, *, method: str = "GET", **more: Any
    ) -> None:
        """Answer a URL, in place of what was set before."""
        self._mock.remove(method, url)
        self._mock.add(method, url, **({"json": json} if json is not None else {}), **more)

    def __call__(self, az: Az, *argv: str) -> tuple[Any, dict[str, Check]]:
        """Run the check; the result and the checks by their codes."""
        self._mock.calls.reset()
        path = f"{REGISTRY}/{self.kind.resource_type}/mypipeline"
        status, headers = self.pipeline_status, self.pipeline_headers
        self.tell(f"{ARM}{path}", self.pipeline, status=status, headers=headers)
        result = az("acr", self.kind.group, "check", *WHERE, "-n", "mypipeline", *argv)
        assert result.stdout, result.stderr
        return result, {check["code"]: check for check in result.json}

    @property
    def requested(self) -> dict[str, list[str]]:
        """What the last check requested, by what the token was for that went along."""
        by_audience = defaultdict(list)
        sent: list[Any] = [call.request for call in self._mock.calls]
        for request in sent:
            line = [request.method, unquote_plus(request.url)]
            line += [request.headers.get("x-ms-version"), request.body]
            audience = request.headers.get("Authorization", "").removeprefix("Bearer for ")
            by_audience[audience].append(" ".join(filter(None, line)))
        return {audience: sorted(lines) for audience, lines in by_audience.items()}
