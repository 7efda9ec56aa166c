"""``dxa msmail postoffice …``: whole postoffices, made and looked at."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import opening, routes, screen
from dxa_msmail.commands.desk import TypedGroup

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata


@click.group(cls=TypedGroup, no_args_is_help=True)
def postoffice() -> None:
    """A postoffice of MS Mail for PC Networks on disk (MAILDATA)."""


@postoffice.command()
@click.argument("folder", metavar="PATH", type=click.Path(path_type=Path, file_okay=False))
@click.option("--network", required=True, help="Its network, up to ten letters and digits.")
@click.option("--postoffice", "name", required=True, help="Its name, up to ten letters and digits.")
@click.option("--shadow", is_flag=True, help="One that stands for a site: no users, and no schedule.")
@click.option("--admin", metavar="MAILBOX", help="Make an administrator, who is not told to other postoffices.")
def create(folder: Path, network: str, name: str, shadow: bool, admin: str | None) -> None:
    """Make a postoffice in PATH, which must be empty or not there yet."""
    from dxa_msmail.postoffice import tree
    from dxa_msmail.postoffice.pol import check_mailbox

    if shadow and admin:
        raise click.UsageError("A shadow postoffice has no users, so it can have no --admin.")
    if admin:
        check_mailbox(admin)
    po = tree.create(folder, network=network, postoffice=name, shadow=shadow, serial=int(time.time()))
    screen.say(f"Made the {'shadow ' if shadow else ''}postoffice {network}/{name} in {folder}.")
    if admin:
        _add_admin(po, admin)
    if not shadow:
        what = f"`dxa msmail admin {admin or 'ADMIN'} -d {folder} user add MAILBOX --name NAME`"
        screen.say(f"Next: {what} adds people.")


def _add_admin(po: Maildata, mailbox: str) -> None:
    from dxa_msmail.postoffice.users import NewUser
    from dxa_msmail.programs.admin import add_user

    add_user(po, time.time, NewUser(name=mailbox, mailbox=mailbox, admin=True, in_dirsync=False))
    screen.say(f"{mailbox} is its administrator, without a password.")


@postoffice.command()
@opening.postoffice_at
@screen.as_json
def check(po: Maildata, as_json: bool) -> None:
    """Report everything that is wrong with the files of a postoffice; exit status 1 says that something is.

    The JSON has the key "problems", each with "file", "offset" (-1: the file as a whole) and "text".
    """
    from dxa_msmail.postoffice import tree

    found = [(name, -1, "there is no such folder") for name in tree.missing_folders(po.root)]
    with po.look() as files:
        found += [(each.file, each.offset, each.text) for each in tree.check(files)]
    if as_json:
        screen.put_json({"problems": [dict(zip(("file", "offset", "text"), row, strict=True)) for row in found]})
    elif found:
        rows = [(file, "" if offset < 0 else offset, text) for file, offset, text in found]
        screen.table("Problems", ("file", "#offset", "what"), rows)
        screen.say(f"{po.root}: {screen.many(len(found), 'problem')}")
    else:
        screen.say(f"{po.root}: nothing is wrong")
    if found:
        raise click.exceptions.Exit(1)


@postoffice.command()
@opening.postoffice_at
@click.option("--find", "prefix", default="", metavar="TEXT", help="Only names of which a word begins with this.")
@screen.as_json
def gal(po: Maildata, prefix: str, as_json: bool) -> None:
    """Show the global address list as `rebuild` made it.

    The JSON has the key "entries", each with "name", "address" and "kind" (user, external, group).
    """
    from dxa_msmail.postoffice.gal import find, read_gal
    from dxa_msmail.postoffice.names import EXTERNAL, GROUP, LOCAL

    kinds = {LOCAL: "user", EXTERNAL: "external", GROUP: "group"}
    with po.look() as files:
        found = find(files, prefix) if prefix else read_gal(files)
    rows = [(each.name, f"{each.type}:{each.address}", kinds.get(each.kind, str(each.kind))) for each in found]
    if as_json:
        screen.put_json({"entries": [dict(zip(("name", "address", "kind"), row, strict=True)) for row in rows]})
        return
    if rows:
        screen.table("", ("name", "address", "kind"), rows)
    screen.say(screen.many(len(rows), "entry", "entries"))


postoffice.add_command(routes.mail)
postoffice.add_command(routes.routes)
