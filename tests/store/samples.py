"""Small values, and address types, for tests of the store."""

from typing import Any

from dxa.address import Address, AddressType, AddressTypes
from dxa.change import Change
from dxa.entry import Entry, Fields
from dxa.ledger.received import RowChange
from dxa.ledger.view import Line
from dxa.recipient import Kind, Recipient
from dxa.store import MemoryHighWater, Store

TYPES = AddressTypes([AddressType(name="MS", check=str), AddressType(name="SMTP", check=str)])
PEER = "pcmail/LAB/WEST"


def memory_store() -> Store:
    """A fresh store in memory."""
    store = Store.open("sqlite://", MemoryHighWater(), create=True)
    store.types = TYPES
    return store


def entry(name: str, list_: str = "LAB/WEST", fields: Fields = ()) -> Entry:
    """An entry of an MS Mail list."""
    address = f"{list_}/{name.upper()}"
    return Entry(f"MS:{address.casefold()}", "MS", list_, name, address, fields)


def recipient(name: str, **changed: Any) -> Recipient:
    """A custom recipient with a target that is one of its two proxies."""
    target = Address("MS", f"LAB/WEST/{name.upper()}")
    values = {
        "kind": Kind.CUSTOM,
        "container": "MS Mail",
        "name": name,
        "target": target,
        "proxies": (target, Address("SMTP", f"{name}@lab.example")),
        "owner": PEER,
        **changed,
    }
    return Recipient(**values)


def added(*recipients: Recipient) -> list[Change[str, Recipient]]:
    """Changes that add them."""
    return [Change(f"new {r.name}", None, r) for r in recipients]


def told(*entries: Entry) -> list[RowChange]:
    """What a first report of these entries does."""
    return [RowChange(0, None, e) for e in entries]


def line(recipient_: int, name: str, list_: str = "LAB/WEST", instead_of: str = "", type_: str = "MS") -> Line:
    """A line of a view."""
    return Line(recipient_, type_, instead_of, list_, name, f"{list_}/{name.upper()}", (), "", name)
