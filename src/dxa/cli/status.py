"""`dxa status`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from dxa.cli.listing import json_command
from dxa.cli.session import Session, pass_session

if TYPE_CHECKING:
    from dxa.agent.queries import HeldShown, NoticeShown, PeerStatus, SiteStatus


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
    from dxa.cli.output import bullets, counted, say, table, when

    size, latest = counted(found.recipients, "recipient"), when(found.last_run_at)
    say(f"{found.organization}/{found.site}: {size}, last change {latest}")
    if found.peers:
        columns = ["peer", "#R", "#S", "#I", "#conf", "asked", "answered", "#pend", "#rej", "#held"]
        table("", columns, [_row(peer, now) for peer in found.peers])
    else:
        say("No peers yet. Links stand in dxa.toml; `dxa peers add` adds peers to a link that has many.")
    bullets("To do", [f"{peer.peer}: {peer.advice}" for peer in found.peers if peer.advice])
    bullets("Under way", [f"{peer.peer}: the next answer is a full one" for peer in found.peers if _gets_all(peer)])
    bullets("Held plans", map(_held, found.held))
    held = {f"plan {plan.plan} is held" for plan in found.held}
    bullets("Notices", [_notice(n) for n in found.notices if n.text.partition(":")[0] not in held])
    bullets("Not exported", _by_text(found.peers))
    bullets("Left over", found.leftovers)
    if found.warnings:
        say(f"{counted(len(found.warnings), 'doubt')} about dxa.toml; `dxa check` tells.")


def _row(peer: PeerStatus, now: float) -> list[str | int | None]:
    from dxa.cli.output import ago

    times = [None if at is None else now - at for at in (peer.last_request_at, peer.last_answer_at)]
    numbers: list[str | int | None] = [peer.r, peer.s, peer.i, peer.confirmed]
    return [peer.peer, *numbers, *map(ago, times), peer.pending, peer.rejects, len(peer.held)]


def _gets_all(peer: PeerStatus) -> bool:
    return peer.full_answer == "wanted"


def _held(plan: HeldShown) -> str:
    from dxa.cli.output import counted

    return f"{plan.plan}  {plan.scope}: {counted(plan.count, 'change')}; {'; '.join(plan.holds)}"


def _notice(notice: NoticeShown) -> str:
    from dxa.cli.output import when

    return f"{when(notice.noticed_at)}  {notice.peer}: {f'[{notice.code}] ' if notice.code > 0 else ''}{notice.text}"


def _by_text(peers: Iterable[PeerStatus]) -> list[str]:
    """What links do not export, said once for all peers with which it is the same (dx:T-012)."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for peer in peers:
        if peer.not_exported:
            groups.setdefault(peer.not_exported, []).append(peer.peer)
    return [f"to {_few(names)}: {', '.join(kinds)}" for kinds, names in groups.items()]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
