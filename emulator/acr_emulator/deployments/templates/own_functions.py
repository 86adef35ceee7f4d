"""Functions of a template's own: `namespace.name`, which see nothing but their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acr_emulator.deployments.templates.evaluation import Effort, Evaluator
from acr_emulator.deployments.templates.invalid_template import ArgumentError
from acr_emulator.deployments.templates.named_values import NamedValues
from acr_emulator.deployments.templates.parameters import check_type
from acr_emulator.deployments.templates.schemas import Types


def own_functions(
    namespaces: Sequence[Mapping[str, Any]], types: Types, effort: Effort
) -> Mapping[str, Callable[..., Any]]:
    """The functions by their names with the namespace. They can call one another."""
    made: dict[str, Callable[..., Any]] = {}

    def function(name: str, declared: Mapping[str, Any]) -> Callable[..., Any]:
        parameters = [str(parameter.get("name", "")) for parameter in declared["parameters"]]

        def call(*arguments: Any) -> Any:
            effort.spend()
            if len(arguments) != len(parameters):
                raise ArgumentError(f"it takes ({', '.join(parameters)})")
            given = dict(zip(parameters, arguments, strict=True))
            for parameter, schema in zip(parameters, declared["parameters"], strict=True):
                _check(types, f"{name}.{parameter}", schema, given[parameter])
            values = NamedValues("parameter", given, given.__getitem__)
            value = Evaluator({**made, "parameters": values.get}, effort).value(
                declared["output"]["value"]
            )
            _check(types, name, declared["output"], value)
            return value

        return call

    for namespace in namespaces:
        for name, declared in namespace["members"].items():
            full = f"{namespace['namespace']}.{name}"
            made[full] = function(full, declared)
    return made


def _check(types: Types, name: str, schema: Mapping[str, Any], value: Any) -> None:
    wanted = types.resolved(schema)
    if value is not None or not wanted.get("nullable"):
        check_type("function", name, str(wanted.get("type", "")), value)
