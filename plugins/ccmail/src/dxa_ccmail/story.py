"""The ten steps of a cycle (KB Q295753) as lines of the report, under the numbers of the original's events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from dxa.connector import Phase
from dxa.entry import Verb
from dxa_ccmail.delivery import CONFLICT, Wanted
from dxa_ccmail.findings import Findings, Titles
from dxa_ccmail.running.events import Event
from dxa_ccmail.running.interface import EXPORT_NAMES, IMPORT_NAMES, Exported, Imported, Kind, Mode, State

#: KB Q181186, Q167830: directory synchronization started, finished; it failed, by the export or a post office's name.
STARTED, FINISHED, FAILED = 14001, 14031, 14005

#: KB Q167830: the number of the warning that an address of cc:Mail is somebody's at the site.
TAKEN = 14018

#: So many names are written out.
FEW = 5


@attrs.define
class Story:
    """Tells the cycles of one link. Steps that the core does are told when it says that they are done."""

    tell: Callable[[int, str], None]
    office: str
    _begun: bool = attrs.field(default=False, init=False)
    _imported: bool = attrs.field(default=False, init=False)
    _read: bool = attrs.field(default=False, init=False)
    _differs: bool = attrs.field(default=False, init=False)

    def begin(self) -> None:
        """Event 14001."""
        self._begun, self._imported, self._read, self._differs = True, False, False, False
        self.tell(STARTED, f"directory synchronization with post office {self.office} started")

    def exported(self, export: Exported) -> None:
        """Step 1."""
        names = ", ".join(EXPORT_NAMES[kind] for kind in export.files)
        self.tell(export.event.number, f"step 1 of 10: {export.event.text} ({names})")

    def no_use(self, event: Event) -> None:
        """Step 1, when what somebody else has left is no export; it is taken away."""
        self.tell(event.number, f"step 1 of 10: {event.text}; nothing of it is used, the next export is waited for")

    def nothing_new(self, warnings: Sequence[str]) -> None:
        """Step 1, when somebody else runs the programs."""
        self.tell(0, f"step 1 of 10: no new export; {'; '.join(warnings) or 'nothing is compared in this cycle'}")

    def read(self, found: Findings, titles: Titles) -> None:
        """Steps 2 to 4."""
        self._read = found.counted
        cursor = found.cursor
        what = "read whole" if found.whole else "as before"
        if found.transactions and not found.whole:
            what = _counted(len(found.transactions), "change")
        bad = f"; {_counted(len(found.rejects), 'record')} cannot be read" if found.rejects else ""
        odd = f"; unknown labels, kept: {_few(sorted(found.unknown))}" if any(found.unknown) else ""
        self.tell(
            0,
            f"step 2 of 10: {EXPORT_NAMES[Kind.DIRECTORY]} {what}: {_counted(cursor.ours, 'entry', 'entries')} of the "
            f"site, {cursor.theirs} of cc:Mail{bad}{odd}",
        )
        if found.doubt:
            self.tell(0, f"{found.doubt}: nobody is deleted or written by it, until the next export agrees")
        for step, kind, names in ((3, Kind.LISTS, titles.lists), (4, Kind.BOARDS, titles.boards)):
            self.tell(0, f"step {step} of 10: {EXPORT_NAMES[kind]}: {_counted(len(names), 'title')}")

    def wanted(self, wanted: Wanted, unused: Sequence[str]) -> None:
        """Step 6, as far as a post office has to be told anything."""
        if not self._begun:
            self.tell(0, "first comes what an earlier cycle has left undone, measured by a new export")
        if wanted.conflicts:
            count = _counted(len(wanted.conflicts), "name")
            self.tell(CONFLICT, f"{count} of the site cannot be used: {_few(wanted.conflicts)}; `dxa rejects list`")
        deletes, adds = len(wanted.deletes), len(wanted.adds)
        offices = f", {_counted(len(wanted.offices), 'post office')}" if wanted.offices else ""
        names = [IMPORT_NAMES[mode] for mode in (Mode.DELETE, Mode.ADD)]
        self.tell(
            0, f"step 6 of 10: {names[0]} {_counted(deletes, 'delete')}, {names[1]} {_counted(adds, 'add')}{offices}"
        )
        moved = len(wanted.deletes.keys() & wanted.adds.keys())
        if moved:
            # KB Q197255 (cc:Mail T06): the original needs two cycles, for its adds were refused as conflicts.
            self.tell(
                0,
                f"{_counted(moved, 'entry', 'entries')} of the site get another address: deleted and added in this "
                "cycle; what IMPORT refuses is added in the next one",
            )
        for office in unused if moved else ():
            self.tell(0, f"the post office {office!r} is the site's no more; dxa never deletes one, so do it by hand")

    def imported(self, done: Imported) -> None:
        """Steps 7 and 8."""
        self._imported = True
        self.tell(done.event.number if done.event else 0, f"step {_STEPS[done.mode]} of 10: {_became(done)}")

    def result(self, done: Imported) -> None:
        """What became of an import file that was left for somebody else in an earlier cycle."""
        if done.event:
            self.tell(done.event.number, f"step {_STEPS[done.mode]} of 10, of an earlier cycle: {done.event.text}")

    def taken(self, addresses: Sequence[str]) -> None:
        """Event 14018, before step 9."""
        count = _counted(len(addresses), "address of cc:Mail is", "addresses of cc:Mail are")
        self.tell(TAKEN, f"{count} somebody's at the site already: {_few(addresses)}; `dxa rejects list`")

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        """What the core has done: steps 5, 9 and 10, and the end."""
        verbs = {Verb.DELETE: "delete", Verb.MODIFY: "change", Verb.ADD: "add"}
        changes = ", ".join(_counted(counts.get(verb, 0), name) for verb, name in verbs.items())
        if phase is Phase.DIRECTORY:
            what = "the site's directory, deletes first, lists and boards with it"
            self.tell(0, f"steps 9 and 10 of 10: {what}: {changes}")
        elif phase is Phase.COMPARED:
            self._differs = any(counts.values())
            self.tell(0, f"step 5 of 10: what the site wants to be there differs by {changes}")
        elif phase is Phase.FAILED:
            self.tell(FAILED, f"directory synchronization failed: {reason}")
            self._begun = False
        else:
            self._begun = False
            if not self._imported and self._read and not self._differs:
                self.tell(0, f"step 6 of 10: {' and '.join(IMPORT_NAMES.values())} are empty")
            if not self._imported:
                self.tell(0, "steps 7 and 8 of 10: nothing was imported")
            self.tell(FINISHED, "directory synchronization finished")


_STEPS = {Mode.DELETE: 7, Mode.ADD: 8}


def _became(done: Imported) -> str:
    name = IMPORT_NAMES[done.mode]
    if done.state is State.NOTHING:
        return f"{name} is empty"
    if done.state is State.POSTED:
        return f"{name} was left to be imported"
    return f"{name}: {done.event.text if done.event else 'imported'}"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(map(repr, names[:FEW])) + more
