"""Parameters of a template: what may be given for them, and what they are in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acr_emulator.deployments.templates.document import members
from acr_emulator.deployments.templates.evaluation import Evaluator
from acr_emulator.deployments.templates.invalid_template import (
    NotImitatedError,
    TemplateError,
    check_shape,
    invalid,
)
from acr_emulator.deployments.templates.named_values import NamedValues
from acr_emulator.deployments.templates.schemas import Schema, Types
from acr_emulator.deployments.templates.values import same, type_name

_HELP = "Please see https://aka.ms/arm-create-parameter-file for usage details."
#: ARM's spelling of a type in its answers, and the JSON type of its values.
TYPES = {
    "string": ("String", "String"),
    "securestring": ("SecureString", "String"),
    "int": ("Int", "Integer"),
    "bool": ("Bool", "Boolean"),
    "object": ("Object", "Object"),
    "secureobject": ("SecureObject", "Object"),
    "array": ("Array", "Array"),
}
_DEFINITION = {
    "type": str,
    "allowedValues": list,
    "nullable": bool,
    "minLength": int,
    "maxLength": int,
    "minValue": int,
    "maxValue": int,
}
_SECURE = ("SecureString", "SecureObject")
#: Property of a definition -> how what is measured must compare with it, its noun, the types
#: that have it, the measure.
_LIMITS: Mapping[str, tuple[str, str, tuple[str, ...], Callable[[Any], int]]] = {
    "minLength": ("greater than or equal to", "Length of the value", ("String", "Array"), len),
    "maxLength": ("less than or equal to", "Length of the value", ("String", "Array"), len),
    "minValue": ("greater than or equal to", "The value", ("Integer",), int),
    "maxValue": ("less than or equal to", "The value", ("Integer",), int),
}


class Parameters:
    """The parameters of one deployment."""

    def __init__(
        self,
        definitions: Mapping[str, Mapping[str, Any]],
        given: Mapping[str, Any],
        evaluator: Evaluator,
        types: Types,
    ) -> None:
        """`evaluator` is for default values; it gets to know `parameters`."""
        self._types = types
        self._definitions = {
            name: types.resolved(definition) for name, definition in definitions.items()
        }
        for name, definition in self._definitions.items():
            check_shape(f"parameter '{name}'", definition, _DEFINITION)
        self._evaluator = evaluator
        names = {name.lower(): name for name in definitions}
        self._check_known(given, names)
        self._given = {names[name.lower()]: _given(name, item) for name, item in given.items()}
        self.values = NamedValues("parameter", definitions, self._value)

    def check(self) -> None:
        """Refuse what is missing, of another type or out of its limits."""
        for name in self._definitions:
            self.values.get(name)

    def shown(self) -> dict[str, dict[str, Any]]:
        """As deployments show them: secure ones without their value."""
        return {name: shown(self._type(name), self.values.get(name)) for name in self._definitions}

    def _check_known(self, given: Mapping[str, Any], names: Mapping[str, str]) -> None:
        if unknown := [name for name in given if name.lower() not in names]:
            raise invalid(
                f"The template parameters '{', '.join(unknown)}' in the parameters file are not"
                " valid; they are not present in the original template and can therefore not be"
                " provided at deployment time. The only supported parameters for this template"
                f" are '{', '.join(self._definitions)}'. Please see"
                " https://aka.ms/arm-pass-parameter-values for usage details."
            )

    def _type(self, name: str) -> str:
        return str(self._definitions[name].get("type", ""))

    def _value(self, name: str) -> Any:
        definition = self._definitions[name]
        if name in self._given:
            value = self._given[name]
        elif "defaultValue" in definition:
            value = self._evaluator.value(definition["defaultValue"])
        else:
            if not definition.get("nullable"):
                raise invalid(
                    f"The value for the template parameter '{name}' is not provided. {_HELP}"
                )
            value = None
        self._check(name, definition, value, is_given=name in self._given)
        return value

    def _check(self, name: str, schema: Schema, value: Any, *, is_given: bool) -> None:
        """Refuse a value that its type or its limits don't allow, and parts of it alike."""
        if value is None and schema.get("nullable"):
            return
        declared = str(schema.get("type", ""))
        check_type("parameter", name, declared, value)
        for limit in _LIMITS:
            if schema.get(limit) is not None:
                _check_limit(name, value, limit, schema[limit])
        if schema.get("allowedValues") is not None:
            quoted = is_given and _spelling(declared) not in _SECURE
            _check_allowed(name, value, schema["allowedValues"], quoted=quoted)
        for part, wanted, item in self._types.parts(name, schema, value):
            check_shape(f"type of '{part}'", wanted, _DEFINITION)
            is_secure = _spelling(declared) in _SECURE
            self._check(part, wanted, item, is_given=is_given and not is_secure)


def check_type(noun: str, name: str, declared: str, value: Any) -> None:
    """Refuse a type that does not exist, and a value of another one."""
    if declared.lower() not in TYPES:
        raise invalid(
            f"The template {noun} '{name}' has the type '{declared}'. The only supported types are"
            f" '{', '.join(spelling for spelling, _ in TYPES.values())}'"
        )
    _, expected = TYPES[declared.lower()]
    if type_name(value) != expected:
        raise invalid(
            f"The provided value for the template {noun} '{name}' is not valid. Expected a value of"
            f" type '{expected}', but received a value of type '{type_name(value)}'. {_HELP}"
        )


def shown(declared: str, value: Any) -> dict[str, Any]:
    """A parameter or an output as deployments show it."""
    spelling = _spelling(declared)
    return {"type": spelling} if spelling in _SECURE else {"type": spelling, "value": value}


def _spelling(declared: str) -> str:
    return TYPES[declared.lower()][0]


def _given(name: str, entry: Any) -> Any:
    given = members("DeploymentParameterDefinition", f"parameter given for '{name}'", entry)
    if not given.keys() & {"value", "reference"}:
        raise TemplateError(
            f"The parameter '{name}' was given without 'value'; it must be an object that has one."
        )
    if "value" not in given:
        raise NotImitatedError("parameters that refer to a key vault")
    return given["value"]


def _check_limit(name: str, value: Any, limit: str, bound: int) -> None:
    relation, what, measured, measure = _LIMITS[limit]
    if type_name(value) not in measured:
        raise invalid(f"The template parameter '{name}' cannot have the property '{limit}'")
    size = measure(value)
    if size < bound if limit.startswith("min") else size > bound:
        raise invalid(
            f"The provided value for the template parameter '{name}' is not valid. {what} should be"
            f" {relation} '{bound}'. {_HELP}"
        )


def _check_allowed(name: str, value: Any, allowed: list[Any], *, quoted: bool) -> None:
    """One of the values, for an array any number of them; case does not count (from memory)."""
    items = value if isinstance(value, list) else [value]
    if value in allowed or all(any(_alike(item, other) for other in allowed) for item in items):
        return
    # A default value may be worth what a secure parameter is.
    quote = f" '{value}'" if quoted else ""
    raise invalid(
        f"The provided value{quote} for the template parameter '{name}' is not valid. The parameter"
        f" value is not part of the allowed value(s): '{','.join(map(str, allowed))}'. {_HELP}"
    )


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return same(one, other)
