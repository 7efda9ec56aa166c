"""`dxa explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.queries import Explanation


@json_command("Explanation", "ImportShown", "ExportShown")
@click.argument("who", metavar="WHO")
@click.option("--peer", metavar="PEER", default="", help="Only at this peer (LINK/NAME).")
@pass_session
def explain(session: Session, who: str, peer: str, as_json: bool) -> None:
    """Say why WHO is shown to each peer or not, and what became of what peers told of it.

    WHO is a recipient's number, name, alias or address, or the name or address of somebody whom a peer told of. The
    reasons are those of the rules: container, trust level, hidden, kind, filter, type, owner, a name or address that
    somebody else has, a plan that is held, a rejection, a record that could not be used.
    """
    from dxa.agent import queries
    from dxa.cli.output import write_json

    with session.reading() as site:
        found = queries.explain(site, who, peer)
    if as_json:
        write_json(queries.as_plain(found))
    else:
        _show(found)


def _show(found: Explanation) -> None:
    from dxa.cli.output import say, table

    if found.recipient is not None:
        each = found.recipient
        owner = f"told by {each.owner}" if each.owner else "the site's own"
        state = f"{each.kind}{', hidden' if each.hidden else ''}, trust level {each.trust}, {owner}"
        say(f"Recipient {each.id}: {each.name}, in {each.container} ({state})")
    else:
        say(f"No recipient is called {found.asked!r}.")
    if found.imports:
        rows = [(i.peer, i.name or None, i.address, i.state, _why(i.why, i.plan, i.reject)) for i in found.imports]
        table("What peers told", ["peer", "name", "address", "state", "why"], rows)
    if found.exports:
        shown = [(e.peer, "yes" if e.shown else "no", e.name or None, e.why) for e in found.exports]
        table("At the peers", ["peer", "shown", "name", "why (not)"], shown)
    if found.gone:
        say(
            f"Deleted: {', '.join(map(str, found.gone))}; `dxa history --recipient {found.gone[0]}` shows when and why."
        )
    elif found.recipient is not None:
        say(f"`dxa history --recipient {found.recipient.id}` shows what has happened to it.")


def _why(why: str, plan: str, reject: int | None) -> str:
    if plan:
        return f"{why}; plan {plan}: `dxa approve` or `dxa reject` it"
    return f"{why} (reject {reject})" if reject else why
