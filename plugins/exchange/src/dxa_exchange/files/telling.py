"""What the files of a directory mean to the core: objects and changes as transactions on entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from dxa.address import AddressTypes
from dxa.entry import ASIDE, Entry, Reject, Transaction, Verb, anchored
from dxa.errors import FormatError
from dxa_exchange import names
from dxa_exchange.directory import Bad, Record
from dxa_exchange.files.formats import Parsed
from dxa_exchange.files.options import FilesOptions
from dxa_exchange.files.state import State, Step
from dxa_exchange.people.codec import People
from dxa_exchange.people.members import Members
from dxa_exchange.people.reader import MEMBER, Person
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.snapshot import is_deleted


@attrs.define
class Told:
    """What one file says."""

    transactions: list[Transaction] = attrs.field(factory=list)
    rejects: list[Reject] = attrs.field(factory=list)
    remarks: list[Reject] = attrs.field(factory=list)
    marked: set[str] = attrs.field(factory=set)
    #: Objects that are no recipients, by the reason.
    skipped: dict[str, int] = attrs.field(factory=dict)


@attrs.frozen
class Telling:
    """Reads the files of one link; see `State` for what it keeps between them."""

    options: FilesOptions
    types: AddressTypes
    site: tuple[str, str]

    def people(self, state: State) -> People:
        """The people of the directory as it is now."""
        return People(
            self.options.people,
            types=self.types,
            site=self.site,
            available=state.columns,
            resolve=self._members(state).resolve,
        )

    def _members(self, state: State) -> Members:
        """The members of lists, looked up in the directory as it is when they are asked for."""
        people = People(self.options.people, types=self.types, site=self.site)

        def look_up(key: str) -> Entry | None:
            record = state.records.get(key)
            found = people.read(record) if record is not None else None
            return found.entry if isinstance(found, Person) else None

        return Members(look_up, self._member_key)

    def _member_key(self, name: str) -> str:
        """The key of a name as lists have it: that of Exchange 5.5 may begin below the site."""
        if self.options.people.dialect not in ("csv55", "raw55"):
            return names.key(name)
        try:
            return names.key(names.write(names.absolute(name, names.read(self.options.table.site))))
        except FormatError:
            return names.key(name)

    def whole(self, parsed: Parsed, state: State) -> Told:
        """A full export: `state`, which is new, has its objects afterwards."""
        told = Told()
        state.whole, state.columns = True, parsed.columns
        lines: dict[str, int] = {}
        for line, item in self._usable(parsed, told):
            record = _record(item)
            if record is None or is_deleted(record):
                continue
            key = names.key(record.dn)
            if key in state.records:
                told.rejects.append(Reject(0, line, record.dn, 0, f"line {line}: {record.dn} is there twice"))
                continue
            state.records[key] = record
            lines[key] = line
        people = self.people(state)
        for key, record in state.records.items():
            found = self._person(people, record, told, lines[key])
            if found is not None:
                told.transactions.append(Transaction(0, Verb.ADD, None, found.entry))
        return told

    def changes(self, parsed: Parsed, state: State) -> Told:
        """Changes, or objects that are not all there are; they are made in `state`, too."""
        told = Told()
        lists = self._lists(state)
        steps = _net(self._steps(parsed, state, told))
        people = self.people(state)
        for line, step in steps:
            was = lists.pop(names.key(step.before.dn), None) if step.before else None
            told.transactions += self._transactions(people, step, told, line, was)
        # The members of other lists are told by addresses, which may be others now.
        now = self._lists(state, lists)
        told.transactions += (each for key, old in lists.items() if key in now for each in _changed(old, now[key]))
        return told

    def _lists(self, state: State, wanted: Iterable[str] | None = None) -> dict[str, Entry]:
        """The lists that have members, by the keys of their names: all of them, or those that are wanted."""
        people = self.people(state)
        found = {}
        for key in list(state.records) if wanted is None else wanted:
            record = state.records.get(key)
            if record is not None and any(people.dialect.neutral(name) == MEMBER for name in record.attributes):
                person = people.read(record, _anchor(people, record))
                if isinstance(person, Person):
                    found[key] = person.entry
        return found

    def refused(self, parsed: Parsed) -> Told:
        """What the directory's own import has refused; it changes nothing."""
        told = Told()
        for line, item in parsed.items:
            if isinstance(item, Line):
                what = f"the {item.mode.value.lower()} of {item.record.dn}"
                told.remarks.append(Reject(0, line, item.raw, 0, f"line {line}: its import has refused {what}"))
            elif isinstance(item, Bad):
                told.remarks.append(_reject(line, item))
        return told

    def apply(self, parsed: Parsed, state: State) -> None:
        """Make the changes of a file in `state`, and nothing else."""
        for _ in self._steps(parsed, state, Told()):
            pass

    # -- items -----------------------------------------------------------------------------------------------------

    def _usable(self, parsed: Parsed, told: Told) -> Iterator[tuple[int, object]]:
        told.remarks += (Reject(0, 0, "", 168, remark) for remark in parsed.remarks)
        for line, item in parsed.items:
            if isinstance(item, Bad):
                told.rejects.append(_reject(line, item))
            else:
                yield line, item

    def _steps(self, parsed: Parsed, state: State, told: Told) -> Iterator[tuple[int, Step]]:
        table = self.options.table
        for line, item in self._usable(parsed, told):
            try:
                if isinstance(item, Line):
                    yield line, state.line(item, overwrite=table.overwrite, generation=table.generation())
                elif isinstance(item, Record):
                    yield line, state.put(item)
                else:
                    for step in state.change(item):  # type: ignore[arg-type]
                        yield line, step
            except FormatError as error:
                raw = item.raw if isinstance(item, Line) else error.got
                told.rejects.append(Reject(0, line, raw, int(error.code), f"line {line}: {error}"))

    def _transactions(
        self, people: People, step: Step, told: Told, line: int, was: Entry | None
    ) -> Iterator[Transaction]:
        """What a step means; `was` is the entry before of a list."""
        before = people.read(step.before, _anchor(people, step.before)) if step.before else None
        after = self._person(people, step.after, told, line) if step.after else None
        old = was or (before.entry if isinstance(before, Person) else None)
        if after is not None and old is not None:
            yield from _changed(old, after.entry)
        elif after is not None:
            yield Transaction(0, Verb.ADD, None, after.entry)
        elif old is not None:
            yield Transaction(0, Verb.DELETE, old, None)
        elif step.before is None and step.after is None:
            yield Transaction(0, Verb.DELETE, anchored(names.key(step.dn)), None)

    def _person(self, people: People, record: Record, told: Told, line: int) -> Person | None:
        found = people.read(record, _anchor(people, record))
        if isinstance(found, Bad):
            told.rejects.append(_reject(line, found))
            return None
        if not isinstance(found, Person):
            told.skipped[found.reason] = told.skipped.get(found.reason, 0) + 1
            return None
        told.remarks += (Reject(0, line, record.dn, 0, f"line {line}: {remark}") for remark in found.remarks)
        if found.marked:
            told.marked.add(found.entry.key)
        return found


def _net(steps: Iterable[tuple[int, Step]]) -> list[tuple[int, Step]]:
    """One step for each object, from what it was before the file to what it is behind it; those that go come first."""
    ended: list[tuple[int, Step]] = []
    open_: dict[str, tuple[int, Step]] = {}
    for line, step in steps:
        start = names.key(step.before.dn if step.before else step.after.dn if step.after else step.dn)
        _, first = open_.pop(start, (line, step))
        end = names.key(step.after.dn) if step.after else start
        if end in open_:
            # An object gets the name of one that has gone.
            ended.append(open_.pop(end))
        open_[end] = line, Step(first.before, step.after, step.dn)
    return sorted([*ended, *open_.values()], key=lambda each: each[1].after is not None)


def _changed(old: Entry, new: Entry) -> Iterator[Transaction]:
    """What makes the one entry of the other; fields that it has no more are told as empty."""
    if old == new:
        return
    there = {name for name, _ in new.fields}
    gone = dict.fromkeys(name for name, _ in old.fields if name not in there and name not in ASIDE)
    new = new._replace(fields=(*new.fields, *((name, "") for name in gone)))
    if old.anchor == new.anchor:
        yield Transaction(0, Verb.ADD, None, new)
    elif old.key == new.key:
        # It is the same recipient under another name, all of whose fields are told.
        yield Transaction(0, Verb.DELETE, old, None)
        yield Transaction(0, Verb.ADD, None, new)
    else:
        yield Transaction(0, Verb.MODIFY, old, new)


def _anchor(people: People, record: Record) -> str:
    """What tells our own objects is their name as it is written, for changes need it; of others see `People.read`."""
    return names.to_ldap(record.dn) if people.marked(record) else ""


def _record(item: object) -> Record | None:
    if isinstance(item, Line):
        return None if item.mode is Mode.DELETE else item.record
    return item if isinstance(item, Record) else None


def _reject(line: int, bad: Bad) -> Reject:
    where = f"line {line}: " if line else ""
    field = f"{bad.field}: " if bad.field and bad.field not in bad.reason else ""
    return Reject(0, line, bad.raw, int(bad.code), f"{where}{field}{bad.reason}")
