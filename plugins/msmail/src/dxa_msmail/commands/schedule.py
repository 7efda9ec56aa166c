"""``dxa msmail admin ADMIN schedule …``: when Dispatch runs which process here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from dxa_msmail.commands import screen
from dxa_msmail.commands.desk import Desk, pass_desk

if TYPE_CHECKING:
    from dxa_msmail.postoffice.process import ProcessEntry

_HOUR = 3600.0

_time = click.argument("name", metavar="T1|T2|T3", type=click.Choice(["T1", "T2", "T3"], case_sensitive=False))
_zone = click.option(
    "--zone",
    metavar="ZONE",
    help="Time zone: Europe/Berlin, or as MS-DOS had it, PST8PDT (west is positive). The default is that of the last "
    "entry, or this machine's own.",
)
_window = click.option(
    "--window",
    type=click.FloatRange(min=0, min_open=True),
    metavar="HOURS",
    help="Run window: so late a run may be; 8 by default, and 4 with ADMIN 3.0.",
)
_comment = click.option("--comment", metavar="TEXT", help="A text for the listing.")


@click.group(no_args_is_help=True)
def schedule() -> None:
    """When `dxa msmail dispatch` runs which process here.

    T1 sends requests (NSDA -RT), T2 is the directory server's (NSDA -S), T3 takes answers in (NSDA -RR). T1 and T3 four
    hours apart are usual, and T2 half way.
    """


@schedule.command()
@_time
@click.argument("when", nargs=-1, required=True, metavar="WHEN…")
@_zone
@_window
@_comment
@pass_desk
def add(
    desk: Desk, /, name: str, when: tuple[str, ...], zone: str | None, window: float | None, comment: str | None
) -> None:
    """Let it run at these times of each week.

    WHEN is like Mon 22:00, mon-fri 22:00, sat,sun 6:00, or 22:00 for every day. It is a time of the clock on the wall
    in the time zone: when clocks are changed it stays where it is.
    """
    from dxa_msmail.postoffice.process import TIMES, WINDOW
    from dxa_msmail.postoffice.slots import parse_slots
    from dxa_msmail.programs import scheduling

    added = scheduling.add(
        desk.open(),
        time.time,
        TIMES[name.upper()],
        parse_slots(" ".join(when)),
        zone=zone or "",
        window=WINDOW if window is None else int(window * _HOUR),
        comment=comment or "",
    )
    for entry in added:
        _say(entry)


@schedule.command()
@click.argument("number", metavar="ID", type=int)
@click.option("--when", metavar="WHEN", help="Another time, like 'Mon 22:00'.")
@_zone
@_window
@_comment
@pass_desk
def change(
    desk: Desk, /, number: int, when: str | None, zone: str | None, window: float | None, comment: str | None
) -> None:
    """Change what is given of an entry."""
    from dxa_msmail.postoffice.slots import parse_slot
    from dxa_msmail.programs import scheduling

    entry = scheduling.modify(
        desk.open(),
        time.time,
        number,
        slot=parse_slot(when) if when else None,
        zone=zone,
        window=None if window is None else int(window * _HOUR),
        comment=comment,
    )
    _say(entry)


@schedule.command()
@click.argument("numbers", metavar="ID…", type=int, nargs=-1, required=True)
@pass_desk
def remove(desk: Desk, /, numbers: tuple[int, ...]) -> None:
    """Take entries out of the schedule."""
    from dxa_msmail.programs import scheduling

    po = desk.open()
    for number in numbers:
        entry = scheduling.remove(po, number)
        screen.say(f"{number}: {entry.time} {entry.slot.text} is not in the schedule any more.")


@schedule.command("list")
@pass_desk
@screen.as_json
def list_(desk: Desk, /, as_json: bool) -> None:
    """Show the schedule.

    The JSON has the key "entries", each with "id", "time" (T1, T2, T3), "command", "slot", "zone", "window" in seconds,
    "run" and "next" (seconds since 1970) and "comment". `dxa msmail dssched` shows it as DSSched did.
    """
    from dxa_msmail.programs import scheduling

    entries = scheduling.entries(desk.open())
    if as_json:
        screen.put_json({"entries": [_plain(entry) for entry in entries]})
        return
    if entries:
        rows = [
            (each.id, each.time, each.slot.text, each.zone_name, screen.age(each.window), each.comment)
            for each in entries
        ]
        screen.table("", ("#id", "time", "slot", "zone", "window", "comment"), rows)
    screen.say(screen.many(len(entries), "entry", "entries"))


def _plain(entry: ProcessEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "time": entry.time,
        "command": entry.command,
        "slot": entry.slot.text,
        "zone": entry.zone_name,
        "window": entry.window,
        "run": entry.run,
        "next": entry.next_run,
        "comment": entry.comment,
    }


def _say(entry: ProcessEntry) -> None:
    due = entry.place.wall(entry.run).ctime()
    screen.say(f"{entry.id}: {entry.time} {entry.slot.text} ({entry.zone_name}), next on {due}.")
