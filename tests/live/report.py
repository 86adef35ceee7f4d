"""The report of a flow, and its recordings; neither contains a secret, an ID or a name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.live.account import Json
from tests.live.questions import NOT_ASKED, QUESTIONS

_GUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_SIGNATURE = re.compile(r"(?<=sig=)[^&\"\s]+")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w.-]+")
#: Of no use in a recording, and some name a person or a machine.
_LEFT_OUT_HEADERS = re.compile(r"^(date|server|set-cookie|via|x-msedge-ref|x-ms-routing-.*)$")
UNANSWERED = "Not answered: the flow didn't get there."


class Scrubber:
    """Replaces what belongs to one subscription, caller or flow; the same by the same."""

    def __init__(self, known: Mapping[str, str], secrets: Sequence[str]) -> None:
        self._known = {text: stand_in for text, stand_in in known.items() if text}
        self._secrets = [secret for secret in secrets if secret]
        self._ids: dict[str, str] = {}

    def text(self, text: str) -> str:
        """A text without secrets, IDs and names."""
        text = _TOKEN.sub("REDACTED", _SIGNATURE.sub("REDACTED", text))
        for secret in self._secrets:
            text = text.replace(secret, "REDACTED")
        for known, stand_in in self._known.items():
            text = re.sub(re.escape(known), stand_in, text, flags=re.IGNORECASE)
        return _GUID.sub(lambda match: self._id(match[0]), text)

    def _id(self, original: str) -> str:
        if original in self._known.values():
            return original
        number = len(self._ids) + 1
        return self._ids.setdefault(original.lower(), f"99999999-0000-0000-0000-{number:012}")

    def exchange(self, recorded: Json) -> Json:
        """An exchange for a recording."""
        response = recorded["response"]
        headers = {
            name: value
            for name, value in response["headers"].items()
            if not _LEFT_OUT_HEADERS.match(name)
        }
        whole = {**recorded, "response": {**response, "headers": headers}}
        scrubbed: Json = json.loads(self.text(json.dumps(whole)))
        return scrubbed


def write(
    folder: Path,
    answers: Mapping[str, Sequence[str]],
    recordings: Mapping[str, Sequence[Json]],
    scrubber: Scrubber,
    about: Sequence[str],
) -> list[Path]:
    """Write the report and the recordings; return their paths."""
    recorded = folder / "recordings"
    recorded.mkdir(parents=True, exist_ok=True)
    report = folder / "report.md"
    report.write_text(scrubber.text(_report(answers, about)), encoding="utf-8")
    paths = [report]
    for name, exchanges in recordings.items():
        path = recorded / f"{name}.json"
        document = [scrubber.exchange(exchange) for exchange in exchanges]
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


def _report(answers: Mapping[str, Sequence[str]], about: Sequence[str]) -> str:
    lines = ["# Answers of ACR Transfer", "", *(f"- {line}" for line in about), ""]
    for key, question in QUESTIONS.items():
        lines += [f"## {question}", ""]
        lines += [f"- {_one_line(line)}" for line in answers.get(key) or [UNANSWERED]]
        lines.append("")
    lines += ["## Not asked", "", *(f"- {subject}" for subject in NOT_ASKED), ""]
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())
