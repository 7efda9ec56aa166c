"""What EXTERNAL does in the other postoffice: letters come into its mailboxes, or into INQUEUE3 to be passed on."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from dxa.errors import FormatError, TransportError
from dxa_msmail.envelope import mail_address
from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE3, FullError
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.networks import name_key
from dxa_msmail.postoffice.seen import known, remember
from dxa_msmail.programs.external.causes import CIRCLE, FULL, LATE, NO_ROOM
from dxa_msmail.programs.external.mailroom import Mailboxes, UnknownError
from dxa_msmail.programs.external.returning import Stray
from dxa_msmail.programs.external.transferlog import Transfer

#: A letter that has passed so many postoffices is not given on; no way is longer.
LONGEST = 254


@attrs.define
class Item:
    """A letter on its way: its recipients there, with the digests of their deliveries, and what has come of it.

    `waits` says of recipients what their sender is told when the letter has waited too long, as one that `is_late` has.
    """

    stray: Stray
    digests: dict[str, str]
    done: set[str] = attrs.field(factory=set)
    unknown: dict[str, str] = attrs.field(factory=dict)
    waits: dict[str, str] = attrs.field(factory=dict)
    is_late: bool = False

    @property
    def size(self) -> int:
        """Bytes of body and attachments."""
        letter = self.stray.letter
        return len(letter.body) + sum(len(each.data) for each in letter.attachments)


@attrs.define
class Arriving:
    """What happens in the postoffice `hop`, on the way from `own` to `name`; it counts only when its change is done."""

    name: str
    own: str
    hop: str
    now: float
    got: list[tuple[Item, set[str]]] = attrs.field(factory=list)
    transfers: list[Transfer] = attrs.field(factory=list)
    settled: int = 0
    new: int = 0
    held: str = ""

    def deliver(self, change: Changing, items: list[Item]) -> None:
        """Into the mailboxes there."""
        boxes = Mailboxes.of(change)
        taken = self._taken(change, items)
        new: list[str] = []
        for item in items:
            bags: dict[str, list[str]] = {}
            for recipient, digest in item.digests.items():
                if digest not in taken:
                    self._place(change, boxes, item, recipient, bags)
            if bags:
                stem = letters.deliver(change, self.passed(item), *bags, now=self.now)
                recipients = {recipient for each in bags.values() for recipient in each}
                new += self.count(item, recipients, stem)
                self.new += len(recipients)
        remember(change, new, self.now)

    def _place(
        self, change: Changing, boxes: Mailboxes, item: Item, recipient: str, bags: dict[str, list[str]]
    ) -> None:
        try:
            found = boxes.bags(mail_address(recipient).mailbox)
            for bag in found:
                mailbag.require_room(change, bag)
            for bag in found:
                bags.setdefault(bag, []).append(recipient)
        except UnknownError as error:
            item.unknown[recipient] = str(error)
        except (TransportError, FormatError) as error:
            self.held = f"{self.name}: {error}"
            item.waits[recipient] = (FULL if isinstance(error, FullError) else LATE).told(self.held)

    def forward(self, change: Changing, items: list[Item]) -> None:
        """Into INQUEUE3, for that postoffice to pass them on; never where a letter has been before."""
        taken = self._taken(change, items)
        new: list[str] = []
        for item in items:
            recipients = {to for to, digest in item.digests.items() if digest not in taken}
            if not recipients:
                continue
            if self.is_circle(item, recipients):
                continue
            try:
                mailbag.require_room(change, INQUEUE3)
            except (TransportError, FormatError) as error:
                self.held = f"{self.name}: {error}"
                cause = NO_ROOM if isinstance(error, FullError) else LATE
                item.waits |= dict.fromkeys(recipients, cause.told(self.held))
                continue
            stem = letters.submit(change, self.passed(item), bag=INQUEUE3, recipients=sorted(recipients), now=self.now)
            new += self.count(item, recipients, stem)
            self.new += 1
        remember(change, new, self.now)

    def is_circle(self, item: Item, recipients: Iterable[str]) -> bool:
        """Whether the letter has been at `hop` before; then these recipients cannot get it that way."""
        trace = item.stray.letter.trace
        if name_key(self.hop) not in map(name_key, trace) and len(trace) < LONGEST:
            return False
        reason = CIRCLE.told(", ".join([*trace, self.own, self.hop]))
        item.unknown |= dict.fromkeys(recipients, reason)
        return True

    def passed(self, item: Item) -> Letter:
        """The letter as it leaves here."""
        letter = item.stray.letter
        return attrs.evolve(letter, trace=(*letter.trace, self.own))

    def count(self, item: Item, recipients: set[str], stem: str) -> list[str]:
        """What has arrived, under which number there; returns the digests by which it is remembered."""
        self.got.append((item, recipients))
        sender, size = item.stray.letter.sender, item.size
        self.transfers += [Transfer(sender, to, size, item.stray.stem, stem) for to in item.digests if to in recipients]
        return [item.digests[recipient] for recipient in recipients]

    def _taken(self, files: Files, items: list[Item]) -> set[str]:
        """The digests of what arrived before; whoever brought it did not come to delete it."""
        taken = known(files, (digest for item in items for digest in item.digests.values()))
        for item in items:
            before = {recipient for recipient, digest in item.digests.items() if digest in taken}
            if before:
                self.settled += len(before)
                self.got.append((item, before))
        return taken
