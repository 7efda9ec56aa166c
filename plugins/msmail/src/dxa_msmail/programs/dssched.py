"""DSSCHED: the schedule of a postoffice as a listing, and as a text file both ways (KB Q96060, Q148718).

Behind the banner the lines are those of DSSched 3.2; a verbose listing ends each record with its time zone, which is
ours. Times are those of the clock on the wall in that zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from dxa.errors import FormatError, UsageError
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.process import T1, T2, T3, TIMES, ProcessEntry
from dxa_msmail.postoffice.slots import Slot, Zone, parse_slot
from dxa_msmail.programs import scheduling
from dxa_msmail.programs.listds import NULL

#: What every listing begins with. It names the form, and does not claim to be the original.
BANNER = ("dxa msmail dssched, in the form of DSSched v3.2", "")

_ROLES = {T1: "Requestor sends updates", T2: "Server process", T3: "Requestor processes updates"}
_LINE = re.compile(r"(?P<time>T\d)\s+(?P<slot>[A-Za-z]+\s+\d{1,2}:\d\d)", re.IGNORECASE)
_HOUR = 3600


def listing(po: Maildata, *, verbose: bool = False) -> list[str]:
    """The schedule line by line; raises `UsageError` at a shadow postoffice, `FormatError` 40 for a damaged one."""
    there = scheduling.entries(po)
    with po.look() as files:
        lines = [*BANNER, f"Examining {name_of(files)} Dir-Sync process times"]
    for number, entry in enumerate(there, 1):
        lines += ["", f" Record number {number}", *_record(entry, verbose)]
    return lines


def _record(entry: ProcessEntry, verbose: bool) -> Iterator[str]:
    zone = _zone(entry)
    if verbose:
        yield f"ID = {entry.id}"
    yield f"{_ROLES[entry.command]} (Dispatch runs {entry.command})"
    yield f"Current time to run {entry.command}: {_time(zone, entry.run)}"
    if verbose:
        yield f"Run window is {_hours(entry.window)} ({entry.window} seconds)"
        yield f"Time after which this process will not run: {_time(zone, entry.run + entry.window)}"
        yield "If this time is exceeded, an error (missed run window) is recorded."
        yield "Next scheduled time is used instead of this time."
        yield f"This instance next runs on {_time(zone, entry.next_run)}"
        yield f"Process comment: {entry.comment or NULL}"
        yield f"Time zone: {entry.zone_name or zone.name}"


def _zone(entry: ProcessEntry) -> Zone:
    """The entry's zone; where nobody knows it, its fixed hours."""
    try:
        return entry.place
    except UsageError:
        return Zone(entry.zone_name, "UTC", -entry.zone * _HOUR)


def _time(zone: Zone, moment: int) -> str:
    return zone.wall(moment).ctime()


def due(entry: ProcessEntry) -> str:
    """When an entry is due, by the clock on the wall in its own zone: ``Mon Feb 28 15:00:00 1994``."""
    return _time(_zone(entry), entry.run)


def _hours(seconds: int) -> str:
    return "1 hour" if seconds == _HOUR else f"{seconds / _HOUR:g} hours"


# -- files -----------------------------------------------------------------------------------------------------------


def export(po: Maildata) -> bytes:
    """``-x``: a line ``T1 Mon 22:00`` for each entry; raises as `listing`."""
    return write_times([(entry.command, entry.slot) for entry in scheduling.entries(po)])


def load(po: Maildata, clock: Callable[[], float], data: bytes, *, zone: str = "") -> list[str]:
    """``-i``: make the schedule that of a file; returns the times of the server that were ignored, being no server's.

    Nothing is changed when a line of the file cannot be used. Raises `FormatError` that names all of these lines, and
    as `scheduling.replace`.
    """
    ignored = scheduling.replace(po, clock, read_times(data), zone=zone)
    return [f"{entry.time} {entry.slot.text}" for entry in ignored]


def write_times(times: Sequence[tuple[str, Slot]]) -> bytes:
    """The file with these commands at these slots."""
    names = {command: name for name, command in TIMES.items()}
    return "".join(f"{names[command]} {slot.text}\r\n" for command, slot in times).encode(CODE_PAGE)


def read_times(data: bytes) -> list[tuple[str, Slot]]:
    """The commands and slots of a file; empty lines count for nothing. Raises `FormatError` for all that is wrong."""
    found, wrong = [], []
    for number, line in enumerate(data.decode(CODE_PAGE).rstrip("\x1a").splitlines(), 1):
        if line.strip():
            try:
                found.append(_parse(line.strip()))
            except UsageError as error:
                wrong.append((number, line, str(error)))
    if wrong:
        number, line, reason = wrong[0]
        more = "".join(f"; line {n}: {why}" for n, _, why in wrong[1:])
        raise FormatError(f"{reason}{more}. Nothing has been changed", line=number, got=line)
    return found


def _parse(line: str) -> tuple[str, Slot]:
    match = _LINE.fullmatch(line)
    command = TIMES.get(match["time"].upper()) if match else None
    if match is None or command is None:
        raise UsageError("no line of a schedule; write T1, T2 or T3, a day and a time, like T1 Mon 22:00")
    return command, parse_slot(match["slot"])
