"""`dxa rejects`."""

from __future__ import annotations

import click

from dxa.cli.listing import Group, Number, json_command, page, paging
from dxa.cli.session import Session, pass_session


@click.group(cls=Group, no_args_is_help=True)
def rejects() -> None:
    """Records that could not be used: each is kept with its reason."""


@json_command("RejectShown", group=rejects, name="list")
@click.option("--peer", metavar="PEER", help="Only those of this peer (LINK/NAME).")
@click.option("--all", "everything", is_flag=True, help="Also those that were retried or dropped.")
@paging
@pass_session
def list_rejects(
    session: Session, peer: str | None, everything: bool, limit: int | None, offset: int, as_json: bool
) -> None:
    """List rejected records, the latest first.

    "code" is the error number of the peer's own world. The JSON has the keys "rejects" and "total".
    """
    from dxa.agent import queries
    from dxa.cli.listing import shown_of
    from dxa.cli.output import say, table, when, write_json

    with session.reading() as site:
        found, total = queries.rejects(site, peer or "", everything, page(limit, as_json), offset)
    if as_json:
        write_json({"rejects": queries.as_plain(found), "total": total})
        return
    if not total:
        say("No rejected records.")
        return
    columns = ["#id", "when", "peer", "#line", "#code", "reason", "status"]
    rows = [(r.id, when(r.rejected_at), r.peer, r.line or None, r.code or None, r.reason, r.status) for r in found]
    shown = len(columns) if everything else -1
    table("", columns[:shown], [row[:shown] for row in rows])
    say(shown_of(len(found), total, offset) or "`dxa rejects show ID` shows the record itself.")


@json_command("RejectShown", group=rejects, name="show")
@click.argument("id_", metavar="ID", type=Number(min=1))
@pass_session
def show_reject(session: Session, id_: int, as_json: bool) -> None:
    """Show one rejected record as it came, and why it could not be used."""
    from dxa.agent import queries
    from dxa.cli.output import pairs, say, when, write_json

    with session.reading() as site:
        found = queries.reject(site, id_)
    if as_json:
        write_json(queries.as_plain(found))
        return
    pairs(
        [
            ("peer", found.peer),
            ("when", when(found.rejected_at)),
            ("message", found.message),
            ("line", found.line or None),
            ("number", found.number or None),
            ("code", found.code or None),
            ("reason", found.reason),
            ("status", found.status),
            ("record", found.raw),
        ]
    )
    if found.status == "open":
        say(f"When the cause is mended: `dxa rejects retry {found.id}`.")


@rejects.command("drop")
@click.argument("ids", metavar="ID...", type=Number(min=1), nargs=-1, required=True)
@pass_session
def drop(session: Session, ids: tuple[int, ...]) -> None:
    """Close rejected records that nobody is going to mend; they are kept for a while, and listed with --all."""
    from dxa.agent import queries
    from dxa.cli.output import counted, say

    with session.writing_without_secrets() as site:
        for id_ in ids:
            queries.reject(site, id_)
        site.store.rejects.set_status(ids, "dropped")
    session.logging.info("rejects dropped", rejects=list(ids))
    say(f"Dropped {counted(len(ids), 'reject')}.")


@rejects.command("retry")
@click.argument("ids", metavar="ID...", type=Number(min=1), nargs=-1, required=True)
@pass_session
def retry(session: Session, ids: tuple[int, ...]) -> None:
    """Read rejected records again, as if they came now; the next sync acts on them."""
    from dxa.cli.output import say

    with session.administrating() as administrator:
        for id_ in ids:
            say(f"{id_}: {administrator.retry(id_)}")
