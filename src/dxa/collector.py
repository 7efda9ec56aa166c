"""Python's search for reference cycles, and work that does without."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collector() -> Iterator[None]:
    """Without the search: who makes many small values and no cycles of them spends a third of the time in it, or more,
    with 100,000 entries.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
