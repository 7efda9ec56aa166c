"""`dxa messages`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dxa.cli.listing import Group, json_command, page, paging
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.queries import MessageShown


@click.group(cls=Group, no_args_is_help=True)
def messages() -> None:
    """The archive: every message in and out, kept as long as dxa.toml says."""


@json_command("MessageShown", group=messages, name="list")
@click.option("--peer", metavar="PEER", help="Only those from or to this peer (LINK/NAME, or its name alone).")
@click.option("--in", "direction", flag_value="in", default=None, help="Only what came in.")
@click.option("--out", "direction", flag_value="out", help="Only what went out or waits to go.")
@click.option(
    "--status", type=click.Choice(["taken", "refused", "kept", "ready", "sent"]), help="Only those with this status."
)
@paging
@pass_session
def list_messages(
    session: Session,
    peer: str | None,
    direction: str | None,
    status: str | None,
    limit: int | None,
    offset: int,
    as_json: bool,
) -> None:
    """List messages, the latest first. The JSON has the keys "messages" and "total"."""
    from dxa.agent import queries
    from dxa.cli.listing import shown_of
    from dxa.cli.output import say, table, when, write_json

    with session.reading() as site:
        found, total = queries.messages(
            site,
            peer=peer or "",
            direction=direction or "",
            status=status or "",
            limit=page(limit, as_json),
            offset=offset,
        )
    if as_json:
        write_json({"messages": queries.as_plain(found), "total": total})
        return
    if not total:
        say("No messages.")
        return
    arrows = {"in": "<", "out": ">"}
    rows = [(m.id, when(m.sent_at), arrows[m.direction], m.peer, _what(m)) for m in found]
    table("", ["id", "when", "", "peer", "what"], rows)
    say(shown_of(len(found), total, offset) or "`dxa messages show ID` shows one.")


@json_command("MessageDetail", group=messages, name="show")
@click.argument("id_", metavar="ID")
@click.option("--raw", is_flag=True, help="Write the message to standard output byte by byte; only for what came in.")
@pass_session
def show_message(session: Session, id_: str, raw: bool, as_json: bool) -> None:
    """Show one message with its transactions.

    ID is a number for what came in, and a parcel's id, or the beginning of it, for what went out.
    """
    from dxa.agent import queries
    from dxa.cli.output import pairs, say, when, write_json
    from dxa.cli.records import show_records

    with session.reading() as site:
        found = queries.message(site, id_)
        data = queries.raw_message(site, id_) if raw else b""
    if raw:
        click.echo(data, nl=False)
        return
    if as_json:
        write_json(queries.as_plain(found))
        return
    pairs(
        [
            ("message", f"{found.id} ({found.direction})"),
            ("link", found.link),
            ("peer", found.peer),
            ("when", when(found.sent_at)),
            ("title", found.title),
            ("status", found.status),
            ("verdict", found.verdict),
        ]
    )
    records: list[dict[str, Any]] = [dict(record) for record in found.records]
    if records:
        show_records(records)
    else:
        say("It carries no transactions that could be decoded.")


def _what(message: MessageShown) -> str:
    """Title, size, status and verdict in one cell."""
    from dxa.cli.output import counted

    size = counted(message.count, "transaction") if message.direction == "out" and message.count else ""
    end = f"{message.status}: {message.verdict}" if message.verdict else message.status
    return "; ".join(filter(None, [message.title, size, end]))
