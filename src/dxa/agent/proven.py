"""Outbound, second half, for peers whose full read proves what they hold: compare it with the view, and write.

What the peer holds of ours are its entries that bear our mark; only these are ever changed. Nothing is deleted in the
first cycle with a peer. Parcels that wait are superseded, for the peer was read without what is in them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b

import attrs

from dxa.address import Address
from dxa.agent.context import LinkWork
from dxa.bulk import batched
from dxa.change import Change, diff, in_order
from dxa.config import Peer
from dxa.connector import GivesBack, Parcel, ParcelKind, Result, Shaper
from dxa.entry import ADDRESSES, Entry, Reject, Verb
from dxa.errors import AddressError
from dxa.ledger.answer import Pick, Step, number_steps
from dxa.plan import Facts, Fingerprint, Plan, fingerprint, make_plan
from dxa.store import PeerRow
from dxa.worker import offered

#: Raised when the same state on both sides leads to another result, so that all peers are compared anew.
VERSION = 1
#: So many entries at once are given to a connector that shapes them.
BATCH = 1000
#: Why an entry is written into the peer or taken out of it.
REASONS = {Verb.ADD: "shown by the view", Verb.MODIFY: "changed in the view", Verb.DELETE: "no longer shown"}


def plan_proven(work: LinkWork, peer: Peer) -> Plan | None:
    """Plan what the peer must be given, and put it into the outbox.

    None when it was not read in this cycle, or when it was in step and nothing has changed since on either side.
    """
    row = work.store.peers.get(peer.id)
    if peer.id not in work.proven or row is None or row.view is None:
        return None
    store, in_step, now = work.store, f"in step:{peer.id}", _state(work, peer, row)
    if store.counter(in_step) == now:
        return None
    with store.transaction():
        # In the first cycle deletes are left out of the plan.
        met = store.counter(f"contact:{peer.id}")
        plan = _plan(work, peer, row)
        store.set_counter(in_step, now if met and not plan.changes else 0)
        return plan


def _state(work: LinkWork, peer: Peer, row: PeerRow) -> int:
    """Stands for all that decides over what the peer must be given: while it is the same, so is the result.

    That is what was received, what the view shows, and for what the connector can hold the configuration.
    """
    store, link = work.store, work.link
    head = store.views.get(row.view).head if row.view else 0
    configured = (VERSION, link.connector.name, link.role, link.options, peer.options, sorted(work.site_lists))
    parts = repr((store.received.revision(peer.id), row.view, head, *configured))
    # The counters are 64 bits wide, and 0 is for none.
    return 1 + int.from_bytes(blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=7).digest(), "big")


def _plan(work: LinkWork, peer: Peer, row: PeerRow) -> Plan:
    store, scope = work.store, f"out {peer.id}"
    passed = _superseded(work, peer)
    have = store.received.marked(peer.id)
    want, refused = _wanted(work, peer, row, have)
    changes = [attrs.evolve(change, reason=REASONS[change.verb]) for change in diff(have, want)]
    # What is there as it should be, and what should not be there any more, is refused no longer.
    open_ = {change.key for change in changes} | refused
    store.rejects.solve(peer.id, 0, lambda raw, _: raw in open_)
    first = not store.counter(f"contact:{peer.id}")
    if first:
        changes = [change for change in changes if change.verb is not Verb.DELETE]
        store.set_counter(f"contact:{peer.id}", 1)
    approved, rejected = store.verdicts.of(scope) if changes else (frozenset(), frozenset())
    plan = make_plan(scope, changes, Facts(total=len(have)), peer.guards, approved | passed - rejected, rejected)
    _post(work, peer, row, plan)
    work.hold(plan)
    return plan


def _superseded(work: LinkWork, peer: Peer) -> frozenset[Fingerprint]:
    """What waits for the peer, which is not sent any more; it has passed the guards once."""
    ready = work.store.outbox.ready(work.link.name, {})
    sides = [
        (t.old, t.new)
        for parcel in ready
        if parcel.peer.id == peer.id and parcel.kind is not ParcelKind.NOTICE
        for t in parcel.transactions()
    ]
    work.store.outbox.supersede(peer.id)
    return frozenset(fingerprint(Change(side.key, *pair)) for pair in sides if (side := pair[1] or pair[0]))


def _wanted(
    work: LinkWork, peer: Peer, row: PeerRow, have: Mapping[str, Entry]
) -> tuple[Mapping[str, Entry], set[str]]:
    """What the view shows this peer, as it can hold it, without its own; and the keys of what it cannot hold."""
    pick = Pick(types=work.shown_types())
    own = work.store.received.recipients(peer.id)
    shown = (
        (work.types.key(Address(line.type, line.address)), line.entry())
        for line in work.store.views.live_all(row.view or 0)
        if pick.shows(line.type, line.instead_of) and line.recipient not in own
    )
    wanted, refused = {}, {}
    for batch in batched(shown, BATCH):
        for (key, _), entry in zip(batch, _shaped(work, batch, have), strict=True):
            if isinstance(entry, AddressError):
                refused[key] = str(entry)
            else:
                held = have.get(key)
                wanted[key] = entry._replace(key=key, anchor=held.anchor if held else "")
    if refused:
        _keep_refusals(work, peer.id, {key: f"{peer.name} cannot hold it: {why}" for key, why in refused.items()})
    return wanted, set(refused)


def _shaped(
    work: LinkWork, batch: Sequence[tuple[str, Entry]], have: Mapping[str, Entry]
) -> Sequence[Entry | AddressError]:
    shaper = offered(work.connector, Shaper)
    return shaper.shape([(entry, have.get(key)) for key, entry in batch]) if shaper else [entry for _, entry in batch]


def _post(work: LinkWork, peer: Peer, row: PeerRow, plan: Plan) -> None:
    if not plan.ready:
        return
    ready = in_order(plan.ready)
    first = work.store.next_numbers(work.link.name, len(ready))
    content = number_steps([Step(c.verb, c.before, c.after) for c in ready], first, f"{work.link.name}-{first}")
    parcel = Parcel(id=f"{first:010d}-{peer.name}", peer=work.info(peer, row), kind=ParcelKind.UPDATE, content=content)
    work.store.outbox.put([parcel], work.link.name, work.now)
    work.store.verdicts.drop(plan.scope, plan.approved)
    work.outcome.updates += 1
    for change in ready:
        work.count_sent(change.verb, 1)


def give_back(work: LinkWork, peer: Peer) -> None:
    """Put into the outbox what entries that the peer itself told lack of addresses that others know them by."""
    store, row = work.store, work.store.peers.get(peer.id)
    giver = offered(work.connector, GivesBack)
    if giver is None or not giver.back_types or peer.id not in work.proven or row is None:
        return
    known = f"given back:{peer.id}"
    state = (store.directory.usn() << 20) ^ store.received.revision(peer.id)
    waiting = (parcel.peer.id for parcel in store.outbox.ready(work.link.name, {}) if parcel.back)
    if store.counter(known) == state or peer.id in waiting:
        return
    with store.transaction():
        steps = _lacking(work, peer, giver.back_types)
        if steps:
            first = store.next_numbers(work.link.name, len(steps))
            content = number_steps(steps, first, f"{work.link.name}-{first}")
            id_ = f"{first:010d}-{peer.name}-back"
            kind = ParcelKind.UPDATE
            parcel = Parcel(id=id_, peer=work.info(peer, row), kind=kind, content=content, back=True)
            store.outbox.put([parcel], work.link.name, work.now)
            work.count_sent(Verb.MODIFY, len(steps))
        else:
            store.set_counter(known, state)


def _lacking(work: LinkWork, peer: Peer, types: Collection[str]) -> list[Step]:
    """Each entry as it is told, and as it should be."""
    told = work.store.received.of_recipients(peer.id, work.store.directory.having(types))
    recipients = work.store.directory.get(told)
    steps = []
    for id_, entry in told.items():
        has = {value.casefold() for name, value in entry.fields if name == ADDRESSES}
        lacks = [str(p) for p in recipients[id_].proxies if p.type in types and str(p).casefold() not in has]
        if lacks:
            fields = (*entry.fields, *((ADDRESSES, text) for text in lacks))
            steps.append(Step(Verb.MODIFY, entry, entry._replace(fields=fields)))
    return steps


def refused_entries(work: LinkWork, parcel: Parcel, refusals: Mapping[str, str]) -> None:
    """Entries that the peer did not take: kept with the reason; the next full read shows what it really has."""
    reasons = {key: f"{Result.REFUSED.value} by {parcel.peer.name}: {why}" for key, why in refusals.items()}
    _keep_refusals(work, parcel.peer.id, reasons)


def _keep_refusals(work: LinkWork, peer: str, reasons: Mapping[str, str]) -> None:
    """Each once, as long as its reason stays the same."""
    known = work.store.rejects.known
    rejects = [Reject(0, 0, key, 0, why) for key, why in reasons.items() if not known(peer, key, why)]
    work.store.rejects.put(work.link.name, peer, None, rejects, work.now)
    work.outcome.rejects += len(rejects)
