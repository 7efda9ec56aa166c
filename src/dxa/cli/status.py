"""`dxa status`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.queries import PeerStatus, SiteStatus


@json_command("SiteStatus", "PeerStatus")
@click.argument("peer", required=False)
@pass_session
def status(session: Session, peer: str | None, as_json: bool) -> None:
    """Show how each peer stands, and what to do about it.

    R is the last number taken from a peer, S the last one issued to it, and I its import counter; "conf" is the highest
    number that it has confirmed. With PEER (LINK/NAME) only that peer is shown.
    """
    from dxa.agent import queries
    from dxa.cli.output import write_json

    with session.reading() as site:
        found = queries.status(site, only=peer or "")
    if as_json:
        write_json(queries.as_plain(found))
    else:
        _show(found, session.clock())


def _show(found: SiteStatus, now: float) -> None:
    from dxa.cli.output import counted, say, table, when

    say(f"{found.organization}/{found.site}: {counted(found.recipients, 'recipient')}, last change {when(found.last_run_at)}")
    if not found.peers:
        say("No peers yet. Links stand in dxa.toml; `dxa peers add` adds peers to a link that has many.")
    else:
        columns = ["peer", "#R", "#S", "#I", "#conf", "asked", "answered", "#pend", "#rej", "#held", "#wait"]
        table("", columns, [_row(peer, now) for peer in found.peers])
    _lines("To do", [f"{peer.peer}: {peer.advice}" for peer in found.peers if peer.advice])
    _lines("Held plans", [f"{h.plan}  {h.scope}: {counted(h.count, 'change')}; {'; '.join(h.holds)}" for h in found.held])
    _lines("Notices", [f"{when(n.noticed_at)}  {n.peer}: {f'[{n.code}] ' if n.code else ''}{n.text}" for n in found.notices])
    _lines("Not exported", _by_text(found.peers))
    _lines("Doubts about dxa.toml", found.warnings)


def _row(peer: PeerStatus, now: float) -> list[str | int | None]:
    from dxa.cli.output import ago

    times = [None if at is None else now - at for at in (peer.last_request_at, peer.last_answer_at)]
    numbers: list[str | int | None] = [peer.r, peer.s, peer.i, peer.confirmed]
    return [
        peer.peer,
        *numbers,
        *map(ago, times),
        peer.pending,
        peer.rejects,
        len(peer.held),
        peer.waiting,
    ]


def _by_text(peers: Iterable[PeerStatus]) -> list[str]:
    """What links do not export, said once for all peers with which it is the same (dx:T-012)."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for peer in peers:
        if peer.not_exported:
            groups.setdefault(peer.not_exported, []).append(peer.peer)
    return [f"to {_few(names)}: {', '.join(kinds)}" for kinds, names in groups.items()]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _lines(title: str, lines: Sequence[str]) -> None:
    from dxa.cli.output import bullets

    if lines:
        bullets(title, lines)
