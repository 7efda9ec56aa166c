"""Connectors that break a rule of what they offer besides their three calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import attrs

from dxa.connector import Fault, Kept, Outcome, Parcel, Phase, Standing, Wish
from dxa.entry import Entry, Verb
from dxa.errors import AddressError, LockedError, TransportError
from tests.kit.broken import BROKEN
from tests.kit.letterbox import letter
from tests.kit.offering import OFFERING, OfferHarness, Offering, harness_of


def breaks(check: str) -> Callable[[type[Offering]], type[Offering]]:
    """Note that a letterbox that offers much breaks that check's rule."""

    def note(broken: type[Offering]) -> type[Offering]:
        BROKEN.setdefault(check, []).append(harness_of(broken))
        return broken

    return note


@breaks("a_story_changes_nothing")
class WantsAllCounts(Offering):
    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        self.context.tell(0, f"{counts[Verb.ADD]} came")


@breaks("a_story_changes_nothing")
class SettlesAtTheEnd(Offering):
    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        if phase is Phase.ENDED:
            self.box.inbox.clear()


@breaks("acknowledging_twice_is_once")
class AcknowledgesAgain(Offering):
    count = itertools.count()

    def acknowledge(self, standings: Mapping[str, Standing]) -> None:
        for peer in standings:
            self.box.write(f"{peer}-{next(self.count)}.known", letter([]))


@breaks("acknowledging_says_what_it_cannot_reach")
class AcknowledgesIntoTheVoid(Offering):
    def acknowledge(self, standings: Mapping[str, Standing]) -> None:
        try:
            super().acknowledge(standings)
        except TransportError:
            return


@breaks("claims_change_nothing")
class SendsBackWhatIsTaken(Offering):
    def taken(self, entries: Sequence[Entry]) -> None:
        self.box.inbox.clear()


@breaks("claims_change_nothing")
class TellsOfTheFirst(Offering):
    def taken(self, entries: Sequence[Entry]) -> None:
        self.context.tell(0, f"{entries[0].name} and others have addresses of others")


@breaks("shaping_answers_every_wish")
class DropsWhatCannotBeHeld(Offering):
    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        return [each for each in super().shape(wishes) if isinstance(each, Entry)]


@breaks("shaping_answers_every_wish")
class RaisesWhatCannotBeHeld(Offering):
    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        return [self.shape_one(entry, held) for entry, held in wishes]


@breaks("shaping_keeps_addresses")
class FoldsAddresses(Offering):
    def shape_one(self, entry: Entry, held: Entry | None) -> Entry:
        return super().shape_one(entry, held)._replace(address=entry.address.upper())


@breaks("shaping_comes_to_rest")
class CutsOneMore(Offering):
    def shape_one(self, entry: Entry, held: Entry | None) -> Entry:
        shaped = super().shape_one(entry, held)
        return shaped._replace(name=shaped.name[:-1] or "-")


@breaks("shaping_comes_to_rest")
class MarksWhatIsHeld(Offering):
    def shape_one(self, entry: Entry, held: Entry | None) -> Entry:
        shaped = super().shape_one(entry, held)
        return shaped._replace(name=f"*{shaped.name}") if held else shaped


@breaks("back_types_are_registered")
class GivesBackInSmallLetters(Offering):
    back_types: ClassVar[frozenset[str]] = frozenset({"box"})


@breaks("examining_changes_nothing")
class RepairsWhatItExamines(Offering):
    def examine(self) -> Iterator[Fault]:
        self.box.write("examined", letter([]))
        yield Fault(text="repaired")


@breaks("examining_changes_nothing")
class FindsWithoutWords(Offering):
    def examine(self) -> Iterator[Fault]:
        yield Fault(text="", where="box")


@breaks("a_file_for_people_is_explained")
class SaysNotWhereItLies(Offering):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        yield from super().deliver(attrs.evolve(parcel, by_file=False))


@contextmanager
def _held_for_good(held: list[bool]) -> Iterator[None]:
    if held:
        raise LockedError("somebody else holds it")
    held.append(True)
    yield


def _keeps_locked(_folder: Path, _link: str, _options: Any) -> Sequence[Kept]:
    held: list[bool] = []
    return [Kept(path="letters", hold=lambda: _held_for_good(held))]


def _makes_what_it_keeps(folder: Path, _link: str, _options: Any) -> Sequence[Kept]:
    (folder / "letters").mkdir()
    return [Kept(path="letters")]


for _name, _keeps in (("HoldsForGood", _keeps_locked), ("MakesWhatItKeeps", _makes_what_it_keeps)):
    _changed = {"connector_type": attrs.evolve(OFFERING, keeps=_keeps)}
    BROKEN.setdefault("what_is_kept_can_be_held_again", []).append(type(_name, (OfferHarness,), _changed))
