"""The Import text as an address list that other formats are converted to and from (`dxa.connector.Decoder`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dxa.address import AddressTypes
from dxa.entry import ASIDE, Entry, Reject, Transaction
from dxa.errors import AddressError, FormatError
from dxa.rules.naming import name_key
from dxa_msmail import importtext, importwrite
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.importlines import CODE_PAGE, NAME_LENGTH, shape_text

ENDINGS = (".imp", ".txt")

_TYPES = frozenset(kind.name for kind in ADDRESS_TYPES)


def read(data: bytes, types: AddressTypes) -> Iterator[Transaction | Reject]:
    """The records of a text, then those that cannot be used."""
    records = importtext.read(data, types=types)
    yield from records.transactions
    yield from records.rejects


def write(transactions: Iterable[Transaction]) -> Iterator[bytes | Reject]:
    """A text, line by line. Names are cut to what MS Mail takes, and a number makes each unique in its list."""
    taken: dict[tuple[str, str], set[str]] = {}
    for transaction in transactions:
        try:
            new = _fit(transaction.new, taken) if transaction.new else None
            old = transaction.old and transaction.old._replace(name=shape_text(transaction.old.name, CODE_PAGE))
            yield importwrite.write([transaction._replace(old=old, new=new)])
        except (AddressError, FormatError) as error:
            yield Reject(transaction.number, 0, _shown(transaction), error.code, str(error))


def _fit(entry: Entry, taken: dict[tuple[str, str], set[str]]) -> Entry:
    if entry.type not in _TYPES:
        raise AddressError(f"lists of MS Mail hold no addresses of the type {entry.type}", got=entry.address, code=16)
    names = taken.setdefault((entry.type, entry.list.casefold()), set())
    name = base = shape_text(entry.name, CODE_PAGE)
    number = 2
    while name_key(name) in names:
        tail = f" {number}"
        name = f"{base[: NAME_LENGTH - len(tail)].rstrip()}{tail}"
        number += 1
    names.add(name_key(name))
    fields = tuple((n, shape_text(value, CODE_PAGE, None)) for n, value in entry.fields if n not in ASIDE)
    return entry._replace(name=name, fields=fields)


def _shown(transaction: Transaction) -> str:
    entry = transaction.new or transaction.old
    return f"{entry.name} {entry.type}:{entry.address}" if entry else transaction.verb.name
