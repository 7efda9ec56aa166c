"""`dxa history`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dxa.cli.listing import Number, json_command, page, paging
from dxa.cli.session import Session, pass_session
from dxa.errors import UsageError

if TYPE_CHECKING:
    from dxa.agent.queries import RunChangeShown, RunShown


@json_command("RunShown", "RunChangeShown")
@click.argument("run", type=Number(min=1), required=False)
@click.option("--recipient", metavar="RECIPIENT", help="Only changes of this recipient, also one that is gone.")
@paging
@pass_session
def history(
    session: Session, run: int | None, recipient: str | None, limit: int | None, offset: int, as_json: bool
) -> None:
    """Show what has changed in the directory, when and why; the latest comes first.

    Without RUN all runs are listed, with RUN the changes of that run. The JSON has the key "runs", or else "changes".
    """
    from dxa.agent import queries
    from dxa.cli.output import write_json

    if run and recipient:
        raise UsageError("give a run or --recipient, not both")
    size = page(limit, as_json)
    with session.reading() as site:
        if run is None and recipient is None:
            runs = queries.runs(site, size, offset)
        elif recipient is not None:
            changes = queries.changes_of_recipient(site, recipient, size, offset)
        else:
            changes = queries.changes_of_run(site, run or 0, size, offset)
    listing = run is None and recipient is None
    if as_json:
        write_json({"runs": queries.as_plain(runs)} if listing else {"changes": queries.as_plain(changes)})
    elif listing:
        _show_runs(runs)
    else:
        _show_changes(changes)


def _show_runs(runs: Sequence[RunShown]) -> None:
    from dxa.cli.output import say, table, when

    if not runs:
        say("Nothing has changed yet.")
        return
    rows = [(r.run, when(r.applied_at), r.scope, r.adds, r.modifies, r.deletes, r.plan) for r in runs]
    table("", ["#run", "when", "scope", "#added", "#modified", "#deleted", "plan"], rows)
    say("`dxa history RUN` shows the changes of one.")


def _show_changes(changes: Sequence[RunChangeShown]) -> None:
    from dxa.cli.output import say, table, when

    if not changes:
        say("No changes.")
        return
    signs = {"add": "+", "modify": "~", "delete": "-"}
    rows = [(c.run, when(c.applied_at), signs[c.verb], c.recipient, c.name, c.what, c.reason) for c in changes]
    table("", ["#run", "when", "", "#id", "name", "what", "why"], rows)
