"""``dxa msmail admin ADMIN user …`` and ``… group …``: the own list of a postoffice."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import opening, screen
from dxa_msmail.commands.desk import Desk, pass_desk, show_rows, show_told, values

if TYPE_CHECKING:
    from dxa.entry import Fields
    from dxa_msmail.postoffice.maildata import Maildata

# -- users ---------------------------------------------------------------------------------------------------------


_fields = click.option(
    "--field", "fields", multiple=True, metavar="PROMPT/VALUE", help="A template value; repeatable, // is a slash."
)


@click.group(no_args_is_help=True)
def user() -> None:
    """The users of the postoffice."""


@user.command("add")
@click.argument("mailbox")
@click.option("--name", required=True, help="The name in address lists, up to 30 characters.")
@click.option("--password", help="Eight characters, or env:NAME or file:PATH to read them from.")
@click.option("--no-dirsync", is_flag=True, help="Not told to other postoffices.")
@click.option("--admin", "is_admin", is_flag=True, help="An administrator.")
@_fields
@pass_desk
def user_add(
    desk: Desk, mailbox: str, name: str, password: str | None, no_dirsync: bool, is_admin: bool, fields: Sequence[str]
) -> None:
    """Add a user."""
    from dxa_msmail.postoffice.users import NewUser
    from dxa_msmail.programs import admin as program

    new = NewUser(
        name=name,
        mailbox=mailbox,
        password=opening.secret(password),
        in_dirsync=not no_dirsync,
        admin=is_admin,
        fields=values(fields),
    )
    done = program.add_user(desk.open(), time.time, new)
    screen.say(f"Added {done.user.name} ({done.user.mailbox}).")
    show_told(done.told)


@user.command("change")
@click.argument("mailbox")
@click.option("--name", help="Another name.")
@click.option("--mailbox", "to", help="Another mailbox: another address to everybody else.")
@click.option("--password", help="Another password; an empty text for none.")
@click.option("--admin/--no-admin", "is_admin", default=None, help="An administrator or none.")
@_fields
@pass_desk
def user_change(
    desk: Desk,
    /,
    mailbox: str,
    name: str | None,
    to: str | None,
    password: str | None,
    is_admin: bool | None,
    fields: Sequence[str],
) -> None:
    """Change a user; what is not given stays."""
    from dxa_msmail.programs import admin as program

    if (name, to, password, is_admin) == (None,) * 4 and not fields:
        raise click.UsageError("Give what is to be changed: --name, --mailbox, --password, --admin or --field.")
    po = desk.open()
    done = program.change_user(
        po,
        time.time,
        mailbox,
        name=name,
        new_mailbox=to,
        password=None if password is None else opening.secret(password),
        admin=is_admin,
        fields=_merged(po, mailbox, fields) if fields else None,
    )
    screen.say(f"Changed {done.user.name} ({done.user.mailbox}).")
    show_told(done.told)


@user.command("delete")
@click.argument("mailbox")
@pass_desk
def user_delete(desk: Desk, /, mailbox: str) -> None:
    """Delete a user, with the mail in the mailbox."""
    from dxa_msmail.programs import admin as program

    done = program.delete_user(desk.open(), time.time, mailbox)
    screen.say(f"Deleted {done.user.name} ({done.user.mailbox}).")
    show_told(done.told)


@user.command("dirsync")
@click.argument("mailbox", metavar="ADDRESS")
@click.argument("told", metavar="yes|no", type=click.Choice(["yes", "no"], case_sensitive=False))
@pass_desk
def user_dirsync(desk: Desk, /, mailbox: str, told: str) -> None:
    """Say whether a user or group is told to other postoffices; no is a delete to them."""
    from dxa_msmail.programs import admin as program

    done = program.set_dirsync(desk.open(), time.time, mailbox, told.lower() == "yes")
    screen.say(f"{mailbox} is {'told' if told.lower() == 'yes' else 'not told'} to other postoffices.")
    show_told(done)


@user.command("list")
@pass_desk
@screen.as_json
def user_list(desk: Desk, /, as_json: bool) -> None:
    """Show the users.

    The JSON has the key "users", each with "mailbox", "name", "dirsync", "admin", "password" (whether there is one),
    "mailbag" and "fields".
    """
    from dxa_msmail.postoffice import users as book

    with desk.open().look() as files:
        everybody, fields = book.users(files), book.values(files)
    shown = [
        {
            "mailbox": each.mailbox,
            "name": each.name,
            "dirsync": each.in_dirsync,
            "admin": each.admin,
            "password": each.has_password,
            "mailbag": each.hexid,
            "fields": dict(fields.get(each.tid, ())),
        }
        for each in everybody
    ]
    columns = ("mailbox", "name", "dirsync", "admin", "password", "mailbag")
    show_rows("users", columns, shown, as_json)


# -- groups --------------------------------------------------------------------------------------------------------


@click.group(no_args_is_help=True)
def group() -> None:
    """The groups of the postoffice; to others a group is an address like that of a user."""


@group.command("add")
@click.argument("address")
@click.option("--name", required=True, help="The name in address lists, up to 30 characters.")
@click.option("--member", "members", multiple=True, metavar="MAILBOX", help="A user who is in it; repeatable.")
@click.option("--no-dirsync", is_flag=True, help="Not told to other postoffices.")
@pass_desk
def group_add(desk: Desk, /, address: str, name: str, members: Sequence[str], no_dirsync: bool) -> None:
    """Add a group."""
    from dxa_msmail.programs import admin as program

    done = program.add_group(desk.open(), time.time, name, address, members, in_dirsync=not no_dirsync)
    screen.say(f"Added the group {done.group.name} ({done.group.address}).")
    show_told(done.told)


@group.command("change")
@click.argument("address")
@click.option("--name", help="Another name.")
@click.option("--address", "to", help="Another address.")
@click.option("--member", "members", multiple=True, metavar="MAILBOX", help="Those who are in it now; repeatable.")
@pass_desk
def group_change(desk: Desk, /, address: str, name: str | None, to: str | None, members: Sequence[str]) -> None:
    """Change a group; what is not given stays."""
    from dxa_msmail.programs import admin as program

    if (name, to) == (None, None) and not members:
        raise click.UsageError("Give what is to be changed: --name, --address or --member.")
    done = program.change_group(desk.open(), time.time, address, name=name, new_address=to, members=members or None)
    screen.say(f"Changed the group {done.group.name} ({done.group.address}).")
    show_told(done.told)


@group.command("remove")
@click.argument("address")
@pass_desk
def group_remove(desk: Desk, /, address: str) -> None:
    """Remove a group; its members stay."""
    from dxa_msmail.programs import admin as program

    done = program.delete_group(desk.open(), time.time, address)
    screen.say(f"Removed the group {done.group.name} ({done.group.address}).")
    show_told(done.told)


@group.command("list")
@pass_desk
@screen.as_json
def group_list(desk: Desk, /, as_json: bool) -> None:
    """Show the groups.

    The JSON has the key "groups", each with "address", "name", "dirsync" and "members".
    """
    from dxa_msmail.postoffice.groups import groups

    with desk.open().look() as files:
        found = groups(files)
    shown = [
        {"address": each.address, "name": each.name, "dirsync": each.in_dirsync, "members": list(each.members)}
        for each in found
    ]
    show_rows("groups", ("address", "name", "dirsync", "members"), shown, as_json)


def _merged(po: Maildata, mailbox: str, fields: Sequence[str]) -> Fields:
    """A user's template values with these; an empty value is none."""
    from dxa.ledger.received import merge_fields
    from dxa_msmail.postoffice.users import find_user
    from dxa_msmail.postoffice.users import values as stored

    with po.look() as files:
        old = stored(files).get(find_user(files, mailbox).tid, ())
    return merge_fields(old, values(fields))
