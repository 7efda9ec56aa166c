"""EXTERNAL's second phase: the letters of a mailbag are put into the postoffice that they are for, or on the way to it.

A batch is read under our lock, delivered under the other's as one change with its digests, and deleted here under ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from dxa.errors import DxaError, FormatError, NotFoundError, TransportError, UsageError
from dxa_msmail.envelope import mail_address
from dxa_msmail.postoffice import letters, mailbag, networks
from dxa_msmail.postoffice.bag import Bag
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, MOST
from dxa_msmail.postoffice.maildata import Changing, Files, Maildata
from dxa_msmail.postoffice.mailfolder import letter_name, slots_of
from dxa_msmail.postoffice.networks import PostofficeRow, RouteKind, name_key
from dxa_msmail.postoffice.seen import KEPT, known, remember
from dxa_msmail.programs.external.arriving import Arriving, Item
from dxa_msmail.programs.external.causes import CIRCLE, LATE
from dxa_msmail.programs.external.returning import Returns, Stray
from dxa_msmail.programs.external.transferlog import RECV_LOG, SENT_LOG, Transfer, received, sent, write_log

if TYPE_CHECKING:
    from dxa.signing import PrivateKey

#: So many bytes of letters are carried as one change.
BATCH = 16 << 20


@attrs.define
class Carrying:
    """Carries what waits for one postoffice; `held` says why some of it has to go on waiting.

    `closed` are the postoffices that could not be reached in this run, by name with the reason: each is tried once.
    `key` signs what goes into bags.
    """

    po: Maildata
    row: PostofficeRow
    returns: Returns
    batch: int = BATCH
    held: str = ""
    closed: dict[str, str] = attrs.field(factory=dict)
    key: PrivateKey | None = None
    _hop: PostofficeRow | None = attrs.field(default=None, init=False)
    _tried: set[str] = attrs.field(factory=set, init=False)
    _damaged: dict[str, FormatError] = attrs.field(factory=dict, init=False)

    def run(self) -> None:
        """Carry everything that can be carried now.

        Raises `LockedError`, `TransportError`, `FormatError` for this postoffice's own files; what is wrong with the
        other one is a reason to wait.
        """
        with self.po.look() as files:
            if not mailbag.depth(files, self.row.mailbag):
                return
            self._hop = self._find_way(files)
        while self._hop is not None or self.returns.give_up < math.inf:
            with self.po.look() as files:
                items = self._load(files)
            if not items and not self._damaged:
                return
            if items and self._hop is not None:
                self._try(items, self._hop)
            with self.po.change() as change:
                self._settle(change, items)

    def _find_way(self, files: Files) -> PostofficeRow | None:
        try:
            hop = networks.hop(files, self.row.full)
        except NotFoundError as error:
            self.held = str(error)
            return None
        except UsageError as error:  # nothing has gone round yet, and a better route moves it on
            self.held = CIRCLE.told(str(error))
            return None
        if not hop.route.is_open:
            self.held = f"there is no direct route to {hop.full}; give it one, or let another program fetch them"
            return None
        self.held = self.closed.get(hop.full, "")
        return None if self.held else hop

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
            item.is_late = self.returns.is_late(header.arrived)
            items.append(item)
            size += item.size
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

    def _try(self, items: list[Item], hop: PostofficeRow) -> None:
        try:
            transfers = self._hand_over(items, hop)
        except DxaError as error:
            self.held = self.closed[hop.full] = str(error)
            self._hop = None
            return
        try:
            self._log(transfers, hop)
        except DxaError as error:  # the mail has arrived all the same
            self.returns.journal.warn(str(error))

    def _hand_over(self, items: list[Item], hop: PostofficeRow) -> list[Transfer]:
        """Put the letters into the other postoffice; raises when none of them could be."""
        path = self.po.root / hop.route.path
        arriving = Arriving(self.row.full, self.returns.own, hop.full, self.returns.now)
        if hop.route.kind is RouteKind.BAG:
            from dxa_msmail.programs.external.bagging import give

            give(arriving, Bag.of(self.po, self.returns.own, hop), items, self.key)
            return self._arrived(arriving, hop, is_last=False)
        with attrs.evolve(self.po, root=path).change() as change:
            found = name_of(change)
            if name_key(found) != name_key(hop.full):
                raise TransportError(f"{path} is the postoffice {found}, not {hop.full}; set its route right")
            is_last = name_key(hop.full) == name_key(self.row.full)
            (arriving.deliver if is_last else arriving.forward)(change, items)
        return self._arrived(arriving, hop, is_last=is_last)

    def _arrived(self, arriving: Arriving, hop: PostofficeRow, *, is_last: bool) -> list[Transfer]:
        for item, recipients in arriving.got:
            item.done |= recipients
        outcome = self.returns.outcome
        outcome.settled += arriving.settled
        self.held = arriving.held or self.held
        counts = outcome.delivered if is_last else outcome.forwarded
        if arriving.new:
            counts[hop.full] += arriving.new
        return arriving.transfers

    def _log(self, transfers: list[Transfer], hop: PostofficeRow) -> None:
        """One line for each delivery in the logs of both sides; after a kill one may be missing.

        Who takes letters out of a bag writes his own.
        """
        if transfers:
            now = self.returns.now
            write_log(self.po, SENT_LOG, sent(transfers, now))
            if hop.route.kind is RouteKind.DIRECT:
                write_log(attrs.evolve(self.po, root=self.po.root / hop.route.path), RECV_LOG, received(transfers, now))

    # -- here, after -----------------------------------------------------------------------------------------------

    def _settle(self, change: Changing, items: Iterable[Item]) -> None:
        """Delete the headers of what has arrived, and report what cannot arrive."""
        by_name = {item.stray.name: item for item in items}
        slots = slots_of(change, self.row.mailbag, by_name.keys() | self._damaged.keys())
        gone: list[int] = []
        reports: list[Letter] = []
        for name, error in self._damaged.items():
            if name in slots and self._has_place(change, reports):
                report = self.returns.spoilt(change, name, name.partition("-")[0], error)
                reports += [report] if report else []
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
        if item.is_late:
            rest = item.digests.keys() - item.done - item.unknown.keys()
            item.unknown |= {to: item.waits.get(to) or LATE.told(self.held) for to in item.digests if to in rest}
        if not item.unknown:
            return True
        told = known(change, (item.digests[recipient] for recipient in item.unknown))
        reasons = {to: reason for to, reason in item.unknown.items() if item.digests[to] not in told}
        if reasons:
            if not self._has_place(change, reports):
                return False
            report = self.returns.bounce(change, item.stray, reasons)
            reports += [report] if report else []
            remember(change, [item.digests[recipient] for recipient in reasons], self.returns.now)
        item.done |= item.unknown.keys()
        return True

    def _has_place(self, change: Changing, reports: list[Letter]) -> bool:
        if mailbag.depth(change, INQUEUE) + len(reports) < MOST:
            return True
        self.held = f"mailbag {INQUEUE} has no room for a report to the sender"
        return False


def _is_at(address: str, postoffice: str) -> bool:
    """Whole names are compared, never their beginnings (dx:T-164)."""
    return name_key(mail_address(address).list) == name_key(postoffice)
