"""`importImage` of a registry: reads what to copy, and has it copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from acr_emulator.arm.body_forms import IMAGE_IMPORT
from acr_emulator.arm.container_registries import NAMESPACE, REGISTRY, right
from acr_emulator.arm.operation_polling import SOON, OperationPolling
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.arm.transfer_resources import without_blanks
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.transfer_errors import TransferError
from acr_emulator.network.responses import empty
from acr_emulator.registry.image_imports import ImageImport, ImageImports
from acr_emulator.registry.registries import TYPE, Registries
from acr_emulator.state.arm_errors import ArmError, bad_request, resource_not_found
from acr_emulator.state.resource_ids import InvalidIdError, ResourceId


@dataclass(frozen=True, kw_only=True)
class ImageImporting:
    """Imports of images into a registry."""

    polling: OperationPolling
    registries: Registries
    image_imports: ImageImports

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        path = f"{REGISTRY}/importImage"
        importing = right("importImage/action")
        return [Route("POST", path, self.start, importing, body=IMAGE_IMPORT)]

    async def start(self, request: ArmRequest) -> Response:
        """202, and a Location to follow, as recorded of Azure."""
        target = self.registries.get(request["registry"])
        if target is None or ResourceId.parse(target["id"]) != request.parent:
            raise resource_not_found(TYPE, request["registry"], request["group"])
        operation = self.image_imports.begin(target, _parsed(request))
        location = self.polling.location_headers(request, NAMESPACE, target["location"], operation)
        return empty(202, {**SOON, **location})


def _parsed(request: ArmRequest) -> ImageImport:
    """Read the body; texts of refusals are ours."""
    body = without_blanks(request.body)
    source = body.get("source", {})
    registry_id, host = source.get("resourceId", ""), source.get("registryUri", "")
    if bool(registry_id) == bool(host):
        raise _invalid("A source has either a resourceId or a registryUri.")
    try:
        ResourceId.parse(registry_id)
    except InvalidIdError as error:
        raise _invalid(f"The resourceId '{registry_id}' is not valid.") from error
    image = _reference(source.get("sourceImage", ""))
    tags = tuple(map(_reference, body.get("targetTags", ())))
    untagged = tuple(
        _reference(repository).repository
        for repository in body.get("untaggedTargetRepositories", ())
    )
    if any(tag.is_digest for tag in tags):
        raise _invalid("A target tag can't be a digest.")
    if not tags and not untagged:
        tags, untagged = ((), (image.repository,)) if image.is_digest else ((image,), ())
    return ImageImport(
        image=image,
        registry_id=registry_id,
        host=host.lower().rstrip("/"),
        login=_login(source.get("credentials")),
        tags=tags,
        untagged=untagged,
        overwrite=body.get("mode") == "Force",
        caller=request.caller.principal.object_id,
    )


def _login(credentials: dict[str, Any] | None) -> tuple[str, str] | None:
    if not credentials:
        return None
    return str(credentials.get("username", "")), str(credentials.get("password", ""))


def _reference(text: str) -> Reference:
    try:
        return Reference.parse(text)
    except TransferError as error:
        raise _invalid(str(error)) from error


def _invalid(message: str) -> ArmError:
    return bad_request("InvalidParameters", message)
