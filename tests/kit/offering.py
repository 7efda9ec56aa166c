"""A letterbox that offers all that a connector may offer besides its three calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar

import attrs

from dxa.connector import Fault, Kept, Outcome, Parcel, Phase, Result, Standing, Wish, shaped
from dxa.entry import Entry, Verb
from dxa.errors import AddressError
from dxa.testing import ConnectorHarness
from tests.kit.letterbox import LETTERBOX, TRAITS, Letterbox, LetterHarness

#: A name on a label.
LONGEST = 40


@contextmanager
def hold() -> Iterator[None]:
    """Nobody writes meanwhile."""
    yield


class Offering(Letterbox):
    """Each method that a subclass breaks does one thing."""

    back_types: ClassVar[frozenset[str]] = frozenset({"BOX"})

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        self.context.tell(0, f"{phase.value} {sum(counts.values())} {reason}")

    def acknowledge(self, standings: Mapping[str, Standing]) -> None:
        for peer, standing in standings.items():
            name = f"{peer}-{standing.taken}-{standing.sent}.known"
            if name not in self.box.outbox:
                self.box.write(name, b"LETTER 0\nEND\n")

    def taken(self, entries: Sequence[Entry]) -> None:
        self.context.tell(0, f"{len(entries)} addresses are taken")

    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        return shaped(self.shape_one, wishes)

    def shape_one(self, entry: Entry, held: Entry | None) -> Entry:
        if not entry.name.strip():
            raise AddressError("no name", got=entry.name)
        return entry._replace(name=entry.name[:LONGEST])

    def examine(self) -> Iterator[Fault]:
        if self.box.uses == 0:
            yield Fault(text="the box is locked; who has the key?", where="box")

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        yield from super().deliver(parcel)
        if parcel.by_file:
            yield Outcome(result=Result.POSTED, reason=f"it lies in {self.file(parcel.id)}; bring it to {parcel.title}")


OFFERING = attrs.evolve(
    LETTERBOX,
    traits=attrs.evolve(TRAITS, by_file=True),
    keeps=lambda _folder, link, _options: [Kept(path=f"letters/{link}", hold=hold)],
)


class OfferHarness(LetterHarness):
    """The kit's side of it."""

    connector = Offering
    connector_type = OFFERING


def harness_of(broken: type[Offering]) -> type[ConnectorHarness]:
    """A harness of that connector."""
    return type(broken.__name__, (OfferHarness,), {"connector": broken})
