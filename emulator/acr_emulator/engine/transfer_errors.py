"""What makes a transfer fail, in the words that a pipeline run reports."""

import uuid

_MAX_CHARACTERS = 1000
#: ACR's own text for what a lock forbids, from practice.
DISALLOWED = (
    "The operation is disallowed on this registry, repository or image. View troubleshooting steps "
    "at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation"
)


class TransferError(Exception):
    """A transfer cannot continue; str() of it is the run's pipelineRunErrorMessage.

    It may quote names that somebody else chose: what cannot be printed is spelled out.
    """

    #: The message in the form of .NET's RequestFailedException, if there is such a form of it.
    details = ""

    def __init__(self, message: str) -> None:
        super().__init__("".join(map(_printable, message[:_MAX_CHARACTERS])))


def _printable(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


class RefusedError(TransferError):
    """Storage or a key vault refuses; the frame is Azure's own (azure-cli-extensions issue 8706).

    Only the beginning of the message is known. It is that of .NET's RequestFailedException, which
    continues with a code and headers: so do the details.
    """

    def __init__(self, what: str, status: int, reason: str, code: str = "") -> None:
        super().__init__(f"{what}.  Service request failed.  Status: {status} ({reason})")
        self.status = status
        self.code = code
        lines = [
            f"{what}.  Service request failed.",
            f"Status: {status} ({''.join(map(_printable, reason[:_MAX_CHARACTERS]))})",
            *([f"ErrorCode: {code}"] if code else []),
            "",
            "Headers:",
            "Server: Microsoft-HTTPAPI/2.0",
            *([f"x-ms-error-code: {code}"] if code else []),
            f"x-ms-request-id: {uuid.uuid4()}",
            "",
        ]
        self.details = "\n".join(lines)


class StorageError(RefusedError):
    """Storage refuses."""

    def __init__(self, status: int, reason: str, code: str = "") -> None:
        super().__init__("Failed to access storage", status, reason.rstrip("."), code)


class BlobExistsError(TransferError):
    """An export isn't allowed to replace an existing blob."""

    def __init__(self, blob: str) -> None:
        super().__init__(
            f"Blob '{blob}' already exists in the container; "
            "the pipeline does not have the OverwriteBlobs option."
        )


class BlobReplacedError(TransferError):
    """A blob may only be deleted as it was read."""

    def __init__(self, blob: str) -> None:
        super().__init__(
            f"The artifacts were imported. Blob '{blob}' was replaced meanwhile and wasn't deleted."
        )


class NotInRegistryError(TransferError):
    """The registry has no such manifest."""


class LockedError(TransferError):
    """A lock forbids to read or change an artifact."""

    def __init__(self, operation: str, reference: str) -> None:
        super().__init__(f"Failed to {operation} '{reference}'.  {DISALLOWED}")


class BrokenBlobError(TransferError):
    """A blob of the source registry is missing, or is not what its digest says."""

    def __init__(self, digest: str, message: str) -> None:
        super().__init__(message)
        self.digest = digest
