"""The schedule of a postoffice, PROCESS.GLB: what Dispatch runs there, and when.

Its sizes and fields are public (KB Q77926, Q148718), the places are not: these are ours, with mark and check. The head
counts the entries, so that a file that was cut between two of them is noticed as well.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.dirsyncconf import headed
from dxa_msmail.postoffice.disk import Found, held, said
from dxa_msmail.postoffice.layout import Basis
from dxa_msmail.postoffice.maildata import OWN, Changing, Files, Maildata
from dxa_msmail.postoffice.slots import Slot, Zone, parse_zone

PROCESS = "GLB/PROCESS.GLB"
#: What a Dispatch holds at a postoffice while it runs something there; an empty file.
CLAIM = f"{OWN}/DISPATCH"

#: KB Q96060, Q132731: what Dispatch runs at the three times of a cycle.
T1, T2, T3 = COMMANDS = ("NSDA -RT", "NSDA -S", "NSDA -RR")
#: What people, and the files of DSSCHED, call these times.
TIMES = {"T1": T1, "T2": T2, "T3": T3}
#: KB Q119590, Q148718: a process that could not run within these seconds has missed its run; ADMIN 3.0 had half of it.
WINDOW = 28800
#: KB Q96060: a process runs again after a week.
WEEK = 604800

_OURS = Basis.OURS
_Q148718 = "KB Q148718 names the field"


@layout.record(512, "Schedule, head", "KB Q77926, Q136487")
@attrs.frozen(kw_only=True)
class ScheduleHead:
    """The head of PROCESS.GLB. An empty schedule is nothing but its 512 bytes, which may be zeros (KB Q136487)."""

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    entries: int = layout.number(0x08, 4, _OURS, "", "how many records follow")


@layout.record(197, "Schedule, entry", "KB Q77926, Q148718")
@attrs.frozen(kw_only=True)
class ProcessEntry:
    """One weekly run of a process; times are seconds since 1970.

    `minute` and `zone_name` are the slot, `run` is what follows from them: the run that is due next, or that waits.
    """

    raw: bytes = layout.raw()
    mark: bytes = layout.mark(0x00)
    check: int = layout.check(0x04)
    id: int = layout.number(0x08, 4, _OURS, _Q148718, "ID", default=1)
    command: str = layout.text(0x0C, 16, _OURS, _Q148718, f"{T1}, {T2} or {T3}")
    run: int = layout.number(0x1C, 4, _OURS, _Q148718, "current time to run")
    zone: int = layout.number(0x20, 2, _OURS, "KB Q96060 names the field", "hours west of Greenwich", signed=True)
    minute: int = layout.number(0x22, 2, _OURS, "", "the slot: minutes since Sunday, 00:00, of the clock on the wall")
    window: int = layout.number(0x24, 4, _OURS, _Q148718, "run window in seconds", default=WINDOW)
    next_run: int = layout.number(0x28, 4, _OURS, _Q148718, "this instance next runs, a week after `run`")
    comment: str = layout.text(0x2C, 96, _OURS, _Q148718, "process comment")
    zone_name: str = layout.text(0x8C, 57, _OURS, "", "the slot's time zone: Europe/Berlin, PST8PDT; empty for that")

    @property
    def slot(self) -> Slot:
        """The time of the week."""
        return Slot(self.minute)

    @property
    def place(self) -> Zone:
        """The zone of that time; raises `UsageError` when nobody knows it here."""
        return parse_zone(self.zone_name)

    @property
    def time(self) -> str:
        """What people call it: T1, T2 or T3."""
        return next(name for name, command in TIMES.items() if command == self.command)


_NO_SCHEDULE = bytes(layout.layout_of(ScheduleHead).size)


def weekly(
    number: int, command: str, slot: Slot, now: float, *, zone: Zone, window: int = WINDOW, comment: str = ""
) -> ProcessEntry:
    """The entry that runs a command at this time of each week, for the first time behind `now`."""
    entry = ProcessEntry(
        id=number, command=command, minute=slot.minute, window=window, comment=comment, zone_name=zone.name
    )
    return advanced(entry, now)


def advanced(entry: ProcessEntry, after: float) -> ProcessEntry:
    """The same entry, to run at its first time behind `after`; raises `UsageError` for a zone that nobody knows."""
    zone = entry.place
    run = zone.following(entry.slot, after)
    return attrs.evolve(entry, run=run, next_run=zone.following(entry.slot, run), zone=zone.west(run))


@attrs.frozen(kw_only=True)
class Process:
    """PROCESS.GLB: when Dispatch is to run what. A shadow postoffice has none.

    An empty schedule without a `head` is 512 zeros (KB Q136487).
    """

    head: ScheduleHead | None = None
    entries: tuple[ProcessEntry, ...] = ()


def read_process(files: Files) -> Process | None:
    """The schedule, None when there is no file; raises `FormatError` 40 when it is damaged."""
    data = files.read(PROCESS)
    if data is None:
        return None
    if data == _NO_SCHEDULE:
        return Process()
    head, records = headed(ScheduleHead, ProcessEntry, data, PROCESS, "entries")
    for n, entry in enumerate(records):
        for field, expected in _wrong(entry):
            at = layout.place(ProcessEntry, field, n, head=len(_NO_SCHEDULE))
            raise layout.corrupt(PROCESS, at, field, expected, str(getattr(entry, field)))
    return Process(head=head, entries=tuple(records))


def write_process(change: Changing, process: Process) -> None:
    """Store it; raises `FormatError` for a command that Dispatch does not know, and for what does not fit."""
    for entry in process.entries:
        for field, expected in _wrong(entry):
            got = str(getattr(entry, field))
            raise FormatError("no such process", source=PROCESS, field=field, expected=expected, got=got)
    if process.head is None and not process.entries:
        change.write(PROCESS, _NO_SCHEDULE)
        return
    head = attrs.evolve(process.head or ScheduleHead(), entries=len(process.entries))
    change.write(PROCESS, layout.encode_all(process.entries, layout.encode(head)))


def _wrong(entry: ProcessEntry) -> Iterator[tuple[str, str]]:
    """The fields that no entry can have so, with what they can be."""
    if entry.command not in COMMANDS:
        yield "command", " or ".join(COMMANDS)
    if entry.minute >= WEEK // 60:
        yield "minute", f"less than {WEEK // 60}, the minutes of a week"


@contextmanager
def claimed(po: Maildata) -> Iterator[None]:
    """While one of a postoffice's processes runs no other Dispatch runs one there (KB Q96060 wants only one).

    Whoever claims looks at the schedule once more, for the other one may have done it. Raises `LockedError` 91 when it
    is claimed, `TransportError`. The claim ends with the process that has it, however that ends.
    """
    # A file of its own: PROCESS.GLB is replaced with each turn, and a lock on what is gone locks nobody out.
    path = Found(po.root).place(CLAIM)
    with said(f"make {path.parent}"):
        path.parent.mkdir(exist_ok=True)
    with held(lambda: path, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX, 0.0):
        yield
