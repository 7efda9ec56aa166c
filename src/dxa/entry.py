"""What stands in a peer's address list: the value that passes between dxa and its peers."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

#: Named values in the order of their peer; a name may be there twice.
Fields = tuple[tuple[str, str], ...]

#: Fields of an entry that are no attributes, but say what its recipient is, where a connector's traits allow that: an
#: alias; further addresses, each as ``TYPE:value``, the primary one of a type first; the kind (`dxa.recipient.Kind`, as
#: its value); ``1`` when it is hidden, ``0`` when not; its container, below the link's import container; its name as it
#: is, where that of the entry may be numbered, so that a list has it once.
ALIAS, ADDRESSES, KIND = "mailNickname", "proxyAddresses", "recipientKind"
HIDDEN, CONTAINER, NAME = "recipientHidden", "recipientContainer", "recipientName"
#: Of an entry that bears our mark: an address that its peer has given it, which so is the recipient's as well.
LEARNED = "learnedAddress"
#: All of these.
ASIDE = frozenset({ALIAS, ADDRESSES, KIND, HIDDEN, CONTAINER, NAME, LEARNED})
#: Before an address among `ADDRESSES`: the entry had it. Received lists keep it, connectors never tell it.
NO_LONGER = "-"


class Entry(NamedTuple):
    """One entry of a peer's address list, as it is written there.

    `key` identifies the entry inside its peer (mostly the folded native address). `type` is the canonical address
    type, `list` the list of that type it stands in (``NET/PO``, a node, or ``""``), `name` the friendly name, `address`
    the value without its type, `fields` named extra values in the peer's order (template values, attributes). `anchor`
    is what the peer itself calls it for good, whatever its address (an objectGUID, an entryUUID); ``""`` if nothing.
    """

    key: str
    type: str
    list: str
    name: str
    address: str
    fields: Fields = ()
    anchor: str = ""


class Verb(Enum):
    """What one transaction does; the values are the record codes of the Import text (KB Q96001)."""

    ADD = "A"
    MODIFY = "M"
    DELETE = "D"
    REPLACE = "R"
    DEFINE = "T"


class Transaction(NamedTuple):
    """One add, modify, delete, replace or definition on the wire.

    `number` is its sync number (0: none). An add has `new`, a delete `old`, a modify both; for a replace `new` is an
    entry of which only `type` and `list` count (an empty list: all of the type; an empty type: all of the peer). A
    definition has `new` (see `definition`), and discards all values that the list's entries have (KB Q125920). A
    modify that names no address, which is legal (KB Q152424), has an `old` and a `new` with an empty key. `raw` is the
    text as it came, for the archive and for rejects.
    """

    number: int
    #: What is done.
    verb: Verb
    old: Entry | None
    new: Entry | None
    raw: str = ""

    @property
    def side(self) -> Entry:
        """The entry that it is about: the new one, or the one that goes."""
        entry = self.new or self.old
        assert entry is not None
        return entry

    @property
    def list_key(self) -> tuple[str, str]:
        """The list that it is about: type, and name in folded case."""
        return self.side.type, self.side.list.casefold()


class Reject(NamedTuple):
    """One record that could not be used: kept with its reason. `code` is an MS Mail number where one fits (0: none)."""

    number: int
    #: Its line, from 1 (0: unknown).
    line: int
    #: Its text, as far as it can be told.
    raw: str
    code: int
    reason: str


def list_entry(type_: str, list_: str) -> Entry:
    """The entry that stands for a whole list in a replace."""
    return Entry("", type_, list_, "", "")


def definition_key(type_: str, list_: str) -> str:
    """The key of a list's definition; no address has a key like this."""
    return f"T {type_}:{list_.casefold()}"


def definition(type_: str, list_: str, fields: Fields) -> Entry:
    """The entry that says which fields the entries of a list have: it has neither a name nor an address.

    Its own fields are the prompts in their order, each with its layout ``start~width~edit~default~internal`` (KB
    Q87432). Without fields it says that the list has no definition.
    """
    return Entry(definition_key(type_, list_), type_, list_, "", "", fields)


def is_definition(entry: Entry) -> bool:
    """Whether the entry is the definition of its list."""
    return not (entry.name or entry.address) and bool(entry.type)


def default_of(layout: str) -> str:
    """The value that entries have of which a definition with this layout is told none (KB Q107754)."""
    return layout.split("~", 4)[3] if layout.count("~") >= 3 else ""


def anchored(anchor: str) -> Entry:
    """The entry that stands in a delete for the one with this anchor, whatever its address."""
    return Entry("", "", "", "", "", (), anchor)
