"""One entry of a cc:Mail directory as it stands in an export or import file.

::

    Name: Doe, Jane
    Locn: r
    Addr: PMDF jdoe@lab.example
    Cmts: Room 43

Label, colon, one blank, value; an empty value is the bare label. The order is that of a published sample of an export
(CPAN, Mail::Addressbook::Convert); ``Addr`` is named in Lotus's read-me of Import/Export 5.11, ``Locn`` in PMDF's
manual. Field widths, escapes and continuation lines are unknown, and none has been seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import attrs

from dxa_ccmail.names import fold_all

#: The fields that dxa knows, in the order in which they are written.
FIELDS = ("name", "locn", "addr", "cmts")

#: A field's name stands for its line; bytes are the line of an unknown label, kept as it was.
Layout: TypeAlias = tuple[str | bytes, ...]

# The codes are significant in their case (Lotus, read-me of Import/Export 5.11; PMDF, foreign alias names).
LOCAL, REMOTE_LOCAL, MOBILE, REMOTE = "L", "l", "R", "r"
DIRECT, INDIRECT = "P", "p"
ALIAS, REMOTE_ALIAS = "A", "a"

POST_OFFICES = frozenset({DIRECT, INDIRECT})
USERS = frozenset({LOCAL, REMOTE_LOCAL, MOBILE, REMOTE})
ALIASES = frozenset({ALIAS, REMOTE_ALIAS})
#: Who is at home at another post office; all others have a mailbox at the one that is exported.
ELSEWHERE = frozenset({REMOTE_LOCAL, REMOTE})
CODES = POST_OFFICES | USERS | ALIASES

#: The groups of an export for propagation: directly connected post offices first (read-me of Import/Export 5.11).
_RANKS = {DIRECT: 0, INDIRECT: 1, **dict.fromkeys(USERS, 2), **dict.fromkeys(ALIASES, 3)}


class Record(NamedTuple):
    """The values as they are written, and the layout of the lines; `locn` may be a code that nobody knows.

    A field that the layout does not name is written behind it unless it is empty.
    """

    name: str
    locn: str = ""
    addr: str = ""
    cmts: str = ""
    layout: Layout = FIELDS


class Found(NamedTuple):
    """A record where it stands: the line of its name, counted from 1, and the offset of its first byte."""

    record: Record
    line: int
    offset: int


def by_name(records: Sequence[Record]) -> dict[str, Record]:
    """The records by folded name; there are fewer when two have one name."""
    return dict(zip(fold_all([record.name for record in records]), records, strict=True))


def rank(record: Record) -> int:
    """Where the record belongs in a file: post offices, users, aliases; unknown codes last."""
    return _RANKS.get(record.locn, 4)


def same(one: Record, other: Record) -> bool:
    """Whether two records say the same: their values and unknown lines, however the known ones are arranged."""
    return one[:4] == other[:4] and unknown_lines(one) == unknown_lines(other)


def unknown_lines(record: Record) -> tuple[bytes, ...]:
    """The lines whose labels dxa does not know, without their ends."""
    if record.layout == FIELDS:
        return ()
    return tuple(line for line in record.layout if isinstance(line, bytes))


def _label(_instance: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not value.isascii() or not value.isalnum():
        raise ValueError(f"{attribute.name}: a label is letters and digits, got {value!r}")


@attrs.frozen
class Labels:
    """How the labels are written; they are read in any case."""

    name: str = attrs.field(default="Name", validator=_label)
    locn: str = attrs.field(default="Locn", validator=_label)
    addr: str = attrs.field(default="Addr", validator=_label)
    cmts: str = attrs.field(default="Cmts", validator=_label)

    def __attrs_post_init__(self) -> None:
        if len({label.lower() for label in attrs.astuple(self)}) < len(FIELDS):
            raise ValueError(f"two labels are the same: {', '.join(attrs.astuple(self))}")


LABELS = Labels()


@lru_cache(maxsize=16)
def fields_by_label(labels: Labels) -> dict[bytes, str]:
    """The field of each label in lower case, as bytes."""
    return {label.lower().encode(): field for field, label in attrs.asdict(labels).items()}
