"""What is other in an export than in the last one, as changes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import attrs

from dxa.entry import Reject, Transaction, Verb
from dxa_ccmail.entries import Meaning, Titles, Told
from dxa_ccmail.export import ExportReader
from dxa_ccmail.findings import Findings, remark
from dxa_ccmail.kept import Cursor
from dxa_ccmail.lookup import names_in
from dxa_ccmail.names import fold
from dxa_ccmail.offices import PostOffices
from dxa_ccmail.rawdiff import Difference
from dxa_ccmail.record import Record


def changed(
    meaning: Meaning, reader: ExportReader, titles: Titles, last: Cursor, found: Difference, data: bytes, cursor: Cursor
) -> Findings | None:
    """The changes since the export of the cursor `last`; None when what records mean may depend on others."""
    placed = [*found.adds.values(), *(new for old, new in found.modifies.values() if old[1:3] != new[1:3])]
    if placed and _collides(meaning, placed, chain(names_in(data, reader), titles.lists.values())):
        return None
    meaning = attrs.evolve(meaning, offices=PostOffices(last.offices), owned=frozenset(last.owned), titles=titles)
    if any(meaning.is_odd(record, meaning.told(record)) for record in placed):
        return None
    return _Changes(meaning).findings(found, last, cursor)


class _Changes:
    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning
        self.gone: list[Transaction] = []
        self.come: list[Transaction] = []
        self.marked: set[str] = set()
        self.remarks: list[Reject] = []
        self.ours = self.theirs = 0

    def findings(self, found: Difference, last: Cursor, cursor: Cursor) -> Findings:
        for record in found.deletes.values():
            self.put(record, self.meaning.told(record), Told())
        for old, new in found.modifies.values():
            self.put(new, self.meaning.told(old), self.meaning.told(new))
        for record in found.adds.values():
            self.put(record, Told(), self.meaning.told(record))
        return Findings(
            transactions=[*self.gone, *self.come],
            marked=frozenset(self.marked),
            rejects=found.rejects,
            remarks=self.remarks,
            cursor=attrs.evolve(
                cursor,
                offices=last.offices,
                owned=last.owned,
                whole=bool(found.rejects),
                ours=last.ours + self.ours,
                theirs=last.theirs + self.theirs,
                records=last.records + len(found.adds) - len(found.deletes) - len(found.damaged) + len(found.rejects),
            ),
        )

    def put(self, record: Record, old: Told, new: Told) -> None:
        """A record that meant one thing means another now."""
        if new.why:
            self.remarks.append(remark(record, new.why))
        for told, sign in ((old, -1), (new, 1)):
            if told.entry is not None:
                self.ours += sign * told.ours
                self.theirs += sign * (not told.ours)
        if old.entry is not None and (new.entry is None or new.entry.key != old.entry.key):
            self.gone.append(Transaction(0, Verb.DELETE, old.entry, None))
        if new.entry is not None:
            # An add of an entry that is there changes it, and all its fields.
            self.come.append(Transaction(0, Verb.ADD, None, new.entry))
            self.marked |= {new.entry.key} if new.ours else set()


def _collides(meaning: Meaning, placed: Iterable[Record], names: Iterable[str]) -> bool:
    """Whether somebody who came to a post office has the name of another entry, or would have the address of one."""
    wanted = {form for record in placed for form in _forms(meaning, record.name)}
    met: dict[str, str] = {}
    twice: set[str] = set()
    for name in names:
        key = fold(name)
        if key in twice:
            return True
        for form in _forms(meaning, name) & wanted:
            if met.setdefault(form, key) != key:
                return True
            twice.add(key)
    return False


def _forms(meaning: Meaning, name: str) -> set[str]:
    return {fold(name), fold(meaning.rules.forms(name.strip())[0])}
