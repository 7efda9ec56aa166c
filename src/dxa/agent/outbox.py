"""Delivery: what is ready in the outbox goes to its peers; a crash repeats a parcel and loses none."""

from __future__ import annotations

from dxa.agent.boundary import outcomes
from dxa.agent.context import MANUAL_IMPORT, LinkWork
from dxa.agent.proven import refused_entries
from dxa.connector import Acknowledger, Parcel, ParcelKind, Result, Standing
from dxa.errors import DxaError, StoreError
from dxa.worker import offered

#: So many delivered parcels are marked in one transaction; after a crash at most so many are delivered again.
BATCH = 250


def deliver(work: LinkWork) -> None:
    """Deliver everything that is ready on this link; what cannot be delivered now stays ready.

    Each reason is told once, whatever waits for it; the second delivery of a cycle tells it anew (KB Q242232).
    """
    work.outcome.errors = [error for error in work.outcome.errors if error not in work.undelivered]
    work.outcome.waiting = 0
    failed: dict[str, list[Parcel]] = {}
    infos = {peer.id: work.info(peer, None) for peer in work.link.peers.values()}
    sent: list[str] = []
    for parcel in work.store.outbox.ready(work.link.name, infos):
        try:
            result, reason = _deliver(work, parcel)
        except StoreError:
            raise
        except (DxaError, OSError) as error:  # what is wrong with one parcel, or with its peer, holds up no other
            failed.setdefault(str(error), []).append(parcel)
            work.outcome.waiting += 1
            continue
        if result is Result.RETRY:
            work.outcome.waiting += 1
        elif result is Result.REFUSED:
            work.store.outbox.done([parcel.id], result, reason, work.now)
            work.tell(parcel.peer.id, 159, f"parcel {parcel.id} was refused: {reason}")
        else:
            if parcel.by_file:
                work.store.notices.clear(parcel.peer.id, MANUAL_IMPORT)  # an older file is of no use any more
                work.tell(parcel.peer.id, MANUAL_IMPORT, f"the full list for {parcel.title} is a file: {reason}")
            sent.append(parcel.id)
            work.outcome.delivered += 1
        if len(sent) >= BATCH:
            sent = _mark(work, sent)
            work.pause()
    _mark(work, sent)
    work.undelivered = [f"{_waiting(parcels)}: {reason}" for reason, parcels in failed.items()]
    work.outcome.errors += work.undelivered


def acknowledge(work: LinkWork) -> None:
    """Let a connector that wants to make it known say how far the site has come, unless something is still to go."""
    acknowledger = offered(work.connector, Acknowledger)
    if acknowledger is None or work.outcome.waiting:
        return
    rows = work.store.peers.of_link(work.link.name)
    states = {peer.name: row.state for name, peer in work.link.peers.items() if (row := rows.get(name))}
    acknowledger.acknowledge({name: Standing(taken=state.r, sent=state.s) for name, state in states.items()})


def _waiting(parcels: list[Parcel]) -> str:
    first = parcels[0]
    return f"parcel {first.id} for {first.peer.name} waits" if len(parcels) == 1 else f"{len(parcels)} parcels wait"


def _mark(work: LinkWork, sent: list[str]) -> list[str]:
    if sent:
        work.connector.settle(())
        with work.store.transaction():
            work.store.outbox.done(sent, Result.POSTED, "", work.now)
    return []


def _deliver(work: LinkWork, parcel: Parcel) -> tuple[Result, str]:
    """The parcel's own outcome; refusals of single entries are kept as rejects."""
    result, reason = Result.POSTED, ""
    refusals: dict[str, str] = {}
    for outcome in outcomes(work, parcel):
        if outcome.key and outcome.result is Result.REFUSED:
            refusals[outcome.key] = outcome.reason
        elif not outcome.key:
            result, reason = outcome.result, outcome.reason
    if refusals and parcel.kind is not ParcelKind.NOTICE:
        refused_entries(work, parcel, refusals)
    return result, reason
