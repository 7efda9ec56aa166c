"""``dxa msmail external``: moves the mail of a postoffice on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa.signing import PrivateKey
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.external.mailroom import Outcome


@click.command()
@opening.postoffice
@click.option(
    "--return-after",
    "days",
    type=click.FloatRange(min=0, min_open=True),
    metavar="DAYS",
    help="Return to its senders what has waited in a mailbag for longer; without it all waits until it can arrive.",
)
@opening.key
@screen.as_json
def external(po: Maildata, days: float | None, key: PrivateKey | None, as_json: bool) -> None:
    """Move submitted mail on: into mailboxes here, and to the postoffices to which a route leads.

    Letters for us are taken out of the bags that are shared with other postoffices, and --key signs those that we put
    there. What cannot be moved now stays where it is and is tried again; the exit status is 1 then. The JSON has the
    keys "local", "fetched", "queued", "delivered" and "forwarded" (letters by postoffice), "settled", "returned",
    "aside" and "waiting" (postoffice, letters, age in seconds, reason).
    """
    from dxa_msmail.programs.external import program

    done = program.run(po, time.time, give_up=math.inf if days is None else days * 86_400, key=key)
    if as_json:
        screen.put_json(_plain(done))
    else:
        _show(done)
    if any(each.failed for each in done.waiting):
        raise click.exceptions.Exit(1)


def _show(done: Outcome) -> None:
    _by_name("taken out of the bag of", done.fetched)
    if done.local:
        screen.say(f"{screen.many(done.local, 'letter')} put into mailboxes here.")
    _by_name("queued for", done.queued)
    _by_name("delivered to", done.delivered)
    _by_name("given on to", done.forwarded)
    if done.settled:
        screen.say(f"{screen.many(done.settled, 'letter')} had arrived before.")
    for title, texts in (("Returned to the sender", done.returned), ("Kept in DXA/BAD", done.aside)):
        for text in texts:
            screen.say(f"{title}: {text}")
    if done.waiting:
        rows = [(each.postoffice, each.letters, screen.age(each.age), each.reason) for each in done.waiting]
        screen.table("Mail that waits", ("for", "#letters", "#oldest", "why"), rows)
    if not any((done.local, done.fetched, done.queued, done.delivered, done.forwarded, done.returned, done.aside)):
        screen.say("No mail was moved.")


def _by_name(what: str, counts: Mapping[str, int]) -> None:
    for name, count in sorted(counts.items()):
        screen.say(f"{screen.many(count, 'letter')} {what} {name}.")


def _plain(done: Outcome) -> dict[str, object]:
    waiting = [
        {"postoffice": each.postoffice, "letters": each.letters, "age": int(each.age), "reason": each.reason}
        for each in done.waiting
    ]
    return {
        "local": done.local,
        "fetched": dict(done.fetched),
        "queued": dict(done.queued),
        "delivered": dict(done.delivered),
        "forwarded": dict(done.forwarded),
        "settled": done.settled,
        "returned": list(done.returned),
        "aside": list(done.aside),
        "waiting": waiting,
    }
