"""What `make faults` runs: the parts named, or all of them; fails if one found a fault."""

from __future__ import annotations

import importlib
import sys

#: Each is a module of this folder whose `main()` prints a table and returns what failed.
PARTS = ("commands", "engine", "kill", "race", "soak")


def main(names: list[str]) -> int:
    """Run parts one after another; the exit code."""
    failed: dict[str, list[str]] = {}
    for name in names or PARTS:
        failed[name] = importlib.import_module(f"tests.faults.{name}").main()
    for name, cases in failed.items():
        for case in cases:
            print(f"FAILED {name}: {case}", file=sys.stderr)
    return int(any(failed.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
