"""The received list: what one peer has told us, entry by entry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from dxa.entry import (
    ADDRESSES,
    NO_LONGER,
    Entry,
    Fields,
    Reject,
    Transaction,
    Verb,
    default_of,
    definition_key,
    is_definition,
)
from dxa.ledger.answer import ListKey
from dxa.rules.maps import prompt_key

#: The digest of an entry that the peer has deleted, and of one that was never applied to the directory.
GONE = ""


class Row(NamedTuple):
    """A stored row of a received list: alive, or deleted by the peer and not yet taken out of the directory."""

    id: int
    entry: Entry
    alive: bool


class RowChange(NamedTuple):
    """What a report does to one row: `id` 0 is a new row, `after` None a deletion; a moved key keeps the row."""

    id: int
    before: Entry | None
    after: Entry | None


class Heard(NamedTuple):
    """The effect of a report on a received list, and the records of it that could not be used."""

    changes: list[RowChange]
    rejects: list[Reject]


def digest(entry: Entry) -> str:
    """The identity of what was told: equal entries have equal digests."""
    parts = [*entry[:5], *(part for field in entry.fields for part in field)] if entry.fields else entry[:5]
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def hear(
    rows: Iterable[Row],
    transactions: Sequence[Transaction],
    *,
    replaces: bool = True,
    whole: bool = False,
    marked: Collection[str] = (),
) -> Heard:
    """What the transactions, in their order, make of the rows.

    `rows` must hold every row whose key, name or anchor is mentioned, every row of each list that is replaced or
    defined, and the definitions of lists of which values are modified. With `replaces` false (an incomplete report) a
    replace removes nothing, a definition discards nothing, and the adds that follow count as they are. An
    entry keeps its row when its address changes, by a modify or by its anchor. With `whole` an add has all fields of
    its entry: those that the entry had and has no more are empty ones, and the last address of a type that goes stays
    among `ADDRESSES` as one that it has `NO_LONGER`. Not so for the keys in `marked`: these are ours, and compared as
    they are with what we want there.
    """
    return _Hearing(list(rows), whole, marked).run(transactions, replaces)


class _Hearing:
    """The received list while a report is applied: rows by key, and what they were before."""

    def __init__(self, rows: Sequence[Row], whole: bool, marked: Collection[str]) -> None:
        self.marked = marked
        self.was = {row.id: row.entry for row in rows} if whole else {}
        self.before: dict[int, Entry | None] = {}
        self.now: dict[str, tuple[int, Entry]] = {}
        self.dead: dict[str, int] = {}
        #: Rows with their keys, by anchor; whether they still stand there is to be looked at.
        self.anchors: dict[str, tuple[int, str]] = {}
        #: Anchors by row.
        self.named: dict[int, str] = {}
        #: The definitions of lists, by their keys.
        self.defined = {row.entry.key: row.entry.fields for row in rows if row.alive and is_definition(row.entry)}
        for row in rows:
            if row.entry.anchor:
                self.anchors[row.entry.anchor] = (row.id, row.entry.key)
                self.named[row.id] = row.entry.anchor
            if row.alive:
                self.before[row.id] = row.entry
                self.now[row.entry.key] = (row.id, row.entry)
            else:
                self.before[row.id] = None
                self.dead[row.entry.key] = row.id
        #: What adds have told, by key; it may still wait for its place.
        self.added: dict[str, Entry] = {}
        self.names: dict[tuple[str, str, str], str] | None = None
        #: Keys by list, made when they are asked for first; one that is there may have gone or moved since.
        self.lists: dict[ListKey, dict[str, None]] | None = None
        self.fresh = 0
        #: Modifies to an address that another entry holds: transaction, row, what was, what is to be.
        self.waiting: list[tuple[Transaction, int, Entry, Entry]] = []
        #: Adds of objects with the address of another one.
        self.late: list[Transaction] = []
        self.vacated: set[str] = set()
        self.rejects: list[Reject] = []

    def run(self, transactions: Sequence[Transaction], replaces: bool) -> Heard:
        for transaction in transactions:
            verb = transaction.verb
            if verb is Verb.ADD:
                self.add(transaction)
            elif verb is Verb.DELETE:
                self.delete(transaction)
            elif verb is Verb.MODIFY:
                self.modify(transaction)
            elif verb is Verb.DEFINE:
                self.define(transaction, clears=replaces)
            elif replaces:
                self.replace(transaction)
        self.seat_waiting()
        self.seat_late()
        return Heard(self.changes(), self.rejects)

    def changes(self) -> list[RowChange]:
        after = dict(self.now.values())
        after |= {row: self.emptied(row, after[row]) for row in self.was.keys() & after.keys()}
        gone = [RowChange(i, b, None) for i, b in self.before.items() if b is not None and i not in after]
        rest = [RowChange(max(i, 0), self.before.get(i), e) for i, e in after.items() if self.before.get(i) != e]
        return gone + rest

    def emptied(self, row: int, entry: Entry) -> Entry:
        """The entry with the fields that it had and has no more, as empty ones: these clear what we hold."""
        was = self.was[row]
        if was.fields == entry.fields or entry.key in self.marked:
            return entry
        names = {name for name, _ in entry.fields}
        gone = {name: "" for name, _ in was.fields if name not in names and name != ADDRESSES}
        lost = _lost_addresses(was.fields, entry.fields)
        return entry._replace(fields=(*entry.fields, *gone.items(), *lost)) if gone or lost else entry

    def refuse(self, transaction: Transaction, code: int, reason: str) -> None:
        self.rejects.append(Reject(transaction.number, 0, transaction.raw, code, reason))

    def put(self, entry: Entry, row: int | None = None) -> None:
        if row is None:
            known = self.now.get(entry.key)
            row = known[0] if known else self.dead.pop(entry.key, None)
        if row is None:
            self.fresh -= 1
            row = self.fresh
        self.now[entry.key] = (row, entry)
        self.names = None
        if self.lists is not None:
            self.lists.setdefault(_list_key(entry), {})[entry.key] = None
        if entry.anchor:
            self.anchors[entry.anchor] = (row, entry.key)
            self.named[row] = entry.anchor

    def drop(self, key: str) -> int:
        row, _ = self.now.pop(key)
        self.dead[key] = row
        self.names = None
        return row

    def add(self, transaction: Transaction) -> None:
        entry = transaction.new
        assert entry is not None
        if self.defined:
            entry = entry._replace(fields=with_defaults(entry.fields, self.definition_of(entry)))
        # dx:T-237: several adds with one address in a batch are a fault at the source; the first one stands.
        if entry.key in self.added:
            there = self.now.get(entry.key)
            if (there[1] if there else self.added[entry.key]) != entry:
                self.refuse(
                    transaction, 28, f"a second entry with the address {entry.type}:{entry.address} in one report"
                )
            return
        self.added[entry.key] = entry
        if not entry.anchor:
            self.put(entry)
            return
        at = self.anchored(entry.anchor)
        if at is not None and at != entry.key:
            self.move(transaction, at, entry)
        elif self.holder(entry.key) not in ("", entry.anchor):
            # Another object had this address, and may go away or move later in the report.
            self.late.append(transaction)
        else:
            self.put(entry)

    def holder(self, key: str) -> str:
        """The anchor of the row that stands under this key, alive or dead."""
        alive = self.now.get(key)
        return self.named.get(alive[0] if alive else self.dead.get(key, 0), "")

    def anchored(self, anchor: str) -> str | None:
        """The key under which the row with this anchor stands, alive or dead."""
        row, key = self.anchors.get(anchor, (0, ""))
        return key if self.stands(anchor) or self.dead.get(key) == row != 0 else None

    def stands(self, anchor: str) -> bool:
        """Whether the row with this anchor is alive."""
        row, key = self.anchors.get(anchor, (0, ""))
        alive = self.now.get(key)
        return alive is not None and alive[0] == row

    def move(self, transaction: Transaction, at: str, entry: Entry) -> None:
        """An object has another address: its row goes along, as soon as that address is free."""
        taken = entry.key in self.now or entry.key in self.vacated
        if self.stands(entry.anchor):
            current = self.now[at][1]
            row = self.drop_for_move(at)
            if taken:
                self.vacated.add(at)
                self.waiting.append((transaction, row, current, entry))
                return
        elif taken:
            self.late.append(transaction)
            return
        else:
            row = self.dead.pop(at)
        self.put(entry, row)

    def seat_late(self) -> None:
        """Objects with an address that another one had: it has gone, or they are refused."""
        for transaction in self.late:
            entry = transaction.new
            assert entry is not None
            holder = self.now.get(entry.key)
            if holder is None:
                self.put(entry)
            elif holder[1] != entry:
                self.refuse(transaction, 28, f"{entry.type}:{entry.address} is also the address of another entry")

    def delete(self, transaction: Transaction) -> None:
        entry = transaction.old
        assert entry is not None
        key = self.find(entry)
        if key is None:
            if entry.anchor and not entry.key:
                return  # a peer tells that all its objects go, and not all of them are recipients
            # KB Q96003: transaction has no effect.
            self.refuse(transaction, 47, "transaction has no effect: no such entry in what this peer has told")
            return
        self.added.pop(key, None)
        self.drop(key)

    def modify(self, transaction: Transaction) -> None:
        old, new = transaction.old, transaction.new
        assert old is not None
        assert new is not None
        key = self.find(old)
        if key is None:
            self.modify_unknown(transaction, new)
            return
        current = self.now[key][1]
        if self.defined and new.fields:  # KB Q107754: of values that are left out the default is the value
            new = new._replace(fields=by_default(new.fields, self.definition_of(new if new.type else current)))
        entry = _merged(current, new)
        if entry.key != key and (entry.key in self.now or entry.key in self.vacated):
            # Its holder may go away later in the report: two entries can swap addresses.
            self.vacated.add(key)
            self.waiting.append((transaction, self.drop_for_move(key), current, entry))
        elif entry != current:
            self.put(entry, self.drop_for_move(key))

    def define(self, transaction: Transaction, *, clears: bool) -> None:
        """KB Q125920: a definition discards all values of its list; they come behind it."""
        entry = transaction.new
        assert entry is not None
        self.defined.pop(entry.key, None)
        if entry.fields:
            self.put(entry)
            self.defined[entry.key] = entry.fields
        elif entry.key in self.now:
            self.drop(entry.key)
        if clears:
            fields = with_defaults((), entry.fields)
            for key in self.covered(entry):
                if key != entry.key:
                    row, each = self.now[key]
                    self.now[key] = (row, each._replace(fields=fields))

    def definition_of(self, entry: Entry) -> Fields:
        """The definition of the list in which the entry stands."""
        return self.defined.get(definition_key(entry.type, entry.list), ())

    def seat_waiting(self) -> None:
        """Modifies to an address that was held: it is free now, or they are refused and change nothing."""
        while refused := next((each for each in self.waiting if each[3].key in self.now), None):
            self.waiting.remove(refused)
            transaction, row, current, entry = refused
            self.refuse(transaction, 27, f"the new address {entry.type}:{entry.address} belongs to another entry")
            if current.key in self.now:  # an add took the place that this entry keeps after all
                self.drop(current.key)
                self.refuse(transaction, 28, f"{current.type}:{current.address} is not free for another entry")
            self.put(current, row)
        for _transaction, row, _current, entry in self.waiting:
            self.put(entry, row)

    def drop_for_move(self, key: str) -> int:
        row = self.drop(key)
        del self.dead[key]
        return row

    def modify_unknown(self, transaction: Transaction, new: Entry) -> None:
        # Ours: a modify of an unknown entry counts as an add of its new value (MS Mail logs 29, KB Q96001).
        if not new.key:
            self.refuse(
                transaction, 29, f"no entry named {new.name!r} in what this peer has told, and no address given"
            )
            return
        self.put(new)

    def replace(self, transaction: Transaction) -> None:
        wanted = transaction.new
        assert wanted is not None
        for key in self.covered(wanted):
            self.added.pop(key, None)
            self.defined.pop(key, None)
            self.drop(key)

    def covered(self, wanted: Entry) -> list[str]:
        """The keys of all that stands in a list, of a type or anywhere (`covers`); a report may name many lists."""
        if not wanted.list:
            return [key for key, (_, entry) in self.now.items() if covers(wanted, entry)]
        if self.lists is None:
            self.lists = {}
            for key, (_, entry) in self.now.items():
                self.lists.setdefault(_list_key(entry), {})[key] = None
        keys = self.lists.get(_list_key(wanted), {})
        return [key for key in keys if key in self.now and covers(wanted, self.now[key][1])]

    def find(self, entry: Entry) -> str | None:
        """The key of the entry by its address, else by its anchor or its name inside its list (KB Q152424)."""
        if entry.key:
            return entry.key if entry.key in self.now else None
        if entry.anchor:
            return self.anchors[entry.anchor][1] if self.stands(entry.anchor) else None
        if self.names is None:
            self.names = {(e.type, e.list.casefold(), e.name): k for k, (_, e) in self.now.items()}
        hits = {
            k
            for (t, li, n), k in self.names.items()
            if n == entry.name and (not entry.list or li == entry.list.casefold())
        }
        return hits.pop() if len(hits) == 1 else None


def covers(wanted: Entry, entry: Entry) -> bool:
    """Whether the entry stands in a list that is replaced: `wanted` names one list, a type, or everything."""
    if not wanted.type or (entry.type == wanted.type and not wanted.list):
        return True
    return _list_key(entry) == _list_key(wanted)


def _list_key(entry: Entry) -> ListKey:
    return entry.type, entry.list.casefold()


def _lost_addresses(was: Fields, now: Fields) -> list[tuple[str, str]]:
    """The addresses of types of which there is none any more; of other types those that there are replace all."""
    told = {value.partition(":")[0] for name, value in now if name == ADDRESSES}
    had = (value.removeprefix(NO_LONGER) for name, value in was if name == ADDRESSES and value)
    return [(ADDRESSES, NO_LONGER + value) for value in had if value.partition(":")[0] not in told]


def _merged(current: Entry, new: Entry) -> Entry:
    """The entry after a modify: template lines replace only the fields they name (KB Q107754)."""
    fields = merge_fields(current.fields, new.fields)
    if not new.key:
        return current._replace(fields=fields)
    return new._replace(fields=fields)


def with_defaults(fields: Fields, defined: Fields) -> Fields:
    """The fields of an entry in a list with this definition, with the defaults that it has where none are told."""
    told = {prompt_key(prompt) for prompt, _ in fields}
    rest = ((prompt, default_of(layout)) for prompt, layout in defined if prompt_key(prompt) not in told)
    return (*fields, *((prompt, default) for prompt, default in rest if default))


def by_default(fields: Fields, defined: Fields) -> Fields:
    """The fields that a modify tells in a list with this definition, with all of the defaults where none are told."""
    told = {prompt_key(prompt) for prompt, _ in fields}
    return (*fields, *((p, default_of(layout)) for p, layout in defined if prompt_key(p) not in told))


def merge_fields(current: Fields, new: Fields) -> Fields:
    """`current` with the values of `new` put in, new names at the end; of a name all values or none."""
    if not new:
        return current
    merged: dict[str, list[tuple[str, str]]] = {}
    for field in current:
        merged.setdefault(field[0], []).append(field)
    told: dict[str, list[tuple[str, str]]] = {}
    for field in new:
        told.setdefault(field[0], []).append(field)
    return tuple(field for fields in {**merged, **told}.values() for field in fields)
