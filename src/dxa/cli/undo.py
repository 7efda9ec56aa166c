"""`dxa undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dxa.cli.listing import Number, json_command
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.queries import UndoShown

#: Changes on a screen.
FIRST = 20


@json_command("UndoShown", "PlanShown", "ChangeShown")
@click.argument("run", type=Number(min=1))
@click.option("--dry-run", "dry", is_flag=True, help="Only show what would be done.")
@pass_session
def undo(session: Session, run: int, dry: bool, as_json: bool) -> int:
    """Take back what the run RUN (see `dxa history`) has changed in the directory; the next sync tells the peers.

    Who has changed since stays, and is named. What a guard holds waits for `dxa approve` (exit status 3), which does
    it at once. What a peer told stays undone until the peer says something else about it.
    """
    from dxa.agent import queries
    from dxa.agent import undo as undoing
    from dxa.cli.output import write_json

    with session.writing_without_secrets() as site:
        shown = queries.undone((undoing.plan_undo if dry else undoing.undo)(site, run))
    if shown.applied is not None:
        session.logging.info("undone", run=run, by=shown.applied, changes=shown.plan.ready)
    if as_json:
        write_json(queries.as_plain(shown))
    else:
        _show(shown, dry=dry)
    return 3 if shown.plan.held else 1 if shown.conflicts and not shown.changes else 0


def _show(shown: UndoShown, *, dry: bool) -> None:
    from dxa.cli.output import bullets, counted, say, table

    signs = {"add": "+", "modify": "~", "delete": "-"}
    rows = [(signs[c.verb], c.name, c.what, c.reason, "held" if c.held else "") for c in shown.changes[:FIRST]]
    if rows:
        table(f"Plan {shown.plan.plan}  {shown.plan.scope}", ["", "name", "what", "why", ""], rows)
    if len(shown.changes) > FIRST:
        say(f"… and {counted(len(shown.changes) - FIRST, 'more change', 'more changes')}; --json shows them all.")
    bullets("Not taken back", shown.conflicts)
    for objection in shown.plan.holds:
        say(f"held: {objection}")
    if shown.plan.held and not dry:
        say(f"`dxa approve {shown.plan.plan}` does it, `dxa reject {shown.plan.plan}` forgets it.")
    if shown.applied is not None:
        say(f"Undone by run {shown.applied}; the next sync tells the peers.")
    elif not shown.changes:
        say("Nothing is left to take back.")
    elif dry:
        say("Nothing was changed.")
