"""``dxa msmail listq``: the transactions in a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dxa_msmail.commands import opening, screen

if TYPE_CHECKING:
    from dxa_msmail.postoffice.maildata import Maildata
    from dxa_msmail.programs.listq import Listing


@click.command(context_settings=opening.DOS)
@click.argument("mailbox", metavar="[ADMIN]", default="")
@opening.password
@click.option("-f", "name", required=True, metavar="NAME", help="The queue: REQTRANS, MSTTRANS, SRVTRANS, RESYNC, …")
@click.option("-t", "stamps", is_flag=True, help="Show when each transaction was queued.")
@click.option("-c", "checks", is_flag=True, help="Show and verify the checksums.")
@opening.postoffice
@screen.as_json
def listq(
    po: Maildata, mailbox: str, password: str | None, name: str, stamps: bool, checks: bool, as_json: bool
) -> None:
    """Show the transactions in a queue, as LISTQ prints them; exit status 1 says that something in it is damaged.

    Records behind a damaged one are shown, too, although no program takes them. The JSON has the keys "queue",
    "postoffice" and "records", each with "offset", "number", "stamp" in seconds since 1970, "text", "crc" and
    "problem"; "number", "stamp" and "text" are null where no record can be told.
    """
    if mailbox:
        opening.require_admin(po, mailbox, password)
    from dxa_msmail.programs import listq as program

    listing = program.read(po, name)
    if as_json:
        screen.put_json(_plain(listing))
    else:
        screen.lines("\n".join(program.lines(listing, stamps=stamps, checks=checks)))
    if any(each.record is None or (checks and each.problem) for each in listing.seen):
        raise click.exceptions.Exit(1)


def _plain(listing: Listing) -> dict[str, object]:
    rows = []
    for each in listing.seen:
        number, stamp, text = each.record or (None, None, None)
        rows.append(
            {
                "offset": each.offset,
                "number": number,
                "stamp": stamp,
                "text": text,
                "crc": f"{each.crc:04X}",
                "problem": each.problem,
            }
        )
    return {"queue": listing.name, "postoffice": listing.postoffice, "records": rows}
