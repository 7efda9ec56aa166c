"""What the commands below ``dxa msmail admin`` share: who works on which postoffice, and what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa.entry import Fields
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.telling import Told


@attrs.frozen
class Desk:
    """Who works on which postoffice; it is opened when a command begins, so that `--help` needs none."""

    folder: Path
    wait: float
    mailbox: str
    password: str | None = attrs.field(repr=False)

    def open(self) -> Maildata:
        """The postoffice, when this is an administrator of it."""
        po = opening.open_at(self.folder, self.wait)
        opening.require_admin(po, self.mailbox, self.password)
        return po


class TypedGroup(click.Group):
    """Commands for which somebody types names and addresses: what is wrong with one of them is wrong usage."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        from dxa.errors import AddressError, UsageError

        try:
            return super().invoke(context)
        except AddressError as error:
            raise UsageError(f"{error}; nothing has been done") from None


#: The command gets the desk as its first argument.
pass_desk = click.make_pass_decorator(Desk)


def show_told(told: Told) -> None:
    """What waits for the directory server because of it."""
    if told.lost:
        screen.say(f"The queue could not be believed: {told.lost}. The next request sends the whole list.")
    elif told.queued:
        numbers = ", ".join(str(row.number) for row in told.queued)
        waits = screen.many(len(told.queued), "transaction waits", "transactions wait")
        screen.say(f"{waits} for the directory server: {numbers}.")


def show_rows(key: str, columns: Sequence[str], rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """A listing of one kind of things, named by `key` in the JSON."""
    if as_json:
        screen.put_json({key: list(rows)})
        return
    if rows:
        screen.table("", columns, [[screen.cell(row[column]) for column in columns] for row in rows])
    screen.say(screen.many(len(rows), key.removesuffix("s")))


def values(fields: Sequence[str]) -> Fields:
    """Template values as they are spelled in an Import text."""
    from dxa_msmail.importlines import parse_field

    return tuple(parse_field(f"-{field}") for field in fields)
