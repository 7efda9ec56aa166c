"""``dxa ccmail simulate edit …``: what an administrator does to a post office, and what goes wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dxa_ccmail.commands import screen
from dxa_ccmail.commands.opening import folder_argument, secret

if TYPE_CHECKING:
    from dxa_ccmail.titles import Title

_title_kind = click.argument("kind", type=click.Choice(["list", "board"]))


@click.group(no_args_is_help=True)
def edit() -> None:
    """Look at a post office that is played, change it, and make it misbehave."""


@edit.command()
@folder_argument
@click.argument("name")
@click.option("--locn", default="L", show_default=True, help="Code: L, l, R, r, P, p, A or a; its case counts.")
@click.option("--addr", default="", help="Post office and foreign alias name.")
@click.option("--cmts", default="", help="Comment.")
def add(folder: Path, name: str, locn: str, addr: str, cmts: str) -> None:
    """Add an entry, or change the one of that name."""
    from dxa.errors import UsageError
    from dxa_ccmail.record import Record
    from dxa_ccmail.simulator.state import PlayedOffice

    with PlayedOffice(folder).edit() as office:
        if reason := office.upsert(Record(name, locn, addr, cmts)):
            raise UsageError(f"{name}: {reason}")
    screen.say(f"{name} is an entry of {office.name}.")


@edit.command()
@folder_argument
@click.argument("name")
def remove(folder: Path, name: str) -> None:
    """Delete an entry."""
    from dxa.errors import UsageError
    from dxa_ccmail.simulator.state import PlayedOffice

    with PlayedOffice(folder).edit() as office:
        if reason := office.delete(name):
            raise UsageError(f"{name}: {reason}")
    screen.say(f"{name} is no entry of {office.name} any more.")


@edit.command("add-title")
@folder_argument
@_title_kind
@click.argument("name")
@click.option("--member", "members", multiple=True, help="A member of the list; repeatable.")
def add_title(folder: Path, kind: str, name: str, members: tuple[str, ...]) -> None:
    """Add a mailing list or a bulletin board."""
    from dxa.errors import UsageError
    from dxa_ccmail.names import fold
    from dxa_ccmail.simulator.state import PlayedOffice
    from dxa_ccmail.titles import BOARDS, LISTS, Title

    with PlayedOffice(folder).edit() as office:
        found, limit = (office.lists, LISTS) if kind == "list" else (office.boards, BOARDS)
        if fold(name) not in found and len(found) >= limit:
            raise UsageError(f"there are {limit} already, which is the limit of a post office")
        found[fold(name)] = Title(name, tuple(f"  {each}".encode(office.code_page) for each in members))
    screen.say(f"{name} is a {kind} of {office.name}.")


@edit.command("remove-title")
@folder_argument
@_title_kind
@click.argument("name")
def remove_title(folder: Path, kind: str, name: str) -> None:
    """Delete a mailing list or a bulletin board."""
    from dxa.errors import NotFoundError
    from dxa_ccmail.names import fold
    from dxa_ccmail.simulator.state import PlayedOffice

    with PlayedOffice(folder).edit() as office:
        found = office.lists if kind == "list" else office.boards
        if found.pop(fold(name), None) is None:
            raise NotFoundError(f"there is no {kind} {name}")
    screen.say(f"{name} is no {kind} of {office.name} any more.")


@edit.command()
@folder_argument
@screen.as_json
def show(folder: Path, as_json: bool) -> None:
    """Show a post office with its entries, lists and boards.

    The JSON has the keys "name", "database", "code_page", "down", "behaviour", "entries" (each with "name", "locn",
    "addr" and "cmts"), "lists" and "boards" (each with "name" and "members").
    """
    import attrs

    from dxa_ccmail.simulator.state import PlayedOffice

    played = PlayedOffice(folder)
    office = played.look()
    entries = [dict(zip(("name", "locn", "addr", "cmts"), record, strict=False)) for record in office.directory()]
    if as_json:
        screen.put_json(
            {
                "name": office.name,
                "database": office.version,
                "code_page": office.code_page,
                "down": played.down,
                "behaviour": attrs.asdict(office.behaviour),
                "entries": entries,
                "lists": [_plain(title, office.code_page) for title in office.lists.values()],
                "boards": [_plain(title, office.code_page) for title in office.boards.values()],
            }
        )
        return
    screen.table(("name", "locn", "addr", "cmts"), [tuple(row.values()) for row in entries])
    for what, titles in (("Mailing lists", office.lists), ("Bulletin boards", office.boards)):
        if titles:
            screen.say(f"{what}: {', '.join(title.name for title in titles.values())}")
    down = "; it is shut down" if played.down else ""
    screen.say(f"{office.name}, {office.version}: {screen.many(len(entries), 'entry', 'entries')}{down}")


def _plain(title: Title, page: str) -> dict[str, Any]:
    return {"name": title.name, "members": [member.decode(page).strip() for member in title.members]}


@edit.command()
@folder_argument
def down(folder: Path) -> None:
    """Shut a post office down for a while: the programs end with code 4."""
    from dxa_ccmail.simulator.state import PlayedOffice

    PlayedOffice(folder).shut_down(True)
    screen.say(f"{folder} is shut down.")


@edit.command()
@folder_argument
def up(folder: Path) -> None:
    """Open a post office again."""
    from dxa_ccmail.simulator.state import PlayedOffice

    PlayedOffice(folder).shut_down(False)
    screen.say(f"{folder} is open.")


@edit.command()
@folder_argument
@click.option("--to", "text", default="", help="env:NAME, file:PATH or the text itself; without it there is none.")
def password(folder: Path, text: str) -> None:
    """Give a post office another password."""
    from dxa_ccmail.simulator.office import digest
    from dxa_ccmail.simulator.state import PlayedOffice

    with PlayedOffice(folder).edit() as office:
        office.password = digest(secret(text))
    screen.say(f"{office.name} has another password.")


@edit.command()
@folder_argument
@click.option("--export-code", type=click.IntRange(0, 5), default=0, help="EXPORT ends at once with this code.")
@click.option(
    "--import-code", type=click.IntRange(0, 5), default=0, help="IMPORT does nothing and ends with this code."
)
@click.option("--stop-after", type=int, default=-1, help="IMPORT ends with code 1 after so many records.")
@click.option("--slow", type=click.FloatRange(min=0), default=0.0, help="EXPORT takes so many seconds to write a file.")
@click.option("--cut", type=click.IntRange(min=0), default=0, help="So many bytes are missing at the end of an export.")
@click.option("--absent", is_flag=True, help="EXPORT ends with code 0 and leaves no file.")
@click.option("--echo", is_flag=True, help="The programs say how they were called, with the password.")
@click.option("--refuse", multiple=True, help="IMPORT refuses names that fit this pattern; repeatable.")
@click.option("--runs", type=click.IntRange(min=0), default=0, help="For so many runs only; 0 is for good.")
def behave(folder: Path, **given: Any) -> None:
    """Make the programs misbehave; without options they do their work again."""
    from dxa_ccmail.simulator.behaviour import GOOD, Behaviour
    from dxa_ccmail.simulator.state import PlayedOffice

    with PlayedOffice(folder).edit() as office:
        office.behaviour = Behaviour(**given)
    well = office.behaviour == GOOD
    screen.say("The programs do their work." if well else "The programs misbehave as they were told to.")
