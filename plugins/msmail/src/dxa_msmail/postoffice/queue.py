"""The transaction queues of a postoffice: REQTRANS, MSTTRANS, SRVTRANS and their like, RESYNC, and attachments.

A queue is records without a head: 24 bytes and a text that a NUL ends (KB Q110496: 60 bytes for a text of 35; KB
Q133428: 49 bytes for the one that is left after an acknowledgement). Which fields a record has is documented (KB
Q96060, LISTQ): a CRC of 16 bits, a date stamp, the sync number, the transaction. Their order and the CRC's algorithm
are not; they are ours, and each record carries our mark.

A text is one transaction in the spelling of the Import text, without its number; its further lines (the second of a
modify, template data) follow after CR LF.
"""

from __future__ import annotations

import re
import struct
from binascii import crc_hqx
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import attrs

from dxa.address import AddressTypes
from dxa.bulk import made
from dxa.entry import Reject, Transaction
from dxa.errors import FormatError
from dxa_msmail import importtext
from dxa_msmail.codepage import encoded
from dxa_msmail.errors import message
from dxa_msmail.importlines import Template
from dxa_msmail.importwrite import write
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import CODE_PAGE, MARK, Basis, Spot
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.subjects import Numbers

REQTRANS = "GLB/REQTRANS.GLB"
MSTTRANS = "GLB/MSTTRANS.GLB"
SRVTRANS = "GLB/SRVTRANS.GLB"
USRTRANS = "GLB/USRTRANS.GLB"
NMETRANS = "GLB/NMETRANS.GLB"
GWTRANS = "GLB/GWTRANS.GLB"
RESYNC = "GLB/RESYNC.GLB"
#: Those that an idle postoffice has empty (KB Q96060).
IDLE_EMPTY = (SRVTRANS, USRTRANS, NMETRANS, GWTRANS)

HEAD_SIZE = 24
#: PODIAG prints sync numbers with ten digits (KB Q110496), as the Import text has them.
HIGHEST = 9_999_999_999
#: KB Q133428: an acknowledged REQTRANS has 49 bytes, so the text of its dummy has 24.
DUMMY_TEXT = "# This keeps the number."

_SOURCE = "KB Q96060 (LISTQ), Q110496"
_HEAD = struct.Struct("<HH4sIIQ")
# What the checksum is of begins with the rest of the head.
_CRC, _REST = struct.Struct("<H"), struct.Struct("<H4sIIQ")
_LONG = struct.Struct("<Q")
_STAMP_LIMIT = 1 << 32
_RECORD = re.compile(rb"(..)(\x18\0%b.{16}[^\0]*\0)" % MARK, re.DOTALL)
_SPLIT = re.compile(r"\r\n(?=[0-9])")
# A further line of a record begins with a blank, a tab, a hyphen or an ampersand; else it would be a record of its own.
_STRAY = re.compile(r"(?!\s*\S)|[ \t]*[^\S \t]|.*[\r\n][^ \t\r\n\-&]", re.DOTALL)
# In texts with a NUL in front of each: one of which nothing would stand behind its number.
_NOTHING = re.compile(r"\0[ \t]*(?![^\s\0])")
_RESYNC = re.compile(r"# IMPSEQ=([0-9]{1,10}) REQSEQ=([0-9]{1,10}) SRVSEQ=([0-9]{1,10})\s*")


def _long(at: int, source: str, doc: str) -> Any:
    spot = Spot(at, 8, "number", lambda data: _LONG.unpack(data)[0], _LONG.pack, Basis.OURS, source, doc)
    return attrs.field(default=0, metadata={"spot": spot})


@layout.record(HEAD_SIZE, "Queue record: the head in front of the text", _SOURCE)
@attrs.frozen(kw_only=True)
class QueueHead:
    """The 24 bytes in front of a text, for the format's page; `read_queue` and `write_queue` do without the class."""

    crc: int = layout.number(0, 2, Basis.OURS, _SOURCE, "CRC-16/XMODEM of all that follows in the record, NUL included")
    head: int = layout.number(2, 2, Basis.OURS, "", "size of the head", default=HEAD_SIZE)
    mark: bytes = layout.mark(4)
    length: int = layout.number(8, 4, Basis.OURS, "", "size of the text with its NUL")
    stamp: int = layout.number(12, 4, Basis.OURS, _SOURCE, "when it was queued, in seconds since 1970 UTC")
    number: int = _long(16, _SOURCE, "sync number, up to ten digits")
    raw: bytes = layout.raw()


class QueueRecord(NamedTuple):
    """One transaction of a queue: its sync number, when it was queued (seconds since 1970), its text."""

    number: int
    stamp: int
    text: str


@attrs.frozen
class BadRecord:
    """A record that cannot be read: which one (from 0), the byte at which it begins, and what is wrong."""

    index: int
    offset: int
    reason: str


@attrs.frozen
class Queue:
    """What a queue says. Nothing behind a bad record can be found, so `bad` has at most one (KB Q103421 #1645)."""

    records: list[QueueRecord] = attrs.field(factory=list)
    bad: list[BadRecord] = attrs.field(factory=list)

    @property
    def last_number(self) -> int:
        """The highest sync number of a good record, 0 without one."""
        return max((record.number for record in self.records), default=0)


def is_queue(data: bytes) -> bool:
    """Whether the bytes begin like a queue that is not empty."""
    return len(data) > HEAD_SIZE and data[2:8] == HEAD_SIZE.to_bytes(2, "little") + MARK


# -- bytes ---------------------------------------------------------------------------------------------------------


def read_queue(data: bytes, source: str = "") -> Queue:
    """The records up to the first bad one, which is reported; no bytes are an empty queue. `source` names the file."""
    rows = _RECORD.findall(data)
    if not rows:
        return _one_by_one(data, source)
    crcs, rests = zip(*rows, strict=True)
    texts = [rest[_REST.size :] for rest in rests]
    heads = b"".join([rest[: _REST.size] for rest in rests])
    sizes, stamps, numbers = (_column(heads, name) for name in ("length", "stamp", "number"))
    if (
        len(data) != sum(sizes) + HEAD_SIZE * len(rests)
        or list(map(len, texts)) != list(sizes)
        or b"".join(crcs) != struct.pack(f"<{len(rests)}H", *map(crc_hqx, rests, repeat(0)))
        or max(numbers) > HIGHEST
    ):
        return _one_by_one(data, source)
    return Queue(list(made(QueueRecord, numbers, stamps, b"".join(texts).decode(CODE_PAGE).split("\0"))))


def _column(heads: bytes, field: str) -> tuple[int, ...]:
    """One number of all heads, which begin behind the CRC: byte by byte is ten times as fast as head by head."""
    spot = layout.layout_of(QueueHead).spots[field]
    cells = bytearray(len(heads) // _REST.size * spot.size)
    for at in range(spot.size):
        cells[at :: spot.size] = heads[spot.at - _CRC.size + at :: _REST.size]
    return struct.unpack(f"<{len(heads) // _REST.size}{'Q' if spot.size == _LONG.size else 'I'}", cells)


def _one_by_one(data: bytes, source: str) -> Queue:
    """The same; this way is slower, and says what is wrong."""
    queue, end, at = Queue(), len(data), 0
    while at < end:
        stop = at + HEAD_SIZE
        if stop >= end:
            return _bad(queue, source, at, "record", f"more than {HEAD_SIZE} bytes", f"{end - at} bytes")
        crc, head, mark, length, stamp, number = _HEAD.unpack_from(data, at)
        stop += length
        if mark != MARK or head != HEAD_SIZE or not length or stop > end or number > HIGHEST:
            return _bad(queue, source, at, *_head_fault(mark, head, length, end - at - HEAD_SIZE, number))
        found = crc_hqx(data[at + 2 : stop], 0)
        if crc != found:
            return _bad(queue, source, at, "crc", f"{found:04X}", f"{crc:04X}")
        if data.find(0, at + HEAD_SIZE, stop) != stop - 1:
            return _bad(queue, source, at, "text", "one NUL, at its end", repr(data[at + HEAD_SIZE : stop][-16:]))
        queue.records.append(QueueRecord(number, stamp, data[at + HEAD_SIZE : stop - 1].decode(CODE_PAGE)))
        at = stop
    return queue


def _head_fault(mark: bytes, head: int, length: int, there: int, number: int) -> tuple[str, str, str]:
    """The field that is wrong, what it should be, and what it is."""
    if mark != MARK:
        return "mark", f"{MARK!r}, as dxa writes", repr(mark)
    if head != HEAD_SIZE:
        return "head", str(HEAD_SIZE), str(head)
    if number > HIGHEST:
        return "number", "up to ten digits", str(number)
    return "length", f"1 to the {there} bytes that are left", str(length)


def _bad(queue: Queue, source: str, at: int, field: str, expected: str, got: str) -> Queue:
    where = f"{source}: " if source else ""
    reason = f"{where}{message(40)}: record {len(queue.records)} at byte {at}, {field}: expected {expected}, got {got}"
    queue.bad.append(BadRecord(len(queue.records), at, reason))
    return queue


def write_queue(records: Iterable[QueueRecord]) -> bytes:
    """The bytes of a queue; raises `FormatError` for a text, number or time that does not fit."""
    records = list(records)
    if not records:
        return b""
    numbers, stamps, texts = zip(*records, strict=True)
    try:
        cells = encoded("\0".join(texts), CODE_PAGE).split(b"\0")
        sizes = [len(cell) + 1 for cell in cells]
        heads = map(_REST.pack, repeat(HEAD_SIZE), repeat(MARK), sizes, stamps, numbers)
        rests = list(map(b"%b%b\0".__mod__, zip(heads, cells, strict=True)))
    except (UnicodeEncodeError, ValueError, struct.error):
        raise _misfit(records) from None
    if max(numbers) > HIGHEST:
        raise _misfit(records)
    crcs = map(_CRC.pack, map(crc_hqx, rests, repeat(0)))
    return b"".join(chain.from_iterable(zip(crcs, rests, strict=True)))


def _misfit(records: Iterable[QueueRecord]) -> FormatError:
    """The error for the first record that does not fit."""
    for index, (number, stamp, text) in enumerate(records):
        try:
            text.encode(CODE_PAGE)
        except UnicodeEncodeError as error:
            got = error.object[error.start : error.end]
            return FormatError(f"record {index}: a character outside the code page", got=got)
        if "\0" in text:
            return FormatError(f"record {index}: a NUL in a transaction", got=text)
        if not (0 <= number <= HIGHEST and 0 <= stamp < _STAMP_LIMIT):
            break
    return FormatError(f"record {index}: number or time out of range", got=f"{number}, {stamp}")


def dummy(number: int, stamp: int) -> QueueRecord:
    """The comment that keeps the number of an acknowledged REQTRANS, in a file of 49 bytes (KB Q133428)."""
    return QueueRecord(number, stamp, DUMMY_TEXT)


def resync_header(numbers: Numbers, stamp: int) -> QueueRecord:
    """The first record of RESYNC.GLB: IMPSEQ, REQSEQ and SRVSEQ (KB Q119449). A comment, in our spelling."""
    text = f"# IMPSEQ={numbers.imp or 0:010d} REQSEQ={numbers.req or 0:010d} SRVSEQ={numbers.srv or 0:010d}"
    return QueueRecord(0, stamp, text)


def resync_numbers(record: QueueRecord) -> Numbers | None:
    """The numbers of a RESYNC header; None when the record is another one."""
    found = _RESYNC.fullmatch(record.text)
    return Numbers(imp=int(found[1]), req=int(found[2]), srv=int(found[3])) if found else None


# -- files ---------------------------------------------------------------------------------------------------------


def read_file(files: Files, name: str) -> Queue:
    """The queue of that name; a missing file is an empty queue."""
    return read_queue(files.read(name) or b"", name)


def last_number(files: Files, name: str) -> int:
    """The highest sync number in a queue, 0 when it is empty or missing; what a bad record hides does not count."""
    return read_file(files, name).last_number


def append(change: Changing, name: str, records: Iterable[QueueRecord]) -> list[BadRecord]:
    """Add records to the end of a queue.

    What lies behind a bad record can never be read, so the new ones take its place; it is returned, to be reported.
    """
    data = change.read(name) or b""
    bad = read_queue(data, name).bad
    change.write(name, data[: bad[0].offset if bad else len(data)] + write_queue(records))
    return bad


# -- transactions --------------------------------------------------------------------------------------------------


def transactions(records: Sequence[QueueRecord], types: AddressTypes) -> importtext.Records:
    """What the records say; the lines of the result are the records' places in the queue, counted from 1.

    A record that cannot be used becomes a reject with its number, and the others are read all the same. Comments,
    such as the dummy, say nothing.
    """
    good, places, rejects = _whole(records)
    text = "\n".join([f"{number} {text}" for number, _, text in good])
    found = importtext.read_text(text, types=types, numbered=True)
    if places is None:
        return found
    whole = importtext.Others(
        lines=[places[line] for line in found.lines],
        transactions=found.transactions,
        templates=[template._replace(line=places[template.line]) for template in found.templates],
    )
    return importtext.Records(
        parts=[whole],
        rejects=sorted([*(r._replace(line=places[r.line]) for r in found.rejects), *rejects], key=lambda r: r.line),
        told=max([found.told, *(reject.number for reject in rejects)]),
    )


def _whole(records: Sequence[QueueRecord]) -> tuple[Sequence[QueueRecord], list[int] | None, list[Reject]]:
    """The records of which each is one, the place of every line of theirs (None: the line is the place), the rest."""
    texts = "\0".join(["", *(record.text for record in records)])
    if not ("\r" in texts or "\n" in texts or _NOTHING.search(texts)):
        return records, None, []
    good: list[QueueRecord] = []
    lines: list[Iterable[int]] = [(0,)]
    rejects: list[Reject] = []
    for place, record in enumerate(records, 1):
        text = record.text
        if _STRAY.match(text):
            rejects.append(Reject(record.number, place, text, 21, message(21)))
            continue
        # Line ends at its end would run together with the one that follows it.
        text = text.rstrip("\r\n")
        good.append(record._replace(text=text))
        lines.append(repeat(place, importtext.lines_in(text)))
    return good, list(chain.from_iterable(lines)), rejects


def queued(
    rows: Iterable[Transaction], stamp: int, *, definitions: Sequence[Template] = (), templates: bool = True
) -> list[QueueRecord]:
    """The records of transactions, each with its own number, and of template definitions, which come first.

    Raises `FormatError` for a name or value that cannot stand in a line. Without `templates` neither definitions nor
    values are written.
    """
    text = write(
        rows, code_page="utf-8", numbered=True, layout="tabs", definitions=definitions, templates=templates
    ).decode()
    pieces = [piece.partition(" ") for piece in _SPLIT.split(text.removesuffix("\r\n"))] if text else []
    return [QueueRecord(int(number), stamp, record) for number, _, record in pieces]
