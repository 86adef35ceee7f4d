"""JSON types of a body's properties, by where they are in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from acr_emulator.state.arm_errors import ArmError, bad_request

#: What a property is to be: a text; a list of such; an object with such properties, `*` for any
#: other name. Nothing is known of a name that isn't listed: tags, for example, have any.
Form = type[str] | Sequence["Form"] | Mapping[str, "Form"]

_OBJECT: Form = {}
#: An object that is kept as it is, nulls included: the template language looks at it itself.
_OPAQUE: Form = {}
_RIGHTS: Form = {
    "certificates": [str],
    "keys": [str],
    "secrets": [str],
    "storage": [str],
}
#: A storage container, a blob of a run, or a registry to import from.
_ORIGIN: Form = {
    "credentials": {"password": str, "username": str},
    "keyVaultUri": str,
    "name": str,
    "registryUri": str,
    "resourceId": str,
    "sourceImage": str,
    "storageAccessMode": str,
    "type": str,
    "uri": str,
}
_SKU: Form = {"family": str, "name": str}
_PROPERTIES: Form = {
    "attributes": _OBJECT,
    "metadata": _OBJECT,
    "assignableScopes": [str],
    "accessPolicies": [{"objectId": str, "permissions": _RIGHTS, "tenantId": str}],
    "description": str,
    "encryption": _OBJECT,
    "forceUpdateTag": str,
    "mode": str,
    "networkAcls": {"defaultAction": str},
    "networkRuleSet": {"defaultAction": str},
    "options": [str],
    "parameters": _OPAQUE,
    "permissions": [
        dict.fromkeys(("actions", "notActions", "dataActions", "notDataActions"), [str])
    ],
    "policies": {"*": {"status": str}},
    "principalId": str,
    "principalType": str,
    "publicNetworkAccess": str,
    "request": {
        "artifacts": [str],
        "catalogDigest": str,
        "pipelineResourceId": str,
        "source": _ORIGIN,
        "target": _ORIGIN,
    },
    "roleDefinitionId": str,
    "roleName": str,
    "sku": _SKU,
    "source": _ORIGIN,
    "target": _ORIGIN,
    "template": _OPAQUE,
    "tenantId": str,
    "trigger": {"sourceTrigger": {"status": str}},
}
_BODY: Form = {
    "identity": {"type": str, "userAssignedIdentities": _OBJECT},
    "kind": str,
    "location": str,
    "mode": str,
    "name": str,
    "properties": _PROPERTIES,
    "sku": _SKU,
    "source": _ORIGIN,
    "tags": _OBJECT,
    "targetTags": [str],
    "type": str,
    "untaggedTargetRepositories": [str],
}
#: Bodies of actions in which a name is something else than in others.
_OF_ACTIONS: Mapping[str, Form] = dict.fromkeys(("setlegalhold", "clearlegalhold"), {"tags": [str]})
_NAMES: dict[type, str] = {dict: "an object", str: "a string", list: "an array"}
#: A word, or its display name such as `West US`; URLs of operations contain it.
_LOCATION = re.compile("[A-Za-z0-9][A-Za-z0-9 ()-]*")


def checked(body: dict[str, Any], action: str = "") -> dict[str, Any]:
    """A body without nulls, or the 400 for a property of another type.

    `action` is the last part of the path that it was sent to.
    """
    form = _OF_ACTIONS.get(action.lower(), _BODY)
    for path, reason in _wrong(form, body, ""):
        raise unreadable(f"{path.lstrip('.')} is to be {reason}")
    location = body.get("location")
    if location and not _LOCATION.fullmatch(location):
        raise bad_request(
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resources.",
        )
    kept: dict[str, Any] = _without_nulls(form, body)
    return kept


def unreadable(reason: str) -> ArmError:
    """The 400 for a body that cannot be read; what Azure gives as a reason is not known."""
    return bad_request(
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{reason}'.",
    )


def _wrong(form: Form, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Where a value isn't of a form, and what it is to be there; null counts as absent."""
    kind = str if form is str else dict if isinstance(form, Mapping) else list
    if not isinstance(value, kind):
        yield path, _NAMES[kind]
        return
    for name, wanted, part in _parts(form, value):
        yield from _wrong(wanted, part, path + name)


def _parts(form: Form, value: Any) -> Iterator[tuple[str, Form, Any]]:
    """The parts of an object or a list that have a form, by their names."""
    if isinstance(form, Mapping):
        for key, item in value.items():
            wanted = _member(form, key)
            if wanted is not None and item is not None:
                yield f".{key}", wanted, item
    elif isinstance(form, Sequence):
        for number, entry in enumerate(value):
            yield f"[{number}]", form[0], entry


def _member(form: Form | None, key: str) -> Form | None:
    return form.get(key, form.get("*")) if isinstance(form, Mapping) else None


def _without_nulls(form: Form | None, value: Any) -> Any:
    if form is _OPAQUE:
        return value
    if isinstance(value, list):
        return [_without_nulls(None, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_nulls(_member(form, key), item)
        for key, item in value.items()
        if item is not None
    }
