"""Names of artifacts: `repo` (= `repo:latest`), `repo:tag` or `repo@sha256:...`."""

import re
from dataclasses import dataclass

from acr_emulator.engine.transfer_errors import TransferError

# The grammar of the distribution specification, digests by sha256 only.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<repository>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Reference:
    """One artifact of a registry, by tag or by digest."""

    repository: str
    target: str
    """The tag or the digest."""

    @classmethod
    def parse(cls, text: str) -> "Reference":
        match = _REFERENCE.fullmatch(text)
        if match is None:
            raise TransferError(f"'{text}' is not the name of an artifact.")
        repository, tag, digest = match.group("repository", "tag", "digest")
        return cls(repository, digest or tag or "latest")

    @property
    def is_digest(self) -> bool:
        return ":" in self.target

    def __str__(self) -> str:
        return f"{self.repository}{'@' if self.is_digest else ':'}{self.target}"
