"""Digests of the mail that was taken, so that mail which comes twice counts once (DXA/SEEN).

Whoever takes mail stores its digest together with its effect. A crash before the mail is marked as deleted where it
came from brings it again, and a known digest says that only the mark is left to do.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import attrs

from dxa_msmail.postoffice.layout import (
    Basis,
    check,
    corrupt,
    decode_plain,
    encode,
    layout_of,
    mark,
    number,
    raw,
    record,
)
from dxa_msmail.postoffice.maildata import OWN, Changing, Files

SEEN = f"{OWN}/SEEN"
#: So many are kept, the newest; that is more than all mailbags of a postoffice with four neighbours hold.
KEPT = 20_000
#: Beyond these all of the last so many seconds are kept, for whoever brought the mail may not have come to delete it.
YOUNG = 86_400
#: And never more than so many.
MOST = 200_000

_DIGEST, _RECORD = 16, 20


@record(32, "Digests of taken mail (DXA/SEEN), its head")
@attrs.frozen(kw_only=True)
class SeenHead:
    """What the file begins with; records of a digest (16) and the time in seconds since 1970 (4) follow."""

    raw: bytes = raw()
    mark: bytes = mark(0x00)
    check: int = check(0x04)
    count: int = number(0x08, 4, Basis.OURS, "", "number of records, the oldest first")
    crc: int = number(0x0C, 4, Basis.OURS, "", "CRC-32 of the records")


def known(files: Files, digests: Iterable[str]) -> set[str]:
    """Those of the digests whose mail was taken; raises `FormatError` 40."""
    wanted = {bytes.fromhex(digest): digest for digest in digests}
    return {wanted[digest] for digest in wanted.keys() & _digests(_records(files))} if wanted else set()


def remembered(files: Files) -> set[str]:
    """All of them, for whoever is going to ask for many; raises `FormatError` 40."""
    return {digest.hex() for digest in _digests(_records(files))}


def _digests(records: bytes) -> set[bytes]:
    return {records[at : at + _DIGEST] for at in range(0, len(records), _RECORD)}


def remember(change: Changing, digests: str | Iterable[str], now: float) -> None:
    """Store that the mail with these digests was taken, as one change with its effect; raises `FormatError` 40."""
    new = [bytes.fromhex(digest) for digest in ([digests] if isinstance(digests, str) else digests)]
    if not new:
        return
    stamp = (int(now) & 0xFFFFFFFF).to_bytes(4, "little")
    records = _records(change) + b"".join(digest + stamp for digest in new)
    records = records[-_kept(records, int(now)) * _RECORD :]
    head = SeenHead(count=len(records) // _RECORD, crc=zlib.crc32(records))
    change.write(SEEN, encode(head) + records)


def _kept(records: bytes, now: int) -> int:
    """How many of the records are to be kept."""
    count = min(len(records) // _RECORD, MOST)
    while count > KEPT:
        at = len(records) - count * _RECORD + _DIGEST
        if int.from_bytes(records[at : at + 4], "little") > now - YOUNG:
            break
        count -= 1
    return count


def taken(files: Files) -> list[tuple[str, int]]:
    """All digests with their times, the oldest first; raises `FormatError` 40."""
    records = _records(files)
    return [
        (records[at : at + _DIGEST].hex(), int.from_bytes(records[at + _DIGEST : at + _RECORD], "little"))
        for at in range(0, len(records), _RECORD)
    ]


def _records(files: Files) -> bytes:
    data = files.read(SEEN)
    if data is None:
        return b""
    head = decode_plain(SeenHead, data, source=SEEN)
    at = layout_of(SeenHead).size
    if len(data) != at + head.count * _RECORD:
        raise corrupt(SEEN, at, "size", f"{at + head.count * _RECORD} bytes", f"{len(data)} bytes")
    records = data[at:]
    if zlib.crc32(records) != head.crc:
        raise corrupt(SEEN, at, "crc", f"{head.crc:08X}", f"{zlib.crc32(records):08X}")
    return records
