"""skopeo, from the Debian package, as another reader and writer of archives."""

import os
import subprocess
from pathlib import Path

from acr_emulator.bundled.tools import DISTRIBUTION, path_of


class Skopeo:
    """skopeo as `scripts/setup` puts it next to the registry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = Path(path_of(DISTRIBUTION)).parents[2] / "bin/skopeo"

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._program, "--insecure-policy", *arguments],
            env=os.environ | {"TMPDIR": str(self._folder)},
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
