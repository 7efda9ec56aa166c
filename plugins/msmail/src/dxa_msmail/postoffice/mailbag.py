"""Mailbags: the headers of the mail that waits for somebody (MBG), and which of them are deleted (KEY).

The bitmap in the KEY decides what is live, never the MBG (KB Q77926). A zero-length MBG with an all-zero KEY is an
empty mailbag (KB Q104279, Q124042), and so a mailbag is left whose last header was deleted. A *slot* is a header's
place; it holds until the next `append`, which may move headers together.
"""

from __future__ import annotations

import re
from datetime import datetime

import attrs

from dxa.errors import FormatError, TransportError
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.layout import (
    CODE_PAGE,
    MARK,
    Basis,
    blob,
    check_size,
    corrupt,
    decode,
    encode,
    number,
    raw,
    record,
    text,
)
from dxa_msmail.postoffice.maildata import Changing, Files

#: KB Q77926, Q87416: what users and dir-sync submit, what comes from outside, and what is for $SYSTEM.
INQUEUE, INQUEUE3, SYSTEM = "INQUEUE", "INQUEUE3", "SYSTEM"
#: KB Q119088: so many headers a mailbag can hold, for so many bits its KEY has.
MOST = 4096
#: What a header's stem counts as that can name no letter: a number that no letter has.
NO_LETTER = "00000000"
#: MS Mail's own number for a mailbag without room (KB Q138054, dx:T-205).
FULL = 8

_SEND, _READ = 113, 115
_STEM = re.compile("[0-9A-F]{8}")
_DUMP = "KB Q108027"
_OURS = "where dxa keeps it; the meaning of these bytes is not published"


class FullError(TransportError):
    """A mailbag cannot take so many more headers (8, dx:T-205)."""


@record(116, "mail header (MBG)", "KB Q77926, Q108027")
@attrs.frozen(kw_only=True)
class Header:
    """One mail in a mailbag. `stem` names its MAI, ATT and P1; `sender` is a mailbox without its postoffice."""

    raw: bytes = raw()
    sender: str = text(2, 11, Basis.INFERRED, _DUMP, "mailbox of the sender")
    subject: str = text(13, 41, Basis.INFERRED, _DUMP, "subject, cut to 40 characters")
    minute: int = number(56, 2, Basis.INFERRED, _DUMP, "when it was sent, local: minute")
    hour: int = number(58, 2, Basis.INFERRED, _DUMP, "hour")
    day: int = number(60, 2, Basis.INFERRED, _DUMP, "day")
    month: int = number(62, 2, Basis.INFERRED, _DUMP, "month")
    year: int = number(64, 2, Basis.INFERRED, _DUMP, "year with its century")
    stem: str = text(67, 9, Basis.DOCUMENTED, _DUMP, "name of the MAI file, eight hexadecimal digits")
    mark: bytes = blob(92, 4, Basis.OURS, "", f"DXA1 when the next field is ours: {_OURS}")
    stamp: int = number(96, 4, Basis.OURS, "", "when it came into this mailbag, in seconds since 1970")

    @property
    def sent(self) -> datetime | None:
        """When the mail was sent, local time; None when that is no time."""
        try:
            return datetime(self.year, self.month, self.day, self.hour, self.minute)
        except ValueError:
            return None

    @property
    def arrived(self) -> float | None:
        """When the mail came into this mailbag, in seconds since 1970; None when nobody knows."""
        if self.mark == MARK:
            return float(self.stamp)
        return self.sent.timestamp() if self.sent else None

    def at(self, now: float) -> Header:
        """The header as it comes into a mailbag at this time, in seconds since 1970."""
        return attrs.evolve(self, mark=MARK, stamp=int(now) & 0xFFFFFFFF)


def header(*, sender: str, subject: str, sent: datetime, stem: str) -> Header:
    """A new header; texts are cut to their length, and what the code page does not have becomes ``?``."""
    return Header(
        sender=_fitting(sender, 10),
        subject=_fitting(subject, 40),
        minute=sent.minute,
        hour=sent.hour,
        day=sent.day,
        month=sent.month,
        year=sent.year,
        stem=stem,
    )


def _fitting(value: str, length: int) -> str:
    clean = "".join(" " if char < " " else char for char in value)
    return clean.encode(CODE_PAGE, "replace").decode(CODE_PAGE)[:length]


@record(560, "mailbag index (KEY)", "KB Q77926, Q119088")
@attrs.frozen(kw_only=True)
class Key:
    """Which headers are deleted: bit n of the bitmap, the lowest of its byte first, is the header in slot n."""

    raw: bytes = raw()
    new: int = number(0, 4, Basis.OURS, "", f"number of live headers, while no program of MS Mail counts: {_OURS}")
    unread: int = number(4, 4, Basis.OURS, "", "the same number; dxa does not know what has been read")
    mark: bytes = blob(44, 4, Basis.OURS, "", "DXA1 when the two counters are ours; else they are left alone")
    deleted: bytes = blob(48, 512, Basis.DOCUMENTED, "KB Q77926, Q119088", "bitmap of the deleted headers")

    def counting(self, live: int) -> Key:
        """The index with its counters at so many, if they are ours or nobody's."""
        if self.mark == MARK or not any(self.raw[:48]):
            return attrs.evolve(self, new=live, unread=live, mark=MARK)
        return self


def key_name(bag: str) -> str:
    """``KEY/SYSTEM.KEY``."""
    return f"KEY/{bag.upper()}.KEY"


def mbg_name(bag: str) -> str:
    """``MBG/SYSTEM.MBG``."""
    return f"MBG/{bag.upper()}.MBG"


@attrs.frozen
class _Bag:
    """A mailbag as it was read; `dead` is its bitmap as a number."""

    name: str
    key: Key
    data: bytes

    @property
    def slots(self) -> int:
        return len(self.data) // 116

    @property
    def dead(self) -> int:
        return int.from_bytes(self.key.deleted, "little") & ((1 << self.slots) - 1)

    @property
    def live(self) -> int:
        return self.slots - self.dead.bit_count()

    def living(self) -> list[int]:
        dead = self.dead
        return [slot for slot in range(self.slots) if not dead >> slot & 1]

    def with_dead(self, dead: int, data: bytes) -> _Bag:
        bag = _Bag(self.name, attrs.evolve(self.key, deleted=dead.to_bytes(512, "little")), data)
        return attrs.evolve(bag, key=bag.key.counting(bag.live))


#: KB Q104279, Q124042: the official way out, which loses what waits in the mailbag.
_ADVICE = "restore it, or make the mailbag anew with a KEY of 560 zeros and an empty MBG"


def _read(files: Files, bag: str, code: int = _READ) -> _Bag:
    key, data = files.read(key_name(bag)), files.read(mbg_name(bag))
    if key is None or data is None:
        name = key_name(bag) if key is None else mbg_name(bag)
        raise TransportError(f"[{code}] {error_text(code)}: {name} is missing; {_ADVICE}")
    try:
        return _checked(bag, key, data)
    except FormatError as error:
        raise FormatError(
            f"{error.reason} ({_ADVICE})",
            source=error.source,
            offset=error.offset,
            field=error.field,
            expected=error.expected,
            got=error.got,
            code=error.code,
        ) from None


def _checked(bag: str, key: bytes, data: bytes) -> _Bag:
    if len(key) != 560:
        raise corrupt(key_name(bag), min(len(key), 560), "size", "560 bytes", f"{len(key)} bytes")
    check_size(Header, data, source=mbg_name(bag))
    if len(data) > MOST * 116:
        raise corrupt(mbg_name(bag), MOST * 116, "size", f"up to {MOST} headers", f"{len(data) // 116} headers")
    return _Bag(bag, decode(Key, key, source=key_name(bag)), data)


# -- looking -------------------------------------------------------------------------------------------------------


def exists(files: Files, bag: str) -> bool:
    """Whether there is such a mailbag, whatever its state."""
    return files.read(key_name(bag)) is not None or files.read(mbg_name(bag)) is not None


def headers(files: Files, bag: str) -> list[tuple[int, Header]]:
    """The live headers with their slots, oldest first; a stem that is none is `NO_LETTER` in them.

    Raises `TransportError` 115 when a file of the mailbag is missing, `FormatError` 40 when one is damaged.
    """
    found = _read(files, bag)
    source = mbg_name(bag)
    return [(slot, _named(decode(Header, found.data, source=source, at=slot * 116))) for slot in found.living()]


def _named(header: Header) -> Header:
    """A header whose stem can be part of a file's name: bytes of a damaged one never lead out of its folder."""
    if _STEM.fullmatch(header.stem):
        return header
    stem = header.stem.upper()
    return attrs.evolve(header, stem=stem if _STEM.fullmatch(stem) else NO_LETTER)


def depth(files: Files, bag: str) -> int:
    """How many live headers there are; errors as with `headers`."""
    return _read(files, bag).live


def require_room(files: Files, bag: str, count: int = 1) -> None:
    """Raise `FullError` 8 when a mailbag cannot take so many more (dx:T-205), `TransportError` 113 without it."""
    _require_room(_read(files, bag, _SEND), count)


def _require_room(bag: _Bag, count: int) -> None:
    if bag.live + count > MOST:
        raise FullError(
            f"[{FULL}] mailbag {bag.name} is full: it has {bag.live} messages, and {MOST} is all that it can hold; "
            "the mail stays where it is until somebody has taken some of them"
        )


# -- changing ------------------------------------------------------------------------------------------------------


def create(change: Changing, bag: str) -> None:
    """A new, empty mailbag; one that is there is emptied without a look at its mail."""
    change.write(key_name(bag), bytes(560))
    change.write(mbg_name(bag), b"")


def append(change: Changing, bag: str, header: Header) -> None:
    """Put a header behind all others; the places of deleted ones are used again when no other is left.

    Raises `TransportError` when 4096 are live (8, dx:T-205) or a file is missing (113), `FormatError` 40.
    """
    found = _read(change, bag, _SEND)
    _require_room(found, 1)
    is_moved = found.slots == MOST
    if is_moved:
        found = _compacted(found)
    slot = found.slots
    found = found.with_dead(found.dead & ~(1 << slot), found.data + encode(header))
    # A reader that does not know of our lock sees the header when all of the mail that it names is there. It may miss
    # some headers for a moment when they are moved, but sees none again that was deleted.
    files = {key_name(bag): encode(found.key), mbg_name(bag): found.data}
    for name in sorted(files, reverse=is_moved):
        change.write(name, files[name])


def _compacted(bag: _Bag) -> _Bag:
    return bag.with_dead(0, b"".join(bag.data[slot * 116 : slot * 116 + 116] for slot in bag.living()))


def delete(change: Changing, bag: str, *slots: int) -> None:
    """Mark headers as deleted; nothing happens to those that are deleted already. Errors as with `headers`."""
    found = _read(change, bag)
    gone = sum(1 << slot for slot in set(slots) if slot < found.slots)
    found = found.with_dead(found.dead | gone, found.data)
    if found.live:
        change.write(key_name(bag), encode(found.key))
        return
    # The MBG goes first: with an all-zero KEY every header that is left in it would be live.
    change.write(mbg_name(bag), b"")
    change.write(key_name(bag), bytes(560))
