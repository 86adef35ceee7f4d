"""Sizes and MD5 hashes of the blobs that runs wrote, for the manifest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from knack.log import get_logger

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.diagnostics.diagnosis import message_of
from azext_acrtransfer.service.states import RunState
from azext_acrtransfer.storage.contents import BlobContent, read_contents
from azext_acrtransfer.transfer.execution import Outcome

logger = get_logger(__name__)
_WRITTEN = (RunStatus.SUCCEEDED, RunStatus.PARTLY_FAILED)


def contents_of_blobs(cli_ctx: Any, outcomes: Iterable[Outcome]) -> dict[str, BlobContent]:
    """Return the content of each blob that a run wrote, by the blob's name.

    Whatever prevents that must not hide how the runs ended, so it's a warning.
    """
    written = [
        outcome for outcome in outcomes if outcome.run and RunState(outcome.run).status in _WRITTEN
    ]
    if not written:
        return {}
    contents: list[BlobContent | BaseException] = []
    try:
        contents += read_contents(cli_ctx, [_blob_of(outcome) for outcome in written])
    # pylint: disable-next=broad-exception-caught
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
        contents = [error] * len(written)
    errors = [item for item in contents if isinstance(item, BaseException)]
    if errors:
        logger.warning(
            "The manifest doesn't contain the size and MD5 of %d of %d blobs, by which "
            "'verify --blobs' checks carried files: %s",
            len(errors),
            len(written),
            message_of(errors[0]).partition("\n")[0],
        )
    known = zip(written, contents, strict=True)
    return {
        outcome.spec.blob: content for outcome, content in known if isinstance(content, BlobContent)
    }


def _blob_of(outcome: Outcome) -> tuple[str, str]:
    """Return the container that a run wrote to, and its blob."""
    uri = urlsplit(outcome.run.response.target.uri)
    container = uri.path.removeprefix("/").partition("/")[0]
    return f"{uri.scheme}://{uri.netloc}/{container}", outcome.spec.blob
