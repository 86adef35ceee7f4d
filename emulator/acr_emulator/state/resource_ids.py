"""Ids of resources: taken apart once, compared without case, and written in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

#: What no name may contain: what a URL or an id gives a meaning, and what is no character.
_RESERVED = re.compile(r"[<>*%&:\\?#/\x00-\x1f\x7f\ud800-\udfff]")


class InvalidIdError(ValueError):
    """A text is no resource id."""


@dataclass(frozen=True, eq=False)
class ResourceId:
    """The decoded segments of an id; equal to another one whatever the case, as in Azure."""

    segments: tuple[str, ...]

    def __post_init__(self) -> None:
        for segment in self.segments:
            if _RESERVED.search(segment) or segment in ("", ".", ".."):
                raise InvalidIdError(f"the segment {segment!a} isn't valid")

    @classmethod
    def of_path(cls, raw: bytes) -> ResourceId:
        """Read a request's path as it was sent; raises InvalidIdError."""
        try:
            return cls(tuple(unquote_to_bytes(part).decode() for part in raw.split(b"/") if part))
        except UnicodeDecodeError as error:
            raise InvalidIdError("the path isn't UTF-8") from error

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Read an id as JSON has it; raises InvalidIdError."""
        return cls(tuple(part for part in text.split("/") if part))

    def __str__(self) -> str:
        return "".join(f"/{segment}" for segment in self.segments)

    @property
    def url_path(self) -> str:
        """The id as a part of a URL."""
        return quote(str(self))

    @property
    def name(self) -> str:
        """The last segment."""
        return self.segments[-1]

    @property
    def subscription(self) -> str:
        """The subscription's own id, or ""."""
        return self._name_after("subscriptions", 0)

    @property
    def group(self) -> str:
        """The name of the resource group, or ""."""
        return self._name_after("resourcegroups", 2)

    @property
    def scope(self) -> ResourceId:
        """What the last `providers` of the id is below."""
        return self.first(max(index for index, word in enumerate(self._key) if word == "providers"))

    def _name_after(self, kind: str, position: int) -> str:
        is_present = self._key[position : position + 1] == (kind,)
        return "".join(self.segments[position + 1 : position + 2]) if is_present else ""

    @property
    def _key(self) -> tuple[str, ...]:
        return tuple(segment.lower() for segment in self.segments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __truediv__(self, below: str) -> ResourceId:
        """The id that continues with these segments."""
        return ResourceId((*self.segments, *below.split("/")))

    def first(self, count: int) -> ResourceId:
        """The id of its first segments."""
        return ResourceId(self.segments[:count])

    def is_within(self, scope: ResourceId) -> bool:
        """Whether it is the scope, or below it."""
        return self._key[: len(scope.segments)] == scope._key
