"""``dxa msmail listds``: the numbers of directory synchronization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata


@click.command(context_settings=opening.DOS)
@click.argument("mailbox", metavar="[ADMIN]", default="")
@opening.password
@click.option("-r", "requestor", is_flag=True, help="What this postoffice remembers as a requestor.")
@click.option("-s", "server", is_flag=True, help="What it knows of its requestors as the directory server.")
@click.option("-z", "zero", is_flag=True, help="With -r: reset the numbers; everything is exchanged anew.")
@click.option("-v", "verbose", is_flag=True, help="Show more of what is remembered.")
@opening.postoffice
@screen.as_json
def listds(
    po: Maildata,
    mailbox: str,
    password: str | None,
    requestor: bool,
    server: bool,
    zero: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Show the numbers of directory synchronization, as ListDS prints them.

    Only -z asks for the mailbox of an administrator. The JSON of -r has the fields of REQCONF.GLB, that of -s those of
    SRVCONF.GLB and its "requestors"; passwords are left out.
    """
    if requestor == server:
        raise click.UsageError("Give -r for the requestor, or -s for the directory server.")
    if zero and server:
        raise click.UsageError("-z resets a requestor: use it with -r.")
    if zero and not mailbox:
        raise click.UsageError("-z is for administrators: `listds ADMIN -r -z`.")
    if mailbox:
        opening.require_admin(po, mailbox, password)
    from dxa_msmail.programs import listds as program

    if zero:
        text = program.reset(po)
    else:
        text = program.server(po, verbose=verbose) if server else program.requestor(po, verbose=verbose)
    if as_json:
        screen.put_json(_plain_server(po) if server else _plain_requestor(po))
    else:
        screen.lines("\n".join(text))


def _plain_requestor(po: Maildata) -> dict[str, Any]:
    from dxa_msmail.postoffice.dirsyncconf import read_reqconf

    with po.look() as files:
        return _plain(read_reqconf(files))


def _plain_server(po: Maildata) -> dict[str, Any]:
    from dxa_msmail.postoffice.dirsyncconf import Srvconf, read_srvconf

    with po.look() as files:
        conf = read_srvconf(files) or Srvconf()
    return {**_plain(conf.head), "requestors": [_plain(each) for each in conf.requestors]}


def _plain(record: Any) -> dict[str, Any]:
    hidden = ("raw", "mark", "check", "password_ref")
    return attrs.asdict(record, filter=lambda field, _value: field.name not in hidden)
