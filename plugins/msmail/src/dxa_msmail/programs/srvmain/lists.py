"""The master list of a directory server: what all requestors have told, and MSTTRANS, the list of its changes.

Each address is in it once: as the requestor tells it whose own list it stands in, else as the one does that told it
first. What somebody else tells about the list of a requestor that speaks for itself does not count (KB Q155727).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from dxa.address import Address, AddressTypes
from dxa.entry import Entry, Reject, Transaction, Verb, definition_key, is_definition
from dxa.errors import AddressError
from dxa.ledger.answer import ListKey
from dxa.ledger.view import (
    LISTS,
    FormKey,
    Line,
    Transition,
    Wish,
    advance,
    definition_line,
    settle_names,
)
from dxa.rules.maps import by_definition
from dxa.rules.naming import NameLimits, Names, shape_name
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import queue
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.queue import MSTTRANS, QueueRecord
from dxa_msmail.postoffice.served import Served
from dxa_msmail.requestor.journal import Journal

DAY = 86_400

_NO_FILE, _CORRUPT, _NOT_YOURS = 2, 40, 66
_LIMITS = NameLimits()


@attrs.define
class MasterList:
    """The list inside a change. `heard` are the folded names of registered requestors that have told something."""

    change: Changing
    served: Served
    types: AddressTypes
    now: int
    records: list[QueueRecord] = attrs.field(factory=list)

    @classmethod
    def open(cls, change: Changing, served: Served, types: AddressTypes, now: int, journal: Journal) -> MasterList:
        """Read MSTTRANS; of one that is not as it was left nothing counts, and whoever needs it gets everything."""
        data = change.read(MSTTRANS)
        there = b"" if data is None else data
        if zlib.crc32(there) == served.master and not (data is None and served.head):
            return cls(change, served, types, now, queue.read_queue(there, MSTTRANS).records)
        if data is None:
            journal.error(f"{error_text(_NO_FILE)}: {MSTTRANS}; requestors get everything anew", _NO_FILE)
        else:
            text = f"{MSTTRANS} is not as it was left; requestors get everything anew"
            journal.error(f"{error_text(_CORRUPT)}: {text}", _CORRUPT)
        served.floor = served.head
        drop_cuts(served)
        return cls(change, served, types, now)

    def key(self, line: Line | Entry) -> str:
        """What a line is known by: its address, or that it defines its list."""
        if not line.address:
            return definition_key(line.type, line.list)
        return self.types.key(Address(line.type, line.address))

    def entries(self) -> dict[str, Entry]:
        """Everybody in the list, by key."""
        return {
            key: line.entry()._replace(key=key)
            for line in (*self.served.lines, *self.served.definitions)
            for key in (self.key(line),)
        }

    # -- following what was told -----------------------------------------------------------------------------------

    def follow(self, heard: frozenset[str], moved: Iterable[tuple[str, str]], journal: Journal) -> int:
        """Make the list what has been told, with a record in MSTTRANS for each change; returns how many there were.

        `moved` are keys before and after of entries that have another address now.
        """
        definitions = self._definitions(heard)
        wanted = dict(self._wanted(heard, definitions, journal))
        live = {self.key(line): line for line in self.served.lines}
        for old, new in moved:
            if old in live and old not in wanted and new in wanted and new not in live:
                live[new] = live.pop(old)
        touched: dict[FormKey, Line] = {}
        wishes: dict[FormKey, Wish] = {}
        for key, line in live.items():
            wish = wanted.pop(key, None)
            if wish != _wish_of(line):
                touched[line.form] = line
                if wish is not None:
                    wishes[line.form] = wish
        for wish in wanted.values():
            self.served.last_recipient += 1
            wishes[self.served.last_recipient, ""] = wish
        before, defined = self._redefined(definitions.values())
        if not (touched or wishes or before or defined):
            return 0
        lists = {(wish.type, wish.list.casefold()) for wish in wishes.values()}
        taken = (((x.type, x.list), x.name) for x in self.served.lines if (x.type, x.list.casefold()) in lists)
        after = settle_names(touched, wishes, Names(taken), _LIMITS)
        steps = advance(before | touched, defined | after, self._number)
        self.served.definitions = [x for x in self.served.definitions if x.form not in before] + [*defined.values()]
        return self._apply(steps, touched, after, journal)

    def _definitions(self, heard: frozenset[str]) -> dict[ListKey, Line]:
        """The definitions of lists: as the list's requestor tells it, else as the one does that told it first."""
        told: dict[ListKey, tuple[bool, Line]] = {}
        for name, rows in self.served.told.items():
            for entry in filter(is_definition, rows.values()):
                key = entry.type, entry.list.casefold()
                if not self._may_tell(entry, name, heard):
                    continue
                if key not in told or (key[1] == name and not told[key][0]):
                    self.served.carry(entry.type, entry.list)
                    told[key] = key[1] == name, definition_line(*self.served.lists[key], entry.fields)
        return {key: line for key, (_, line) in told.items()}

    def _redefined(self, definitions: Iterable[Line]) -> tuple[dict[FormKey, Line], dict[FormKey, Line]]:
        """The definitions that are not as they are told: as they are, and as they should be."""
        wanted = {line.form: line for line in definitions}
        live = {line.form: line for line in self.served.definitions}
        differ = {form for form in wanted.keys() | live.keys() if wanted.get(form) != live.get(form)}
        before, after = ({form: x for form, x in each.items() if form in differ} for each in (live, wanted))
        return before, after

    @staticmethod
    def _may_tell(entry: Entry, name: str, heard: frozenset[str]) -> bool:
        """KB Q155727: who speaks for a postoffice is heard alone about it."""
        owner = entry.list.casefold() if entry.type == MS.name else ""
        return owner == name or owner not in heard

    def _wanted(
        self, heard: frozenset[str], definitions: Mapping[ListKey, Line], journal: Journal
    ) -> Iterator[tuple[str, Wish]]:
        best: dict[str, tuple[tuple[bool, int], str, Entry]] = {}
        for name, rows in self.served.told.items():
            for row, entry in rows.items():
                if is_definition(entry) or not self._may_tell(entry, name, heard):
                    continue
                rank = (entry.type != MS.name or entry.list.casefold() != name, row)
                key = self.key(entry)
                if key not in best or rank < best[key][0]:
                    best[key] = rank, name, entry
        for key, (_, name, entry) in best.items():
            try:
                shape_name(entry.name, _LIMITS)
            except AddressError as error:
                journal.rejects([Reject(0, 0, entry.name, error.code, f"{entry.type}:{entry.address}: {error}")])
                continue
            self.served.carry(entry.type, entry.list)
            _, list_ = self.served.lists[entry.type, entry.list.casefold()]
            defined = definitions.get((entry.type, list_.casefold()))
            fields = by_definition(entry.fields, defined.fields, _LIMITS) if defined else ()
            yield key, Wish(entry.type, "", list_, entry.name, entry.address, fields, name)

    def _number(self) -> int:
        self.served.sync += 1
        return self.served.sync

    def _apply(
        self,
        transitions: Sequence[Transition],
        before: Mapping[FormKey, Line],
        after: Mapping[FormKey, Line],
        journal: Journal,
    ) -> int:
        # That another requestor tells an entry now is no change to anybody.
        rows = [self._transaction(each) for each in transitions if _shows(each)]
        records = queue.queued(rows, self.now)
        self.records += records
        lines = {line.form: line for line in self.served.lines if line.form not in before}
        self.served.lines = [*lines.values(), *after.values()]
        if rows:
            self.served.head = rows[-1].number
        if [_bare(row) for row in queue.transactions(records, self.types).defined().transactions] != [
            _bare(r) for r in rows
        ]:
            # What cannot be read back can lead nobody on.
            journal.error(f"{MSTTRANS} cannot hold all of this; requestors get everything anew", _CORRUPT)
            self.served.floor = self.served.head
            drop_cuts(self.served)
        return len(rows)

    def _transaction(self, transition: Transition) -> Transaction:
        number, ended, started = transition
        old, new = (None if x is None else x.entry()._replace(key=self.key(x)) for x in (ended, started))
        if ended is not None and ended.recipient == LISTS and old is not None:
            new = new or old._replace(fields=())
        if new is not None and is_definition(new):
            return Transaction(number, Verb.DEFINE, None, new)
        verb = Verb.MODIFY if old and new else Verb.DELETE if old else Verb.ADD
        return Transaction(number, verb, old, new)

    # -- keeping ---------------------------------------------------------------------------------------------------

    def purge(self, days: int) -> int:
        """Forget changes that are older than Keep Updates says (KB Q257740); returns how many.

        Who would need one of them quotes a number that is not known any more, and gets everything.
        """
        oldest = self.now - days * DAY
        count = next((n for n, record in enumerate(self.records) if record.stamp >= oldest), len(self.records))
        if count:
            self.served.floor = self.records[count - 1].number
            del self.records[:count]
            drop_cuts(self.served)
        return count

    def store(self) -> None:
        """Write MSTTRANS, if it has changed."""
        data = queue.write_queue(self.records)
        crc = zlib.crc32(data)
        if crc != self.served.master or self.change.read(MSTTRANS) is None:
            self.change.write(MSTTRANS, data)
        self.served.master = crc


def drop_cuts(served: Served) -> None:
    """Forget the cuts that MSTTRANS does not reach back to."""
    for memo in served.memos.values():
        memo.cuts = [cut for cut in memo.cuts if cut.at >= served.floor]


def _wish_of(line: Line) -> Wish:
    return Wish(line.type, line.instead_of, line.list, line.wanted, line.address, line.fields, line.owner)


def _bare(row: Transaction) -> tuple[object, ...]:
    sides = ((x.key, x.name, x.address) if x else None for x in (row.old, row.new))
    return (row.number, row.verb, *sides)


def _shows(transition: Transition) -> bool:
    """Whether anybody would see the difference; who told a line is not one."""
    _, ended, started = transition
    return ended is None or started is None or ended.entry() != started.entry()
