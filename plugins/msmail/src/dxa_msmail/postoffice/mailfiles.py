"""The files of one letter: its text (MAI), its attachments (ATT) and its envelope (P1).

Microsoft's are encrypted and not published (KB Q130322), but for the WORD that counts the mailbags in which a letter
lies (KB Q104423). These are ours, with a mark: a head with a checksum, and behind it texts, each ended by a NUL, and
bytes, with a checksum of their own, so that counting needs no look at them. A file that differs from its checksums
raises `FormatError` 40 which names it, the offset and the field.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from itertools import islice

import attrs

from dxa.errors import FormatError
from dxa_msmail.postoffice.layout import (
    CODE_PAGE,
    Basis,
    check,
    corrupt,
    decode,
    decode_plain,
    encode,
    layout_of,
    mark,
    number,
    raw,
    record,
)

_REFERENCE = re.compile("([0-9A-F]{8})([0-9A-F]{8})")


@record(64, "Letter (MAI), its head", "KB Q104423; the rest is ours")
@attrs.frozen(kw_only=True)
class MaiHead:
    """What a MAI begins with."""

    raw: bytes = raw()
    mark: bytes = mark(0x00)
    check: int = check(0x04)
    hops: int = number(0x08, 1, Basis.OURS, "", "so many postoffices has it passed; their names are the last texts")
    count: int = number(0x0B, 2, Basis.DOCUMENTED, "KB Q104423", "number of mailbags that still point to it")
    minute: int = number(0x10, 2, Basis.OURS, "", "when it was sent, local: minute")
    hour: int = number(0x12, 2, Basis.OURS, "", "hour")
    day: int = number(0x14, 2, Basis.OURS, "", "day")
    month: int = number(0x16, 2, Basis.OURS, "", "month")
    year: int = number(0x18, 2, Basis.OURS, "", "year with its century")
    recipients: int = number(0x1C, 2, Basis.OURS, "", "number of recipients")
    extra: int = number(0x1E, 2, Basis.OURS, "", "number of headers beyond those of FFAPI")
    attachments: int = number(0x20, 2, Basis.OURS, "", "number of attachments")
    texts: int = number(0x24, 4, Basis.OURS, "", "bytes of the texts")
    body: int = number(0x28, 4, Basis.OURS, "", "bytes of the body, behind the texts")
    crc: int = number(0x2C, 4, Basis.OURS, "", "CRC-32 of all that follows the head")


@record(32, "Attachment (ATT), its head", "KB Q77926; the bytes are ours")
@attrs.frozen(kw_only=True)
class AttHead:
    """What an ATT begins with; its name and its bytes follow."""

    raw: bytes = raw()
    mark: bytes = mark(0x00)
    check: int = check(0x04)
    name: int = number(0x08, 2, Basis.OURS, "", "bytes of the name, with its NUL")
    size: int = number(0x0C, 4, Basis.OURS, "", "bytes of the attachment, behind the name")
    crc: int = number(0x10, 4, Basis.OURS, "", "CRC-32 of all that follows the head")


@record(32, "Envelope (P1), its head", "KB Q77628, Q100826; the bytes are ours")
@attrs.frozen(kw_only=True)
class P1Head:
    """What a P1 begins with; the sender and the recipients follow."""

    raw: bytes = raw()
    mark: bytes = mark(0x00)
    check: int = check(0x04)
    recipients: int = number(0x08, 2, Basis.OURS, "", "number of recipients")
    size: int = number(0x0C, 4, Basis.OURS, "", "bytes that follow the head")
    crc: int = number(0x10, 4, Basis.OURS, "", "CRC-32 of all that follows the head")


@attrs.frozen
class Reference:
    """An attachment of a letter: what its file is called, and the CRC-32 that stands in its head."""

    stem: str
    crc: int

    def __str__(self) -> str:
        return f"{self.stem}{self.crc:08X}"


@attrs.frozen(kw_only=True)
class Mai:
    """A MAI: `head` with the time and the count, and what follows it.

    `extra` are headers, each with its value; `trace` are the postoffices that it has passed, ``NET/PO``.
    """

    head: MaiHead
    sender: str
    subject: str
    priority: str
    to: tuple[str, ...]
    extra: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Reference, ...] = ()
    trace: tuple[str, ...] = ()
    body: bytes = b""


@attrs.frozen
class P1:
    """An envelope: who sent the letter, and who is still to get it."""

    sender: str
    recipients: tuple[str, ...]
    head: P1Head = attrs.field(factory=P1Head, eq=False)


# -- names ---------------------------------------------------------------------------------------------------------


def mai_name(stem: str) -> str:
    """``MAI/MA2/00000062.MAI``: the folder is the last digit of the name (KB Q108027)."""
    return f"MAI/MA{stem[-1:]}/{stem}.MAI"


def att_name(stem: str) -> str:
    """``ATT/AT3/00000063.ATT``."""
    return f"ATT/AT{stem[-1:]}/{stem}.ATT"


def p1_name(stem: str) -> str:
    """``P1/00000062.P1``."""
    return f"P1/{stem}.P1"


# -- MAI -----------------------------------------------------------------------------------------------------------


def mai_head(data: bytes | None, source: str) -> MaiHead:
    """The head alone, without a look at what follows."""
    return decode(MaiHead, _there(data, source), source=source)


def read_mai(data: bytes | None, source: str) -> Mai:
    """The letter in a MAI; None is a file that is missing, which is an error, too."""
    data = _there(data, source)
    head = mai_head(data, source)
    at = layout_of(MaiHead).size
    _check(data, at, head.texts + head.body, head.crc, source)
    sizes = (3, head.recipients, 2 * head.extra, head.attachments, head.hops)
    texts = iter(_texts(data[at : at + head.texts], sum(sizes), at, source))
    first, to, extra, references, trace = (list(islice(texts, size)) for size in sizes)
    return Mai(
        head=head,
        sender=first[0],
        subject=first[1],
        priority=first[2],
        to=tuple(to),
        extra=tuple(zip(extra[::2], extra[1::2], strict=True)),
        attachments=tuple(_reference(text, at, source) for text in references),
        trace=tuple(trace),
        body=data[at + head.texts :],
    )


def _reference(text: str, at: int, source: str) -> Reference:
    found = _REFERENCE.fullmatch(text)
    if not found:
        raise corrupt(source, at, "attachments", "16 hexadecimal digits", text)
    return Reference(found[1], int(found[2], 16))


def write_mai(mai: Mai) -> bytes:
    """The bytes of a MAI; raises `FormatError` for text that the code page does not have."""
    extra = [text for pair in mai.extra for text in pair]
    texts = _packed([mai.sender, mai.subject, mai.priority, *mai.to, *extra, *map(str, mai.attachments), *mai.trace])
    head = attrs.evolve(
        mai.head,
        hops=len(mai.trace),
        recipients=len(mai.to),
        extra=len(mai.extra),
        attachments=len(mai.attachments),
        texts=len(texts),
        body=len(mai.body),
        crc=zlib.crc32(mai.body, zlib.crc32(texts)),
    )
    return b"".join([encode(head), texts, mai.body])


def recounted(data: bytes, source: str, by: int) -> tuple[bytes, int]:
    """The MAI with its count of mailbags changed by so much, and the new count; it does not fall below 0."""
    head = mai_head(data, source)
    count = max(0, head.count + by)
    return encode(attrs.evolve(head, count=count)) + data[layout_of(MaiHead).size :], count


# -- ATT and P1 ----------------------------------------------------------------------------------------------------


def read_att(data: bytes | None, source: str) -> tuple[str, bytes, int]:
    """Name, bytes and CRC-32 of an attachment."""
    data = _there(data, source)
    head = decode_plain(AttHead, data, source=source)
    at = layout_of(AttHead).size
    _check(data, at, head.name + head.size, head.crc, source)
    (name,) = _texts(data[at : at + head.name], 1, at, source)
    return name, data[at + head.name :], head.crc


def write_att(name: str, data: bytes) -> tuple[bytes, int]:
    """The bytes of an ATT, and the CRC-32 by which its MAI knows it."""
    text = _packed([name])
    crc = zlib.crc32(data, zlib.crc32(text))
    return b"".join([encode(AttHead(name=len(text), size=len(data), crc=crc)), text, data]), crc


def read_p1(data: bytes | None, source: str) -> P1:
    """The envelope."""
    data = _there(data, source)
    head = decode(P1Head, data, source=source)
    at = layout_of(P1Head).size
    _check(data, at, head.size, head.crc, source)
    sender, *recipients = _texts(data[at:], 1 + head.recipients, at, source)
    return P1(sender, tuple(recipients), head)


def write_p1(p1: P1) -> bytes:
    """The bytes of a P1."""
    texts = _packed([p1.sender, *p1.recipients])
    head = attrs.evolve(p1.head, recipients=len(p1.recipients), size=len(texts), crc=zlib.crc32(texts))
    return encode(head) + texts


# -- what they share -----------------------------------------------------------------------------------------------


def _there(data: bytes | None, source: str) -> bytes:
    if data is None:
        raise corrupt(source, 0, "file", "a file", "no file")
    return data


def _check(data: bytes, at: int, size: int, crc: int, source: str) -> None:
    if len(data) - at != size:
        raise corrupt(source, min(len(data), at + size), "size", f"{at + size} bytes", f"{len(data)} bytes")
    found = zlib.crc32(memoryview(data)[at:])
    if found != crc:
        raise corrupt(source, at, "crc", f"{crc:08X}", f"{found:08X}")


def _texts(data: bytes, count: int, at: int, source: str) -> list[str]:
    *texts, rest = data.split(b"\0")
    if rest or len(texts) != count:
        raise corrupt(source, at, "texts", f"{count} texts, each ended by a NUL", f"{len(texts)} and {len(rest)} bytes")
    return [text.decode(CODE_PAGE) for text in texts]


def _packed(texts: Iterable[str]) -> bytes:
    parts = []
    for text in texts:
        if "\0" in text:
            raise FormatError("a NUL in a text of a letter", expected="text without NUL", got=text)
        try:
            parts.append(text.encode(CODE_PAGE))
        except UnicodeEncodeError as error:
            got = error.object[error.start : error.end]
            raise FormatError("a character outside the code page", expected=CODE_PAGE, got=got) from None
    return b"".join(part + b"\0" for part in parts)
