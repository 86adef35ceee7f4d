"""skopeo, from the Debian package, as another reader and writer of archives."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from acr_emulator.parts.tools import tool


class Skopeo:
    """skopeo as it was unpacked beside the registry, with the libraries that lie with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        root = Path(tool("docker-registry")).parents[2]
        beside = root / "usr/bin/skopeo"
        self._program = str(beside) if beside.exists() else shutil.which("skopeo")
        libraries = [str(each) for each in (*root.glob("usr/lib/*-gnu*"), *root.glob("lib/*-gnu*"))]
        path = [*libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        self._environment = os.environ | {"LD_LIBRARY_PATH": ":".join(path), "TMPDIR": str(folder)}
        self._policy = folder / "policy.json"
        self._policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))

    def missing(self) -> str:
        """Why it cannot run; empty if it can."""
        if self._program is None:
            return "skopeo is not installed"
        version = self._run("--version")
        return version.stderr

    def __call__(self, *arguments: str) -> str:
        done = self._run("--policy", str(self._policy), *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self._program or "", *arguments],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
