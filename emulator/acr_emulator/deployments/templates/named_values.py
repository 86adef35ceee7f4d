"""Values under names that may build on one another: parameters with defaults, and variables."""

from collections.abc import Callable, Iterable
from typing import Any

from acr_emulator.deployments.templates.invalid_template import TemplateError, UnknownNameError


class NamedValues:
    """Makes a value when it is first requested; names match whatever their case."""

    def __init__(self, noun: str, names: Iterable[str], make: Callable[[str], Any]) -> None:
        self._noun = noun
        self._names = {name.lower(): name for name in names}
        self._make = make
        self._made: dict[str, Any] = {}
        self._in_the_making: set[str] = set()

    def get(self, name: str) -> Any:
        """The value; this is the template function `parameters` or `variables`."""
        known = self._names.get(name.lower())
        if known is None:
            raise UnknownNameError(
                f"The template {self._noun} {{}} is not found. Please see"
                f" https://aka.ms/arm-syntax-{self._noun}s for usage details."
            )
        if known not in self._made:
            if known in self._in_the_making:
                raise TemplateError(f"The template {self._noun} '{known}' builds on itself.")
            self._in_the_making.add(known)
            self._made[known] = self._make(known)
        return self._made[known]
