"""What the types of a template require of a value: separately types, too, by `$ref`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acr_emulator.deployments.templates.invalid_template import NotImitatedError, invalid

Schema = Mapping[str, Any]
_DEFINITIONS = "#/definitions/"
_HELP = "Please see https://aka.ms/arm-create-parameter-file for usage details."
#: Ours: how many types may stand for one another.
_LONGEST_CHAIN = 30


class Types:
    """The types that a template defines."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = {name.lower(): schema for name, schema in definitions.items()}

    def resolved(self, schema: Any) -> Schema:
        """A schema without `$ref`: what it says of itself counts before what it refers to."""
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(schema, dict):
                raise invalid("A type must be an object")
            if "discriminator" in schema:
                raise NotImitatedError("'discriminator' in types of templates")
            reference = schema.get("$ref")
            if reference is None:
                return schema
            name = str(reference).removeprefix(_DEFINITIONS).lower()
            if not str(reference).startswith(_DEFINITIONS) or name not in self._definitions:
                raise invalid(f"The type reference '{reference}' isn't defined in the template")
            own = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._definitions[name], **own}
        raise invalid("The types of the template refer to one another in a circle")

    def parts(self, what: str, schema: Schema, value: Any) -> list[tuple[str, Schema, Any]]:
        """The items or properties of a value, each with its name and its own schema."""
        if isinstance(value, list):
            return self._items(what, schema, value)
        return self._properties(what, schema, value) if isinstance(value, dict) else []

    def _items(self, what: str, schema: Schema, value: list[Any]) -> list[tuple[str, Schema, Any]]:
        first, others = schema.get("prefixItems") or [], schema.get("items")
        if others is False and len(value) > len(first):
            raise _not_valid(what, f"it must have at most {len(first)} items")
        schemas = [*first, *[others] * len(value)]
        return [
            (f"{what}[{index}]", self.resolved(wanted), item)
            for index, (item, wanted) in enumerate(zip(value, schemas, strict=False))
            if wanted
        ]

    def _properties(
        self, what: str, schema: Schema, value: dict[str, Any]
    ) -> list[tuple[str, Schema, Any]]:
        known: Mapping[str, Any] = schema.get("properties") or {}
        others = schema.get("additionalProperties")
        given = {key.lower(): key for key in value}
        parts = []
        for name, wanted in known.items():
            resolved = self.resolved(wanted)
            key = given.pop(name.lower(), None)
            if key is not None:
                parts.append((f"{what}.{name}", resolved, value[key]))
            elif not resolved.get("nullable"):
                raise _not_valid(what, f"the property '{name}' is missing")
        for key in given.values():
            if others is False:
                raise _not_valid(what, f"the property '{key}' is not allowed")
            if isinstance(others, dict):
                parts.append((f"{what}.{key}", self.resolved(others), value[key]))
        return parts


def _not_valid(what: str, reason: str) -> Exception:
    return invalid(
        f"The provided value for the template parameter '{what}' is not valid: {reason}. {_HELP}"
    )
