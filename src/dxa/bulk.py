"""Hundred thousands of small values at once."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T", bound="tuple[Any, ...]")


@contextmanager
def no_collector() -> Iterator[None]:
    """Without the search for reference cycles: who makes many small values and no cycles of them spends a third of the
    time in it, or more, with 100,000 entries.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def made(cls: type[T], *columns: Iterable[Any]) -> Iterator[T]:
    """Named tuples from a column for each field, as many as the shortest has; it may be `repeat` of one value.

    A class's own constructor has default values, and takes several times as long.
    """
    return map(partial(tuple.__new__, cls), zip(*columns, strict=False))


def batched(items: Iterable[S], size: int) -> Iterator[list[S]]:
    """The items in their order, so many at once, and the rest."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def shared(column: Sequence[str]) -> Iterator[str]:
    """The same texts, equal ones as one object: a column of few different ones takes less memory."""
    return map({text: text for text in column}.__getitem__, column)
