"""Hypothesis strategies for addresses, names, entries, transactions, edits of a list, recipients and fault schedules.

Hypothesis is needed for these alone; without it, importing this module says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from dxa.address import Address, AddressType, AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError
from dxa.recipient import Kind, Recipient
from dxa.testing.faulty import Fault, Schedule
from dxa.testing.harness import NAMES

try:
    from hypothesis import strategies as st
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "dxa.testing.strategies needs Hypothesis, which dxa does not install: add it to your tests"
    ) from error

#: Letters that mail systems of the nineties could write, with what separates fields.
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.;:-'\"/\\=#@()[]äöüÄÖÜßéèçñ"


def names(alphabet: str = ALPHABET, length: int = 30) -> st.SearchStrategy[str]:
    """Friendly names without blanks at their ends, difficult ones among them."""
    texts = st.text(alphabet, min_size=1, max_size=length).map(lambda text: " ".join(text.split())).filter(bool)
    known = [name for name in NAMES if set(name) <= set(alphabet) and len(name) <= length]
    return st.one_of(texts, st.sampled_from(known)) if known else texts


def addresses(kind: AddressType, samples: Sequence[str] = ()) -> st.SearchStrategy[Address]:
    """Legal addresses of a type: shaped from any text where the type can do that, and variants of the samples."""
    sources: list[st.SearchStrategy[str]] = []
    if samples:
        numbers = st.integers(1, 3000)
        sources.append(st.builds(lambda value, n: _variant(kind, value, n), st.sampled_from(list(samples)), numbers))
    if kind.shape is not None:
        part = st.text(ALPHABET, min_size=1, max_size=20)
        sources.append(st.one_of(part, st.tuples(part, part, part).map("/".join)))
    if not sources:
        raise ValueError(f"{kind.name} shapes nothing, so samples are needed")
    values = st.one_of(sources).map(lambda text: _legal(kind, text)).filter(lambda value: value is not None)
    return values.map(lambda value: Address(kind.name, value or ""))


def _variant(kind: AddressType, value: str, n: int) -> str:
    checked = kind.check(value)
    return checked if n == 1 else kind.variant(checked, n)


def _legal(kind: AddressType, text: str) -> str | None:
    for attempt in filter(None, (kind.check, kind.shape)):
        try:
            return attempt(text)
        except AddressError:
            continue
    return None


def entries(kind: AddressType, samples: Sequence[str] = ()) -> st.SearchStrategy[Entry]:
    """Entries with their right key and list."""
    types = AddressTypes([kind])

    def entry(address: Address, name: str) -> Entry:
        return Entry(types.key(address), address.type, types.list_of(address), name, address.value)

    return st.builds(entry, addresses(kind, samples), names())


def entry_lists(kind: AddressType, samples: Sequence[str] = (), *, max_size: int = 8) -> st.SearchStrategy[list[Entry]]:
    """Lists of entries in which every key and every name is there once."""
    unique = (lambda entry: entry.key, lambda entry: entry.name.casefold())
    return st.lists(entries(kind, samples), max_size=max_size, unique_by=unique)


@attrs.frozen
class Edit:
    """A list, what its people did to it, and what it became."""

    before: tuple[Entry, ...]
    transactions: tuple[Transaction, ...]
    after: tuple[Entry, ...]


@st.composite
def edits(draw: st.DrawFn, kind: AddressType, samples: Sequence[str] = ()) -> Edit:
    """An edit of a list: entries deleted, renamed and added, in numbered transactions that fit what they find."""
    everybody = draw(entry_lists(kind, samples))
    split = draw(st.integers(0, len(everybody)))
    before, added = everybody[:split], everybody[split:]
    fates = draw(st.lists(st.sampled_from(("keep", "delete", "rename")), min_size=split, max_size=split))
    taken = {entry.name.casefold() for entry in everybody}
    steps: list[tuple[Verb, Entry | None, Entry | None]] = []
    after: list[Entry] = []
    for entry, fate in zip(before, fates, strict=True):
        new = entry
        if fate == "delete":
            steps.append((Verb.DELETE, entry, None))
            continue
        if fate == "rename":
            new = entry._replace(name=draw(names().filter(lambda name: name.casefold() not in taken)))
            taken.add(new.name.casefold())
            steps.append((Verb.MODIFY, entry, new))
        after.append(new)
    steps += [(Verb.ADD, None, entry) for entry in added]
    numbered = tuple(Transaction(number, *step) for number, step in enumerate(steps, 1))
    return Edit(tuple(before), numbered, (*after, *added))


def transactions(kind: AddressType, samples: Sequence[str] = ()) -> st.SearchStrategy[Transaction]:
    """Single well-formed transactions."""
    one, two = entries(kind, samples), names()
    return st.one_of(
        st.builds(lambda new: Transaction(0, Verb.ADD, None, new), one),
        st.builds(lambda old: Transaction(0, Verb.DELETE, old, None), one),
        st.builds(lambda old, name: Transaction(0, Verb.MODIFY, old, old._replace(name=name)), one, two),
    )


#: Containers that recipients may be in.
CONTAINERS = ("Staff", "Staff/Lab", "Imported/Lab PO1")


def recipients(
    kind: AddressType,
    samples: Sequence[str] = (),
    *,
    containers: Sequence[str] = CONTAINERS,
    kinds: Sequence[Kind] = tuple(Kind),
) -> st.SearchStrategy[Recipient]:
    """Recipients in one of the containers, with no, one or a few addresses of a type, of which none is there twice.

    A custom recipient has a target. They have no number and no owner yet.
    """
    found = addresses(kind, samples)
    types = AddressTypes([kind])

    def recipient(
        kind: Kind, container: str, name: str, own: list[Address], target: Address, trust: int, hidden: bool
    ) -> Recipient:
        return Recipient(
            kind=kind,
            container=container,
            name=name,
            alias="".join(char for char in name if char.isalnum() and char.isascii())[:8],
            target=target if kind is Kind.CUSTOM else None,
            proxies=tuple(own),
            trust=trust,
            hidden=hidden,
        )

    return st.builds(
        recipient,
        st.sampled_from(list(kinds)),
        st.sampled_from(list(containers)),
        names(),
        st.lists(found, max_size=3, unique_by=types.key),
        found,
        st.integers(0, 100),
        st.booleans(),
    )


def schedules(faults: Sequence[Fault] = tuple(Fault), *, uses: int = 12, most: int = 4) -> st.SearchStrategy[Schedule]:
    """Schedules of at most so many faults among the first so many uses (from 1)."""
    return st.dictionaries(st.integers(1, uses), st.sampled_from(list(faults)), max_size=most)
