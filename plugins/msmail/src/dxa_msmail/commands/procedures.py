"""``dxa msmail procedure``: what people do to postoffices in several steps, as one command or a checklist."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dxa_msmail.programs.procedures.program import Item, Procedure

_MARKS = {"done": "[x]", "to do": "[ ]", "yours": "[?]"}


@click.command()
@click.argument("name", metavar="[PROCEDURE]", default="")
@click.argument("mailbox", metavar="[ADMIN]", default="")
@click.argument("others", metavar="[NET/PO]…", nargs=-1)
@opening.password
@opening.where
@click.option("--go", is_flag=True, help="Do what can be done from here, up to the first step that is a person's.")
@click.option(
    "--after", type=click.IntRange(min=1), metavar="STEP", help="With --go: this step and those before it are done."
)
@screen.as_json
def procedure(
    name: str,
    mailbox: str,
    others: tuple[str, ...],
    password: str | None,
    folder: Path,
    wait: float,
    go: bool,
    after: int | None,
    as_json: bool,
) -> None:
    """Show the steps of a procedure, filled in for this postoffice, with those that are done; --go does them.

    Without a name it lists the procedures. Postoffices that are reached directly from here are worked on as well. The
    JSON has the key "procedures", or "steps" (number, what, how, state, why).
    """
    from dxa_msmail.programs.procedures.table import PROCEDURES

    if not name:
        _show_all(list(PROCEDURES.values()), as_json)
        return
    found = PROCEDURES.get(name.casefold())
    if found is None:
        raise click.UsageError(f"There is no procedure {name}; there are {', '.join(PROCEDURES)}.")
    if not mailbox:
        raise click.UsageError(f"A procedure is for administrators: `procedure {found.name} ADMIN`.")
    if after and not go:
        raise click.UsageError("--after goes with --go.")
    items = _run(found, mailbox, others, password, folder, wait, go=go, after=after or 0)
    if as_json:
        screen.put_json({"steps": [_plain(item) for item in items]})
    else:
        _show(found, items)


def _run(
    found: Procedure,
    mailbox: str,
    others: Sequence[str],
    password: str | None,
    folder: Path,
    wait: float,
    *,
    go: bool,
    after: int,
) -> list[Item]:
    from dxa_msmail.programs.procedures import program
    from dxa_msmail.programs.procedures.place import Place

    po = opening.open_at(folder, wait)
    opening.require_admin(po, mailbox, password)
    if len(others) > len(found.needs):
        raise click.UsageError(f"{found.name} needs {' and '.join(found.needs) or 'no other name'}.")
    other, new = (*others, "", "")[:2]
    place = Place(here=po, clock=time.time, other=other.upper(), new=new.upper(), admin=mailbox)
    return program.go(found, place, after=after) if go else program.checklist(found, place)


def _show_all(found: Sequence[Procedure], as_json: bool) -> None:
    if as_json:
        rows = [
            {"name": each.name, "title": each.title, "at": each.at, "needs": list(each.needs), "source": each.source}
            for each in found
        ]
        screen.put_json({"procedures": rows})
        return
    screen.table("Procedures", ("name", "what", "begins at"), [(each.name, each.title, each.at) for each in found])
    screen.say("`dxa msmail procedure NAME ADMIN -d PATH` shows the steps; with --go it does them.")


def _show(found: Procedure, items: Sequence[Item]) -> None:
    screen.say(f"{found.title} ({found.source})")
    for item in items:
        screen.say(f"{_MARKS[item.state.value]} {item.number}. {item.what}")
        if item.state.value == "done":
            continue
        for line in item.how:
            screen.lines(f"       {line}")  # in one piece, to be copied
        if item.why:
            screen.say(f"       {item.why}")
    left = sum(item.state.value != "done" for item in items)
    screen.say(f"{screen.many(left, 'step is', 'steps are')} left." if left else "Everything is done.")


def _plain(item: Item) -> dict[str, Any]:
    return {
        "number": item.number,
        "what": item.what,
        "how": list(item.how),
        "state": item.state.value,
        "why": item.why,
    }
