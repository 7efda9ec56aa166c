"""Transition tables: rows of which the first that fits an event decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import attrs

S = TypeVar("S")
E = TypeVar("E")
C = TypeVar("C")


@attrs.frozen
class Rule(Generic[S, E, C]):
    """One row: when it fits, what it does, in words for the printed table and in code."""

    name: str
    when: str
    then: str
    source: str
    fits: Callable[[S, E], bool]
    act: Callable[[S, E], tuple[S, tuple[C, ...]]]


def decide(table: tuple[Rule[S, E, C], ...], state: S, event: E) -> tuple[S, tuple[C, ...]]:
    """The outcome of the first rule that fits; the last rule of every table fits always."""
    for rule in table:
        if rule.fits(state, event):
            return rule.act(state, event)
    raise AssertionError(f"no rule fits {event!r}")
