"""Values of a property that has only a few: compared without case, stored as the service writes."""

from acr_emulator.state.arm_errors import bad_request


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """A value in the service's own spelling; ArmError if it is none of the allowed ones."""
    for word in allowed:
        if word.lower() == str(value).lower():
            return word
    raise bad_request(
        "InvalidParameter",
        f"The value '{value}' of '{name}' is none of {', '.join(allowed)}.",
    )
