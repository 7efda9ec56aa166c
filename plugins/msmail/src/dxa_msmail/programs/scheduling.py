"""ADMIN: when Dispatch runs which process at a postoffice (Config, Dir-Sync, Schedule). Each function is one change.

KB Q96060 has T1 and T3 four hours apart, and T2, at the server, half way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from dxa.errors import FormatError, NotFoundError, UsageError
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.dirsyncconf import SRVCONF
from dxa_msmail.postoffice.identity import identity
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.process import (
    PROCESS,
    T2,
    WEEK,
    WINDOW,
    Process,
    ProcessEntry,
    advanced,
    read_process,
    weekly,
    write_process,
)
from dxa_msmail.postoffice.slots import Slot, Zone, local_zone, parse_zone

Clock = Callable[[], float]

_BUSY = 161


def entries(po: Maildata) -> tuple[ProcessEntry, ...]:
    """The schedule, in the order of its records; raises `UsageError` at a shadow postoffice, `FormatError` 40."""
    with po.look() as files:
        return _read(files).entries


def add(
    po: Maildata,
    clock: Clock,
    command: str,
    slots: Iterable[Slot],
    *,
    zone: str = "",
    window: int = WINDOW,
    comment: str = "",
) -> list[ProcessEntry]:
    """Let a process run at these times of each week; returns the new entries.

    Without a `zone` it is that of the last entry, or else this machine's own; `window` is in seconds. Raises
    `UsageError` for a time that is there already, an unknown zone, a window of more than a week, a T2 where no server
    is (161), and at a shadow postoffice; `FormatError` for a comment that does not fit.
    """
    _check_window(window)
    with po.change() as change:
        process = _read(change)
        _require_server(change, command)
        place = parse_zone(zone or zone_of(process.entries))
        made = list(process.entries)
        for slot in slots:
            _require_new(made, command, slot, place)
            number = max((entry.id for entry in made), default=0) + 1
            made.append(weekly(number, command, slot, clock(), zone=place, window=window, comment=comment))
        write_process(change, attrs.evolve(process, entries=tuple(made)))
    return made[len(process.entries) :]


def remove(po: Maildata, number: int) -> ProcessEntry:
    """Take the entry with that ID out of the schedule; returns it. Raises `NotFoundError`, and as `entries`."""
    with po.change() as change:
        process = _read(change)
        entry = _find(process.entries, number)
        rest = tuple(each for each in process.entries if each is not entry)
        write_process(change, attrs.evolve(process, entries=rest))
    return entry


def modify(
    po: Maildata,
    clock: Clock,
    number: int,
    *,
    slot: Slot | None = None,
    zone: str | None = None,
    window: int | None = None,
    comment: str | None = None,
) -> ProcessEntry:
    """Change what is given of the entry with that ID; with another slot or zone it is due for the first time anew.

    Returns the entry as it is then. Raises as `add` and `remove`.
    """
    with po.change() as change:
        process = _read(change)
        old = _find(process.entries, number)
        new = attrs.evolve(
            old,
            window=old.window if window is None else window,
            comment=old.comment if comment is None else comment,
            zone_name=old.zone_name if zone is None else parse_zone(zone).name,
            minute=old.minute if slot is None else slot.minute,
        )
        _check_window(new.window)
        if (new.minute, new.zone_name) != (old.minute, old.zone_name):
            others = [each for each in process.entries if each is not old]
            _require_new(others, new.command, new.slot, new.place)
            new = advanced(new, clock())
        rest = tuple(new if each is old else each for each in process.entries)
        write_process(change, attrs.evolve(process, entries=rest))
    return new


def replace(po: Maildata, clock: Clock, times: Sequence[tuple[str, Slot]], *, zone: str = "") -> list[ProcessEntry]:
    """Make the schedule these commands at these slots, as DSSCHED ``-i`` does; returns the times that were ignored.

    An entry that is there already stays as it is, with window, zone and comment. A T2 where no server is, is ignored
    (KB Q96060), and one that is there goes. A schedule that is damaged is made anew. Raises as `add`.
    """
    with po.change() as change:
        try:
            process = _read(change)
        except FormatError:
            process = Process()
        place = parse_zone(zone or zone_of(process.entries))
        serves = change.read(SRVCONF) is not None
        highest = max((entry.id for entry in process.entries), default=0)
        kept: list[ProcessEntry] = []
        ignored: list[ProcessEntry] = []
        for command, slot in dict.fromkeys(times):
            there = [each for each in process.entries if (each.command, each.slot) == (command, slot)]
            if not there:
                highest += 1
                there = [weekly(highest, command, slot, clock(), zone=place)]
            (kept if serves or command != T2 else ignored).extend(there)
        write_process(change, attrs.evolve(process, entries=tuple(kept)))
    return ignored


def following(entry: ProcessEntry, after: float) -> ProcessEntry:
    """An entry that has had its turn, to run at its next time behind `after`.

    Where nobody knows its zone, the week's seconds are added, as Dispatch did.
    """
    try:
        return advanced(entry, after)
    except UsageError:
        weeks = int((after - entry.run) // WEEK) + 1
        return attrs.evolve(entry, run=entry.run + weeks * WEEK, next_run=entry.run + (weeks + 1) * WEEK)


def rearm(po: Maildata, old: ProcessEntry, new: ProcessEntry) -> None:
    """Store what follows an entry; one that somebody has changed or removed meanwhile is left alone."""
    with po.change() as change:
        process = _read(change)
        rest = tuple(new if each == old else each for each in process.entries)
        if rest != process.entries:
            write_process(change, attrs.evolve(process, entries=rest))


def zone_of(there: Sequence[ProcessEntry]) -> str:
    """The zone for a new entry: that of the last one, or this machine's own."""
    return there[-1].zone_name if there else local_zone()


def _read(files: Files) -> Process:
    process, master = read_process(files), identity(files)
    if process is None or master.shadow:
        why = "dxa runs its cycles by the schedule of the link ([links.NAME.schedule] in dxa.toml)"
        if not master.shadow:
            raise FormatError(
                "there is no schedule", source=PROCESS, expected="a file; `dxa msmail dssched ADMIN -i FILE` makes it"
            )
        raise UsageError(f"{master.name} is a shadow postoffice and has no {PROCESS}: {why}")
    return process


def _find(there: Iterable[ProcessEntry], number: int) -> ProcessEntry:
    for entry in there:
        if entry.id == number:
            return entry
    raise NotFoundError(f"there is no entry with the ID {number} in {PROCESS}; `schedule list` shows them")


def _require_server(files: Files, command: str) -> None:
    if command == T2 and files.read(SRVCONF) is None:
        name = identity(files).name
        raise UsageError(
            f"[{_BUSY}] {error_text(_BUSY)}: {name} is no directory server, and only that has a T2; "
            f"`dxa msmail admin ADMIN server {name}` makes it one"
        )


def _require_new(there: Iterable[ProcessEntry], command: str, slot: Slot, zone: Zone) -> None:
    for entry in there:
        if (entry.command, entry.slot, entry.zone_name) == (command, slot, zone.name):
            raise UsageError(f"{entry.time} {slot.text} ({zone.name}) is there already, with the ID {entry.id}")


def _check_window(seconds: int) -> None:
    if not 0 < seconds <= WEEK:
        raise UsageError(f"a run window has one second to a week, got {seconds} seconds; usual are 4 and 8 hours")
