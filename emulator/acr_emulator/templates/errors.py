"""What is wrong with a template or with what was given to it.

Codes and texts follow Azure Resource Manager's as far as they are known (from memory, none is
recorded); its line and column numbers are left out.
"""


class TemplateError(Exception):
    """A refusal of a template, an expression in it or a parameter for it."""

    status = 400
    code = "InvalidTemplate"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotImitatedError(TemplateError):
    """Something that ARM takes and the emulator does not."""

    status = 501
    code = "NotImplemented"

    def __init__(self, what: str) -> None:
        super().__init__(f"The emulator does not imitate {what} in templates.")


def invalid(reason: str) -> TemplateError:
    """An error of the template itself or of its parameters, in ARM's frame."""
    return TemplateError(f"Deployment template validation failed: '{reason}'.")
