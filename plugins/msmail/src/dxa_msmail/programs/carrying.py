"""EXTERNAL's second phase: the letters of a mailbag are put into the postoffice that they are for, or on the way to it.

A batch is read under our lock, delivered under the other's as one change with its digests, and deleted here under ours.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from dxa.errors import DxaError, FormatError, NotFoundError, TransportError, UsageError
from dxa_msmail.envelope import mail_address
from dxa_msmail.postoffice import letters, mailbag, networks
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, INQUEUE3, MOST
from dxa_msmail.postoffice.maildata import Changing, Files, Maildata
from dxa_msmail.postoffice.mailfolder import letter_name, slots_of
from dxa_msmail.postoffice.networks import PostofficeRow, RouteKind, name_key
from dxa_msmail.postoffice.seen import KEPT, known, remember
from dxa_msmail.programs.mailroom import Mailboxes, Returns, Stray, UnknownError

#: So many bytes of letters are carried as one change.
BATCH = 16 << 20
#: A letter that has passed so many postoffices goes round in a circle.
HOPS = 8


@attrs.define
class Item:
    """A letter on its way: its recipients there, with the digests of their deliveries, and what has come of it."""

    stray: Stray
    digests: dict[str, str]
    done: set[str] = attrs.field(factory=set)
    unknown: dict[str, str] = attrs.field(factory=dict)


@attrs.define
class Carrying:
    """Carries what waits for one postoffice; `held` says why some of it has to go on waiting."""

    po: Maildata
    row: PostofficeRow
    returns: Returns
    batch: int = BATCH
    held: str = ""
    _hop: PostofficeRow = attrs.field(init=False)
    _tried: set[str] = attrs.field(factory=set, init=False)
    _damaged: dict[str, FormatError] = attrs.field(factory=dict, init=False)

    def run(self) -> None:
        """Carry everything that can be carried now.

        Raises `LockedError`, `TransportError`, `FormatError` for this postoffice's own files; what is wrong with the
        other one is a reason to wait.
        """
        with self.po.look() as files:
            if not mailbag.depth(files, self.row.mailbag) or not self._find_way(files):
                return
        while True:
            with self.po.look() as files:
                items = self._load(files)
            if not items and not self._damaged:
                return
            try:
                if items:
                    self._hand_over(items)
            except DxaError as error:
                self.held = str(error)
            with self.po.change() as change:
                self._settle(change, items)

    def _find_way(self, files: Files) -> bool:
        try:
            self._hop = networks.hop(files, self.row.full)
        except (UsageError, NotFoundError) as error:
            self.held = str(error)
            return False
        if self._hop.route.kind is not RouteKind.DIRECT:
            self.held = f"there is no direct route to {self._hop.full}; give it one, or let another program fetch them"
            return False
        return True

    @property
    def _is_last(self) -> bool:
        return self._hop.full == self.row.full

    # -- here, before ----------------------------------------------------------------------------------------------

    def _load(self, files: Files) -> list[Item]:
        """The next letters that have not been tried, up to a batch."""
        self._damaged, items, size, deliveries = {}, list[Item](), 0, 0
        for _, header in mailbag.headers(files, self.row.mailbag):
            if header.stem in self._tried:
                continue
            self._tried.add(header.stem)
            name = letter_name(files, header)
            try:
                item = self._item(Stray(name, header.stem, letters.fetch(files, header.stem)))
            except FormatError as error:
                self._damaged[name] = error
                continue
            items.append(item)
            letter = item.stray.letter
            size += len(letter.body) + sum(len(each.data) for each in letter.attachments)
            deliveries += len(item.digests)
            if size >= self.batch or deliveries >= KEPT:
                break
        return items

    def _item(self, stray: Stray) -> Item:
        there = {to.casefold(): to for to in stray.letter.to if _is_at(to, self.row.full)}
        if not there:
            got = ", ".join(stray.letter.to)
            raise FormatError("a letter for somebody else", source=stray.name, expected=self.row.full, got=got)
        own = self.returns.own
        return Item(stray, {to: letters.digest_of(stray.letter, stray.stem, own, to) for to in there.values()})

    # -- there -----------------------------------------------------------------------------------------------------

    def _hand_over(self, items: list[Item]) -> None:
        """Put the letters into the other postoffice; raises when none of them could be."""
        path = self.po.root / self._hop.route.path
        arriving, outcome = _Arriving(self.row.full, self.returns.now), self.returns.outcome
        with attrs.evolve(self.po, root=path).change() as change:
            found = name_of(change)
            if name_key(found) != name_key(self._hop.full):
                raise TransportError(f"{path} is the postoffice {found}, not {self._hop.full}; set its route right")
            if self._is_last:
                arriving.deliver(change, items)
            else:
                arriving.forward(change, items)
        for item, recipients in arriving.got:
            item.done |= recipients
        outcome.settled += arriving.settled
        self.held = arriving.held or self.held
        if self._is_last:
            outcome.delivered[self.row.full] += arriving.new
        else:
            outcome.forwarded[self._hop.full] += arriving.new

    # -- here, after -----------------------------------------------------------------------------------------------

    def _settle(self, change: Changing, items: Iterable[Item]) -> None:
        """Delete the headers of what has arrived, and report what cannot arrive."""
        by_name = {item.stray.name: item for item in items}
        slots = slots_of(change, self.row.mailbag, by_name.keys() | self._damaged.keys())
        gone: list[int] = []
        reports: list[Letter] = []
        for name, error in self._damaged.items():
            if name in slots:
                self.returns.put_aside(change, name, name.partition("-")[0], str(error), error.code or -1)
                gone += slots[name]
        for name, item in by_name.items():
            # One that is not there any more was settled by somebody else meanwhile.
            if name in slots and self._bounce(change, item, reports) and item.digests.keys() == item.done:
                gone += slots[name]
        if gone:
            letters.drop(change, self.row.mailbag, *gone)
        for report in reports:
            letters.submit(change, report, now=self.returns.now)

    def _bounce(self, change: Changing, item: Item, reports: list[Letter]) -> bool:
        """Report unknown recipients, each once however often the letter is tried for others.

        False when there is no room for the report.
        """
        if not item.unknown:
            return True
        told = known(change, (item.digests[recipient] for recipient in item.unknown))
        reasons = {to: reason for to, reason in item.unknown.items() if item.digests[to] not in told}
        if reasons:
            if mailbag.depth(change, INQUEUE) + len(reports) >= MOST:
                self.held = f"mailbag {INQUEUE} has no room for a report to the sender"
                return False
            report = self.returns.bounce(change, item.stray, reasons)
            reports += [report] if report else []
            remember(change, [item.digests[recipient] for recipient in reasons], self.returns.now)
        item.done |= item.unknown.keys()
        return True


@attrs.define
class _Arriving:
    """What happens in the other postoffice; it counts only when its change is done."""

    name: str
    now: float
    got: list[tuple[Item, set[str]]] = attrs.field(factory=list)
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
                letter = attrs.evolve(item.stray.letter, hops=min(item.stray.letter.hops + 1, 0xFF))
                letters.deliver(change, letter, *bags, now=self.now)
                recipients = {recipient for each in bags.values() for recipient in each}
                self.got.append((item, recipients))
                self.new += len(recipients)
                new += [item.digests[recipient] for recipient in recipients]
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

    def forward(self, change: Changing, items: list[Item]) -> None:
        """Into INQUEUE3, for that postoffice to pass them on."""
        taken = self._taken(change, items)
        new: list[str] = []
        for item in items:
            letter = item.stray.letter
            recipients = {to for to, digest in item.digests.items() if digest not in taken}
            if not recipients:
                continue
            if letter.hops >= HOPS:
                reason = f"it has passed {letter.hops} postoffices; its way is a circle"
                item.unknown.update(dict.fromkeys(recipients, reason))
                continue
            try:
                mailbag.require_room(change, INQUEUE3)
            except (TransportError, FormatError) as error:
                self.held = f"{self.name}: {error}"
                continue
            passed = attrs.evolve(letter, hops=letter.hops + 1)
            letters.submit(change, passed, bag=INQUEUE3, recipients=sorted(recipients), now=self.now)
            self.new += 1
            self.got.append((item, recipients))
            new += [item.digests[recipient] for recipient in recipients]
        remember(change, new, self.now)

    def _taken(self, files: Files, items: list[Item]) -> set[str]:
        """The digests of what arrived before; whoever brought it did not come to delete it."""
        taken = known(files, (digest for item in items for digest in item.digests.values()))
        for item in items:
            before = {recipient for recipient, digest in item.digests.items() if digest in taken}
            if before:
                self.settled += len(before)
                self.got.append((item, before))
        return taken


def _is_at(address: str, postoffice: str) -> bool:
    """Whole names are compared, never their beginnings (dx:T-164)."""
    return name_key(mail_address(address).list) == name_key(postoffice)
