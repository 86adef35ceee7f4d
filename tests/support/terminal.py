"""A person's terminal in a cloud: real `az` processes, and scripts of them."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.az import Result
from tests.support.cloud import Cloud

ROOT = Path(__file__).resolve().parents[2]
NEWEST_AZ = "2.91.0"
AZ_VERSION = os.environ.get("AZ_VERSION", NEWEST_AZ)
ENVIRONMENTS = Path(sys.prefix).parent
AZ = ENVIRONMENTS / f"az-{AZ_VERSION}/bin/az"
_AZCOPY = ROOT / ".tools/azcopy/bin"
_LONGEST = 90
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")


def bare_environment(home: Path) -> dict[str, str]:
    """Nothing of the user's Azure, proxy or Python set-up; compiled modules are kept."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    path = os.pathsep.join([str(AZ.parent), str(_AZCOPY), inherited.get("PATH", os.defpath)])
    return {**inherited, "HOME": str(home), "PATH": path}


def run(environment: Mapping[str, str], *argv: str) -> Result:
    """Run a program that reads nothing from its terminal."""
    ended = subprocess.run(
        argv,
        env=environment,
        cwd=environment["HOME"],  # in the checkout, az would import the tree and not the wheel
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


def built_wheel() -> Path:
    """The extension, built of what is in the tree."""
    built = subprocess.run(
        [str(ROOT / "scripts/wheel")],
        env={**os.environ, "ENVIRONMENTS": str(ENVIRONMENTS)},
        check=True,
        capture_output=True,
        text=True,
    )
    return ROOT / built.stdout.strip()


def install(wheel: Path, home: Path) -> Path:
    """A folder of extensions with this one in it."""
    folder = home / "extensions"
    environment = bare_environment(home) | {
        "AZURE_EXTENSION_DIR": str(folder),
        "AZURE_CORE_COLLECT_TELEMETRY": "0",
    }
    added = run(environment, str(AZ), "extension", "add", "--source", str(wheel), "--yes")
    assert added.exit_code == 0, added.stderr
    return folder


@dataclass(frozen=True)
class Terminal:
    """Where command lines are typed; each cloud has its own."""

    cloud: Cloud
    extensions: Path
    #: `az` itself, or a program that is started faster: see `forked_az`.
    program: Path = AZ

    @property
    def environment(self) -> dict[str, str]:
        """What every program started here sees."""
        home = self.cloud.state.parent
        inherited = bare_environment(home)
        own = {
            "PATH": os.pathsep.join([str(self.program.parent), inherited["PATH"]]),
            "AZURE_EXTENSION_DIR": str(self.extensions),
            "AZCOPY_LOG_LOCATION": str(home / "azcopy/logs"),
            "AZCOPY_JOB_PLAN_LOCATION": str(home / "azcopy/plans"),
            "AZCOPY_DISABLE_SYSLOG": "true",
        }
        return inherited | self.cloud.environment | own

    def __call__(self, line: str, **more: str) -> Result:
        """Run `az` with the words of a line, and with more in its environment."""
        return run(self.environment | more, str(self.program), *shlex.split(line))

    def ok(self, line: str, **more: str) -> Result:
        """Run `az`, which must not fail."""
        result = self(line, **more)
        assert result.exit_code == 0, result.stderr
        return result

    def type(self, script: str, **names: str) -> Result:
        """Run a script as typed into bash, up to the first line that fails."""
        return run(self.environment | names, "bash", "-euo", "pipefail", "-c", script)

    def start(self, line: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Begin `az` in a separate process group, as a shell does: Ctrl-C reaches it there."""
        return subprocess.Popen(
            [str(self.program), *shlex.split(line)],
            env=self.environment,
            cwd=self.cloud.state.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
            # A test run that was begun in the background would hand on that Ctrl-C is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def log_in(self) -> Terminal:
        """Log in as the cloud's ready service principal, which it writes to its configuration."""
        script = (
            "az login --service-principal --tenant $AZURE_TENANT_ID --output none "
            "--username $AZURE_CLIENT_ID --password $AZURE_CLIENT_SECRET"
        )
        result = self.type(script)
        assert result.exit_code == 0, result.stderr
        return self


@dataclass(frozen=True)
class Guest:
    """Somebody else at the same cloud, with a login that has no role."""

    az: Terminal
    login: dict[str, str]
    home: Path

    @classmethod
    def of(cls, az: Terminal, home: Path) -> Guest:
        """Log in with a separate configuration."""
        guest = cls(az, az.cloud.control("principals", displayName="guest"), home)
        logged_in = guest(
            "login --service-principal --output none --username {appId} --password {password} "
            "--tenant {tenant}".format(**guest.login)
        )
        assert logged_in.exit_code == 0, logged_in.stderr
        return guest

    def __call__(self, line: str) -> Result:
        """Run `az` as the guest."""
        return self.az(line, AZURE_CONFIG_DIR=str(self.home))

    def gets(self, role: str, scope: str) -> None:
        """Have a role assigned."""
        who = f"--assignee {self.login['id']} --scope {scope.rstrip('/')}"
        self.az.ok(f"role assignment create --role '{role}' {who}")


def ctrl_c(process: subprocess.Popen[str]) -> Result:
    """Press Ctrl-C and see how the process ends."""
    os.killpg(process.pid, signal.SIGINT)
    return ended(process)


def ended(process: subprocess.Popen[str]) -> Result:
    """Wait until a process that was begun is over."""
    stdout, stderr = process.communicate(timeout=_LONGEST)
    return Result(process.returncode, stdout, stderr or "")
