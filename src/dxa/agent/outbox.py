"""Delivery: what is ready in the outbox goes to its peers. A crash between any two lines repeats a parcel and loses none."""

from __future__ import annotations

from dxa.agent.context import LinkWork
from dxa.agent.proven import refused_entries
from dxa.connector import Parcel, ParcelKind, Result
from dxa.errors import TransportError

#: So many delivered parcels are marked in one transaction; after a crash at most so many are delivered again.
BATCH = 250


def deliver(work: LinkWork) -> None:
    """Deliver everything that is ready on this link; what cannot be delivered now stays ready."""
    infos = {peer.id: work.info(peer, None) for peer in work.link.peers.values()}
    sent: list[str] = []
    for parcel in work.store.outbox.ready(work.link.name, infos):
        try:
            result, reason = _deliver(work, parcel)
        except (TransportError, OSError) as error:
            work.outcome.errors.append(f"parcel {parcel.id} for {parcel.peer.name} waits: {error}")
            work.outcome.waiting += 1
            continue
        if result is Result.RETRY:
            work.outcome.waiting += 1
        elif result is Result.REFUSED:
            work.store.outbox.done([parcel.id], result, reason, work.now)
            work.tell(parcel.peer.id, 159, f"parcel {parcel.id} was refused: {reason}")
        else:
            sent.append(parcel.id)
            work.outcome.delivered += 1
        if len(sent) >= BATCH:
            sent = _mark(work, sent)
    _mark(work, sent)


def _mark(work: LinkWork, sent: list[str]) -> list[str]:
    if sent:
        with work.store.transaction():
            work.store.outbox.done(sent, Result.POSTED, "", work.now)
    return []


def _deliver(work: LinkWork, parcel: Parcel) -> tuple[Result, str]:
    """The parcel's own outcome; refusals of single entries are kept as rejects."""
    result, reason = Result.POSTED, ""
    refusals: dict[str, str] = {}
    for outcome in work.connector.deliver(parcel):
        if outcome.key and outcome.result is Result.REFUSED:
            refusals[outcome.key] = outcome.reason
        elif not outcome.key:
            result, reason = outcome.result, outcome.reason
    if refusals and parcel.kind is not ParcelKind.NOTICE:
        refused_entries(work, parcel, refusals)
    return result, reason
