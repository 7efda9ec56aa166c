"""What an export means for dxa: everything, or what is other than in the last one; or that it may not be used.

The last export that the store has taken is kept. Records that are the same in both files are dropped before anything
is parsed. That is right as long as the post offices, the titles and the configuration are the same, nobody is named
twice, and no two people have one address; else the new export is read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import attrs

from dxa_ccmail.changes import changed
from dxa_ccmail.entries import Meaning
from dxa_ccmail.export import ExportReader
from dxa_ccmail.findings import NOT_WHOLE, STRANDED, TITLES_MISSING, Findings, Titles
from dxa_ccmail.kept import Cursor, Kept
from dxa_ccmail.lookup import Read, last_names, read_all
from dxa_ccmail.offices import PostOffices
from dxa_ccmail.rawdiff import Difference, difference
from dxa_ccmail.record import USERS, Record
from dxa_ccmail.running.checks import not_run
from dxa_ccmail.running.events import Program, RunError
from dxa_ccmail.running.interface import EXPORT_NAMES, Kind
from dxa_ccmail.runs import CTRL_Z
from dxa_ccmail.whole import everything

#: So many exports are known again.
PAST = 20
#: So many entries in the same order at the end are no accident.
ENOUGH = 20

#: Looks at the entries of a whole export by folded name, and raises when nothing may be done with them.
Check = Callable[[Mapping[str, Record], bool], None]


@attrs.frozen(kw_only=True)
class Reading:
    """How exports are read. `meaning` is of a post office that has no entries yet; `digest` names the configuration.

    `check` is told whether an export has been taken before.
    """

    meaning: Meaning
    reader: ExportReader
    kept: Kept
    server: str
    digest: str
    check: Check

    def read(self, data: bytes, titles: Titles, cursor: Cursor | None = None, count: int | None = None) -> Findings:
        """What the export says beside what the store knows by `cursor`; `count` is how many entries it should have.

        Raises:
            RunError: when it was cut; nothing of it may be used.
        """
        known = cursor if cursor and (cursor.rules, cursor.titles) == (self.digest, titles.digest) else None
        if known and self.kept.is_same(known.digest, data):
            _check_count(count, known.records)
            # A second export has the same end.
            return Findings(cursor=known)
        last = self.kept.read(cursor.digest) if cursor else None
        found = difference(last, data, self.reader.fresh()) if last else None
        if found and found.mark_lost:
            raise _cut("it has no Ctrl-Z at its end, which the last one had")
        past = [*cursor.before, cursor.digest] if cursor else []
        fresh = Cursor(
            digest=self.kept.put(data),
            rules=self.digest,
            titles=titles.digest,
            before=past[-PAST:],
            lists=titles.lists,
            boards=titles.boards,
        )
        findings, stranded = None, False
        if known and found and not known.whole and not found.offices:
            findings = changed(self.meaning, self.reader, titles.by_name(), known, found, data, fresh)
        if findings is None:
            read = read_all(data, self.reader)
            self.check(read.entries, cursor is not None)
            findings = everything(self.meaning, self.server, read, titles, fresh)
            stranded = cursor is not None and _has_stranded(read, cursor.offices, findings.cursor.offices)
        _check_count(count, findings.cursor.records)
        whole = count is not None or data.endswith(CTRL_Z)
        counted = whole or bool(found and last and self._has_end(found, last, data))
        doubt = ""
        # An export that was taken before the last one may be that very file: the next one shows what is true.
        if not counted or fresh.digest in past[:-1]:
            doubt = NOT_WHOLE
        elif cursor and titles.may_be_cut(cursor):
            doubt = TITLES_MISSING
        elif stranded:
            doubt = STRANDED
        return attrs.evolve(findings, doubt=doubt)

    def is_whole(self, data: bytes, count: int | None = None) -> bool:
        """Whether an export shows that it is whole, by itself or beside the one that was kept last."""
        if count is not None or data.endswith(CTRL_Z):
            return True
        latest = self.kept.latest()
        last = self.kept.read(latest) if latest else None
        return last is not None and (
            data == last or self._has_end(difference(last, data, self.reader.fresh()), last, data)
        )

    def _has_end(self, found: Difference, last: bytes, data: bytes) -> bool:
        """Whether the export ends as the last one ended, but for who has come.

        Not so with the last entries missing. Nor with others at the end: then the order is another one, and who is
        missing may have stood anywhere.
        """
        if not found.deletes:
            return True
        gone = found.deletes.keys() | found.damaged
        before = [name for name in last_names(last, self.reader) if name not in gone]
        now = [name for name in last_names(data, self.reader) if name not in found.adds]
        count = min(len(before), len(now), ENOUGH)
        return not found.at_end and count > 0 and before[-count:] == now[-count:]


def _has_stranded(read: Read, before: Iterable[str], now: Iterable[str]) -> bool:
    """Whether somebody is behind a post office that is gone: a mistake perhaps, or work that is half done."""
    there = PostOffices(now)
    lost = PostOffices(office for office in before if office not in there)
    return len(lost) > 0 and any(row.locn in USERS and lost.split(row.addr) for row in read.entries.values())


def _check_count(count: int | None, records: int) -> None:
    if count is not None and count != records:
        raise _cut(f"it has {records} entries, and EXPORT says that there are {count}")


def _cut(why: str) -> RunError:
    return not_run(Program.EXPORT, f"ended with code 0, but {EXPORT_NAMES[Kind.DIRECTORY]} was cut: {why}")
