"""What stands in a peer's address list: the value that passes between dxa and its peers."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

Fields = tuple[tuple[str, str], ...]


class Entry(NamedTuple):
    """One entry of a peer's address list, as it is written there.

    `key` identifies the entry inside its peer (mostly the folded native address). `type` is the canonical address
    type, `list` the list of that type it stands in (``NET/PO``, a node, or ``""``), `name` the friendly name, `address`
    the value without its type, `fields` named extra values in the peer's order (template values, attributes).
    """

    key: str
    type: str
    list: str
    name: str
    address: str
    fields: Fields = ()


class Verb(Enum):
    """What one transaction does; the values are the record codes of the Import text (KB Q96001)."""

    ADD = "A"
    MODIFY = "M"
    DELETE = "D"
    REPLACE = "R"


class Transaction(NamedTuple):
    """One add, modify, delete or replace on the wire.

    `number` is its sync number (0: none). An add has `new`, a delete `old`, a modify both; for a replace `new` is an
    entry of which only `type` and `list` count (an empty list: all of the type; an empty type: all of the peer). A
    modify that names no address, which is legal (KB Q152424), has an `old` and a `new` with an empty key. `raw` is the
    text as it came, for the archive and for rejects.
    """

    number: int
    verb: Verb
    old: Entry | None
    new: Entry | None
    raw: str = ""


class Reject(NamedTuple):
    """One record that could not be used: kept with its reason. `code` is an MS Mail number where one fits (0: none)."""

    number: int
    line: int
    raw: str
    code: int
    reason: str


def list_entry(type_: str, list_: str) -> Entry:
    """The entry that stands for a whole list in a replace."""
    return Entry("", type_, list_, "", "")
