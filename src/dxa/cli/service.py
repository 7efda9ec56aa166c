"""`dxa run`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from dxa.cli.session import Session, pass_session
from dxa.errors import DxaError

if TYPE_CHECKING:
    from dxa.agent.outcome import CycleOutcome
    from dxa.agent.service import Service

#: So often, in seconds, the clock and the configuration are looked at.
LOOK = 60.0


class Stopped(BaseException):
    """Somebody wants the service to end; it is raised between two transactions."""


@click.command()
@click.argument("links", metavar="[LINK]...", nargs=-1)
@click.option("--once", is_flag=True, help="Run what is due now, and end; for cron or a timer.")
@pass_session
def run(session: Session, links: tuple[str, ...], once: bool) -> int:
    """Run cycles by their schedules, until it is stopped.

    Each link has its own ([links.NAME.schedule]). A cycle whose time was missed runs as soon as it can, within its run
    window. SIGTERM and Ctrl-C end the service between two transactions. One line is printed for each cycle.
    """
    from dxa.agent.service import Service

    with session.reading() as site:
        service = Service(only=[site.config.link(name).name for name in links])
    from dxa.schedule import stopping

    with stopping() as stop:
        try:
            status = _look(session, service, stop)
            _announce(session, service)
            while not once:
                stop.wait(_pause(session, service))
                _check(stop)
                status = _look(session, service, stop)
        except Stopped:
            session.logging.info("stopped")
            return 0
    return status


def _check(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped


def _look(session: Session, service: Service, stop: threading.Event) -> int:
    """Run what is due; what fails is told and tried again, and nothing ends the service but a person."""
    from dxa.cli.output import warn

    try:
        with session.reading() as site:
            due = service.due(site)
            for link, moment in service.missed(site).items():
                session.logging.info("missed", link=link, time=_stamp(moment))
        if not due:
            return 0
        with session.writing() as site:
            # Another process may have run them meanwhile.
            due = service.due(site)
            outcome = service.cycle(site, due, lambda _link, _what: _check(stop)) if due else None
    except DxaError as error:
        warn(f"{_stamp(session.clock())}  error: {error}")
        session.logging.info("failed", error=str(error))
        return error.exit_status
    if outcome is None:
        return 0
    _tell(session, outcome)
    return outcome.exit_status


def _tell(session: Session, outcome: CycleOutcome) -> None:
    from dxa.agent import queries
    from dxa.cli.output import say, warn
    from dxa.cli.sync import log_cycle, verbs

    log_cycle(session, outcome)
    cycle = queries.cycle(outcome)
    for link in cycle.links:
        counts = f"applied {verbs(dict(link.applied))}, sent {verbs(dict(link.sent))}"
        say(f"{_stamp(session.clock())}  {link.link}: {counts}")
    for plan in cycle.plans:
        if plan.holds:
            say(f"{_stamp(session.clock())}  held: {plan.plan}  {plan.scope}: {'; '.join(plan.holds)}")
    for error in cycle.errors:
        warn(f"{_stamp(session.clock())}  error: {error}")


def _announce(session: Session, service: Service) -> None:
    from dxa.cli.output import say

    with session.reading() as site:
        following = service.following(site)
    say("No link has a schedule." if following is None else f"The next cycle is due at {_stamp(following)}.")


def _pause(session: Session, service: Service) -> float:
    """Seconds until the next look."""
    try:
        with session.reading() as site:
            following = service.following(site)
    except DxaError:
        return LOOK
    return LOOK if following is None else min(max(following - session.clock(), 0.0), LOOK)


def _stamp(moment: float) -> str:
    from dxa.cli.output import when

    return when(moment)
