"""Splitting of a transfer into runs: their names, blobs and artifacts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_acrtransfer.arguments import invalid
from azext_acrtransfer.kinds import EXPORT, MAX_ARTIFACTS_PER_RUN
from azext_acrtransfer.redaction import shortened
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer.specs import RunSpec, TransferSpec

_DIGITS = 3
_LONGEST_NAME, _LONGEST_BLOB = 50, 1024
# A version, such as that of images-1.25, is no extension.
_EXTENSION = re.compile(r"(?<=[^/])(?:\.tar)?\.[A-Za-z][A-Za-z0-9]{0,9}\Z")

#: Artifacts that stay in one run.
Group = Sequence[Artifact]
#: The sizes in bytes of all that each artifact consists of, by digest.
Contents = Mapping[Artifact, Mapping[str, int]]


@dataclass
class _Load:
    """What one run takes: each manifest, configuration and layer counts once."""

    artifacts: list[Artifact] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def fits(self, group: Group, sizes: dict[str, int], most_bytes: int | None) -> bool:
        if len(self.artifacts) + len(group) > MAX_ARTIFACTS_PER_RUN:
            return False
        return most_bytes is None or sum((self.sizes | sizes).values()) <= most_bytes


def plan(
    spec: TransferSpec,
    blobs: Sequence[str],
    groups: Sequence[Group] = (),
    contents: Contents | None = None,
) -> tuple[RunSpec, ...]:
    """Return the runs of a transfer; the names of several are numbered.

    ``contents`` has the sizes of all artifacts; without them, those of the blobs are unknown.
    """
    loads = [_Load() for _ in blobs]
    if spec.kind is EXPORT:
        loads = list(_loads(groups, contents or {}, spec.max_blob_size))
        blobs = _numbered_blobs(blobs[0], len(loads))
    names = _numbered_names(spec.name, len(loads))
    return tuple(
        RunSpec(
            spec.kind,
            name,
            blob,
            tuple(load.artifacts),
            spec.force_update_tag,
            None if contents is None else sum(load.sizes.values()),
        )
        for name, blob, load in zip(names, blobs, loads, strict=True)
    )


def _loads(groups: Sequence[Group], contents: Contents, most_bytes: int | None) -> Iterator[_Load]:
    """Fill runs in the order of the groups."""
    measured = [(group, dict(_sizes(group, contents))) for group in groups]
    _require_few_referrers(groups)
    if most_bytes is not None:
        _require_at_most(most_bytes, measured)
    load = _Load()
    for group, own in measured:
        if load.artifacts and not load.fits(group, own, most_bytes):
            yield load
            load = _Load()
        load.artifacts += group
        load.sizes |= own
    if load.artifacts:
        yield load


def _sizes(group: Group, contents: Contents) -> Iterator[tuple[str, int]]:
    for artifact in group:
        yield from contents.get(artifact, {}).items()


def _require_few_referrers(groups: Sequence[Group]) -> None:
    most = MAX_ARTIFACTS_PER_RUN - 1
    large = [f"{group[0]}: {len(group) - 1}" for group in groups if len(group) > most + 1]
    if large:
        raise InvalidArgumentValueError(
            f"{len(large)} of {len(groups)} artifacts have more than {most} referrers, which don't "
            "fit into one run with them:\n  " + "\n  ".join(shortened(large)),
            recommendation="Nothing was exported. Leave referrers out with --exclude, or export "
            "without --include-referrers.",
        )


def _require_at_most(most_bytes: int, groups: Sequence[tuple[Group, Mapping[str, int]]]) -> None:
    larger = [
        f"{group[0]}{' with its referrers' if group[1:] else ''}: {size:,} bytes"
        for group, own in groups
        if (size := sum(own.values())) > most_bytes
    ]
    if larger:
        raise InvalidArgumentValueError(
            f"{len(larger)} of {len(groups)} artifacts are larger than --max-blob-size, "
            f"{most_bytes:,} bytes:\n  " + "\n  ".join(shortened(larger)),
            recommendation="Nothing was exported. Use a larger --max-blob-size, or leave them out "
            "with --exclude.",
        )


def retry_name(name: str) -> str:
    """Return the name of a run for the rest of a transfer."""
    return _retry(name, "", _LONGEST_NAME)


def retry_blob(blob: str) -> str:
    """Return the name of the blob for that run, with the same extension."""
    stem, extension = _split_extension(blob)
    return _retry(stem, "-", _LONGEST_BLOB - 1 - len(extension)) + extension


def _split_extension(blob: str) -> tuple[str, str]:
    match = _EXTENSION.search(blob)
    extension = match[0] if match else ""
    return blob[: len(blob) - len(extension)], extension


def _numbered_names(name: str, count: int) -> list[str]:
    return [name + number for number in _numbers(name, "", count, "--name", _LONGEST_NAME)]


def _numbered_blobs(blob: str, count: int) -> list[str]:
    stem, extension = _split_extension(blob)
    numbers = _numbers(blob, "-", count, "--storage-blob", _LONGEST_BLOB)
    return [stem + number + extension for number in numbers]


def _numbers(text: str, separator: str, count: int, option: str, longest: int) -> list[str]:
    """Return what is added to a name of an option for each of several runs."""
    if count < 2:  # noqa: PLR2004  # what is alone needs no number
        return [""] * count
    digits = max(_DIGITS, len(str(count)))
    if len(text) + len(separator) + digits > longest:
        raise invalid(
            text,
            option,
            f"{count} runs are required, and with a number the name is longer than {longest}",
            f"Specify a name of at most {longest - len(separator) - digits} characters.",
        )
    return [f"{separator}{number:0{digits}}" for number in range(1, count + 1)]


def _retry(text: str, separator: str, longest: int) -> str:
    again = re.fullmatch(rf"(.*){separator}retry(\d*)", text)
    base = again[1] if again else text
    suffix = f"{separator}retry{int(again[2] or 1) + 1 if again else ''}"
    return base[: longest - _DIGITS - len(suffix)] + suffix
