"""Connectors that break one rule each, under the name of the check that must see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from dxa.connector import Connector, Outcome, Parcel, Report
from dxa.testing import ConnectorHarness
from tests.kit.letterbox import Letterbox, LetterHarness
from tests.kit.memory_harness import MemoryHarness

#: Check name to the harnesses of connectors that break its rule.
BROKEN: dict[str, list[type[ConnectorHarness]]] = {}


def breaks(check: str) -> Callable[[type], type]:
    """Note that a letterbox or a harness breaks that check's rule."""

    def note(broken: type) -> type:
        harness = broken
        if issubclass(broken, Letterbox):
            harness = type(broken.__name__, (LetterHarness,), {"connector": broken})
        BROKEN.setdefault(check, []).append(harness)
        return broken

    return note


@attrs.define
class Wrapped:
    """A memory connector in which something is broken."""

    inner: Any

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        yield from self.inner.collect(since)

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        yield from self.inner.deliver(parcel)

    def settle(self, receipts: Sequence[str]) -> None:
        self.inner.settle(receipts)


class WrappedHarness(MemoryHarness):
    wrapper: type[Wrapped]

    def open(self) -> Connector:
        return self.wrapper(super().open())


def breaks_memory(check: str, **changed: Any) -> Callable[[type[Wrapped]], type[Wrapped]]:
    """Note that a wrapped memory connector breaks that check's rule; the harness has these attributes."""

    def note(broken: type[Wrapped]) -> type[Wrapped]:
        harness = type(broken.__name__, (WrappedHarness,), {"wrapper": broken, **changed})
        BROKEN.setdefault(check, []).append(harness)
        return broken

    return note
