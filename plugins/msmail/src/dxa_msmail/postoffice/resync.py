"""RESYNC.GLB: everything that a directory server has, as a file that a person brings (KB Q119449, Q150976).

It is a queue. Its first record has the numbers that whoever takes the file goes on from; the others are a replace for
each list, and an add for everybody in it.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from dxa.address import AddressTypes
from dxa.dirsync.messages import Reply
from dxa.entry import Reject, Transaction
from dxa.errors import FormatError
from dxa_msmail.errors import message as error_text
from dxa_msmail.importlines import Template
from dxa_msmail.importtext import Records
from dxa_msmail.postoffice import queue
from dxa_msmail.postoffice.queue import Queue, QueueRecord
from dxa_msmail.subjects import Numbers

#: What such a file is called, wherever it lies.
FILE = "RESYNC.GLB"

#: The comment that the file ends with; its number is SRVSEQ.
END = "# This is the end."

_BAD = 14


@attrs.frozen(kw_only=True)
class Resync:
    """What a file says: its numbers, and its records. It is not `complete` when its end cannot be read."""

    reply: Reply
    records: Records


def is_resync(data: bytes) -> bool:
    """Whether these are the bytes of such a file, whole or not."""
    return queue.is_queue(data) and _numbers(queue.read_queue(data)) is not None


def read(data: bytes, types: AddressTypes, source: str = FILE) -> Resync:
    """What stands in a file; records that cannot be used are rejects. Raises `FormatError` 14 without its numbers."""
    found = queue.read_queue(data, source)
    numbers = _numbers(found)
    if numbers is None:
        raise FormatError(
            error_text(_BAD), source=source, expected="IMPSEQ, REQSEQ and SRVSEQ in the first record", code=_BAD
        )
    records = queue.transactions(found.records, types).defined()
    bad = [Reject(0, each.index + 1, "", _BAD, each.reason) for each in found.bad]
    whole = not found.bad and is_whole(found)
    reply = Reply(r=numbers.req or 0, s=numbers.srv or 0, was=0, i=numbers.imp or 0, complete=whole)
    return Resync(reply=reply, records=attrs.evolve(records, rejects=[*records.rejects, *bad]))


def is_whole(found: Queue) -> bool:
    """Whether the file goes on to the number that its first record announces: one cut between records does not."""
    numbers = _numbers(found)
    return numbers is not None and found.last_number == numbers.srv


def write(
    reply: Reply,
    rows: Iterable[Transaction],
    stamp: int,
    *,
    definitions: Iterable[Template] = (),
    templates: bool = False,
) -> tuple[bytes, list[tuple[str, str]]]:
    """The bytes of a file, and the entries, by key with the reason, that no queue can hold: the others are in it.

    `stamp` is when it is made, in seconds since 1970; `templates` says whether template values go along.
    """
    rows = list(rows)
    numbers = Numbers(imp=reply.i, req=reply.r, srv=reply.s)
    head, refused = [queue.resync_header(numbers, stamp)], list[tuple[str, str]]()
    end = [QueueRecord(reply.s, stamp, END)]
    try:
        records = queue.queued(rows, stamp, definitions=list(definitions), templates=templates)
        return queue.write_queue([*head, *records, *end]), refused
    except FormatError:
        good: list[QueueRecord] = []
        for row in rows:
            try:
                one = queue.queued([row], stamp, templates=templates)
                queue.write_queue(one)
                good += one
            except FormatError as error:
                refused.append((row.side.key or f"{row.side.type}:{row.side.address}", str(error)))
        return queue.write_queue([*head, *good, *end]), refused


def _numbers(found: Queue) -> Numbers | None:
    return queue.resync_numbers(found.records[0]) if found.records else None
