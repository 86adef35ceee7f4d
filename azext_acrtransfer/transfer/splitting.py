"""Splitting of a transfer into runs: their names, blobs and artifacts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from azext_acrtransfer.arguments import invalid
from azext_acrtransfer.kinds import EXPORT, MAX_ARTIFACTS_PER_RUN
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer.specs import RunSpec, TransferSpec

_DIGITS = 3
_LONGEST_NAME, _LONGEST_BLOB = 50, 1024


def plan(
    spec: TransferSpec, blobs: Sequence[str], artifacts: Sequence[Artifact] = ()
) -> tuple[RunSpec, ...]:
    """Return the runs of a transfer; the names of several are numbered."""
    loads = [(blob, tuple[Artifact, ...]()) for blob in blobs]
    if spec.kind is EXPORT:
        chunks = list(_chunks(artifacts))
        numbered = _numbered(blobs[0], "-", len(chunks), option="--storage-blob")
        loads = list(zip(numbered, chunks, strict=True))
    names = _numbered(spec.name, "", len(loads), option="--name")
    return tuple(
        RunSpec(spec.kind, name, blob, some, spec.force_update_tag)
        for name, (blob, some) in zip(names, loads, strict=True)
    )


def retry_name(name: str) -> str:
    """Return the name of a run for the rest of a transfer."""
    return _retry(name, "", _LONGEST_NAME)


def retry_blob(blob: str) -> str:
    """Return the name of the blob for that run."""
    return _retry(blob, "-", _LONGEST_BLOB - 1)


def _chunks(artifacts: Iterable[Artifact]) -> Iterable[tuple[Artifact, ...]]:
    left = iter(artifacts)
    while chunk := tuple(islice(left, MAX_ARTIFACTS_PER_RUN)):
        yield chunk


def _numbered(text: str, separator: str, count: int, *, option: str) -> list[str]:
    if count < 2:  # noqa: PLR2004  # what is alone needs no number
        return [text] * count
    digits = max(_DIGITS, len(str(count)))
    longest = _LONGEST_BLOB if separator else _LONGEST_NAME
    if len(text) + len(separator) + digits > longest:
        raise invalid(
            text,
            option,
            f"{count} runs are required, and with a number the name is longer than {longest}",
            f"Specify a name of at most {longest - len(separator) - digits} characters.",
        )
    return [f"{text}{separator}{number:0{digits}}" for number in range(1, count + 1)]


def _retry(text: str, separator: str, longest: int) -> str:
    again = re.fullmatch(rf"(.*){separator}retry(\d*)", text)
    base = again[1] if again else text
    suffix = f"{separator}retry{int(again[2] or 1) + 1 if again else ''}"
    return base[: longest - _DIGITS - len(suffix)] + suffix
