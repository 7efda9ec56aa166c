"""A queue record by record, also behind records that are damaged: for people who look for what is wrong with it.

Programs that act on a queue stop at the first bad record (`dxa_msmail.postoffice.queue`): what stands behind it may be
about a list whose replacement is lost.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Iterator

import attrs

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import CODE_PAGE, MARK
from dxa_msmail.postoffice.queue import HEAD_SIZE, QueueHead, QueueRecord

_START = HEAD_SIZE.to_bytes(2, "little") + MARK


@attrs.frozen(kw_only=True)
class Seen:
    """One place of a queue: the byte at which it begins, and the record there, None where none can be told.

    `crc` is the checksum that stands in the record, `computed` the one that its bytes have; `problem` says what is
    wrong, and is empty when nothing is.
    """

    offset: int
    record: QueueRecord | None = None
    crc: int = 0
    computed: int = 0
    problem: str = ""

    @property
    def crc_fits(self) -> bool:
        """Whether the record is what was written."""
        return self.crc == self.computed


def scan(data: bytes) -> Iterator[Seen]:
    """Everything in the bytes of a queue, in order; behind rubble it goes on with the next bytes that begin a record.

    A record with another checksum is shown with its problem, for all else in it can still be read.
    """
    at = 0
    while at < len(data):
        seen, end = _look(data, at)
        yield seen
        at = end


def _look(data: bytes, at: int) -> tuple[Seen, int]:
    try:
        head = layout.decode(QueueHead, data, at=at)
    except FormatError as error:
        return _rubble(data, at, str(error))
    text, end = data[at + HEAD_SIZE : at + HEAD_SIZE + head.length], at + HEAD_SIZE + head.length
    if head.head != HEAD_SIZE or len(text) != head.length or text.find(b"\0") != head.length - 1:
        found = "nothing" if not text else repr(text[-16:])
        return _rubble(data, at, f"text: expected {head.length} bytes with one NUL, at their end, got {found}")
    computed = crc_hqx(data[at + 2 : end], 0)
    problem = "" if computed == head.crc else f"crc: expected {computed:04X}, got {head.crc:04X}"
    record = QueueRecord(head.number, head.stamp, text[:-1].decode(CODE_PAGE))
    return Seen(offset=at, record=record, crc=head.crc, computed=computed, problem=problem), end


def _rubble(data: bytes, at: int, why: str) -> tuple[Seen, int]:
    """What is no record, up to where the next one may begin."""
    found = data.find(_START, at + len(_START))
    end = len(data) if found < 2 else max(found - 2, at + 1)
    return Seen(offset=at, problem=f"no record in bytes {at} to {end - 1}: {why}"), end
