"""Inbound, second half: what received lists mean for the directory, as plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from dxa.agent.applying import TAKEN_ADDRESS, apply, keep_told, solve
from dxa.agent.context import LinkWork
from dxa.agent.inbound import AT_END, SEEK_END
from dxa.agent.meaning import Meant, meaning
from dxa.change import Change
from dxa.config import Peer
from dxa.entry import Verb
from dxa.plan import Facts, Plan, fingerprint, make_plan
from dxa.recipient import Recipient
from dxa.store import PeerRow


def plan_peers(work: LinkWork) -> Iterator[Plan]:
    """Plan what is pending of each peer, apply what may be, keep the rest held.

    Who has nothing pending costs nothing: a link may have hundreds of peers.
    """
    rows = work.store.peers.of_link(work.link.name)
    pending = set(work.store.received.peers_pending())
    conflicting = work.store.rejects.standing(TAKEN_ADDRESS)
    held = {held.scope for held in work.store.held.all()}
    for peer in work.link.peers.values():
        row = rows.get(peer.name.casefold())
        if row is not None and (peer.id in pending or row.rules != peer.import_digest):
            yield _plan_peer(work, peer, row)
            continue
        if f"in {peer.id}" in held:
            work.release(f"in {peer.id}")
        if peer.id in conflicting:
            solve(work, peer, ())


def _plan_peer(work: LinkWork, peer: Peer, row: PeerRow) -> Plan:
    with work.store.transaction():
        plan, meant = meaning_of(work, peer)
        apply(work, peer, meant, plan)
        if not plan.holds and row.rules != peer.import_digest:
            work.store.peers.put([attrs.evolve(row, rules=peer.import_digest)])
    return plan


def _guarded(work: LinkWork, peer: Peer, meant: Meant, rules_changed: bool) -> Plan:
    scope = f"in {peer.id}"
    touched = any(change.before is not None for change in meant.changes)
    approved, rejected = work.store.verdicts.of(scope) if meant.changes else (frozenset(), frozenset())
    facts = Facts(total=0)
    if touched:
        deletes = [change for change in meant.changes if change.verb is Verb.DELETE]
        facts = Facts(
            total=work.store.directory.count(peer.id),
            full_and_empty=bool(work.store.counter(f"empty:{peer.id}")),
            tail=_tail(work, peer, [meant.rows[change.key].id for change in deletes]),
            rules_changed=rules_changed,
            foreign=_foreign(work, deletes),
        )
    plan = make_plan(scope, meant.changes, facts, peer.guards, approved, rejected)
    return plan if len(plan.ready) == len(meant.changes) else _without_clashes(work, meant, plan)


def _tail(work: LinkWork, peer: Peer, gone: Sequence[int]) -> bool:
    """Whether the rows that are gone stood at the end of a list that may have been cut there."""
    known = work.store.counter(f"tail:{peer.id}")
    return known == AT_END or (known == SEEK_END and work.store.received.at_end(peer.id, gone))


def _without_clashes(work: LinkWork, meant: Meant, plan: Plan) -> Plan:
    """The plan without what needs an address that only a change which is held or was rejected would set free.

    It stays pending, and is held with the others or kept as a conflict.
    """
    key = work.types.key
    has = {
        change.key: [
            {key(a) for a in (*side.proxies, *([side.target] if side.target else []))} if side else set[str]()
            for side in (change.before, change.after)
        ]
        for change in plan.ready
    }
    holders = work.store.directory.holders(k for before, after in has.values() for k in after - before)
    ready = list(plan.ready)
    while True:
        free = {k for change in ready for k in has[change.key][0] - has[change.key][1]}
        stuck = {c.key for c in ready if any(k in holders and k not in free for k in has[c.key][1] - has[c.key][0])}
        if not stuck:
            break
        ready = [change for change in ready if change.key not in stuck]
    if len(ready) == len(plan.ready):
        return plan
    kept = {change.key for change in ready}
    late = tuple(change for change in plan.ready if change.key not in kept)
    if not plan.holds:
        meant.conflicts += [(meant.rows[c.key], None, "it needs an address whose release was rejected") for c in late]
        late = ()
    used = set(map(fingerprint, ready))
    approved = tuple(print_ for print_ in plan.approved if print_ in used)
    return attrs.evolve(plan, ready=tuple(ready), held=plan.held + late, approved=approved)


def _foreign(work: LinkWork, deletes: Iterable[Change[str, Recipient]]) -> frozenset[str]:
    """Deletes of entries that dxa did not create on a peer's word: adopted ones."""
    by_id = {change.before.id: change.key for change in deletes if change.before is not None}
    origins = work.store.directory.origins(by_id)
    return frozenset(key for id_, key in by_id.items() if not origins.get(id_))


def pin(work: LinkWork, peer: Peer, plan: Plan) -> None:
    """Pin what is held of the plan: it is left out until the peer says something else."""
    _, meant = meaning_of(work, peer)
    rows = [meant.rows[change.key] for change in plan.held if change.key in meant.rows]
    work.store.received.pin(peer.id, [row.id for row in rows])
    # A rejected delete: the peer does not hold the line any more, so it is not its own, and it is sent to it again.
    keep_told(work, peer, [], [row.recipient for row in rows if not row.alive and row.recipient])


def meaning_of(work: LinkWork, peer: Peer) -> tuple[Plan, Meant]:
    """The plan as it stands now, without applying anything."""
    row = work.store.peers.get(peer.id)
    changed = row is not None and bool(row.rules) and row.rules != peer.import_digest
    pending = work.store.received.alive_or_pending(peer.id) if changed else work.store.received.pending(peer.id)
    meant = meaning(work, peer, pending, restamp=changed)
    return _guarded(work, peer, meant, changed), meant
