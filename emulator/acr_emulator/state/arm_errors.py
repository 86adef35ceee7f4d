"""Refusals of Azure Resource Manager as values: status, code and message."""

from collections.abc import Mapping
from typing import Any


class ArmError(Exception):
    """A refusal with ARM's status, code and message; handlers raise it, the app answers it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        """A refusal; some providers write `members` next to the error (recorded)."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self._members = dict(members or {})

    def body(self) -> dict[str, Any]:
        """The error envelope."""
        return {"error": {"code": self.code, "message": self.message}, **self._members}


def bad_request(code: str, message: str) -> ArmError:
    """A 400."""
    return ArmError(400, code, message)


def resource_not_found(resource_type: str, name: str, group: str) -> ArmError:
    """The 404 of the gateway; code, text and header are recorded for a vault.

    A child resource is named by its full type and path of names:
    `Microsoft.ContainerRegistry/registries/reg/exportPipelines/exp`.
    """
    namespace, *types = resource_type.split("/")
    path = "/".join(part for pair in zip(types, name.split("/"), strict=True) for part in pair)
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{namespace}/{path}' under resource group '{group}' was not found. For more"
        " details please go to https://aka.ms/ARMResourceNotFoundFix",
        headers={"x-ms-failure-cause": "gateway"},
    )


def group_not_found(group: str) -> ArmError:
    """The 404 for everything under a resource group that does not exist."""
    return ArmError(
        404,
        "ResourceGroupNotFound",
        f"Resource group '{group}' could not be found.",
        headers={"x-ms-failure-cause": "gateway"},
    )


def failure(defect: Exception) -> str:
    """What a client learns about a defect: its kind alone, as its text can quote anything."""
    return f"The service failed: {type(defect).__name__}."
