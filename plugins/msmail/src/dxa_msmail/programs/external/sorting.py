"""EXTERNAL's first phase: the headers of submitted mail go into the mailbags of those whom its envelopes name."""

from __future__ import annotations

import attrs

from dxa.errors import FormatError, TransportError
from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, INQUEUE3, MOST, NO_LETTER, FullError, Header
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.mailfolder import letter_name
from dxa_msmail.programs.external.causes import FULL, LATE, NO_ROOM, Cause
from dxa_msmail.programs.external.mailroom import Mailroom, Place, UnknownError
from dxa_msmail.programs.external.returning import Returns, Stray

_NO_PLACE = f"mailbag {INQUEUE} has no room for a report to the sender"


@attrs.define
class _Sorted:
    """Where a letter goes: mailbags with the number of recipients whom they are for, and with a reason each of those
    who are unknown and of those who have to wait.
    """

    places: dict[Place, int] = attrs.field(factory=dict)
    unknown: dict[str, str] = attrs.field(factory=dict)
    rest: dict[str, str] = attrs.field(factory=dict)


@attrs.define
class Sorting:
    """Sorts what lies in INQUEUE and INQUEUE3. `held` says why some of a mailbag's letters had to stay."""

    change: Changing
    room: Mailroom
    returns: Returns
    held: dict[str, str] = attrs.field(factory=dict)
    _reports: list[Letter] = attrs.field(factory=list, init=False)
    _free: int = attrs.field(default=0, init=False)

    def run(self) -> None:
        """Sort all mail, and then the reports that had to be written about it, which cause no more of them.

        Raises `FormatError` 40, `TransportError` 115 when INQUEUE or INQUEUE3 is damaged or missing.
        """
        self._sort(None)
        stems = {letters.submit(self.change, report, now=self.returns.now) for report in self._reports}
        self._reports = []
        if stems:
            self._sort(stems)

    def _sort(self, only: set[str] | None) -> None:
        self._free = MOST - mailbag.depth(self.change, INQUEUE)
        for bag in (INQUEUE, INQUEUE3):
            moved: list[int] = []
            dropped: list[int] = []
            met: set[str] = set()
            for slot, header in mailbag.headers(self.change, bag):
                if header.stem in met:
                    moved.append(slot)  # a duplicate header of one letter (KB Q127752)
                elif only is None or header.stem in only:
                    met |= {header.stem} - {NO_LETTER}
                    leaves = self._letter(bag, header)
                    if leaves is not None:
                        (moved if leaves else dropped).append(slot)
            # In this order, for a mailbag without live headers begins anew; and before reports are submitted, for a
            # slot holds only until then.
            if dropped:
                letters.drop(self.change, bag, *dropped)
            if moved:
                mailbag.delete(self.change, bag, *moved)

    def _letter(self, bag: str, header: Header) -> bool | None:
        """Sort one letter; None when its header stays, else whether it lies in other mailbags now."""
        change, stem = self.change, header.stem
        try:
            letter = letters.fetch(change, stem, attachments=False)
            recipients = letters.envelope(change, stem)
        except FormatError as error:
            return self._spoilt(bag, header, error)
        found = self._places(bag, recipients)
        if found.rest and self.returns.is_late(header.arrived):
            found.unknown |= found.rest
            found.rest = {}
        if found.unknown and not self._bounce(bag, header, letter, found.unknown, leaves=not found.rest):
            found.rest |= found.unknown
        if found.places:
            bags = (place.bag for place in found.places)
            letters.deliver(change, stem, *bags, now=self.returns.now, leaving=not found.rest)
            self._count(found.places)
        if found.rest:
            if len(found.rest) < len(recipients):
                letters.seal(change, stem, found.rest)
            return None
        self._free += bag == INQUEUE
        letters.seal(change, stem, ())
        return bool(found.places)

    def _spoilt(self, bag: str, header: Header, error: FormatError) -> bool | None:
        """A letter that cannot be read (dx:T-206); its own place in INQUEUE is that of the report about it."""
        if self._free + (bag == INQUEUE) < 1:
            self.held[bag] = _NO_PLACE
            return None
        report = self.returns.spoilt(self.change, letter_name(self.change, header), header.stem, error)
        self._free += bag == INQUEUE
        self._add(report)
        return False

    def _places(self, bag: str, recipients: tuple[str, ...]) -> _Sorted:
        found = _Sorted()
        for recipient in {name.casefold(): name for name in recipients}.values():
            place: Place | None = None
            try:
                places = self.room.places(recipient)
                for place in places:
                    if place not in found.places:
                        mailbag.require_room(self.change, place.bag)
                found.places |= {place: found.places.get(place, 0) + 1 for place in places}
            except UnknownError as error:
                found.unknown[recipient] = str(error)
            except (TransportError, FormatError) as error:
                self.held[bag] = str(error)
                found.rest[recipient] = _late(error, place).told(str(error))
        return found

    def _bounce(self, bag: str, header: Header, letter: Letter, reasons: dict[str, str], *, leaves: bool) -> bool:
        """Whether there was room for the report; the place of a letter that leaves INQUEUE is one."""
        if self._free + (leaves and bag == INQUEUE) < 1:
            self.held[bag] = _NO_PLACE
            return False
        stray = Stray(letter_name(self.change, header), header.stem, letter)
        self._add(self.returns.bounce(self.change, stray, reasons))
        return True

    def _add(self, report: Letter | None) -> None:
        if report:
            self._reports.append(report)
            self._free -= 1

    def _count(self, places: dict[Place, int]) -> None:
        outcome = self.returns.outcome
        for place, recipients in places.items():
            if place.owner:
                outcome.queued[place.owner] += 1
            else:
                outcome.local += recipients


def _late(error: TransportError | FormatError, place: Place | None) -> Cause:
    """What the sender is told when the recipient has waited too long for this reason."""
    if place is None or not isinstance(error, FullError):
        return LATE
    return NO_ROOM if place.owner else FULL
