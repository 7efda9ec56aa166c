"""Outbound, second half, for peers that take a queue of numbered transactions: dxa is the requestor there.

What the view shows anew goes behind what waits, under dense numbers from 1 on, and is frozen once numbered: the server
takes each number once. The highest is kept outside the store, too, so that a store that is put back goes on above it. A
request carries all that has not been acknowledged, and asks for updates even with nothing to report (KB Q96060). Only
the lists in which the site stands are sent: a requestor relays nobody else's (KB Q152935).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import attrs

from dxa.agent.context import SET_BACK, LinkWork
from dxa.agent.leading import Leading
from dxa.config import Peer
from dxa.connector import Parcel, ParcelKind
from dxa.dirsync import requestor
from dxa.dirsync.messages import Request
from dxa.entry import Transaction, Verb
from dxa.ledger.answer import Content, Cut, Pick, Segment, Step, definitions, full, number_steps
from dxa.ledger.view import LISTS
from dxa.store import PeerRow, ViewRow
from dxa.store.highwater import asked


def ask_peers(work: LinkWork) -> None:
    """Queue what is new for each server, and make a request ready for it."""
    for peer in work.link.peers.values():
        row = work.store.peers.get(peer.id)
        if row is not None and row.view is not None:
            with work.store.transaction():
                _Asking(work, peer, row).run()


class _Asking:
    def __init__(self, work: LinkWork, peer: Peer, row: PeerRow) -> None:
        self.work, self.store, self.peer, self.row = work, work.store, peer, row
        self.view: ViewRow = work.store.views.get(row.view or 0)
        self.pick = Pick(types=frozenset(work.connector_type.traits.types[:1]), templates=peer.templates)

    def run(self) -> None:
        state = self.above_issued(self.row.asking)
        if self.told_values() and not self.pick.templates:
            # Nothing else takes the definition of a list back (see `dxa.ledger.answer.redefined`).
            state, _ = requestor.step(state, requestor.WantExport())
        if not state.exports:
            state = attrs.evolve(state, last=self.queue(self.new_steps(), state.last))
        state, request = self.ask(state)
        self.keep_issued(state.last)
        self.keep_cut()
        self.store.peers.put([attrs.evolve(self.row, asking=state, answered_at=self.work.now)])
        self.post(request)

    def above_issued(self, state: requestor.State) -> requestor.State:
        """The state; one that is older than what may have been sent goes on above it, with everything."""
        issued = self.store.high_water.value(asked(self.peer.id))
        if issued <= state.last:
            return state
        self.work.tell_anew(
            self.peer.id,
            SET_BACK,
            f"the database ends at number {state.last}, and numbers up to {issued} may have been sent: an older "
            "database was put back, or a run was cut off; so the whole list goes out again above them",
        )
        return requestor.step(state, requestor.SetBack(issued))[0]

    def keep_issued(self, last: int) -> None:
        """Keep outside the store that numbers up to this one may have been sent."""
        mark, name = self.store.high_water, asked(self.peer.id)
        if last > mark.value(name) and not self.work.rehearsal:
            mark.reserve(name, last, exact=True)

    def told_values(self) -> bool:
        """Whether the server has been told values."""
        return any(cut.pick.templates for cut in self.store.cuts.of([self.peer.id]).get(self.peer.id, []))

    def ask(self, state: requestor.State) -> tuple[requestor.State, Request]:
        """Let the machine ask; an export that it wants first is queued."""
        last = state.last
        while True:
            state, commands = requestor.step(state, requestor.Send(last))
            for command in commands:
                if isinstance(command, requestor.SendRequest):
                    return state, command.request
                if isinstance(command, requestor.Export):
                    self.store.queue.clear(self.peer.id)
                    last = self.queue(self.all_steps(), command.above)

    # -- the queue -------------------------------------------------------------------------------------------------

    def queue(self, steps: Sequence[Step], last: int) -> int:
        """Number these behind `last`; returns the new last number."""
        transactions = [t for segment in number_steps(steps, last + 1, "").segments for t in segment.transactions]
        self.store.queue.put(self.peer.id, transactions)
        for transaction in transactions:
            self.work.count_sent(transaction.verb, 1)
        return last + len(transactions)

    def new_steps(self) -> list[Step]:
        """What leads from what the server will hold, when it has taken the queue, to what the view shows."""
        leading = Leading(self.store, [self.peer.id])
        cuts = leading.cuts.get(self.peer.id, [])[-1:]
        if not cuts:
            return []
        alone = self.peer.id if self.peer.id in leading.tellers else ""
        steps = leading.steps(self.view, self.view.head, self.pick, cuts, alone)
        return [step for step in steps if step.list_key in self.work.site_lists]

    def all_steps(self) -> list[Step]:
        """The site's own lists as a whole, without those whom the server itself tells."""
        lists = [(type_, list_.upper()) for type_, list_ in sorted(self.work.site_lists) if type_ in self.pick.types]
        told = self.store.received.open_lines(self.peer.id)
        lines = list(self.store.views.live_of(self.view.id, lists))
        shown = [
            line.entry(self.pick.templates)
            for line in lines
            if self.pick.shows(line.type, line.instead_of) and line.recipient not in told and line.recipient != LISTS
        ]
        defined = definitions((line.entry() for line in lines if line.recipient == LISTS), self.pick)
        return full(lists, shown, defined.values())

    def keep_cut(self) -> None:
        """What the server will hold of the view when it has taken the queue."""
        number = self.store.next_numbers(self.work.link.name, 1)
        self.store.cuts.forget(self.peer.id)
        cut = Cut(number, self.view.head, self.pick, self.view.id)
        self.store.cuts.add([(self.peer.id, self.view.id, cut, self.work.now)])

    # -- the request -----------------------------------------------------------------------------------------------

    def post(self, request: Request) -> None:
        """Make the request ready; an earlier one that waits is not sent any more, for this one says it all."""
        work, waiting = self.work, self.store.queue.waiting(self.peer.id)
        serial = self.store.next_numbers(work.link.name, 1)
        replaces = any(each.verb is Verb.REPLACE for each in waiting)
        self.store.outbox.supersede(self.peer.id)
        parcel = Parcel(
            id=f"{serial:010d}-{self.peer.name}",
            peer=work.info(self.peer, self.row),
            kind=ParcelKind.FULL if replaces else ParcelKind.UPDATE,
            content=Content(f"{work.link.name}-ask-{serial}", tuple(_segments(waiting))),
            request=request,
            templates=self.pick.templates,
        )
        self.store.outbox.put([parcel], work.link.name, work.now)
        work.outcome.fulls += replaces
        work.outcome.updates += not replaces


def _segments(transactions: Iterable[Transaction]) -> Iterable[Segment]:
    """The transactions in their order, as runs of one list and verb."""
    for (list_key, _), run in groupby(transactions, key=lambda each: (each.list_key, each.verb)):
        yield Segment(list_key, tuple(run))
