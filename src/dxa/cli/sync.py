"""`dxa sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.outcome import CycleOutcome
    from dxa.agent.queries import CycleShown, LinkShown


@json_command("CycleShown", "LinkShown", "EventShown", "PlanShown", "ChangeShown")
@click.argument("links", metavar="[LINK]...", nargs=-1)
@pass_session
def sync(session: Session, links: tuple[str, ...], as_json: bool) -> int:
    """Run one cycle: collect, update the directory, answer, deliver.

    Without LINK all links take part. What a guard holds waits for `dxa approve` or `dxa reject`, and the exit status
    is 3; the rest of the cycle is done all the same.
    """
    from dxa.agent import Agent, queries
    from dxa.cli.output import progress, write_json

    with session.writing() as site:
        names = [site.config.link(name).name for name in links]
        with progress() as tell:
            outcome = Agent(site=site, progress=tell).sync(names)
    log_cycle(session, outcome)
    shown = queries.cycle(outcome)
    if as_json:
        write_json(queries.as_plain(shown))
    else:
        show(shown)
    return outcome.exit_status


def show(cycle: CycleShown) -> None:
    """What the cycle took, applied and sent, what is held, and the next step."""
    from dxa.cli.output import bullets, counted, say, table, warn

    columns = ["link", "#read", "#refused", "heard", "applied", "sent", "#delivered", "#waiting"]
    if cycle.links:
        table("", columns, [_row(link) for link in cycle.links])
    else:
        say("No link takes part. Links stand in dxa.toml.")
    show_events(cycle)
    rejects = sum(link.rejects for link in cycle.links)
    if rejects:
        say(f"{counted(rejects, 'record')} could not be used; `dxa rejects list` shows them.")
    for plan in cycle.plans:
        if plan.holds:
            say(f"Held: {plan.plan}  {plan.scope}, {counted(plan.held, 'change')}: {'; '.join(plan.holds)}.")
            say(f"  `dxa plan {plan.plan}` shows it; then `dxa approve {plan.plan}` or `dxa reject {plan.plan}`.")
    bullets("Notices", other_notices(cycle))
    for error in cycle.errors:
        warn(f"error: {error}")
    if cycle.errors:
        warn("The next sync tries again what failed.")


def show_events(cycle: CycleShown) -> None:
    """What connectors tell of their part, link by link."""
    from dxa.cli.output import bullets

    for link in cycle.links:
        bullets(f"Steps on {link.link}", [f"[{e.number}] {e.text}" if e.number else e.text for e in link.events])


def other_notices(cycle: CycleShown) -> list[str]:
    """The notices but those that say again that a plan is held."""
    held = [f"plan {plan.plan} is held" for plan in cycle.plans]
    return [notice for notice in cycle.notices if not any(text in notice for text in held)]


def verbs(counts: object) -> str:
    """Counts by record code as text: ``+3 ~1 -2``; R are lists that are replaced."""
    from dxa.cli.output import NOTHING

    signs = {"A": "+", "M": "~", "D": "-", "R": "R"}
    assert isinstance(counts, dict)
    return " ".join(f"{sign}{counts[code]}" for code, sign in signs.items() if counts.get(code)) or NOTHING


def _row(link: LinkShown) -> list[str | int | None]:
    changes = [verbs(dict(counts)) for counts in (link.heard, link.applied, link.sent)]
    return [link.link, link.messages, link.refused, *changes, link.delivered, link.waiting]


def log_cycle(session: Session, outcome: CycleOutcome) -> None:
    """Log what a cycle did."""
    for link in outcome.links:
        counts = {"heard": dict(link.heard), "applied": dict(link.applied), "sent": dict(link.sent)}
        session.logging.info("cycle", link=link.link, messages=link.messages, **counts, errors=link.errors)
        for number, text in link.events:
            session.logging.info("step", link=link.link, number=number, text=text)
    for plan in outcome.held:
        session.logging.info("held", plan=plan.id, scope=plan.scope, changes=len(plan.held))
    for notice in outcome.notices:
        session.logging.info("notice", text=notice)
