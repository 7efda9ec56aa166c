"""Inbound, first half: reports into received lists.

What has been read completely is recorded and acknowledged at once; no guard ever holds up the wire. Reports are taken
in batches: one transaction each, then the connector is told that they may go.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

import attrs

from dxa.agent.boundary import reports
from dxa.agent.context import LIMIT_REACHED, MANUAL_IMPORT, LinkWork
from dxa.config import Peer
from dxa.connector import Feed, Holds, Report
from dxa.dirsync import requestor, server
from dxa.dirsync.messages import Reply
from dxa.entry import Reject, Transaction, Verb, definition_key, list_entry
from dxa.ledger.answer import Pick
from dxa.ledger.received import Row, RowChange, hear
from dxa.rules.ownership import OWN_LIST, why_ignored
from dxa.store import MessageRow, PeerRow

#: A batch is committed when it holds so many transactions or reports.
BATCH_TRANSACTIONS = 20_000
BATCH_REPORTS = 250

#: What a peer asks to see that asks only for types that it may not have.
NO_TYPES = frozenset({""})
_PRINT = struct.Struct("<II")

NOT_REGISTERED = 120
WRONG_PASSWORD = 156
BAD_FILE = 14
#: The digest of a number that belongs to nobody, and of how many such numbers before the last one are kept.
NOBODYS = bytes(8)
SKIPPED_KEPT = 10_000
#: Numbers are raised above a quoted one only up to here: nobody's nonsense may use up the numbers of all peers.
PLAUSIBLE = 2**30
#: What the counter ``tail:PEER`` says of a list that may have been cut: whether what is missing stood at its end is to
#: be found out, or the connector has found that it may have been cut.
SEEK_END, AT_END = 1, 2


def receive(work: LinkWork) -> None:
    """Take everything that waits on the link."""
    cursors = {row.name: row.cursor for row in work.store.peers.of_link(work.link.name).values()}
    for batch in _batches(reports(work, cursors)):
        with work.store.transaction():
            _Batch(work).take(batch)
        if not work.rehearsal:
            work.connector.settle([report.receipt for report in batch])
        work.pause()
    if Feed.CHANGES in work.connector_type.traits.feeds:
        # Whoever tells changes from a known point on, or none, is as well known as by a full read.
        known = (row for row in work.store.peers.of_link(work.link.name).values() if row.cursor)
        work.proven |= {row.id for row in known} - work.unproven


def _batches(reports: Iterable[Report]) -> Iterator[list[Report]]:
    batch: list[Report] = []
    size = 0
    for report in reports:
        batch.append(report)
        size += len(report.transactions)
        if size >= BATCH_TRANSACTIONS or len(batch) >= BATCH_REPORTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Batch:
    """One batch of reports inside one store transaction."""

    def __init__(self, work: LinkWork) -> None:
        self.work = work
        self.store = work.store
        self.rows = work.store.peers.of_link(work.link.name)
        #: What the administrator was told of, and should be told of again when it happens again.
        self.told = {(n.peer, n.code) for n in work.store.notices.open() if n.told_at is not None}
        self.cuts = work.store.cuts.of([row.id for row in self.rows.values() if row.state.s])
        self.changed: dict[str, PeerRow] = {}
        self.messages: list[MessageRow] = []
        self.rejects: list[tuple[int, str, Sequence[Reject]]] = []

    def take(self, reports: Iterable[Report]) -> None:
        for report in reports:
            if self.known(report):
                continue
            self.work.outcome.messages += 1
            status, verdict = self.one(report)
            self.work.outcome.refused += status == "refused"
            self.archive(report, status, verdict)
        self.store.peers.put(self.changed.values())
        ids = self.store.messages.put(self.messages)
        for index, peer, rejects in self.rejects:
            self.work.outcome.rejects += len(rejects)
            self.store.rejects.put(self.work.link.name, peer, ids[index], rejects, self.work.now)

    def known(self, report: Report) -> bool:
        """Whether this very message has been taken before, and was not taken away then."""
        identity = report.identity
        return bool(identity) and (self.store.messages.seen(identity) or identity in {m.digest for m in self.messages})

    def one(self, report: Report) -> tuple[str, str]:
        """Take one report; returns the archive's status and verdict."""
        if report.ignored:
            return "kept", f"ignored: {report.ignored}"
        peer = self.work.peer_named(report.sender)
        refusal = self.stranger(report) if peer is None else self.impostor(report, peer)
        if refusal is not None:
            self.tell(report.sender, *refusal)
            return "refused", refusal[1]
        assert peer is not None
        for code in (NOT_REGISTERED, WRONG_PASSWORD):
            if (report.sender, code) in self.told:
                self.store.notices.clear(report.sender, code)
        if report.fault is not None:
            return self.faulty(report, peer)
        row = self.row(peer)
        if report.note:
            self.put(attrs.evolve(row, note=report.note, heard_at=self.work.now))
            return "kept", "status report"
        return self.listen(report, peer, row)

    # -- who speaks ------------------------------------------------------------------------------------------------

    def stranger(self, report: Report) -> tuple[int, str]:
        # KB Q99268; dx:T-150: matched on the whole name, and never silent.
        if report.fault is not None:
            return report.fault.code, f"{report.fault.reason} (from {report.origin or 'an unknown sender'})"
        text = f"{report.sender or 'no name'!r} (from {report.origin or 'unknown'}) is not registered on this link"
        return NOT_REGISTERED, f"{text}; `dxa peers add` registers it"

    def impostor(self, report: Report, peer: Peer) -> tuple[int, str] | None:
        if not self.work.may_speak(peer, report.origin):
            return (
                NOT_REGISTERED,
                f"a message that claims to be from {peer.name} came from {report.origin}; it is ignored",
            )
        if peer.password is not None and not peer.password.matches(report.password):
            return WRONG_PASSWORD, f"wrong password from {peer.name}; set the same one here and there"
        return None

    def tell(self, peer: str, code: int, text: str) -> None:
        self.work.tell(peer, code, text)

    def faulty(self, report: Report, peer: Peer) -> tuple[str, str]:
        """A message that cannot be used changes nothing; its sender and the administrator are told (dx:T-161)."""
        fault = report.fault
        assert fault is not None
        self.rejects.append((len(self.messages), peer.id, [fault]))
        self.tell(peer.id, fault.code, fault.reason)
        self.work.bounce(peer, report, fault)
        return "refused", fault.reason

    # -- what it says ----------------------------------------------------------------------------------------------

    def listen(self, report: Report, peer: Peer, row: PeerRow) -> tuple[str, str]:
        row = attrs.evolve(row, heard_at=self.work.now, reply_to=report.reply_to or row.reply_to)
        row = attrs.evolve(
            row, pick=self.pick(report, peer, row), limit=row.limit if report.limit is None else report.limit
        )
        if report.reply is not None:
            return self.reply(report, report.reply, peer, row)
        if report.request is None:
            return self.read(report, peer, row)
        return self.request(report, peer, row)

    def pick(self, report: Report, peer: Peer, row: PeerRow) -> Pick:
        types = self.work.shown_types() if report.types is None else report.types
        if report.types is None and row.pick.types:
            types = row.pick.types
        templates = row.pick.templates if report.templates is None else report.templates
        known = self.work.types
        allowed = frozenset(known.get(name).name for name in peer.types if name in known) or types
        return Pick(types=types & allowed or NO_TYPES, templates=templates and peer.templates)

    def read(self, report: Report, peer: Peer, row: PeerRow) -> tuple[str, str]:
        """A list or changes without numbers of their own."""
        full = bool(report.lists)
        transactions: list[Transaction] = []
        if full and report.complete:
            transactions += [Transaction(0, Verb.REPLACE, None, list_entry(*key)) for key in sorted(report.lists)]
            self.mark_full(report, peer)
        elif report.proves and report.complete:
            self.mark_changes(report, peer)
        elif not full:
            self.mark_stated(peer)
        transactions += report.transactions
        taken = self.into_list(report, peer, transactions, replaces=report.complete)
        cursor = report.cursor if report.complete else row.cursor
        self.put(attrs.evolve(row, cursor=cursor))
        if not report.complete or report.doubtful:
            self.work.unproven.add(peer.id)
        elif full or report.proves:
            self.work.proven.add(peer.id)
        return "taken", f"{taken} changes" if report.complete else f"{taken} changes; incomplete, nothing is removed"

    def reply(self, report: Report, reply: Reply, peer: Peer, row: PeerRow) -> tuple[str, str]:
        """An answer of the server whose requestor dxa is; its content and the numbers are stored together."""
        state, commands = requestor.step(row.asking, requestor.Got(reply, report.received, report.by_file))
        taken, verdict = 0, f"R={reply.r}, S={reply.s} (was {reply.was}), I={reply.i}"
        for command in commands:
            if isinstance(command, requestor.Discard):
                if report.by_file and reply.s != row.asking.s:
                    self.tell(peer.id, BAD_FILE, f"{report.title} was not taken: {command.why}")
                return "kept", f"{verdict}: discarded, {command.why}"
            if isinstance(command, requestor.Apply):
                anew = [Transaction(0, Verb.REPLACE, None, list_entry("", ""))] if command.full else []
                if command.full:
                    self.mark_full(report, peer)
                else:
                    self.mark_stated(peer)
                taken = self.into_list(report, peer, [*anew, *report.transactions], replaces=True)
            elif isinstance(command, requestor.Drop):
                self.store.queue.drop(peer.id, command.upto)
            elif isinstance(command, requestor.Export):
                # It is queued with the next request, which is when the views have followed.
                self.store.queue.clear(peer.id)
                state = attrs.evolve(state, exports=True)
                why = f"that is no number of ours (last {row.asking.last})"
                why = "what waits has older numbers" if report.by_file else why
                verdict += f"; {why}, so the whole list goes out again"
        self.put(attrs.evolve(row, asking=state))
        return "taken", f"{verdict}: {taken} changes"

    def mark_full(self, report: Report, peer: Peer) -> None:
        empty = not any(
            t.verb is Verb.ADD and t.new is not None and t.new.key not in report.marked for t in report.transactions
        )
        self.note("empty", peer, int(empty))
        self.note("tail", peer, AT_END if report.doubtful else 0 if report.counted else SEEK_END)

    def mark_changes(self, report: Report, peer: Peer) -> None:
        """The same for changes that a read of the whole list has found."""
        if any(t.verb is Verb.ADD for t in report.transactions):
            self.note("empty", peer, 0)
        self.note("tail", peer, AT_END if report.doubtful else 0)

    def mark_stated(self, peer: Peer) -> None:
        """Deletes that are stated were not cut off, unless others beside them wait that a list has lacked."""
        if known := self.store.counter(f"tail:{peer.id}"):
            lacked = [row.id for row in self.store.received.pending(peer.id) if not row.alive]
            cut = lacked and (known == AT_END or self.store.received.at_end(peer.id, lacked))
            self.note("tail", peer, AT_END if cut else 0)

    def note(self, what: str, peer: Peer, value: int) -> None:
        counter = f"{what}:{peer.id}"
        if self.store.counter(counter) != value:
            self.store.set_counter(counter, value)

    def request(self, report: Report, peer: Peer, row: PeerRow) -> tuple[str, str]:
        request = report.request
        assert request is not None
        prints = _prints(report.transactions)
        known = any(cut.number == request.s for cut in self.cuts.get(peer.id, ()))
        old = [p for p in prints if p[0] <= row.state.r]
        # A number that was taken so long ago that nothing is kept of it: better an export than a lost change.
        doubtful = request.strict and not self.store.numbered.kept(peer.id, old)
        reused = bool(old) and (doubtful or self.store.numbered.differs(peer.id, old))
        replaced = any(t.verb is Verb.REPLACE and t.number > row.state.r for t in report.transactions)
        asked = server.Asked(request=request, known=known, reused=reused, torn=replaced and not request.complete)
        state, commands = server.step(row.state, asked)
        taken = 0
        for command in commands:
            if isinstance(command, server.Take):
                taken += self.take_numbered(report, peer, command, prints)
            elif isinstance(command, server.RaiseAbove):
                self.raise_numbers(peer, command.number)
            elif isinstance(command, server.Tell):
                self.tell(peer.id, command.code, command.text)
        self.skip_numbers(peer, row.state.r, state.r, prints)
        if row.state.export_needed and not state.export_needed:
            self.store.notices.clear(peer.id, server.EXPORT_NEEDED)
        self.clear_limit(peer, row.state, state)
        self.put(attrs.evolve(row, state=state))
        incomplete = "" if request.complete else "; incomplete"
        return "taken", f"R={request.r} (was {request.was}), S={request.s}, I={request.i}: {taken} changes{incomplete}"

    def clear_limit(self, peer: Peer, before: server.State, after: server.State) -> None:
        """Nobody has to bring anything any more when the file has been taken, or a full answer came without."""
        arrived = before.full is server.Full.SENT and after.full is server.Full.NO
        if arrived or before.quoted < before.file <= after.quoted:
            for code in (LIMIT_REACHED, MANUAL_IMPORT):
                self.store.notices.clear(peer.id, code)

    def raise_numbers(self, peer: Peer, above: int) -> None:
        if above <= PLAUSIBLE:
            self.store.raise_numbers(self.work.link.name, above)
        else:
            self.tell(peer.id, 129, f"it quotes S={above}, which no server can have issued; have it import in full")

    def skip_numbers(self, peer: Peer, after: int, upto: int, prints: list[tuple[int, bytes]]) -> None:
        """Numbers that count as taken though nothing was taken under them belong to nobody.

        A requestor that uses one of them was set back, and must export.
        """
        heard = {number for number, _ in prints}
        first = max(after + 1, upto + 1 - SKIPPED_KEPT)
        skipped = [(number, NOBODYS) for number in range(first, upto + 1) if number not in heard]
        if skipped:
            self.store.numbered.put(peer.id, skipped, self.work.now)

    def take_numbered(self, report: Report, peer: Peer, take: server.Take, prints: list[tuple[int, bytes]]) -> int:
        transactions = _selected(report.transactions, take)
        fresh = [p for p in prints if p[0] > take.after]
        if fresh:
            self.store.numbered.put(peer.id, fresh, self.work.now)
        if any(t.verb is Verb.REPLACE for t in transactions) and take.replaces:
            self.mark_full(report, peer)
        elif transactions:
            self.note("empty", peer, 0)
            self.mark_stated(peer)
        return self.into_list(report, peer, transactions, replaces=take.replaces)

    def into_list(self, report: Report, peer: Peer, transactions: Sequence[Transaction], *, replaces: bool) -> int:
        transactions, local = apart(transactions, self.work.site_lists)
        if replaces and report.rejects and any(t.verb is Verb.REPLACE for t in transactions):
            # Who stood on a line that cannot be read is not gone: nobody is, until a list comes that can be read.
            replaces = False
            bad = len(report.rejects)
            text = f"bad records in a full list: {bad}. So nobody was removed; mend them and send it again"
            self.tell(peer.id, report.rejects[0].code, text)
        rows = _rows(self.work, peer.id, transactions, replaces)
        whole = self.work.connector_type.traits.tells_recipients
        heard = hear(rows, transactions, replaces=replaces, whole=whole, marked=report.marked)
        self.unpin(peer, heard.changes)
        raws = {t.new.key: t.raw for t in transactions if t.new is not None and t.raw}
        positions = None
        if Feed.FULL in self.work.connector_type.traits.feeds and report.lists and report.complete:
            positions = {t.new.key: i for i, t in enumerate(transactions) if t.new is not None}
        proven = self.work.connector_type.traits.holds is Holds.PROVEN
        told = {t.new.key for t in transactions if t.new is not None} if proven else frozenset[str]()
        self.store.received.hear(
            peer.id, heard.changes, marked=report.marked, raws=raws, positions=positions, told=told
        )
        rejects = [*report.rejects, *report.remarks, *local, *heard.rejects]
        if proven:
            # Every read of the same list tells them again.
            rejects = [each for each in rejects if not self.store.rejects.known(peer.id, each.raw, each.reason)]
        if rejects:
            self.rejects.append((len(self.messages), peer.id, rejects))
        self.work.count_heard(heard.changes)
        return len(heard.changes)

    def unpin(self, peer: Peer, changes: Sequence[RowChange]) -> None:
        """What was rejected of these rows counts no more: the peer says something else."""
        scope = f"in {peer.id}"
        rejected = self.store.verdicts.of(scope)[1] if changes else frozenset()
        if rejected:
            sides = [(change.id, side) for change in changes for side in change[1:] if side is not None]
            keys = {key for id_, side in sides for key in (side.key, f"{side.key}#{id_}")}
            self.store.verdicts.drop(scope, [print_ for print_ in rejected if print_.key in keys])
            self.store.received.unpin(peer.id, [change.id for change in changes if change.id])

    # -- keeping ---------------------------------------------------------------------------------------------------

    def row(self, peer: Peer) -> PeerRow:
        known = self.rows.get(peer.name.casefold())
        return known or self.work.new_row(peer)

    def put(self, row: PeerRow) -> None:
        self.rows[row.name.casefold()] = row
        self.changed[row.id] = row

    def archive(self, report: Report, status: str, verdict: str) -> None:
        self.messages.append(
            MessageRow(
                link=self.work.link.name,
                peer=report.sender,
                receipt=report.receipt,
                digest=report.identity or blake2b(report.raw, digest_size=16).hexdigest(),
                title=report.title,
                status=status,
                verdict=verdict,
                count=len(report.transactions),
                at=self.work.now,
                raw=report.raw,
            )
        )


def _prints(transactions: Sequence[Transaction]) -> list[tuple[int, bytes]]:
    """A short digest of each numbered transaction: against accidents, not against anybody."""
    prints = []
    for transaction in transactions:
        if transaction.number:
            data = transaction.raw.encode("utf-8", "surrogatepass")
            prints.append((transaction.number, _PRINT.pack(zlib.crc32(data), zlib.adler32(data))))
    return prints


def _selected(transactions: Sequence[Transaction], take: server.Take) -> list[Transaction]:
    if not take.from_replace:
        return [t for t in transactions if t.number > take.after]
    first = next((i for i, t in enumerate(transactions) if t.verb is Verb.REPLACE), len(transactions))
    return list(transactions[first:])


def apart(
    transactions: Sequence[Transaction], own: frozenset[tuple[str, str]]
) -> tuple[Sequence[Transaction], list[Reject]]:
    """Transactions about the site's own lists are ignored, and reported (KB Q96003, error 66)."""
    ours = [t for t in transactions if t.list_key in own] if own else []
    if not ours:
        return transactions, []
    rejects = [Reject(t.number, 0, t.raw, OWN_LIST, why_ignored(t.side, own)) for t in ours]
    return [t for t in transactions if t.list_key not in own], rejects


def _rows(work: LinkWork, peer: str, transactions: Sequence[Transaction], replaces: bool) -> list[Row]:
    """Every row that the transactions could touch."""
    received = work.store.received
    lists = {t.list_key for t in transactions if t.verb in (Verb.REPLACE, Verb.DEFINE)} if replaces else set()
    if any(not list_ for _, list_ in lists):
        return received.all(peer)
    rows = {row.id: row for row in received.by_lists(peer, lists)} if lists else {}
    sides = [side for t in transactions if t.verb is not Verb.REPLACE for side in (t.old, t.new) if side is not None]
    keys = {side.key for side in sides if side.key and (side.type, side.list.casefold()) not in lists}
    names = {side.name for side in sides if not side.key and not side.anchor}
    anchors = {side.anchor for side in sides if side.anchor}
    rows.update((row.id, row) for row in received.by_keys(peer, keys)) if keys else None
    rows.update((row.id, row) for row in received.by_names(peer, names)) if names else None
    rows.update((row.id, row) for row in received.by_anchors(peer, anchors)) if anchors else None
    if any(t.verb is Verb.MODIFY and t.new and t.new.fields for t in transactions):
        defined = {definition_key(row.entry.type, row.entry.list) for row in rows.values()}
        rows.update((row.id, row) for row in received.by_keys(peer, defined))
    return list(rows.values())


__all__ = ["RowChange", "receive"]
