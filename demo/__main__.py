"""`make demo`: a whole transfer between two disconnected clouds, each an emulator.

python -m demo WHEEL AZ_VERSION
"""

from __future__ import annotations

import re
import shutil
import signal
import sys
import tempfile
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo import script
from demo.cloud import Cloud, CommandFailedError
from demo.comparison import print_comparison, read_registry, size_of
from demo.payload import build_payload

_TOOLS = Path(__file__).resolve().parents[1] / ".tools"
# A terminal, `$` and a command that backslashes continue.
_COMMAND = re.compile(r"^(\w+)\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
_WIDTH = 120
# The documentation: a blob is imported within 15 minutes of its arrival.
_SOURCE_TRIGGER_SECONDS = 15 * 60


def transfer(source: Cloud, target: Cloud) -> tuple[bool, str]:
    """Run the script in both clouds.

    Returns:
        Whether the target registry contains what it should, and a text about its content.
    """

    def run_step(heading: str, commands: str) -> None:
        _print_heading(heading)
        for terminal, command in _COMMAND.findall(commands):
            print(f"{terminal}$ {command}", flush=True)
            clouds = [cloud for cloud in (source, target) if terminal in (cloud.name, "both")]
            _run(command, clouds)

    run_step("1. Prepare two clouds that have no connection", script.PREPARE)
    run_step("2. Push artifacts, a signature and an SBOM to the source registry", script.PUSH)
    run_step("3. Create a pipeline in each cloud: managed identity, SAS token", script.CREATE)
    run_step("4. Check before the export, run the recommended command, check again", script.CHECK)
    run_step(
        "5. Export samples with referrers, except debug images; write a manifest", script.EXPORT
    )
    run_step("6. Carry the blob and the manifest across as files", script.CARRY)
    target.advance_clock(_SOURCE_TRIGGER_SECONDS)
    run_step("7. Wait for the source trigger (the emulator skips 15 minutes)", script.IMPORT)
    run_step(
        "8. Verify the target registry against the manifest, and list referrers", script.VERIFY
    )
    _print_heading("9. Compare both registries by skopeo inspect --raw")
    with ThreadPoolExecutor() as pool:
        exported, imported = pool.map(read_registry, (source, target))
    is_equal = print_comparison(exported, imported, script.TRANSFERRED)
    artifacts = f"{len(script.TRANSFERRED)} artifacts ({len(imported)} manifests)"
    return is_equal, f"{artifacts}, {size_of(imported):,} bytes"


def _print_heading(heading: str) -> None:
    print(f"== {heading} ".ljust(_WIDTH, "="), flush=True)


def _run(command: str, clouds: list[Cloud]) -> None:
    """Run a command in all of the clouds at once; print an output that is the same only once."""
    with ThreadPoolExecutor() as pool:
        outputs = dict.fromkeys(pool.map(Cloud.run, clouds, [command] * len(clouds)))
    for stdout, stderr in outputs:
        for line in (stderr + stdout).splitlines():
            print(folded(line), flush=True)


def folded(line: str) -> str:
    """Break a line between words; at a hyphen, an ID would look like two."""
    lines = textwrap.wrap(line, _WIDTH, subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(lines)


def main(wheel: str, az_version: str) -> int:
    """Run the demo; returns the exit code."""
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that clean-up happens
    az = Path(sys.prefix).parent / f"az-{az_version}"
    programs = {"az": az / "bin" / "az", "skopeo": _TOOLS / "debian" / "root" / "bin" / "skopeo"}
    with tempfile.TemporaryDirectory(prefix="acrtransfer-demo-") as folder:
        medium = Path(folder) / "medium"
        medium.mkdir()
        homes = [Path(folder) / name for name in ("source", "target")]
        try:
            with Cloud(homes[0], programs) as source, Cloud(homes[1], programs) as target:
                for home in homes:
                    shutil.copy(wheel, home)
                    (home / "medium").symlink_to(medium)
                build_payload(homes[0] / "payload", _TOOLS, az)
                is_equal, moved = transfer(source, target)
        except CommandFailedError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    comparison = "digests equal" if is_equal else "DIGESTS DIFFER"
    print(f"moved {moved} in {time.monotonic() - started:.1f} s: {comparison}")
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
