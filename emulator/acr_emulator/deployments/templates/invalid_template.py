"""What is wrong with a template or with what was given to it.

Codes and texts follow Azure Resource Manager's where they are known (from memory, none is
recorded); its line and column numbers are left out.
"""

from collections.abc import Mapping
from typing import Any

from acr_emulator.deployments.templates.values import TYPE_NAMES


class TemplateError(Exception):
    """A refusal of a template, an expression in it or a parameter for it."""

    status = 400
    code = "InvalidTemplate"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ArgumentError(Exception):
    """Why a function refuses its arguments: by their names, as their values may be secret."""


class UnknownNameError(TemplateError):
    """The first argument of a call names nothing; '{}' stands for it in the message."""


class NotImitatedError(TemplateError):
    """Something that ARM takes and the emulator does not."""

    status = 501
    code = "NotImplemented"

    def __init__(self, what: str) -> None:
        super().__init__(f"The emulator does not imitate {what}.")


def check_shape(what: str, value: Any, shape: Mapping[str, type]) -> None:
    """Refuse what is no object, or has one of these properties with a value of another type."""
    if not isinstance(value, dict):
        raise invalid(f"The {what} must be an object")
    for name, expected in shape.items():
        actual = value.get(name)
        if actual is not None and type(actual) is not expected:
            raise invalid(
                f"The property '{name}' of the {what} must be of the type '{TYPE_NAMES[expected]}'"
            )


def invalid(reason: str) -> TemplateError:
    """An error of the template itself or of its parameters, in ARM's frame."""
    return TemplateError(f"Deployment template validation failed: '{reason}'.")
