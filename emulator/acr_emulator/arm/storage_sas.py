"""SAS tokens that Resource Manager signs: listAccountSas and listServiceSas, for templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.storage.blob import generate_account_sas, generate_blob_sas, generate_container_sas
from starlette.responses import Response

from acr_emulator.arm.body_forms import TEXTS
from acr_emulator.arm.collection import Collection
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.store import Store
from acr_emulator.storage.accounts import KEY_NAMES, TYPE, BlobStorage

#: Members of a request, and the parameters of the SDK's functions.
_COMMON = {
    "signedPermission": "permission",
    "signedExpiry": "expiry",
    "signedStart": "start",
    "signedIp": "ip",
    "signedProtocol": "protocol",
}
_OF_A_SERVICE = {
    "signedIdentifier": "policy_id",
    "rscc": "cache_control",
    "rscd": "content_disposition",
    "rsce": "content_encoding",
    "rscl": "content_language",
    "rsct": "content_type",
}


@dataclass(frozen=True, kw_only=True)
class StorageSas:
    """What `az` signs itself with a key, and templates have signed."""

    store: Store
    storage: BlobStorage

    @property
    def accounts(self) -> Collection:
        return Collection(self.store, TYPE)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        one, right = self.accounts.one, self.accounts.right
        return [
            Route("POST", f"{one}/{action}", handler, right(f"{action}/action"), body=TEXTS)
            for action, handler in (
                ("listAccountSas", self.account),
                ("listServiceSas", self.service),
            )
        ]

    async def account(self, request: ArmRequest) -> Response:
        name, key = self._signer(request)
        body = request.body
        required = ("signedServices", "signedResourceTypes", "signedPermission", "signedExpiry")
        _require(body, required)
        token = _signed(
            lambda: generate_account_sas(
                name,
                key,
                body["signedResourceTypes"],
                services=body["signedServices"],
                **_parameters(body, _COMMON),
            )
        )
        return JsonAnswer({"accountSasToken": token})

    async def service(self, request: ArmRequest) -> Response:
        """For a container or a blob: `/blob/ACCOUNT/CONTAINER[/BLOB]`."""
        name, key = self._signer(request)
        body = request.body
        _require(body, ("canonicalizedResource",))
        if not body.get("signedIdentifier"):
            _require(body, ("signedPermission", "signedExpiry"))
        service, account, container, blob = _resource(body["canonicalizedResource"])
        kind = body.get("signedResource") or ("b" if blob else "c")
        if service != "blob" or account != name or not container or kind not in ("b", "c"):
            raise bad_request(
                "InvalidValuesForRequestParameters",
                "Values for request parameters are invalid: canonicalizedResource,signedResource.",
            )
        more = _parameters(body, _COMMON | _OF_A_SERVICE)
        token = _signed(
            lambda: (
                generate_blob_sas(name, container, blob, account_key=key, **more)
                if kind == "b"
                else generate_container_sas(name, container, account_key=key, **more)
            )
        )
        return JsonAnswer({"serviceSasToken": token})

    def _signer(self, request: ArmRequest) -> tuple[str, str]:
        """The account and the key that is requested."""
        account = self.accounts.existing(request)["name"]
        wanted = request.body.get("keyToSign") or KEY_NAMES[0]
        for key in self.storage.keys(account):
            if key["keyName"] == wanted:
                return account, key["value"]
        raise bad_request(
            "InvalidValuesForRequestParameters",
            "Values for request parameters are invalid: keyToSign.",
        )


def _require(body: Mapping[str, str], names: tuple[str, ...]) -> None:
    if missing := [name for name in names if not body.get(name)]:
        raise bad_request(
            "InvalidValuesForRequestParameters",
            f"Values for request parameters are invalid: {','.join(missing)}.",
        )


def _parameters(body: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    return {parameter: body[name] for name, parameter in names.items() if body.get(name)}


def _resource(canonicalized: str) -> tuple[str, str, str, str]:
    service, account, container, *blob = [*canonicalized.strip("/").split("/", 3), "", "", ""][:4]
    return service, account, container, "".join(blob)


def _signed(sign: Callable[[], str]) -> str:
    """A token, or the 400 for values that no token can have."""
    try:
        return sign()
    except ValueError as error:
        raise bad_request(
            "InvalidValuesForRequestParameters", "Values for request parameters are invalid."
        ) from error
