"""A plan of what one peer has told reaches the directory, with what is kept of it beside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from dxa.agent.context import REUSED, LinkWork
from dxa.agent.meaning import Meant
from dxa.change import Change, in_order
from dxa.config import Peer
from dxa.connector import Claimant
from dxa.entry import Entry, Reject, is_definition
from dxa.plan import Plan
from dxa.recipient import Recipient
from dxa.rules.ownership import may_change
from dxa.rules.resting import Rest, freed, keys_of
from dxa.worker import offered

TAKEN_ADDRESS = 28
UNKNOWN_PROMPT = 37


def apply(work: LinkWork, peer: Peer, meant: Meant, plan: Plan) -> None:
    """Apply what is ready of the plan; the caller's transaction holds all that follows from it."""
    store = work.store
    ready = in_order(plan.ready)
    applied: list[tuple[int, str, int | None]] = [(row.id, row.digest, recipient) for row, recipient in meant.done]
    told: list[tuple[int, Entry]] = []
    ended: list[int] = [row.recipient for row, _ in meant.done if not row.alive and row.recipient]
    if ready:
        rested = _rested(work, ready)
        ids = store.directory.write(ready, origin=peer.id)
        store.journal.add(plan.scope, plan.id if plan.holds else "", ready, ids, work.now)
        for change, id_ in zip(ready, ids, strict=True):
            row = meant.rows[change.key]
            applied.append((row.id, row.digest, None if change.after is None else id_))
            if change.after is None:
                ended.append(id_)
            else:
                told.append((id_, row.entry))
        store.verdicts.drop(plan.scope, plan.approved)
        work.count_applied(ready)
        if rested or work.connector_type.traits.names_are_addresses:
            _report_reuse(work, peer, ready, plan.scope, rested)
    for change in meant.learned:  # one may be about the same recipient as the one before
        ids = store.directory.write([change], origin="")
        store.journal.add(plan.scope, "", [change], ids, work.now)
    if any(is_definition(row.entry) for row, _ in meant.done):
        store.directory.touch()  # the views must look at it
    _unknown_prompts(work, peer, meant)
    _conflicts(work, peer, meant, told)
    told += [(recipient, row.entry) for row, recipient in meant.done if row.alive and recipient]
    store.received.applied(peer.id, applied)
    keep_told(work, peer, told, ended)
    work.hold(plan)


def _unknown_prompts(work: LinkWork, peer: Peer, meant: Meant) -> None:
    """Prompts that stand for no attribute are left out, with one word about all of them (KB Q96002, dx:T-124)."""
    if peer.attributes is None:
        return
    told = (row.entry.fields for row in meant.rows.values())
    unknown = {prompt: None for fields in told for prompt in peer.attributes.incoming(fields).unknown}
    if unknown:
        few = ", ".join(repr(prompt) for prompt in list(unknown)[:20])
        more = f" and {len(unknown) - 20} more" if len(unknown) > 20 else ""
        text = (
            f"prompts that stand for no attribute are left out: {few}{more}; [links.{peer.link}.attributes] names them"
        )
        work.tell_anew(peer.id, UNKNOWN_PROMPT, text)


def _rested(work: LinkWork, ready: Sequence[Change[str, Recipient]]) -> dict[str, Rest]:
    """The resting addresses that these changes give to others than who had them: a peer has told them."""
    days = work.addressing.rest_days
    if not days:
        return {}
    given = {
        key: change.after
        for change in ready
        if change.after is not None
        for key in set(keys_of(change.after, work.types)) - set(keys_of(change.before, work.types))
    }
    rests = work.store.resting.of(given, work.now) | freed(ready, work.types, work.now, days)
    return {key: rests[key] for key in sorted(given.keys() & rests) if not rests[key].was_of(given[key], work.types)}


def _report_reuse(
    work: LinkWork, peer: Peer, ready: Sequence[Change[str, Recipient]], scope: str, rested: Mapping[str, Rest]
) -> None:
    """An address that a peer tells again may be another person's: who had it is said as long as it rests.

    Where people are called by their addresses, that it was somebody's is said always (cc:Mail, KB Q166581).
    """
    said = [rest.said(key) for key, rest in rested.items()]
    if work.connector_type.traits.names_are_addresses:
        adds = [change for change in ready if change.before is None and change.key not in rested]
        gone = {key.rpartition("#")[0] for key in work.store.journal.deleted(scope)} if adds else set()
        said += sorted(str(change.after.target) for change in adds if change.key in gone and change.after)
    if said:
        few = ", ".join(said[:5]) + (f" and {len(said) - 5} more" if len(said) > 5 else "")
        work.tell_anew(peer.id, REUSED, f"addresses that somebody had before are in use again, by whomever: {few}")


def _conflicts(work: LinkWork, peer: Peer, meant: Meant, told: list[tuple[int, Entry]]) -> None:
    """What cannot be taken stays pending and is reported once; what the peer tells counts as its own all the same."""
    if meant.taken and (claimant := offered(work.connector, Claimant)):
        claimant.taken(meant.taken)
    fresh = []
    for row, recipient, why in meant.conflicts:
        if row.alive and recipient is not None:
            told.append((recipient, row.entry))
        if not work.store.rejects.known(peer.id, row.raw or row.entry.key, why):
            fresh.append(Reject(0, 0, row.raw or row.entry.key, TAKEN_ADDRESS if row.alive else 0, why))
    # A row that stands for a recipient goes on to: else nothing would ever change or delete that one. Nor does a row
    # come to stand for one that another row of the peer stands for.
    known = work.store.directory.get(id_ for row, other, _ in meant.conflicts for id_ in (row.recipient, other) if id_)
    linked = [
        (row.id, recipient)
        for row, recipient, _ in meant.conflicts
        if row.alive
        and recipient is not None
        and not _stands(peer, known.get(row.recipient or 0))
        and not _stands(peer, known.get(recipient))
    ]
    if linked:
        work.store.received.link(peer.id, linked)
    if fresh:
        work.store.rejects.put(work.link.name, peer.id, None, fresh, work.now)
        work.outcome.rejects += len(fresh)
    solve(work, peer, [(row.raw or row.entry.key, why) for row, _, why in meant.conflicts])


def solve(work: LinkWork, peer: Peer, conflicts: Collection[tuple[str, str]]) -> None:
    """Conflicts that are none any more are no open rejects."""
    left = frozenset(conflicts)
    work.store.rejects.solve(peer.id, TAKEN_ADDRESS, lambda raw, why: (raw, why) in left)


def _stands(peer: Peer, recipient: Recipient | None) -> bool:
    return recipient is not None and may_change(recipient.owner, peer.id, peer.imports.co_owners)


def keep_told(work: LinkWork, peer: Peer, told: Sequence[tuple[int, Entry]], ended: Sequence[int]) -> None:
    """Keep the history of lines that the peer told outside its own lists: they are its own, and never sent to it."""
    own = work.own_lists(peer)
    named = {(entry.type, entry.list) for _, entry in told}
    theirs = {(type_, list_) for type_, list_ in named if (type_, list_.casefold()) in own}
    outside = [(id_, entry) for id_, entry in told if (entry.type, entry.list) not in theirs]
    inside = [id_ for id_, entry in told if (entry.type, entry.list) in theirs] if theirs else []
    received = work.store.received
    if (outside or ended or inside) and (outside or received.tells(peer.id)):
        number = work.store.next_numbers(work.link.name, 1)
        received.close_told(peer.id, number, [*(id_ for id_, _ in outside), *ended, *inside])
        received.open_told(peer.id, number, outside)
