"""What a transfer did."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class TransferResult:
    """The outcome of one export or import.

    `failures` (artifact -> message) is filled only with continue_on_errors; when nothing could be
    moved, `transferred` is empty, and after an export no blob is written and catalog_digest is "".
    """

    catalog_digest: str
    transferred: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
