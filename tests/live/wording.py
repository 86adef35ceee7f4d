"""Answers of the service as lines of the report, without what differs from one flow to the next."""

from __future__ import annotations

import io
import json
import re
import tarfile

from tests.live.session import Answer

#: Headers whose values are worth a line.
_HEADERS = ("azure-asyncoperation", "location", "retry-after", "api-supported-versions")
_FORMS = (
    (re.compile(r"[0-9a-f]{64}"), "<64 hexadecimal digits>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<GUID>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"), "<time>"),
    (re.compile(r"(?<=_)[0-9a-f]{8,}"), "<hexadecimal digits>"),
    (re.compile(r"(?<=[?&])(t|c|s|h)=[^&]+"), r"\1=..."),
)
_MEMBERS = 12


def form_of(value: object) -> str:
    """A text with generated parts replaced by their form."""
    text = str(value)
    for pattern, form in _FORMS:
        text = pattern.sub(form, text)
    return text


def keys_of(value: object) -> str:
    """Keys of an object, in their order."""
    return ", ".join(value) if isinstance(value, dict) and value else "none"


def headers_of(answer: Answer) -> list[str]:
    """Headers that say how to continue, with their values."""
    names = sorted(set(_HEADERS) & set(answer.headers))
    return [f"{name}: {form_of(answer.headers[name])}" for name in names]


def seconds_of(seconds: float) -> str:
    """A duration, rounded up to a power of two."""
    return str(next(limit for limit in (1, 2, 4, 8, 16, 32, 64, 1024) if seconds < limit))


def operation_of(answer: Answer) -> str:
    """The answer about an operation."""
    return f"{answer.status} {form_of(json.dumps(answer.body))}"


def end_of(answer: Answer) -> list[str]:
    """How a run ended, or why it was refused."""
    if not answer.is_success:
        return [f"Refused: {answer.status} {answer.error}"]
    message = answer.response.get("pipelineRunErrorMessage")
    return [f"{answer.state}.", *([f"Message: {message}"] if message else [])]


def members_of(content: bytes) -> list[str]:
    """Names of the members of an archive, if it is one."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            names = sorted({form_of(name) for name in archive.getnames()})
    except tarfile.TarError as error:
        return [f"It isn't a tar archive, compressed or not: {error}"]
    shown = [f"`{name}`" for name in names[:_MEMBERS]]
    return [f"A tar archive with: {', '.join(shown)}."]
