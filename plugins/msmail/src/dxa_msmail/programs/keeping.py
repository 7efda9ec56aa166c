"""What a postoffice's requestor keeps: queues that wait, in REQTRANS for the server and in SRVTRANS for Import."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import chain, repeat

import attrs

from dxa.address import AddressTypes
from dxa.bulk import made
from dxa.entry import Reject, Transaction, Verb, list_entry
from dxa.ledger.answer import ListKey
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.importtext import Others, Records
from dxa_msmail.ordinary import Run
from dxa_msmail.postoffice import queue
from dxa_msmail.postoffice.dirsyncconf import Reqconf
from dxa_msmail.postoffice.layout import CORRUPT
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.queue import REQTRANS, RESYNC, SRVTRANS, Queue, QueueRecord
from dxa_msmail.postoffice.shelves import places
from dxa_msmail.programs.telling import of_others, own_told, renumbered
from dxa_msmail.requestor.answers import Answer
from dxa_msmail.requestor.lists import export, list_key
from dxa_msmail.requestor.taking import own_key

_NO_FILE = 2


@attrs.define
class QueueKeeping:
    """Keeps answers in SRVTRANS until Import takes them, and the own changes in REQTRANS until the server has them.

    `own` is ``NET/PO``; `now` is the time in whole seconds that new records get. What is written belongs to one change
    with the numbers.
    """

    change: Changing
    own: str
    conf: Reqconf
    types: AddressTypes
    now: int
    #: What is in REQTRANS now.
    requests: Queue = attrs.field(init=False)
    #: The highest number that was queued; a REQTRANS that ends with a lower one has lost something.
    last: int = attrs.field(init=False)
    #: Which SRVTRANS belongs to the numbers now (see `Reqconf`).
    waiting: int = attrs.field(init=False)
    #: What was in SRVTRANS before and is not any more, as number and text, so that everything must be asked for anew.
    lost: tuple[int, str] = attrs.field(default=(0, ""), init=False)

    def __attrs_post_init__(self) -> None:
        self.requests = queue.read_file(self.change, REQTRANS)
        self.last = max(self.conf.last, self.requests.last_number)
        self.waiting = self.conf.waiting

    def apply(self, answer: Answer, *, full: bool) -> Sequence[Reject]:
        """See `Keeping`: Import says what cannot be used, when it comes to it."""
        new = queue.write_queue([*(self._replaced(answer) if full else ()), *self._queued(answer.records)])
        if full:
            self.lost = 0, ""
        else:
            new = self._before() + new
        self.change.write(SRVTRANS, new)
        self.waiting = zlib.crc32(new)
        return []

    def _before(self) -> bytes:
        """What waits in SRVTRANS already; of a queue that has lost something no list is replaced."""
        lost = lost_answers(self.change, self.waiting)
        if not lost[1]:
            return self.change.read(SRVTRANS) or b""
        self.lost = lost
        return queue.write_queue(r for r in queue.read_file(self.change, SRVTRANS).records if r.text[:1] != "R")

    def _queued(self, records: Records) -> list[QueueRecord]:
        """The records as they came, which costs half as much as writing them anew."""
        wanted = self.conf.templates_in
        queued = queue.queued((), self.now, definitions=records.templates, templates=wanted)
        for part in records.parts:
            rows = () if isinstance(part, Run) else part.transactions
            if all(row.raw and (wanted or not row.side.fields) for row in rows):
                queued += made(QueueRecord, part.numbers, repeat(self.now), part.raws)
            else:
                queued += queue.queued(rows, self.now, templates=wanted)
        return queued

    def drop(self, upto: int) -> None:
        """See `Keeping`; one comment stays, which keeps the number (KB Q133428: a file of 49 bytes)."""
        if self.requests.bad:
            return  # the next request notices what is lost, and exports
        rest = [record for record in self.requests.records if record.number > upto and not is_comment(record)]
        self._store(rest or [queue.dummy(max(self.requests.last_number, upto), self.now)])

    def export(self, above: int) -> None:
        """See `Keeping`: a replace of the own list, then everybody who is in directory synchronization.

        What waits for the server about other lists goes on waiting, behind it.
        """
        waiting = [r for r in self.requests.records if r.number > self.conf.acked]
        rows = export((MS.name, self.own), own_told(self.change, self.conf), above + 1)
        records = queue.queued(rows, self.now, templates=self.conf.templates_out)
        self._store([*records, *renumbered(of_others(waiting, self.own), records[-1].number + 1)])
        self.last = self.requests.last_number

    def _store(self, records: list[QueueRecord]) -> None:
        self.requests = Queue(records)
        self.change.write(REQTRANS, queue.write_queue(records))

    def _replaced(self, answer: Answer) -> list[QueueRecord]:
        """Replaces of the lists that a full answer does not name, so that nothing is left behind of any of them.

        Of the types that were not asked for the server says nothing, so their lists stay as they are.
        """
        others = chain.from_iterable(part.transactions for part in answer.records.parts if isinstance(part, Others))
        told = {list_key(row.side) for row in others if row.verb is Verb.REPLACE}
        skip = {*told, own_key(self.own)}
        wanted = wanted_types(self.conf, self.types)
        number = min(answer.records.numbers, default=answer.reply.s)
        rows = [
            Transaction(number, Verb.REPLACE, None, list_entry(type_, name))
            for (type_, key), name in sorted(self._held().items())
            if type_ in wanted and not skip & {(type_, key), (type_, ""), ("", "")}
        ]
        return queue.queued(rows, self.now)

    def _held(self) -> dict[ListKey, str]:
        """Every list of others with its name as it is written: those that are there, and those that RESYNC brings."""
        held = {key: place.list for key, place in places(self.change).items()}
        # Import takes RESYNC.GLB before SRVTRANS.GLB (KB Q119449).
        resync = queue.read_file(self.change, RESYNC)
        for row in queue.transactions(resync.records, self.types).transactions:
            if row.new is not None:
                held.setdefault(list_key(row.new), row.new.list)
        return held


def wanted_types(conf: Reqconf, types: AddressTypes) -> set[str]:
    """The address types that the requestor asks for, of which the server tells everything."""
    return {types.get(name).name for name in conf.type_names or ("PCM",)}


def lost_answers(files: Files, waiting: int) -> tuple[int, str]:
    """Why SRVTRANS is not the one that belongs to the numbers (see `Reqconf`), with its number; nothing when it is.

    Answers that were taken are nowhere else: the server goes on from the number that the requestor has.
    """
    data = files.read(SRVTRANS)
    if data is None:
        return _NO_FILE, f"{error_text(_NO_FILE)}: {SRVTRANS}; what was in it is lost"
    if zlib.crc32(data) != waiting:
        return CORRUPT, f"{error_text(CORRUPT)}: {SRVTRANS} is not as it was left"
    return 0, ""


def is_comment(record: QueueRecord) -> bool:
    """Whether the record says nothing, as the one that keeps a number."""
    return record.text.startswith("#")
