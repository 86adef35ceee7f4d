"""`make demo`: a whole transfer between two disconnected clouds, each an emulator of its own."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx

from demo import script
from demo.cloud import Cloud, CommandFailedError
from demo.layout import Layout
from demo.places import PAYLOAD

# The documentation: a blob is imported within 15 minutes of its arrival.
SOURCE_TRIGGER_SECONDS = 15 * 60


def transfer(source: Cloud, target: Cloud, wheel: str) -> None:
    """Everything from two empty clouds to a list of what either registry holds."""
    expiry = (datetime.now(timezone.utc) + timedelta(days=30)).strftime("%Y-%m-%d")
    prepare = {"wheel": wheel, "expiry": expiry}
    at_once(
        lambda: source.type(script.PREPARE, direction="export", sas="alrw", **prepare),
        lambda: target.type(script.PREPARE, direction="import", sas="dlr", **prepare),
    )
    source.type(script.FILL)
    source.type(script.EXPORT)
    source.type(script.CARRY_OUT)
    target.type(script.IMPORT)
    target.type(script.CARRY_IN)
    print("# 15 minutes later, by the target cloud's clock:", flush=True)
    advance = {"advance": SOURCE_TRIGGER_SECONDS}
    httpx.post(f"{target.control}/clock", json=advance, trust_env=False).raise_for_status()
    target.type(script.ARRIVED)
    at_once(lambda: source.type(script.COMPARE), lambda: target.type(script.COMPARE))


def at_once(*actions: Callable[[], None]) -> None:
    """Do things in both clouds at the same time."""
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(action) for action in actions]:
            done.result()


def compare(medium: Path) -> tuple[bool, int, int]:
    """Print the table of digests; whether all are equal, how many manifests, how many bytes."""
    source, target = (_digests(medium / f"{side}.json") for side in ("source", "target"))
    print(f"\n{'manifest':<30} digest in the source registry{'':<43} in the target registry")
    for name in sorted(source.keys() | target.keys()):
        sent, arrived = (side.get(name, {}).get("digest", "missing") for side in (source, target))
        print(f"{name:<30} {sent:<72} {'equal' if sent == arrived else arrived}")
    blobs = {digest: size for entry in source.values() for digest, size in entry["blobs"].items()}
    return bool(source) and source == target, len(source), sum(blobs.values())


def _digests(file: Path) -> dict[str, Any]:
    return {manifest["name"]: manifest for manifest in json.loads(file.read_bytes())}


def main(wheel: str) -> int:
    """Run the demo; the exit code."""
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that clean-up happens
    with tempfile.TemporaryDirectory(prefix="acrtransfer-demo-") as folder:
        medium = Path(folder) / "medium"
        medium.mkdir()
        try:
            with (
                Cloud("source", Path(folder) / "source", medium) as source,
                Cloud("target", Path(folder) / "target", medium) as target,
            ):
                transfer(source, target, wheel)
        except CommandFailedError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
        equal, manifests, size = compare(medium)
    seconds = time.monotonic() - started
    verdict = "digests equal" if equal else "DIGESTS DIFFER"
    moved = f"{len(Layout(PAYLOAD).references())} artifacts ({manifests} manifests), {size:,} bytes"
    print(f"\nmoved {moved} in {seconds:.1f} s: {verdict}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
