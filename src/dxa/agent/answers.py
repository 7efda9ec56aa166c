"""Outbound, second half, for peers that quote a number: answers.

An answer is made once for all peers that have the same cuts and pick, numbered once, and shared; each gets it without
the lists it owns. The cut, the machine's state and the outgoing parcel are committed together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b

import attrs

from dxa.agent import handing
from dxa.agent.context import LIMIT_REACHED, MANUAL_IMPORT, LinkWork
from dxa.agent.leading import Leading
from dxa.change import Change
from dxa.config import Peer
from dxa.connector import Parcel, ParcelKind
from dxa.dirsync import server
from dxa.dirsync.messages import Reply
from dxa.entry import Entry, Verb
from dxa.ledger.answer import Content, Cut, ListKey, Pick, Step, full, number_steps
from dxa.ledger.pacing import content_size, furthest, size_of, why_whole
from dxa.ledger.view import LISTS
from dxa.plan import Facts, Plan, make_plan
from dxa.store import PeerRow, ViewRow

#: The highest number that fits ten digits and a signed 32-bit counter of the old programs.
HIGHEST = 2**31 - 1
#: A peer that is told unasked gets an empty answer when its cut is so far behind, so that this stays cheap to find out.
LAG = 1000


def answer_peers(work: LinkWork) -> None:
    """Make an answer for every peer that has asked since its last one, or is told unasked."""
    rows = work.store.peers.of_link(work.link.name)
    mutual = work.connector_type.traits.mutual
    asking = [
        (peer, row)
        for peer in work.link.peers.values()
        if (row := rows.get(peer.name.casefold())) and (row.state.heard or (mutual and row.state.s))
    ]
    if not asking:
        return
    with work.store.transaction():
        Answering(work, [row.id for _, row in asking]).run(asking)


def plan_moves(work: LinkWork) -> list[Plan]:
    """Peers that have come under other rules than their companions: what that takes away waits for approval.

    While it waits, such a peer stays at what it was last shown.
    """
    plans = []
    foreign = work.store.cuts.elsewhere(work.link.name)
    for peer in work.link.peers.values():
        if peer.id not in foreign:
            _moved(work, f"out {peer.id}")
    answering = Answering(work, foreign)
    for peer in work.link.peers.values():
        cuts, row = answering.cuts.get(peer.id), work.store.peers.get(peer.id) if peer.id in foreign else None
        if not cuts or row is None or cuts[-1].view == row.view:
            continue
        steps = answering.leading.steps(
            answering.view(row), answering.view(row).head, answering.pick(row), cuts[-1:], ""
        )
        changes = [Change(_step_key(step), step.old, step.new, "other export rules") for step in steps]
        scope = f"out {peer.id}"
        approved, rejected = work.store.verdicts.of(scope)
        facts = Facts(total=work.store.views.count(cuts[-1].view), rules_changed=True)
        # A rejected change cannot be left out of a number, so it is held again until the configuration is mended.
        plan = make_plan(scope, changes, facts, peer.guards, approved - rejected)
        with work.store.transaction():
            work.hold(plan)
        if plan.holds:
            work.moves_held.add(peer.id)
            plans.append(plan)
    return plans


def _moved(work: LinkWork, scope: str) -> None:
    """The peer is where it should be: what was decided about its way there is used up."""
    work.release(scope)
    if prints := frozenset.union(*work.store.verdicts.of(scope)):
        work.store.verdicts.drop(scope, prints)


@attrs.frozen
class Made:
    """An answer's content, its numbers, and the position of the view that it leads to."""

    content: Content
    empty: int
    cut: Cut

    @property
    def adds(self) -> bool:
        """Whether it has anybody in it."""
        return any(segment.transactions[0].verb is Verb.ADD for segment in self.content.segments)

    def number(self, own: frozenset[ListKey]) -> int:
        """The number of this answer for a peer with these lists: that of the last line it gets, else one of its own."""
        return self.content.last(own) or self.empty


class Answering:
    """Makes the answers of one run; `peers` are those whose cuts it looks at."""

    def __init__(self, work: LinkWork, peers: Sequence[str]) -> None:
        self.work, self.store = work, work.store
        self.leading = Leading(work.store, peers, mutual=work.connector_type.traits.mutual)
        self.views = {view.id: view for view in work.store.views.of_link(work.link.name)}
        self.cuts, self.tellers = self.leading.cuts, self.leading.tellers
        self.mutual = work.connector_type.traits.mutual
        self.made: dict[object, Made] = {}
        self.sizes: dict[object, int] = {}
        self.parcels: list[Parcel] = []
        self.new_cuts: list[tuple[str, int, Cut, float]] = []
        self.rows: list[PeerRow] = []
        self.unsent: frozenset[ListKey] = frozenset()

    def nobodys(self, type_: str, list_: str) -> bool:
        """Whether all who ask own the list, so that nobody gets it."""
        return (type_, list_.casefold()) in self.unsent

    def run(self, asking: Sequence[tuple[Peer, PeerRow]]) -> None:
        """Answer these peers, as the machine of each says, and keep what was made."""
        self.unsent = frozenset.intersection(*(self.work.own_lists(peer) for peer, _ in asking))
        for peer, row in asking:
            news = not self.mutual or self.news(peer, row)
            _state, commands = server.step(row.state, server.Answering(mutual=self.mutual, news=news))
            for command in commands:
                if isinstance(command, server.SendFull):
                    self.full(peer, row)
                elif isinstance(command, server.SendUpdate):
                    self.update(peer, row, command.since)
        self.keep()

    def keep(self) -> None:
        """Store cuts, parcels and states; the caller has a transaction."""
        self.store.cuts.add(self.new_cuts)
        self.store.outbox.put(self.parcels, self.work.link.name, self.work.now)
        self.store.peers.put(self.rows)

    def news(self, peer: Peer, row: PeerRow) -> bool:
        """Whether a peer that is told unasked lacks something: beyond its last answer, or since what it has quoted."""
        state = row.state
        if state.full is server.Full.WANTED or (state.full is server.Full.SENT and state.heard):
            return True
        since = state.quoted if state.heard else state.s
        cuts = [cut for cut in self.cuts.get(peer.id, ()) if cut.number >= since]
        if not cuts or peer.id in self.work.moves_held:
            return state.heard
        view, own = self.view(row), self.work.own_lists(peer)
        if view.head - min(cut.at for cut in cuts) > LAG:
            return True
        alone = peer.id if peer.id in self.tellers else ""
        steps = self.leading.steps(view, view.head, self.pick(row), cuts, alone)
        return any(step.list_key not in own for step in steps)

    # -- full ------------------------------------------------------------------------------------------------------

    def full(self, peer: Peer, row: PeerRow) -> None:
        """Answer with everything, unless that is above the limit of the peer, or nothing at all."""
        made, own = self.full_made([(peer, row)]), self.work.own_lists(peer)
        if (limit := _limit(peer, row)) and (size := self.size(made, own)) > limit:
            # KB Q119450: the limit paces updates, never an import; a person has to bring it.
            self.too_large(peer, row, made, f"a full answer takes about {size} bytes, the limit is {limit}")
            return
        if not made.adds and row.state.quoted and self.emptied(peer, row):
            return
        self.work.release(f"full {peer.id}")
        self.send(peer, row, made, was=0, kind=ParcelKind.FULL)

    def full_made(self, asking: Sequence[tuple[Peer, PeerRow]]) -> Made:
        """A full answer for these peers, all of which have the same view and pick."""
        (peer, row), *_ = asking
        view, at, pick = self.view(row), self.view(row).head, self.pick(row)
        if peer.id in self.work.moves_held:
            last = self.cuts[peer.id][-1]
            view, at = self.views[last.view], last.at
        cuts = (cut for each, _ in asking for cut in self.cuts.get(each.id, ()))
        stale = frozenset(type_ for cut in cuts for type_ in cut.pick.types)
        alone = peer.id if peer.id in self.tellers else ""
        key = ("full", view.id, at, pick, stale, alone)
        made = self.made.get(key)
        if made is None:
            made = self.made[key] = self.make(self.full_steps(view, at, pick, stale, alone), Cut(0, at, pick, view.id))
        return made

    def too_large(self, peer: Peer, row: PeerRow, made: Made, why: str) -> None:
        """What is above a peer's limit is left as a file, once; where no connector can do that a person is told."""
        if not self.work.connector_type.traits.by_file:
            self.work.tell(peer.id, MANUAL_IMPORT, f"{why}; raise it, or bring it by hand")
            return
        self.work.tell(peer.id, LIMIT_REACHED, f"{why}; it is left as a file, which a person has to bring")
        if row.state.full is server.Full.SENT and row.state.file >= row.state.full_from:
            self.rows.append(attrs.evolve(row, state=attrs.evolve(row.state, heard=False)))
        elif made.adds or not row.state.quoted or not self.emptied(peer, row):
            self.work.release(f"full {peer.id}")
            handing.hand(self, [(peer, row)], made, [row])

    def emptied(self, peer: Peer, row: PeerRow) -> bool:
        """A full answer is its own plan: an empty one, for a peer that holds something, waits for approval."""
        change = Change("everything", f"what it holds at S={row.state.quoted}", None, "the view is empty")
        scope = f"full {peer.id}"
        facts = Facts(total=1, full_and_empty=True)
        plan = make_plan(scope, [change], facts, peer.guards, self.store.verdicts.of(scope)[0])
        self.work.hold(plan)
        if plan.holds:
            self.work.cycle.plans.append(plan)
        return bool(plan.holds)

    def full_steps(self, view: ViewRow, at: int, pick: Pick, stale: frozenset[str], alone: str) -> list[Step]:
        """A replace for each list that was ever carried, and everybody in it; `stale` are types shown before."""
        carried = self.store.views.carried(view.id, pick.types | stale)
        known = {(type_, list_.casefold()) for type_, list_ in carried}
        # The site's own lists are the server's to replace even if a restored database never carried them.
        missing = sorted(self.work.site_lists - known)
        carried += [(type_, list_.upper()) for type_, list_ in missing if type_ in pick.types | stale]
        lists = [pair for pair in carried if not self.nobodys(*pair)]
        views = self.store.views
        entries: dict[int, Entry] = {}
        defines: list[Entry] = []
        for shown_ in views.shown_of(view.id, lists) if at == view.head else views.shown_at(view.id, at):
            if pick.shows(shown_.type, shown_.instead_of) and not self.nobodys(shown_.type, shown_.list):
                if shown_.recipients[0] == LISTS:  # a definition is a form of its own
                    defines += shown_.entries(templates=True) if pick.templates else ()
                else:
                    entries.update(zip(shown_.recipients, shown_.entries(pick.templates), strict=True))
        if alone:
            # A list that is replaced is sent whole, with the peer's own lines in it as the peer told them.
            replaced = {(type_, list_.casefold()) for type_, list_ in lists}
            own = self.store.received.open_lines(alone)
            for recipient, entry in own.items():
                entries.pop(recipient, None)
                if not self.mutual and (entry.type, entry.list.casefold()) in replaced:
                    entries[recipient] = entry._replace(key="")
        return full(lists, entries.values(), defines)

    # -- updates ---------------------------------------------------------------------------------------------------

    def update(self, peer: Peer, row: PeerRow, since: int) -> None:
        """Answer with what leads from the cuts at or above `since` to the head."""
        view, pick = self.view(row), self.pick(row)
        cuts = [cut for cut in self.cuts.get(peer.id, ()) if cut.number >= since]
        alone = peer.id if peer.id in self.tellers else ""
        if peer.id in self.work.moves_held:
            # It stays at what it was last shown, which it need not have got.
            last = cuts[-1]
            steps = self.leading.steps(self.views[last.view], last.at, last.pick, cuts, alone)
            self.send(peer, row, self.make(steps, last), was=since, kind=ParcelKind.UPDATE)
            return
        places = frozenset((cut.view, cut.at, cut.pick) for cut in cuts)
        limit = _limit(peer, row)
        key = ("update", view.id, view.head, pick, places, alone, limit)
        made = self.made.get(key)
        if made is None:
            made = self.made[key] = self.make_update(view, pick, cuts, alone, limit)
        self.tell_size(peer, made, limit)
        self.send(peer, row, made, was=since, kind=ParcelKind.UPDATE)

    def tell_size(self, peer: Peer, made: Made, limit: int) -> None:
        """What is above the limit because it cannot be divided is told; after the next update it is so no more."""
        own = self.work.own_lists(peer)
        if limit and (size := self.size(made, own)) > max(limit, self.each):
            why = f"an update takes about {size} bytes, the limit is {limit}: {why_whole(made.content, own)}"
            self.work.tell_anew(peer.id, LIMIT_REACHED, f"{why}. Raise the limit if it does not arrive")
        elif peer.id in self.limited:
            self.store.notices.clear(peer.id, LIMIT_REACHED)

    @cached_property
    def limited(self) -> frozenset[str]:
        """The peers of which it was told that something was above their limit."""
        return frozenset(notice.peer for notice in self.store.notices.open() if notice.code == LIMIT_REACHED)

    def make_update(self, view: ViewRow, pick: Pick, cuts: Sequence[Cut], alone: str, limit: int) -> Made:
        """An update of at most so many bytes (0: as many as it takes), if the way can be divided.

        Another view has no positions on the way to it: what it showed then is nothing to lead a peer through.
        """

        def fits(steps: Sequence[Step]) -> bool:
            return size_of(steps, self.each) <= limit

        at, steps = view.head, self.leading.steps(view, view.head, pick, cuts, alone)
        if limit and not fits(steps) and all(cut.view == view.id for cut in cuts):
            numbers = self.store.views.numbers(view.id, min(cut.at for cut in cuts), view.head)
            part = furthest(numbers, lambda number: self.leading.steps(view, number, pick, cuts, alone), fits)
            at, steps = part or (at, steps)
        return self.make(steps, Cut(0, at, pick, view.id))

    @property
    def each(self) -> int:
        """What a transaction takes in bytes, without its values."""
        return self.work.connector_type.traits.transaction_bytes

    def size(self, made: Made, own: frozenset[ListKey]) -> int:
        """What a peer with these lists gets of an answer in bytes, about."""
        key = made.content.key, own & {segment.list_key for segment in made.content.segments}
        if key not in self.sizes:
            self.sizes[key] = content_size(made.content, own, self.each, values=made.cut.pick.templates)
        return self.sizes[key]

    # -- sending ---------------------------------------------------------------------------------------------------

    def make(self, steps: Sequence[Step], cut: Cut) -> Made:
        """The steps under numbers that the link has never issued."""
        first = self.store.next_numbers(self.work.link.name, len(steps) + 1)
        content = number_steps(steps, first, f"{self.work.link.name}-{first}")
        return Made(content, first + len(steps), cut)

    def send(self, peer: Peer, row: PeerRow, made: Made, *, was: int, kind: ParcelKind) -> None:
        """Put an answer to a peer with its cut and state to what is to be kept."""
        own = self.work.own_lists(peer)
        number = made.number(own)
        if number > HIGHEST:
            self.work.tell(
                peer.id,
                129,
                f"sync number {number} is above what requestors can hold ({HIGHEST}); start a new server link",
            )
        state, _ = server.step(row.state, server.Answered(number, kind is ParcelKind.FULL))
        self.new_cuts.append((peer.id, made.cut.view, made.cut._replace(number=number), self.work.now))
        self.parcels.append(
            Parcel(
                id=f"{number:010d}-{blake2b(peer.id.encode(), digest_size=5).hexdigest()}",
                peer=self.work.info(peer, row),
                kind=kind,
                to=row.reply_to,
                content=made.content,
                own=own,
                reply=Reply(r=state.r, s=number, was=was, i=state.i),
                templates=made.cut.pick.templates,
            )
        )
        self.rows.append(attrs.evolve(row, state=state, answered_at=self.work.now))
        self.count(made.content, own, kind)

    def count(self, content: Content, own: frozenset[ListKey], kind: ParcelKind) -> None:
        """Count what goes out to a peer with these lists."""
        for segment in content.segments:
            if segment.list_key not in own:
                self.work.count_sent(segment.transactions[0].verb, len(segment.transactions))
        self.work.outcome.fulls += kind is ParcelKind.FULL
        self.work.outcome.updates += kind is ParcelKind.UPDATE

    def view(self, row: PeerRow) -> ViewRow:
        """The view of a peer that has one."""
        assert row.view is not None
        return self.views[row.view]

    def pick(self, row: PeerRow) -> Pick:
        """What a peer asked to see; the link's native type when it has not said."""
        return row.pick if row.pick.types else Pick(types=frozenset(self.work.connector_type.traits.types[:1]))


def _limit(peer: Peer, row: PeerRow) -> int:
    """The bytes that one answer may have: the smaller one of what is configured and what it asks for; 0 is no limit."""
    return min((limit for limit in (peer.limit, row.limit) if limit), default=0)


def _step_key(step: Step) -> str:
    entry = step.old or step.new
    assert entry is not None
    return f"{step.verb.value} {entry.type}:{entry.address or entry.list}"
