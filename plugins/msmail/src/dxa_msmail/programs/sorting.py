"""EXTERNAL's first phase: the headers of submitted mail go into the mailbags of those whom its envelopes name."""

from __future__ import annotations

import attrs

from dxa.errors import FormatError, TransportError
from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, INQUEUE3, MOST, NO_LETTER, Header
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.mailfolder import letter_name
from dxa_msmail.programs.mailroom import Mailroom, Place, Returns, Stray, UnknownError


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
            self.returns.put_aside(change, letter_name(change, header), stem, str(error), error.code or -1)
            self._free += bag == INQUEUE
            return False
        places, unknown, rest = self._places(bag, recipients)
        if unknown and not self._bounce(bag, header, letter, unknown, leaves=not rest):
            rest += unknown
        if places:
            letters.deliver(change, stem, *(place.bag for place in places), now=self.returns.now, leaving=not rest)
            self._count(places)
        if rest:
            if len(rest) < len(recipients):
                letters.seal(change, stem, rest)
            return None
        self._free += bag == INQUEUE
        letters.seal(change, stem, ())
        return bool(places)

    def _places(self, bag: str, recipients: tuple[str, ...]) -> tuple[dict[Place, int], dict[str, str], list[str]]:
        """Mailbags with the number of recipients whom they are for, unknown recipients, and those who have to wait."""
        places: dict[Place, int] = {}
        unknown: dict[str, str] = {}
        rest: list[str] = []
        for recipient in {name.casefold(): name for name in recipients}.values():
            try:
                found = self.room.places(recipient)
                for place in found:
                    if place not in places:
                        mailbag.require_room(self.change, place.bag)
                places |= {place: places.get(place, 0) + 1 for place in found}
            except UnknownError as error:
                unknown[recipient] = str(error)
            except (TransportError, FormatError) as error:
                self.held[bag] = str(error)
                rest.append(recipient)
        return places, unknown, rest

    def _bounce(self, bag: str, header: Header, letter: Letter, reasons: dict[str, str], *, leaves: bool) -> bool:
        """Whether there was room for the report; the place of a letter that leaves INQUEUE is one."""
        if self._free + (leaves and bag == INQUEUE) < 1:
            self.held[bag] = f"mailbag {INQUEUE} has no room for a report to the sender"
            return False
        stray = Stray(letter_name(self.change, header), header.stem, letter)
        report = self.returns.bounce(self.change, stray, reasons)
        if report:
            self._reports.append(report)
            self._free -= 1
        return True

    def _count(self, places: dict[Place, int]) -> None:
        outcome = self.returns.outcome
        for place, recipients in places.items():
            if place.owner:
                outcome.queued[place.owner] += 1
            else:
                outcome.local += recipients
