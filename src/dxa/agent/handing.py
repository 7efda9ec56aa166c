"""A full answer that is left as a file, for a person to bring to peers that cannot get it otherwise (KB Q119449).

It has one number for all whom it is for, and each of them may hold it: its cut is one of theirs. Whoever takes the file
goes on from the numbers in it, so none of these may be below one of its own (KB Q215505).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from dxa.connector import Parcel, ParcelKind
from dxa.dirsync import server
from dxa.dirsync.messages import Reply
from dxa.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from dxa.agent.answers import Answering, Made
    from dxa.config import Peer
    from dxa.store import PeerRow

Target = tuple["Peer", "PeerRow"]


def hand(answering: Answering, targets: Sequence[Target], made: Made, among: Iterable[PeerRow]) -> Parcel:
    """Leave a full answer as one file for these peers; its R and I are not below those of all `among`.

    The parcel, the cuts and the states are kept by the answering's `keep`.
    """
    work, (peer, row) = answering.work, targets[0]
    own = frozenset.intersection(*(work.own_lists(each) for each, _ in targets))
    number, states = made.number(own), [each.state for each in among]
    # One above the counter of all: an answer that is on its way to one of them is older than the file.
    r, i = max(state.r for state in states), max(state.i for state in states) + 1
    for each, its in targets:
        state, _ = server.step(its.state, server.Handed(number=number, r=r, i=i))
        if state.full is server.Full.SENT:
            state = attrs.evolve(state, heard=False)
        answering.new_cuts.append((each.id, made.cut.view, made.cut._replace(number=number), work.now))
        answering.rows.append(attrs.evolve(its, state=state))
    answering.count(made.content, own, ParcelKind.FULL)
    parcel = Parcel(
        id=f"{number:010d}-file",
        peer=work.info(peer, row),
        kind=ParcelKind.FULL,
        content=made.content,
        own=own,
        reply=Reply(r=r, s=number, was=0, i=i),
        templates=made.cut.pick.templates,
        by_file=True,
        title=", ".join(each.name for each, _ in targets),
    )
    answering.parcels.append(parcel)
    return parcel


def hand_over(answering: Answering, names: Sequence[str], *, everybody: bool) -> Parcel:
    """The file for the peers of these names; with `everybody` its numbers are not below those of any peer of the link.

    One that has not spoken yet is shown what it is shown by default. Raises `NotFoundError` for a peer that no cycle
    has looked at, `UsageError` when the link leaves no files, when the peers are shown different things, and when the
    file would be empty though one of them holds something.
    """
    work = answering.work
    if not work.connector_type.traits.by_file:
        raise UsageError(f"the connector {work.connector_type.name} leaves no files; its peers get full answers only")
    rows = work.store.peers.of_link(work.link.name)
    targets = [_target(answering, name, rows.get(name.casefold())) for name in dict.fromkeys(names)]
    _require_equal(answering, targets)
    answering.unsent = frozenset.intersection(*(work.own_lists(peer) for peer, _ in targets))
    made = answering.full_made(targets)
    if not made.adds and any(row.state.quoted for _, row in targets):
        raise UsageError("the file would have nobody in it, and take away all that its peers hold; nothing was made")
    among = rows.values() if everybody else [row for _, row in targets]
    return hand(answering, targets, made, among)


def _target(answering: Answering, name: str, row: PeerRow | None) -> Target:
    peer = answering.work.peer_named(name)
    if peer is None or row is None or row.view is None:
        link = answering.work.link.name
        raise NotFoundError(f"nothing is known of a peer {name} on link {link}; `dxa sync` works out what it is shown")
    return peer, row


def _require_equal(answering: Answering, targets: Sequence[Target]) -> None:
    """KB Q150976: one file is for requestors with identical settings."""
    (first, row), *others = targets
    same = row.view, answering.pick(row)
    for peer, its in others:
        if (its.view, answering.pick(its)) != same:
            raise UsageError(f"{first.name} and {peer.name} are shown different things; make a file for each")
    tellers = [peer.name for peer, _ in targets if peer.id in answering.tellers]
    if others and tellers:
        raise UsageError(f"{', '.join(tellers)} tells lists beside its own, and needs a file of its own")
