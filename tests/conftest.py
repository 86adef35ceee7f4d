"""Holds for every test: the emulator under test is this checkout's."""

import gc
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]

# An environment that was made for another checkout would test, and start, the emulator of that one.
_EMULATOR = find_spec("acr_emulator")
assert _EMULATOR is not None
assert _EMULATOR.origin is not None
assert Path(_EMULATOR.origin).is_relative_to(CHECKOUT), (
    f"{_EMULATOR.origin} isn't in {CHECKOUT}: run `make setup`"
)


def pytest_collection_finish() -> None:
    """Keep modules and tests out of each later garbage collection."""
    gc.collect()
    gc.freeze()
