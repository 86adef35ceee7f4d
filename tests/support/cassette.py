"""Cassettes: where they are, what is in them, how a request finds its answer there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import vcr
import yaml
from vcr.cassette import Cassette as Tape
from vcr.record_mode import RecordMode
from vcr.request import Request

from tests.support.scrub import Interaction

_ASSIGNMENT = re.compile("(?<=/roleAssignments/)[0-9a-f-]{36}$")
FOLDER = Path(__file__).parents[1] / "recorded" / "cassettes"


def path_of(test: str) -> Path:
    """The cassette of a test, by pytest's id of it."""
    module, _, name = test.partition("::")
    folder = Path(module).stem.removeprefix("test_")
    return FOLDER / folder / f"{name.removeprefix('test_').replace('[', '-').rstrip(']')}.yaml"


@dataclass
class Cassette:
    """The commands of one test, and their exchanges with the service, in order."""

    commands: list[str] = field(default_factory=list)
    interactions: list[Interaction] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Cassette:
        """Read a cassette, one of vcrpy's own too."""
        content = yaml.safe_load(path.read_text())
        return cls(content.get("commands", []), content["interactions"])

    def write(self, path: Path) -> None:
        """Write it as vcrpy reads it; JSON is laid out, so that a diff shows what changed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"version": 1, "commands": self.commands, "interactions": self.interactions}
        path.write_text(yaml.dump(_laid_out(content), Dumper=_Dumper, sort_keys=False, width=1000))


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML is untyped
    """Writes what has several lines as lines."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's interface
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def _laid_out(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _laid_out(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_laid_out(each) for each in value]
    if isinstance(value, str) and value.startswith("{"):
        data = json.loads(value)
        # The bytes of a manifest are what its digest is of.
        return value if "schemaVersion" in data else json.dumps(data, indent=2)
    return value


def same_body(first: Request, second: Request) -> None:
    """Compare bodies as data; vcrpy compares requests without a body, too."""
    assert _data(first.body) == _data(second.body)


def _data(body: bytes | None) -> Any:
    if not body:
        return None
    if not body.startswith(b"{"):
        return parse_qs(body, strict_parsing=True)
    data = json.loads(body)
    if "forceUpdateTag" in data.get("properties", {}):
        # It never repeats: that is what it is for.
        data["properties"]["forceUpdateTag"] = bool(data["properties"]["forceUpdateTag"])
    return data


def same_path(first: Request, second: Request) -> None:
    """Compare paths, but not the names of role assignments, which are made from scrubbed IDs."""
    assert _ASSIGNMENT.sub("", first.path) == _ASSIGNMENT.sub("", second.path)


_VCR = vcr.VCR(match_on=("method", "scheme", "host", "port", "path", "query", "body"))
_VCR.register_matcher("body", same_body)
_VCR.register_matcher("path", same_path)


def _of_az(request: Request) -> Request | None:
    """Leave out what the recorder itself requests while a command runs."""
    return None if request.headers.get("User-Agent", "").startswith("python-httpx") else request


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Record every exchange into this file, which the caller still has to scrub."""
    # There the recorder gets its tokens, which az would have from the login.
    login = ("login.microsoftonline.com",)
    with _VCR.use_cassette(
        str(path), record_mode=RecordMode.ALL, ignore_hosts=login, before_record_request=_of_az
    ):
        yield


@contextmanager
def replaying_partly(path: Path) -> Iterator[Tape]:
    """Answer each request from this file, each of its answers at most once."""
    with _VCR.use_cassette(str(path), record_mode=RecordMode.NONE) as tape:
        yield tape


@contextmanager
def replaying(path: Path) -> Iterator[Tape]:
    """Answer each request from this file, each of its answers exactly once."""
    with replaying_partly(path) as tape:
        yield tape
    left = [f"{request.method} {request.path}" for request in _left(tape)]
    assert not left, f"recorded but not asked for: {left}"


def _left(tape: Tape) -> list[Request]:
    return [each for index, each in enumerate(tape.requests) if not tape.play_counts[index]]
