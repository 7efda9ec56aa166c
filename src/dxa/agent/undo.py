"""Taking back a run: the inverse of its changes as a plan, guarded and approved like every other.

What has changed since is not overwritten, but reported. What a peer told that is undone stays undone until the peer
says something else about it. The plan of a run that a guard holds is known by its scope, ``undo RUN``, among the held
plans; approving it applies it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import attrs

from dxa.agent.context import HELD
from dxa.agent.site import OpenSite
from dxa.change import Change, in_order
from dxa.errors import NotFoundError
from dxa.ledger.received import GONE
from dxa.plan import Facts, Limits, Plan, make_plan
from dxa.recipient import Recipient
from dxa.rules.ownership import FORMER, has_owner
from dxa.store import RunChange, RunRow

SCOPE = "undo "


@attrs.frozen(kw_only=True)
class Conflict:
    """A change that cannot be taken back, and why."""

    recipient: int
    name: str
    why: str


@attrs.frozen(kw_only=True)
class Undone:
    """What became of undoing a run: its plan, what cannot be taken back, and the new run, if something was applied."""

    run: RunRow
    plan: Plan
    conflicts: tuple[Conflict, ...]
    applied: int | None = None


def plan_undo(site: OpenSite, run: int) -> Undone:
    """The plan that takes a run back, as things are now; raises `NotFoundError` when the run is not kept."""
    found = site.store.journal.run(run)
    if found is None:
        raise NotFoundError(f"no run {run}; `dxa history` lists those that are kept")
    row, changes = found
    inverse = _Inverse(site, row, changes)
    scope = f"{SCOPE}{run}"
    total, limits = _measure(site, row)
    approved, rejected = site.store.verdicts.of(scope)
    plan = make_plan(scope, inverse.changes, Facts(total=total), limits, approved, rejected)
    return Undone(run=row, plan=plan, conflicts=tuple(inverse.conflicts))


def undo(site: OpenSite, run: int) -> Undone:
    """Take a run back as far as guards let it; what they hold waits for approval. The caller holds the site's lock."""
    scope = f"{SCOPE}{run}"
    # Whoever asks for it again has thought better of a rejection.
    site.store.verdicts.drop(scope, site.store.verdicts.of(scope)[1])
    undone = plan_undo(site, run)
    with site.store.transaction():
        applied = _apply(site, undone) if undone.plan.ready else None
        _hold(site, undone.plan)
    return attrs.evolve(undone, applied=applied)


def held_undos(site: OpenSite) -> Iterator[Plan]:
    """The plans of undoings that are held, made afresh."""
    for _, run in _held_runs(site):
        with suppress(NotFoundError):  # `forget_undos` forgets it
            yield plan_undo(site, run).plan


def forget_undos(site: OpenSite) -> None:
    """Let go of held undoings whose runs are not kept any more: nobody can do them now."""
    for scope, run in _held_runs(site):
        if site.store.journal.run(run) is None:
            site.store.held.clear(scope)
            site.store.notices.clear(scope, HELD)
            site.store.verdicts.drop(scope, frozenset().union(*site.store.verdicts.of(scope)))


def _held_runs(site: OpenSite) -> list[tuple[str, int]]:
    held = (each.scope for each in site.store.held.all() if each.scope.startswith(SCOPE))
    return [(scope, int(scope.removeprefix(SCOPE))) for scope in held]


def _measure(site: OpenSite, row: RunRow) -> tuple[int, Limits]:
    """Of how many entries the guards count, and by which limits: those of the peer whose word it was."""
    peer = _peer(row)
    for each in site.config.peers():
        if each.id == peer:
            return max(site.store.directory.count(peer), row.adds + row.modifies + row.deletes), each.guards
    return site.store.listings.count(), Limits()


def _peer(row: RunRow) -> str:
    return row.scope.removeprefix("in ") if row.scope.startswith("in ") else ""


class _Inverse:
    """The changes of a run the other way round, against the directory as it is now."""

    def __init__(self, site: OpenSite, row: RunRow, changes: Sequence[RunChange]) -> None:
        self.site, self.row = site, row
        self.conflicts: list[Conflict] = []
        self.owners = {peer.id for peer in site.config.peers()}
        now = site.store.directory.get([change.recipient for change in changes])
        wished = [wish for change in changes if (wish := self.one(change, now.get(change.recipient))) is not None]
        self.changes = self.with_free_addresses(wished)

    def one(self, change: RunChange, now: Recipient | None) -> Change[str, Recipient] | None:
        """The inverse; None when nothing is to be done, or it cannot be."""
        inverse = change.change.inverse()
        before, after = inverse.before, inverse.after
        if now == after or (now is None and after is None):
            return None
        if now != before:
            was = "is gone" if now is None else "is there again" if before is None else "has changed since"
            self.refuse(change.recipient, now or before or after, f"{was}, and stays as it is")
            return None
        if after is not None and before is not None and after.owner != before.owner:
            why = f"it belongs to {before.owner or 'the site'} now; `dxa peers takeover` gives it to others"
            self.refuse(change.recipient, now, why)
            return None
        if after is not None and has_owner(after.owner) and after.owner not in self.owners:
            after = attrs.evolve(after, owner=FORMER)
        return Change(str(change.recipient), before, after, inverse.reason)

    def with_free_addresses(self, changes: list[Change[str, Recipient]]) -> list[Change[str, Recipient]]:
        """The changes without those that want an address which somebody else has by now."""
        holders = self.site.store.directory.holders(key for c in changes for key in self.keys(c.after))
        while True:
            own = {c.key for c in changes}
            freed = {key for c in changes for key in self.keys(c.before) - self.keys(c.after)}
            stuck = {
                c.key: key
                for c in changes
                for key in self.keys(c.after)
                if (holder := holders.get(key)) is not None
                and str(holder) != c.key
                and not (str(holder) in own and key in freed)
            }
            if not stuck:
                return changes
            for change in changes:
                if change.key in stuck:
                    holder = holders[stuck[change.key]]
                    name = self.site.store.directory.get([holder])[holder].name
                    self.refuse(int(change.key), change.after, f"{stuck[change.key]} belongs to {name!r} now")
            changes = [change for change in changes if change.key not in stuck]

    def keys(self, side: Recipient | None) -> set[str]:
        """The keys of all its addresses."""
        addresses = () if side is None else (*side.proxies, *((side.target,) if side.target else ()))
        return {self.site.types.key(address) for address in addresses}

    def refuse(self, id_: int, side: Recipient | None, why: str) -> None:
        self.conflicts.append(Conflict(recipient=id_, name=side.name if side else "", why=why))


def _apply(site: OpenSite, undone: Undone) -> int:
    store, plan, peer = site.store, undone.plan, _peer(undone.run)
    ready = in_order(plan.ready)
    ids = store.directory.write(ready, origin=peer)
    run = store.journal.add(plan.scope, plan.id if plan.holds else "", ready, ids, site.clock())
    store.verdicts.drop(plan.scope, plan.approved)
    if peer:
        _pin(site, peer, dict(zip(ids, ready, strict=True)))
    return run


def _pin(site: OpenSite, peer: str, changes: Mapping[int, Change[str, Recipient]]) -> None:
    """What the peer tells of these stays undone until it tells something else.

    Of who is there no more its entry stands for nobody, as one that was rejected when it came. Who is there again is
    not among what it tells: should it tell of that address again, the entry is joined by it.
    """
    received = site.store.received
    told = received.of_recipients(peer, changes)
    rows = {row.entry.key: row.id for row in received.by_keys(peer, [entry.key for entry in told.values()])}
    of = {id_: rows[entry.key] for id_, entry in told.items()}
    received.applied(peer, [(row, GONE, None) for id_, row in of.items() if changes[id_].after is None])
    received.pin(peer, of.values())


def _hold(site: OpenSite, plan: Plan) -> None:
    """Keep in mind that the plan waits, and tell of it once; or that it does not."""
    store = site.store
    if not plan.holds:
        store.held.clear(plan.scope)
        store.notices.clear(plan.scope, HELD)
    elif store.held.put(plan.scope, plan, site.clock()):
        store.notices.clear(plan.scope, HELD)
        why = "; ".join(hold.text for hold in plan.holds)
        store.notices.tell("", plan.scope, HELD, f"plan {plan.id} is held: {why}", site.clock())


def names(conflicts: Iterable[Conflict]) -> list[str]:
    """The conflicts in words."""
    return [f"{each.name} ({each.recipient}) {each.why}" for each in conflicts]
