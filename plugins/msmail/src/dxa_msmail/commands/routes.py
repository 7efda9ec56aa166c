"""``dxa msmail postoffice mail`` and ``routes``: what waits in which mailbag, and how mail gets elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Files, Maildata

_HOUR = 3600


@click.command()
@opening.postoffice_at
@click.option(
    "--alarm",
    type=click.FloatRange(min=0),
    metavar="HOURS",
    help="Exit status 1 when mail that a program should fetch lies there for longer.",
)
@screen.as_json
def mail(po: Maildata, alarm: float | None, as_json: bool) -> None:
    """Show what waits in which mailbag, and for how long.

    The JSON has the key "mailbags", each with "mailbag", "owner", "letters", "age" of the oldest in seconds, "room" for
    so many more, "late" (whether it sets off the alarm) and "problem". What lies in the mailbox of a user is his
    business, and sets off none.
    """
    with po.look() as files:
        found = list(_mailbags(files, time.time(), alarm))
    late = [row for row in found if row["late"]]
    if as_json:
        screen.put_json({"mailbags": found})
    else:
        rows = [
            (row["mailbag"], row["owner"], row["letters"], screen.age(row["age"]), row["problem"])
            for row in found
            if row["letters"] or row["problem"]
        ]
        if rows:
            screen.table("", ("mailbag", "of", "#letters", "#oldest", "problem"), rows)
        screen.say(f"{screen.many(sum(row['letters'] for row in found), 'letter')} in {len(found)} mailbags")
        for row in late:
            what = f"{screen.many(row['letters'], 'letter')} in {row['mailbag']} ({row['owner']})"
            screen.say(f"Alarm: {what}: the oldest lies there for {screen.age(row['age'])}.")
    if late or (alarm is not None and any(row["problem"] for row in found)):
        raise click.exceptions.Exit(1)


def _mailbags(files: Files, now: float, alarm: float | None) -> Iterator[dict[str, Any]]:
    from dxa.errors import DxaError
    from dxa_msmail.postoffice import mailbag
    from dxa_msmail.postoffice.users import users

    people = {user.hexid for user in users(files)}
    for bag, owner in _owners(files).items():
        row = {"mailbag": bag, "owner": owner, "letters": 0, "age": 0, "room": mailbag.MOST, "late": False}
        row["problem"] = ""
        try:
            headers = [header for _, header in mailbag.headers(files, bag)]
        except DxaError as error:
            yield {**row, "problem": str(error)}
            continue
        age = max(0.0, max((now - (header.arrived or now) for header in headers), default=0.0))
        late = alarm is not None and bag not in people and bool(headers) and age > alarm * _HOUR
        yield {**row, "letters": len(headers), "age": int(age), "room": mailbag.MOST - len(headers), "late": late}


def _owners(files: Files) -> dict[str, str]:
    """Whose each mailbag is."""
    from dxa_msmail.postoffice import mailbag, networks
    from dxa_msmail.postoffice.users import users

    owners = {mailbag.INQUEUE: "sent here", mailbag.INQUEUE3: "come from outside", mailbag.SYSTEM: "$SYSTEM"}
    owners |= {user.hexid: user.mailbox for user in users(files)}
    owners |= {row.mailbag: row.full for row in networks.postoffices(files).values()}
    owners |= {row.mailbag: row.name or row.kind for row in networks.gateways(files)}
    return owners


@click.command()
@opening.postoffice_at
@screen.as_json
def routes(po: Maildata, as_json: bool) -> None:
    """Show how mail gets to every other postoffice that is known; exit status 1 says that it cannot get to one now.

    The JSON has the key "routes", each with "name", "kind", "route", "hop" (the postoffice that mail is given to),
    "people" in its list, "letters" that wait, "age" of the oldest in seconds, and "problem".
    """
    from dxa_msmail.programs.routes import ways

    found = ways(po, time.time())
    if as_json:
        screen.put_json({"routes": [{**attrs.asdict(way), "age": int(way.age)} for way in found]})
    else:
        if found:
            shown = [(way.name, way.route, way.people, way.letters, way.problem or "open") for way in found]
            screen.table("", ("postoffice", "route", "#people", "#waiting", "state"), shown)
        screen.say(screen.many(len(found), "postoffice"))
    if any(way.problem for way in found):
        raise click.exceptions.Exit(1)
