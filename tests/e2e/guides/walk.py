"""Going through a guide: its lines in their order, in one shell."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from tests.az import Result
from tests.e2e.guides.line import Guide
from tests.e2e.terminal import Terminal

_KEPT = ("PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_")


class Walk:
    """A context manager: when it ends, every line of the guide must have been typed."""

    def __init__(self, az: Terminal, guide: Guide, folder: Path, names: dict[str, str]) -> None:
        self._az = az
        self._left = list(guide.lines)
        self._folder = folder
        #: The variables of the shell: names filled in, and what lines have set.
        self.variables = dict(names)

    def __enter__(self) -> Walk:
        return self

    def __exit__(
        self, failure: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if failure is None:
            assert [line.name for line in self._left] == []

    def type(self, name: str, folder: Path | None = None) -> Result:
        """Type the guide's next line, which must be the one of that name and must not fail."""
        line = self._left.pop(0)
        assert line.name == name
        result = self._shell(line.typed, folder or self._folder)
        assert result.exit_code == 0, f"{line.typed}\n{result.stderr}"
        assert "Traceback" not in result.stderr
        return result

    def _shell(self, typed: str, folder: Path) -> Result:
        """Variables outlive a line by being exported at its end."""
        kept = self._folder / "variables"
        script = f'set -a\ncd "{folder}"\n{typed}\nenv -0 > "{kept}"'
        result = self._az.type(script, **self.variables)
        if result.exit_code == 0:
            pairs = (entry.partition("=") for entry in kept.read_text().split("\0") if entry)
            inherited = self._az.environment
            self.variables = {
                name: value
                for name, _, value in pairs
                if name not in _KEPT and inherited.get(name) != value
            }
        return result
