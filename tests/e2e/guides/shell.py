"""Going through a guide: its lines in their order, in one shell."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from acr_emulator.cloud.clouds import PUBLIC

from tests.e2e.guides.line import Guide
from tests.support.az import Result
from tests.support.terminal import Terminal

_KEPT = ("PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_")


class GuideShell:
    """A context manager: when it ends, every line of the guide must have been typed."""

    def __init__(self, az: Terminal, guide: Guide, folder: Path, names: dict[str, str]) -> None:
        #: Where lines are typed; a guide that continues in another cloud has it changed.
        self.az = az
        self._lines = {line.name: line for line in guide.lines}
        self._left = list(self._lines)
        self._folder = folder
        #: The variables of the shell: names filled in, and what lines have set.
        self.variables = dict(names)

    def __enter__(self) -> GuideShell:
        return self

    def __exit__(
        self, failure: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if failure is None:
            assert self._left == []

    def type(self, name: str, folder: Path | None = None) -> Result:
        """Type the guide's next line, which must be the one of that name and must not fail."""
        assert self._left.pop(0) == name
        return self._type(self._lines[name].typed, folder or self._folder)

    def again(self, name: str, without: str = "") -> Result:
        """Type a line once more, perhaps without its last option."""
        assert name not in self._left
        typed = self._lines[name].typed
        assert typed.endswith(without)
        return self._type(typed.removesuffix(without).rstrip(" \\\n"), self._folder)

    def _type(self, typed: str, folder: Path) -> Result:
        result = self._run(self._here(typed), folder)
        assert result.exit_code == 0, f"{typed}\n{result.stderr}"
        assert "Traceback" not in result.stderr
        return result

    def _here(self, typed: str) -> str:
        """A line with this cloud's hosts, where the guides print the public cloud's."""
        hosts = self.az.cloud.hosts
        typed = typed.replace(f".{PUBLIC.vault_suffix}/", f".{hosts.vault_suffix}/")
        return typed.replace(f".{PUBLIC.blob_suffix}/", f".{hosts.blob_suffix}/")

    def _run(self, typed: str, folder: Path) -> Result:
        """Variables outlive a line by being exported at its end."""
        kept = self._folder / "variables"
        script = f'set -a\ncd "{folder}"\n{typed}\nenv -0 > "{kept}"'
        result = self.az.type(script, **self.variables)
        if result.exit_code == 0:
            pairs = (entry.partition("=") for entry in kept.read_text().split("\0") if entry)
            inherited = self.az.environment
            self.variables = {
                name: value
                for name, _, value in pairs
                if name not in _KEPT and inherited.get(name) != value
            }
        return result
