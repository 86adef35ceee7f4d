"""What a reference names, as OCI describes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Descriptor:
    """A manifest by its content: ``size`` is in bytes, ``children`` are those of an index."""

    digest: str
    media_type: str
    size: int
    children: tuple[Descriptor, ...] = ()
