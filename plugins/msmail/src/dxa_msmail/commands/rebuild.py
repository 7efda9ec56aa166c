"""``dxa msmail rebuild``: the global address list."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata


@click.command()
@click.option("-f", "force", is_flag=True, help="Rebuild also where the option Rebuild of the requestor is off.")
@opening.postoffice
@screen.as_json
def rebuild(po: Maildata, force: bool, as_json: bool) -> None:
    """Make the global address list (GAL) anew from all lists of the postoffice.

    The JSON has the keys "active", "count" and "problems" (number, file, text).
    """
    from dxa_msmail.programs import rebuild as program

    done = program.rebuild(po, time.time, force=force)
    if as_json:
        problems = [{"number": each.number, "file": each.file, "text": each.text} for each in done.problems]
        screen.put_json({"active": done.active, "count": done.count, "problems": problems})
        return
    wrong = [each for each in done.problems if not each.is_information]
    if wrong:
        rows = [(each.number, each.file, each.text) for each in wrong]
        screen.table("Lists of which something could not be used", ("#error", "file", "reason"), rows)
    screen.say(done.text)
