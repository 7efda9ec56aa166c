"""Two exports compared as bytes: what is the same in both is dropped before anything is parsed.

The order of the entries does not count, and neither does where the files are cut into blocks. What is left is parsed
and compared by folded name. The result is that of reading both files whole, under two conditions that the caller
keeps: nothing but the records decides what they mean (the same configuration for both), and the older export names
nobody twice. `Difference.offices` says whether the first one is broken by the post offices themselves.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from itertools import chain, takewhile
from typing import NamedTuple

import attrs

from dxa.entry import Reject
from dxa_ccmail.ending import Ending
from dxa_ccmail.export import ExportReader, rejected_name
from dxa_ccmail.listing import repeated
from dxa_ccmail.names import fold
from dxa_ccmail.record import POST_OFFICES, Found, Labels, Record, same
from dxa_ccmail.runs import Batch, batches, in_blocks, placed


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


def difference(old: bytes | Iterable[bytes], new: bytes | Iterable[bytes], reader: ExportReader) -> Difference:
    """How the newer export differs from the older one; see the conditions above. Either may come in blocks.

    A name that is added here and stands unchanged in both files, too, is named twice by the newer export: only the
    caller's list of all names tells, and the names that are added may be asked for there, for they are few. An export
    that names somebody twice must not be the older one of the next comparison.

    Raises:
        FormatError: when one of the exports is empty or ends inside a record.
    """
    before, after = _Export(old, reader), _Export(new, reader)
    unchanged = before.drop_common(after)
    last = before.last_runs()
    gone, come = before.read(reader.fresh()), after.read(reader)
    shared = gone.entries.keys() & come.entries.keys()
    damaged = (come.damaged(reader.labels) & gone.entries.keys()) - shared
    changes = {key: Change(gone.entries[key], come.entries[key]) for key in sorted(shared)}
    deletes = {key: gone.entries[key] for key in sorted(gone.entries.keys() - shared - damaged)}
    difference = Difference(
        adds={key: come.entries[key] for key in sorted(come.entries.keys() - shared)},
        modifies={key: change for key, change in changes.items() if not same(*change)},
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
    """An export as runs: a set of them, and batches of them in the order of the file."""

    def __init__(self, data: bytes | Iterable[bytes], reader: ExportReader) -> None:
        ending = Ending(reader.labels)
        self.head: list[bytes] = []
        self.begin = b""
        self.runs: set[bytes] = set()
        self._order: list[list[bytes]] = []
        for begin, parts in batches(ending.watch(in_blocks(data)), reader.labels.name):
            if begin:
                self.begin = begin
                # By way of a small set, which is filled inside the processor's cache and walked in the order of its
                # hashes, so that the large one is filled in an order, too: a quarter faster than value by value.
                self.runs |= set(parts)
                self._order.append(parts)
            else:
                self.head = parts
        self.is_marked = ending.is_marked

    def drop_common(self, other: _Export) -> int:
        """Leave in either what the other has not, and say how many runs both had."""
        if self.head == other.head:
            self.head = other.head = []
        if self.begin != other.begin:
            return 0
        count = len(self.runs)
        # Two sets of like size are walked in the order of their hashes, and of what is the same no copy is made.
        self.runs ^= other.runs
        other.runs = other.runs & self.runs
        self.runs = self.runs - other.runs
        return count - len(self.runs)

    def last_runs(self) -> list[bytes]:
        """The last runs of the file as far as they are left, the very last first."""
        runs = chain.from_iterable(map(reversed, reversed(self._order)))
        return [*takewhile(self.runs.__contains__, runs)]

    def read(self, reader: ExportReader) -> _Side:
        """The records of the runs that are left; after that the order is forgotten."""
        plain = reader.plain(Batch(self.begin, list(self.runs))) if not self.head else None
        keys = [*map(fold, plain.names)] if plain else []
        if plain and len(set(keys)) == len(keys):
            # The garbage collector walks through lists of a million values again and again while records are made.
            self._order = []
            return _Side(dict(zip(keys, plain.records, strict=True)))
        # Something is odd: everything in the order of the file, and with its place there.
        side = _Side()
        batches = [Batch(b"", self.head), *(Batch(self.begin, parts) for parts in self._order)]
        wanted = chain.from_iterable(batch.parts for batch in batches)
        for part, run in zip(wanted, placed(batches), strict=True):
            if part in self.runs or part in self.head:
                for row in reader.parse(*run):
                    side.add(row)
        self._order = []
        return side


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
