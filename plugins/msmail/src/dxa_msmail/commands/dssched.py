"""``dxa msmail dssched``: the schedule of a postoffice, as DSSCHED shows and sets it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("mailbox", metavar="ADMIN")
@opening.password
@click.option("-i", "source", metavar="FILE", type=_file, help="Set the times to those of FILE.")
@click.option("-x", "target", metavar="FILE", type=_file, help="Write the times to FILE.")
@click.option("-v", "verbose", is_flag=True, help="Show windows, next runs, comments and time zones, too.")
@click.option("--zone", default="", metavar="ZONE", help="With -i: the time zone of times that are new.")
@opening.postoffice
def dssched(
    po: Maildata,
    mailbox: str,
    password: str | None,
    source: Path | None,
    target: Path | None,
    verbose: bool,
    zone: str,
) -> None:
    """Show when Dispatch runs which process of a postoffice, as DSSched prints it.

    A FILE has a line like `T1 Mon 22:00` for each run: T1 is NSDA -RT, T2 NSDA -S and T3 NSDA -RR; a postoffice that is
    no directory server ignores lines with T2. -i replaces the schedule; entries that stay keep window, zone and
    comment. `dxa msmail admin ADMIN schedule` changes single entries, and lists them as JSON.
    """
    from dxa_msmail.programs import dssched as program

    opening.require_admin(po, mailbox, password)
    if zone and source is None:
        raise click.UsageError("--zone goes with -i.")
    ignored = program.load(po, time.time, source.read_bytes(), zone=zone) if source else []
    if target:
        target.write_bytes(program.export(po))
    screen.lines("\n".join(program.listing(po, verbose=verbose)))
    if ignored:
        screen.say("")
        screen.say(f"Ignored, for this is no directory server: {', '.join(ignored)}.")
