"""Microsoft.Storage/storageAccounts/blobServices/containers: whether a container exists."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from acr_emulator.arm.collection import Collection
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.engine import Container
from acr_emulator.engine.transfer_errors import StorageError
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.store import Store
from acr_emulator.storage.accounts import CONTAINER_NAME, BlobStorage
from acr_emulator.storage.accounts import TYPE as ACCOUNT

TYPE = f"{ACCOUNT}/blobServices/containers"


@dataclass(frozen=True, kw_only=True)
class BlobContainers:
    """One container, as ARM sees it; they are made and listed through blob storage itself."""

    store: Store
    storage: BlobStorage

    @property
    def accounts(self) -> Collection:
        return Collection(self.store, ACCOUNT)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        one = f"{self.accounts.one}/blobServices/default/containers/{{container}}"
        return [Route("GET", one, self.get, Right(f"{TYPE}/read", one))]

    async def get(self, request: ArmRequest) -> Response:
        account, name = self.accounts.existing(request), request["container"]
        if not CONTAINER_NAME.fullmatch(name):
            raise bad_request("InvalidResourceName", f"The container name '{name}' is not valid.")
        try:
            await self._look_into(account["name"], name)
        except StorageError as error:
            # Its text is from memory.
            message = "The specified container does not exist."
            raise ArmError(404, "ContainerNotFound", message) from error
        properties = {
            "leaseState": "Available",
            "leaseStatus": "Unlocked",
            "publicAccess": "None",
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
        }
        container_id = f"{account['id']}/blobServices/default/containers/{name}"
        shown = {"id": container_id, "name": name, "type": TYPE, "properties": properties}
        return JsonAnswer(shown)

    async def _look_into(self, account: str, container: str) -> None:
        endpoint = f"https://127.0.0.1:{await self.storage.port(account)}"
        key, ca_file = self.storage.keys(account)[0]["value"], str(self.storage.ca_file)
        async with Container.with_identity(
            endpoint, account, container, key, actions=frozenset({"list"}), ca_file=ca_file
        ) as client:
            await client.list()
