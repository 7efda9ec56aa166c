"""Two exports compared as bytes: what is the same in both is dropped before anything is parsed.

The order of the entries does not count, and neither does where the files are cut into blocks. What is left is parsed
and compared by folded name. The result is that of reading both files whole, under two conditions that the caller
keeps: nothing but the records decides what they mean (the same configuration for both), and the older export names
nobody twice. `Difference.offices` says whether the first one is broken by the post offices themselves.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from itertools import chain, islice, takewhile
from typing import NamedTuple

import attrs

from dxa.bulk import made, no_collector
from dxa.entry import Reject
from dxa_ccmail.ending import check_end
from dxa_ccmail.export import ExportReader, rejected_name
from dxa_ccmail.listing import repeated
from dxa_ccmail.names import fold
from dxa_ccmail.record import POST_OFFICES, Found, Labels, Record, by_name, same
from dxa_ccmail.runs import CTRL_Z, Batch, batches, placed


class Change(NamedTuple):
    """An entry before and after."""

    old: Record
    new: Record


@attrs.frozen(kw_only=True)
class Difference:
    """What two exports differ in, by folded name and in its order; `unchanged` is how many runs were dropped unread."""

    adds: dict[str, Record] = attrs.field(factory=dict)
    modifies: dict[str, Change] = attrs.field(factory=dict)
    deletes: dict[str, Record] = attrs.field(factory=dict)
    #: What is malformed in the newer export and was not so, to the byte, in the older one.
    rejects: list[Reject] = attrs.field(factory=list)
    #: Names of the older export that only a malformed record of the newer one has: damaged, so not deleted.
    damaged: frozenset[str] = frozenset()
    #: Post offices that are new, gone or changed: then every Addr may mean something else, and all must be read.
    offices: frozenset[str] = frozenset()
    #: The deletes that stand together at the end of the older export, as if the newer one had been cut there.
    at_end: frozenset[str] = frozenset()
    #: The older export ended with Ctrl-Z and the newer one does not: a cut, too.
    mark_lost: bool = False
    unchanged: int = 0


@no_collector()
def difference(old: bytes, new: bytes, reader: ExportReader) -> Difference:
    """How the newer export differs from the older one; see the conditions above.

    A name that is added here and stands unchanged in both files, too, is named twice by the newer export: only the
    caller's list of all names tells, and the names that are added may be asked for there, for they are few. An export
    that names somebody twice must not be the older one of the next comparison.

    Raises:
        FormatError: when one of the exports is empty or ends inside a record.
    """
    before, after = _Export(old, reader), _Export(new, reader)
    unchanged, last = _compare(before, after)
    gone, come = before.read(reader.fresh()), after.read(reader)
    shared = gone.entries.keys() & come.entries.keys()
    damaged = (come.damaged(reader.labels) & gone.entries.keys()) - shared
    keys = sorted(shared)
    pairs = made(Change, map(gone.entries.__getitem__, keys), map(come.entries.__getitem__, keys))
    deletes = {key: gone.entries[key] for key in sorted(gone.entries.keys() - shared - damaged)}
    difference = Difference(
        adds={key: come.entries[key] for key in sorted(come.entries.keys() - shared)},
        modifies={key: pair for key, pair in zip(keys, pairs, strict=True) if not same(*pair)},
        deletes=deletes,
        rejects=come.rejects,
        damaged=damaged,
        at_end=frozenset(_at_end(Batch(before.begin, last), deletes, reader.fresh())),
        mark_lost=before.is_marked and not after.is_marked,
        unchanged=unchanged,
    )
    return attrs.evolve(difference, offices=frozenset(_offices(difference)))


@attrs.define
class _Side:
    """What was read of one export: entries by folded name, and rejects."""

    entries: dict[str, Record] = attrs.field(factory=dict)
    rejects: list[Reject] = attrs.field(factory=list)

    def add(self, row: Found | Reject) -> None:
        if isinstance(row, Reject):
            self.rejects.append(row)
        elif self.entries.setdefault(fold(row.record.name), row.record) is not row.record:
            self.rejects.append(repeated(row))

    def damaged(self, labels: Labels) -> frozenset[str]:
        """The folded names in the records that were rejected."""
        names = (rejected_name(reject, labels) for reject in self.rejects)
        return frozenset(fold(name) for name in names if name)


class _Export:
    """An export as runs; after `compare` those that the other one has not."""

    def __init__(self, data: bytes, reader: ExportReader) -> None:
        check_end(data, reader.labels)
        self._data, self._label = data, reader.labels.name
        self.head: list[bytes] = []
        self.begin = b""
        for begin, parts in islice(batches(data, self._label), 2):
            if begin:
                self.begin = begin
            else:
                self.head = parts
        self.runs: set[bytes] = set()

    @property
    def is_marked(self) -> bool:
        """Whether the file ends with Ctrl-Z. A program that writes it once writes it always, so a cut loses it."""
        return self._data.endswith(CTRL_Z)

    def parts(self) -> Iterator[list[bytes]]:
        """All runs in the order of the file, made anew."""
        return (parts for begin, parts in batches(self._data, self._label) if begin)

    def read(self, reader: ExportReader) -> _Side:
        """The records of the runs that are left."""
        plain = reader.plain(Batch(self.begin, list(self.runs))) if not self.head else None
        entries = by_name(plain) if plain else {}
        if plain is not None and len(entries) == len(plain):
            return _Side(entries)
        # Something is odd: everything in the order of the file, and with its place there.
        side = _Side()
        for run in placed(batches(self._data, self._label)):
            part = run.raw[len(self.begin) : -1]
            if part in self.runs or self.head == [run.raw[:-1]]:
                for row in reader.parse(*run):
                    side.add(row)
        return side


def _compare(old: _Export, new: _Export) -> tuple[int, list[bytes]]:
    """Find the runs that only one has. Returns how many both have, and those at the end of the older export which the
    newer one has not, the very last first.
    """
    if old.head == new.head:
        old.head = new.head = []
    order = list(old.parts())
    old.runs, new.runs = _all(order), _all(new.parts())
    count = 0
    if old.begin == new.begin:
        count = len(old.runs)
        # Two sets of like size are walked in the order of their hashes, and of what is the same no copy is made.
        old.runs ^= new.runs
        new.runs = new.runs & old.runs
        old.runs = old.runs - new.runs
        count -= len(old.runs)
    return count, [*takewhile(old.runs.__contains__, chain.from_iterable(map(reversed, reversed(order))))]


def _all(batches: Iterable[list[bytes]]) -> set[bytes]:
    runs: set[bytes] = set()
    for parts in batches:
        # By way of a small set, which is filled inside the processor's cache and walked in the order of its hashes, so
        # that the large one is filled in an order, too: faster than value by value.
        runs |= set(parts)
    return runs


def _at_end(last: Batch, deletes: Container[str], reader: ExportReader) -> Iterator[str]:
    """The keys of the deletes among the last runs of the older export, of which the very last comes first."""
    for run in placed([last]):
        keys = [fold(row.record.name) for row in reader.parse(*run) if isinstance(row, Found)]
        if not keys or not all(key in deletes for key in keys):
            return
        yield from keys


def _offices(difference: Difference) -> Iterator[str]:
    """The names of all post offices that were added, changed or deleted."""
    pairs = difference.modifies.values()
    for record in chain(difference.adds.values(), difference.deletes.values(), chain.from_iterable(pairs)):
        if record.locn in POST_OFFICES:
            yield record.name
