"""Transactions as lines of a batch, and back.

A line is a JSON object: ``n`` its number, ``do`` what it does, ``old`` and ``new`` the entries. An entry names the
`site` that it comes from, however many sites have passed it on: so nothing goes back to where it came from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from typing import Any, NamedTuple

from dxa.address import Address, AddressTypes
from dxa.entry import KIND, Entry, Fields, Reject, Transaction, Verb, list_entry
from dxa.errors import AddressError, FormatError
from dxa_sitelink.container import dumps, loads
from dxa_sitelink.sites import same_site

#: The attribute of a recipient that names the site it comes from.
SITE = "originSite"
#: An entry of a type that no plugin here knows.
UNKNOWN_TYPE = 16

_WORDS = {Verb.ADD: "add", Verb.MODIFY: "modify", Verb.DELETE: "delete", Verb.REPLACE: "replace"}
_VERBS = {word: verb for verb, word in _WORDS.items()}

Hides = Callable[[Entry], bool]


class Lines(NamedTuple):
    """What the lines of a batch say: transactions, lines that cannot be used, and those about nobody for us."""

    transactions: list[Transaction]
    rejects: list[Reject]
    remarks: list[Reject]


# -- writing -----------------------------------------------------------------------------------------------------------


def write(transactions: Iterable[Transaction], *, full: int, site: str, to: str) -> tuple[int, bytes]:
    """The lines for the site `to`, and how many they are; entries that come from there are left out.

    `full`: the number of the one replace that stands for all lists at the beginning, 0 for none.
    """
    lines = [dumps({"n": full, "do": _WORDS[Verb.REPLACE]})] if full else []
    for transaction in transactions:
        if transaction.verb is not Verb.REPLACE:
            shown = visible(transaction, lambda entry: same_site(site_of(entry), to))
            if shown is not None:
                lines.append(_line(shown, site))
    return len(lines), b"".join(line + b"\n" for line in lines)


def _line(transaction: Transaction, site: str) -> bytes:
    value: dict[str, Any] = {"n": transaction.number, "do": _WORDS[transaction.verb]}
    if transaction.old is not None:
        value["old"] = _told(transaction.old, site)
    if transaction.new is not None:
        value["new"] = _told(transaction.new, site)
    return dumps(value)


def _told(entry: Entry, site: str) -> dict[str, Any]:
    told = {
        "type": entry.type,
        "list": entry.list,
        "name": entry.name,
        "address": entry.address,
        "site": site_of(entry) or site,
        "fields": [list(field) for field in entry.fields if field[0] != SITE],
    }
    return {**told, "anchor": entry.anchor} if entry.anchor else told


# -- reading -----------------------------------------------------------------------------------------------------------


def read(body: bytes, types: AddressTypes, hides: Hides) -> Lines:
    """The lines of a batch; entries that `hides` names are left out without a word. Raises nothing."""
    found = Lines([], [], [])
    for at, line in enumerate(BytesIO(body), start=2):  # one at a time: all of them take as much memory once more
        raw = line.removesuffix(b"\n").decode("utf-8", "replace")
        try:
            transaction = read_line(raw, types)
        except AddressError as error:
            kept = found.remarks if error.code == UNKNOWN_TYPE else found.rejects
            kept.append(Reject(0, at, raw, error.code, str(error)))
            continue
        except FormatError as error:
            found.rejects.append(Reject(0, at, raw, error.code, str(error)))
            continue
        shown = visible(transaction, hides)
        if shown is not None:
            found.transactions.append(shown)
    return found


def read_line(text: str, types: AddressTypes) -> Transaction:
    """The transaction of one line; raises `FormatError`, and `AddressError` for an address that cannot be used."""
    try:
        value = loads(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise FormatError(f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise FormatError("no object", expected="{…}", got=text[:40])
    if "\\u" in text and not _is_text(value):
        raise FormatError("half a character, which no directory can hold", expected="Unicode", got=text[:40])
    verb, number = _VERBS.get(str(value.get("do"))), value.get("n")
    if verb is None:
        raise FormatError("unknown", field="do", expected=", ".join(_VERBS), got=str(value.get("do")))
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= 2**62:
        raise FormatError("missing or no number", field="n", expected="a whole number above 0", got=str(number))
    if verb is Verb.REPLACE:
        return Transaction(number, verb, None, list_entry("", ""), text)
    old = _entry(value, "old", types) if verb is not Verb.ADD else None
    new = _entry(value, "new", types) if verb is not Verb.DELETE else None
    if old is not None and new is not None:
        new = new._replace(fields=(*new.fields, *_emptied(old.fields, new.fields)))
    return Transaction(number, verb, old, new, text)


def _entry(line: Mapping[str, Any], side: str, types: AddressTypes) -> Entry:
    value = line.get(side)
    if not isinstance(value, dict):
        raise FormatError("missing or no entry", field=side, expected="{…}", got=str(value)[:40])
    type_, name, address, site = (_text(value, side, key) for key in ("type", "name", "address", "site"))
    kind = types.get(type_)
    checked = Address(kind.name, kind.check(address))
    fields = (*(field for field in _fields(value, side) if field[0] not in (SITE, KIND)), (SITE, site))
    anchor = _text(value, side, "anchor") if "anchor" in value else ""
    return Entry(types.key(checked), kind.name, types.list_of(checked), name, checked.value, fields, anchor)


def _text(value: Mapping[str, Any], side: str, key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str):
        raise FormatError("missing or no text", field=f"{side}.{key}", expected="a text", got=str(text)[:40])
    return text


def _fields(value: Mapping[str, Any], side: str) -> Fields:
    fields = value.get("fields")
    if isinstance(fields, list) and all(_is_pair(pair) for pair in fields):
        return tuple((name, text) for name, text in fields)
    raise FormatError(
        "no pairs of texts", field=f"{side}.fields", expected='[["name","value"],…]', got=str(fields)[:40]
    )


def _is_text(value: object) -> bool:
    """Whether no text in the value has a surrogate, as an escape can make one."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)


def _emptied(old: Fields, new: Fields) -> Iterator[tuple[str, str]]:
    """Fields that are gone, as empty ones: a modify replaces only what it names."""
    kept = {name.casefold() for name, _ in new}
    yield from ((name, "") for name in dict.fromkeys(name for name, _ in old) if name.casefold() not in kept)


# -- both --------------------------------------------------------------------------------------------------------------


def site_of(entry: Entry) -> str:
    """The site that an entry of the directory comes from; "" when no other site told of it."""
    return next((value for name, value in entry.fields if name == SITE), "")


def visible(transaction: Transaction, hides: Hides) -> Transaction | None:
    """What of a transaction somebody sees to whom these entries do not exist."""
    sides = (transaction.old, transaction.new)
    old, new = (None if entry is None or hides(entry) else entry for entry in sides)
    if transaction.verb is Verb.REPLACE or (old, new) == sides:
        return transaction
    if old is None and new is None:
        return None
    return transaction._replace(verb=Verb.DELETE if new is None else Verb.ADD, old=old, new=new)


def in_order(transactions: Sequence[Transaction], was: int, number: int) -> bool:
    """Whether the numbers ascend, above `was` and up to `number`."""
    numbers = [was, *(transaction.number for transaction in transactions)]
    return all(one < other for one, other in pairwise(numbers)) and numbers[-1] <= number
