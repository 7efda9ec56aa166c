"""``dxa msmail admin ADMIN …``: a postoffice that is the directory server, and its requestors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import screen
from dxa_msmail.commands.desk import Desk, pass_desk

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata

_PASSWORD = "The directory synchronization password: env:NAME, file:PATH or the text itself."


@click.command()
@click.argument("name", metavar="NET/PO")
@click.option("--password", "password_ref", help=_PASSWORD)
@click.option("--no-password", is_flag=True, help="Whoever writes from that postoffice is believed.")
@click.option("--limit", type=click.IntRange(min=0), help="Largest answer in bytes; 0 is as the requestor says.")
@click.option("--full", is_flag=True, help="Its next request is answered with everything.")
@click.option("--remove", is_flag=True, help="It is no requestor any more; what it told stays in all lists.")
@click.option("--forget", is_flag=True, help="With --remove: what it told is deleted everywhere.")
@pass_desk
def requestor(
    desk: Desk,
    /,
    name: str,
    password_ref: str | None,
    no_password: bool,
    limit: int | None,
    full: bool,
    remove: bool,
    forget: bool,
) -> None:
    """Register a postoffice, or the type of a gateway, as a requestor of this directory server, or change one.

    A postoffice that is no directory server yet becomes one. `dxa msmail listds -s` shows all requestors.
    """
    from dxa_msmail.programs.srvmain import admin as program

    if forget and not remove:
        raise click.UsageError("--forget goes with --remove.")
    if password_ref and no_password:
        raise click.UsageError("Give --password or --no-password, not both.")
    po = desk.open()
    if remove:
        program.remove_requestor(po, name, forget=forget)
        screen.say(f"{name} is no requestor any more.")
        if forget:
            screen.say("What it told goes with the next `dxa msmail srvmain -r`.")
        return
    conf = program.register_requestor(po, name, password_ref="" if no_password else password_ref, limit=limit)
    if full:
        program.want_full(po, name)
        screen.say(f"{name} gets everything with its next request.")
    screen.say(f"PCM:{name} is registered; {screen.many(len(conf.requestors), 'requestor')} in all.")
    if "/" in name and not _is_known(po, name):
        screen.say(f"It is not known here yet: `postoffice add {name}` says how its mail gets there.")
    registered = conf.requestor(f"PCM:{name}") or conf.requestor(name)
    if registered is not None and not registered.password_ref:
        screen.say("It has no password: whoever writes from there is believed.")


def _is_known(po: Maildata, name: str) -> bool:
    from dxa_msmail.postoffice.identity import name_of
    from dxa_msmail.postoffice.networks import name_key, postoffices

    with po.look() as files:
        return name_key(name) in {name_key(name_of(files)), *postoffices(files)}


@click.command("server-options")
@click.option("--administrator", metavar="MAILBOX", help="Who is told what needs a person; empty for nobody.")
@click.option("--keep-updates", type=click.IntRange(min=1), metavar="DAYS", help="So long changes are kept.")
@click.option("--anew", is_flag=True, help="Forget all lists and numbers: everybody exports and imports everything.")
@click.option("--demote", is_flag=True, help="Be no directory server any more.")
@pass_desk
@screen.as_json
def server_options(
    desk: Desk, /, administrator: str | None, keep_updates: int | None, anew: bool, demote: bool, as_json: bool
) -> None:
    """Show what this directory server is set to; with options, change that first.

    The JSON has the keys "administrator", "keep_updates", "sync", "cycle" and "requestors".
    """
    from dxa_msmail.programs.srvmain import admin as program

    if anew and demote:
        raise click.UsageError("Give --anew or --demote, not both.")
    po = desk.open()
    if demote:
        program.remove_server(po)
        screen.say("This is no directory server any more; register its former requestors elsewhere.")
        return
    if anew:
        program.begin_anew(po)
    conf = program.set_options(po, administrator=administrator, keep_updates=keep_updates)
    shown = {
        "administrator": conf.head.administrator,
        "keep_updates": conf.head.keep_updates,
        "sync": conf.head.sync,
        "cycle": conf.head.cycle,
        "requestors": [each.name for each in conf.requestors],
    }
    if as_json:
        screen.put_json(shown)
    else:
        screen.table("", ("option", "value"), [(key, screen.cell(value)) for key, value in shown.items()])


COMMANDS: Sequence[click.Command] = (requestor, server_options)
