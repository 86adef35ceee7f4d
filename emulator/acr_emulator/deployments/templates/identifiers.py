"""Ids of resources: the functions that make them, and how types and names interlock."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acr_emulator.deployments.templates.invalid_template import ArgumentError


def provider_path(resource_type: str, names: Sequence[str]) -> str:
    """`providers/Namespace/type/name/subtype/name`; a slash behind the type is ignored."""
    namespace, *types = resource_type.rstrip("/").split("/")
    if len(types) != len(names) or not types:
        raise ArgumentError(f"the type needs {len(types)} name(s), it was given {len(names)}")
    pairs = "/".join(f"{kind}/{name}" for kind, name in zip(types, names, strict=True))
    return f"providers/{namespace}/{pairs}"


def identifiers(subscription: str, group: str) -> Mapping[str, Callable[..., Any]]:
    """The functions, for a deployment to this group of this subscription."""

    def resource_id(first: str, *more: str) -> str:
        before, resource_type, names = _split_arguments((first, *more), most=2)
        in_group = before[-1] if before else group
        in_subscription = before[0] if len(before) > 1 else subscription
        path = provider_path(resource_type, names)
        return f"/subscriptions/{in_subscription}/resourceGroups/{in_group}/{path}"

    def subscription_resource_id(first: str, *more: str) -> str:
        before, resource_type, names = _split_arguments((first, *more), most=1)
        in_subscription = before[0] if before else subscription
        return f"/subscriptions/{in_subscription}/{provider_path(resource_type, names)}"

    def extension_resource_id(base: str, resource_type: str, *names: str) -> str:
        return f"{base}/{provider_path(resource_type, names)}"

    def tenant_resource_id(resource_type: str, *names: str) -> str:
        return f"/{provider_path(resource_type, names)}"

    return {
        "resourceId": resource_id,
        "subscriptionResourceId": subscription_resource_id,
        "extensionResourceId": extension_resource_id,
        "tenantResourceId": tenant_resource_id,
    }


def _split_arguments(
    arguments: tuple[str, ...], *, most: int
) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """What is before the type, the type (the first with a slash), the names behind it."""
    index = next((index for index, argument in enumerate(arguments) if "/" in argument), None)
    if index is None or index > most:
        raise ArgumentError("no fully qualified resource type is among the arguments")
    return arguments[:index], arguments[index], arguments[index + 1 :]
