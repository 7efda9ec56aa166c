"""What ``dxa dump`` shows of the files of a postoffice: rows of plain values, by the catalog's kinds of files.

Every row has the offset of what it shows. A record that cannot be read is a row of the kind ``reject``, what makes the
rest of a file unreadable is one of the kind ``error``. Marks and checks of good records are shown as ``ok``, passwords
only as whether there is one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

from dxa.connector import Decoder
from dxa.errors import FormatError
from dxa_msmail import dump
from dxa_msmail.dump import Row, when
from dxa_msmail.importtext import split_lines
from dxa_msmail.postoffice import (
    galindex,
    grouprecords,
    inf,
    layout,
    mailbag,
    mailfiles,
    names,
    seen,
    served,
    templates,
)
from dxa_msmail.postoffice.catalog import KINDS, FileKind, gaps
from dxa_msmail.postoffice.layout import CODE_PAGE, CORRUPT, MARK
from dxa_msmail.postoffice.maildata import MemoryFiles

#: Rows with a number become rows of a table on the screen; wider ones are shown as lists.
WIDEST = 9

# KB Q107767: a tuple id and the offset of the next member.
_NODE = struct.Struct("<II")

R = TypeVar("R")
Walk = Callable[[bytes], Iterator[Row]]


def decoders() -> list[Decoder]:
    """A decoder for each kind of file, recognised by folder and name."""
    return [
        Decoder(name=f"msmail-{kind.name}", sniff=lambda _data: False, decode=partial(rows, kind), names=kind.places)
        for kind in KINDS
    ]


def rows(kind: FileKind, data: bytes) -> Iterator[Row]:
    """All that a file of this kind holds; the first row says what it is."""
    yield {"kind": "file", "title": kind.title, "size": len(data)}
    try:
        yield from _WALKS[kind.name](data) if kind.name in _WALKS else _fixed(kind, data)
    except FormatError as error:
        yield _bad("error", max(error.offset, 0), error)


# -- fixed records -------------------------------------------------------------------------------------------------


def _fixed(kind: FileKind, data: bytes) -> Iterator[Row]:
    if not isinstance(kind.head, int):
        yield from _records(kind.head, data[: kind.head_size], "head")
    elif kind.head:
        yield _short_head(data)
    if kind.record:
        yield from _records(kind.record, data, kind.name, kind.head_size)


def _short_head(data: bytes) -> Row:
    """Four bytes: the chain of deleted records, which ours do not have, or our mark."""
    if len(data) < len(MARK):
        raise layout.corrupt("", 0, "size", f"{len(MARK)} bytes or more", f"{len(data)} bytes")
    head = data[: len(MARK)]
    return {"kind": "head", "offset": 0, **({"mark": "ok"} if head == MARK else {"bytes": head.hex()})}


def _records(cls: type[Any], data: bytes, kind: str, head: int = 0) -> Iterator[Row]:
    """A row for each record; one that cannot be read leaves the others alone."""
    spec = layout.layout_of(cls)
    holes = list(gaps(cls))
    for number, at in enumerate(range(head, len(data), spec.size), 1):
        place = {"number": number} if len(spec.spots) <= WIDEST and len(data) > head + spec.size else {}
        try:
            value = layout.decode(cls, data, at=at)
        except FormatError as error:
            yield _bad("reject" if len(data) - at >= spec.size else "error", at, error)
            continue
        row: Row = {"kind": kind, **place, "offset": at, **_fields(value)}
        other = sum(byte != 0 for begin, size in holes for byte in data[at + begin : at + begin + size])
        yield row | {"unknown": f"{other} bytes that are not zero"} if other else row


def _fields(value: Any) -> Row:
    spots = layout.layout_of(type(value)).spots
    return {_key(name): _shown(name, spot.kind, getattr(value, name)) for name, spot in spots.items()}


def _key(name: str) -> str:
    return "type" if name == "kind" else name


def _shown(name: str, kind: str, value: Any) -> object:
    if kind in ("mark", "check") or (name == "mark" and value == MARK):
        return "ok"
    if name.startswith("password"):
        return any(value) if isinstance(value, bytes) else bool(value)
    if isinstance(value, bytes):
        return value.hex() if any(value) else ""
    return value


def _bad(kind: str, at: int, error: FormatError) -> Row:
    expected = f": expected {error.expected}, got {error.got}" if error.expected else ""
    reason = ", ".join(filter(None, [error.field, error.reason]))
    return {"kind": kind, "offset": at, "code": error.code or CORRUPT, "reason": f"{reason}{expected}"}


def _head(cls: type[R], data: bytes) -> tuple[R, Row]:
    value = layout.decode(cls, data)
    return value, {"kind": "head", "offset": 0, **_fields(value)}


# -- files of other forms ------------------------------------------------------------------------------------------


def _process(data: bytes) -> Iterator[Row]:
    kind = next(kind for kind in KINDS if kind.name == "process")
    if data == bytes(kind.head_size):  # KB Q136487: an empty schedule
        return iter([{"kind": "head", "offset": 0, "entries": 0}])
    return _fixed(kind, data)


def _queue(data: bytes) -> Iterator[Row]:
    # TMPTRANS.GLB is text (KB Q118298).
    return dump.rows(data) if dump.sniff(data) else dump.queue_rows(data)


def _addresses(data: bytes) -> Iterator[Row]:
    yield _short_head(data)
    for number, (at, row) in enumerate(names.read_addresses(data, "").items(), 1):
        yield {"kind": "address", "number": number, "offset": at, "mark": "ok", **row._asdict()}


def _grp(data: bytes) -> Iterator[Row]:
    for number, (tid, after) in enumerate(_NODE.iter_unpack(data[: len(data) // _NODE.size * _NODE.size]), 1):
        yield {"kind": "member", "number": number, "offset": (number - 1) * _NODE.size, "tid": tid, "next": after}
    if not data or len(data) % _NODE.size:
        at = len(data) - len(data) % _NODE.size
        raise layout.corrupt("", at, "size", f"n × {_NODE.size} bytes, n > 0", f"{len(data)} bytes")


def _mem(data: bytes) -> Iterator[Row]:
    for number, number_of_bag in enumerate(grouprecords.read_mem(data, ""), 1):
        yield {"kind": "member", "number": number, "offset": 4 * (number - 1), "mailbag": number_of_bag}


def _galindex(data: bytes) -> Iterator[Row]:
    starts, entries = galindex.read_index(data)
    for n, (letter, start) in enumerate(zip(galindex.LETTERS, starts, strict=True)):
        end = starts[n + 1] if n + 1 < len(starts) else len(entries)
        yield {"kind": "letter", "number": n + 1, "offset": 4 * n, "letter": letter, "entries": end - start}
    at = 4 * len(galindex.LETTERS)
    for n, entry in enumerate(entries):
        yield {"kind": "entry", "number": n + 1, "offset": at + 6 * n, "word": entry.word, "name_at": entry.offset}


def _mbg(data: bytes) -> Iterator[Row]:
    size = layout.layout_of(mailbag.Header).size
    for number, at in enumerate(range(0, len(data), size), 1):
        try:
            header = layout.decode(mailbag.Header, data, at=at)
        except FormatError as error:
            yield _bad("error", at, error)
            return
        yield {
            "kind": "header",
            "number": number,
            "offset": at,
            "sender": header.sender,
            "subject": header.subject,
            "sent": header.sent and header.sent.isoformat(timespec="minutes"),
            "stem": header.stem,
            "arrived": when(header.stamp) if header.mark == MARK else None,
        }


def _key_file(data: bytes) -> Iterator[Row]:
    layout.check_size(mailbag.Key, data)
    for row in _records(mailbag.Key, data, "index"):
        deleted = int.from_bytes(data[layout.layout_of(mailbag.Key).spots["deleted"].at :], "little")
        yield row | {"deleted": _ranges(n for n in range(mailbag.MOST) if deleted >> n & 1)}


def _ranges(numbers: Iterable[int]) -> list[str]:
    """Numbers in words: 0-4, 7."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return [f"{run[0]}-{run[-1]}" if run[1:] else f"{run[0]}" for run in runs]


def _mai(data: bytes) -> Iterator[Row]:
    mai = mailfiles.read_mai(data, "")
    yield {"kind": "head", "offset": 0, **_fields(mai.head)}
    yield {
        "kind": "letter",
        "offset": layout.layout_of(mailfiles.MaiHead).size,
        "sender": mai.sender,
        "to": list(mai.to),
        "subject": mai.subject,
        "priority": mai.priority,
        "extra": dict(mai.extra),
        "attachments": [each.stem for each in mai.attachments],
        "size": len(mai.body),
    }
    yield from dump.rows(mai.body)


def _att(data: bytes) -> Iterator[Row]:
    name, content, _ = mailfiles.read_att(data, "")
    yield _head(mailfiles.AttHead, data)[1]
    yield {"kind": "attachment", "offset": len(data) - len(content), "name": name, "size": len(content)}
    yield from dump.rows(content)


def _p1(data: bytes) -> Iterator[Row]:
    p1 = mailfiles.read_p1(data, "")
    yield {"kind": "head", "offset": 0, **_fields(p1.head)}
    at = layout.layout_of(mailfiles.P1Head).size
    yield {"kind": "envelope", "offset": at, "sender": p1.sender, "recipients": list(p1.recipients)}


def _tpl(data: bytes) -> Iterator[Row]:
    template = templates.parse(data)
    fields = iter(template.fields)
    for line, text in enumerate(template.lines, 1):
        if line in template.bad:
            reason = "expected Prompt:~start~width~edit~default~internal"
            yield {"kind": "reject", "line": line, "code": 38, "reason": reason, "text": text}
        elif text.strip():
            yield {"kind": "field", "line": line, **next(fields)._asdict()}


def _inf(data: bytes) -> Iterator[Row]:
    if not data:
        return
    head, row = _head(inf.InfHead, data)
    yield row
    if head.size <= 4 or (len(data) - inf.HEAD) % head.size:
        at = len(data) - (len(data) - inf.HEAD) % max(head.size, 1)
        raise layout.corrupt("", at, "size", f"{inf.HEAD} + n × {head.size} bytes", f"{len(data)} bytes")
    for number, at in enumerate(range(inf.HEAD, len(data), head.size), 1):
        values = [text.decode(CODE_PAGE) for text in data[at + 4 : at + head.size].split(b"\0") if text]
        tid = int.from_bytes(data[at : at + 4], "little")
        yield {"kind": "values", "number": number, "offset": at, "tid": tid, "values": values}


def _seen(data: bytes) -> Iterator[Row]:
    yield _head(seen.SeenHead, data)[1]
    at = layout.layout_of(seen.SeenHead).size
    for n, (digest, stamp) in enumerate(seen.taken(MemoryFiles({seen.SEEN: data}))):
        yield {"kind": "taken", "number": n + 1, "offset": at + 20 * n, "digest": digest, "taken": when(stamp)}


def _served(data: bytes) -> Iterator[Row]:
    yield _head(served.ServedHead, data)[1]
    for number, (fact, *values) in enumerate(served.facts(data), 1):
        yield {"kind": fact, "number": number, "values": values}


def _text(data: bytes) -> Iterator[Row]:
    for line, text in enumerate(split_lines(data), 1):
        if text:
            yield {"kind": "line", "line": line, "text": text}


def _aside(data: bytes) -> Iterator[Row]:
    return dump.rows(data) if dump.sniff(data) else _text(data)


_WALKS: dict[str, Walk] = {
    "process": _process,
    "queue": _queue,
    "grp": _grp,
    "mem": _mem,
    "galnetpo": _addresses,
    "gateway": _addresses,
    "galindex": _galindex,
    "mbg": _mbg,
    "key": _key_file,
    "mai": _mai,
    "att": _att,
    "p1": _p1,
    "tpl": _tpl,
    "inf": _inf,
    "seen": _seen,
    "served": _served,
    "log": _text,
    "journal": _text,
    "aside": _aside,
}
