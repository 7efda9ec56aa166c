"""`dxa plan`, `dxa approve` and `dxa reject`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.queries import CycleShown, PlanShown

#: Changes on a screen.
FIRST = 20


@json_command("CycleShown", "LinkShown", "EventShown", "PlanShown", "ChangeShown")
@click.argument("id_", metavar="[PLAN]", required=False)
@click.option("--link", "links", multiple=True, help="Only this link; may be given several times.")
@click.option("--all", "everything", is_flag=True, help=f"Show all changes, not the first {FIRST} of each plan.")
@pass_session
def plan(session: Session, id_: str | None, links: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """Show what the next sync would do: every change with its reason, and what a guard holds.

    Nothing is changed, taken away or sent. With PLAN (an id or its beginning) only that plan is shown. The exit status
    is that of the sync: 3 when a plan would be held.
    """
    from dxa.agent import Agent, queries
    from dxa.cli.output import progress, write_json

    with session.writing() as site:
        names = [site.config.link(name).name for name in links]
        with progress() as tell:
            outcome = Agent(site=site, progress=tell).plan(names)
    shown = queries.cycle(outcome, only=id_ or "")
    if as_json:
        write_json(queries.as_plain(shown))
    else:
        _show(shown, everything=everything)
    return shown.exit_status


@click.command()
@click.argument("id_", metavar="PLAN")
@pass_session
def approve(session: Session, id_: str) -> None:
    """Approve the held plan PLAN (its id or the beginning of it): the next sync applies these changes.

    The approval stands as long as the changes are the same; what differs by then is held again.
    """
    from dxa.cli.output import counted, say

    with session.administrating() as administrator:
        plan = administrator.approve(id_)
    session.logging.info("approved", plan=plan.id, scope=plan.scope, changes=len(plan.held))
    then = "that is done" if plan.scope.startswith("undo ") else "the next sync applies it"
    say(f"Approved plan {plan.id} ({plan.scope}, {counted(len(plan.held), 'change')}); {then}.")


@click.command()
@click.argument("id_", metavar="PLAN")
@pass_session
def reject(session: Session, id_: str) -> None:
    """Reject the held plan PLAN (its id or the beginning of it): its changes are left out.

    They stay out until the other side says something else about these entries.
    """
    from dxa.cli.output import counted, say

    with session.administrating() as administrator:
        plan = administrator.reject(id_)
    session.logging.info("rejected", plan=plan.id, scope=plan.scope, changes=len(plan.held))
    say(f"Rejected plan {plan.id} ({plan.scope}, {counted(len(plan.held), 'change')}); it is left out from now on.")


def _show(cycle: CycleShown, *, everything: bool) -> None:
    from dxa.cli.output import bullets, say, warn
    from dxa.cli.sync import other_notices

    if not cycle.plans:
        say("Nothing would change.")
    for plan in cycle.plans:
        _show_plan(cycle, plan, everything=everything)
    bullets("The administrator would be told", other_notices(cycle))
    for error in cycle.errors:
        warn(f"error: {error}")


def _show_plan(cycle: CycleShown, plan: PlanShown, *, everything: bool) -> None:
    from dxa.cli.output import counted, say, table

    changes = [change for change in cycle.changes if change.plan == plan.plan and change.scope == plan.scope]
    shown = changes if everything else changes[:FIRST]
    signs = {"add": "+", "modify": "~", "delete": "-"}
    rows = [(signs[c.verb], c.name, c.what, c.reason, "held" if c.held else "") for c in shown]
    table(f"Plan {plan.plan}  {plan.scope}", ["", "name", "what", "why", ""], rows)
    if len(shown) < len(changes):
        say(f"… and {counted(len(changes) - len(shown), 'more change', 'more changes')}; --all shows them.")
    for objection in plan.holds:
        say(f"held: {objection}")
    if plan.holds:
        say(f"`dxa approve {plan.plan}` lets the next sync apply it, `dxa reject {plan.plan}` leaves it out.")
