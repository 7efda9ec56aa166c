"""Inbound, second half: what received lists mean for the directory, as plans."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import attrs

from dxa.agent.context import REUSED, LinkWork
from dxa.agent.inbound import AT_END, SEEK_END
from dxa.change import Change, in_order
from dxa.config import Peer
from dxa.connector import Claimant, Holds
from dxa.entry import ADDRESSES, ASIDE, LEARNED, Entry, Reject, Verb, is_definition
from dxa.errors import AddressError
from dxa.ledger.received import GONE
from dxa.ledger.view import LISTS
from dxa.plan import Facts, Plan, fingerprint, make_plan
from dxa.recipient import Recipient
from dxa.rules.addressing import settle_proxies
from dxa.rules.imports import further_addresses, to_recipient
from dxa.rules.ownership import may_change, refusal, why_not_adopted
from dxa.rules.resting import Rest, freed, keys_of
from dxa.rules.scope import accepts
from dxa.store import PeerRow, PendingRow
from dxa.worker import offered

TAKEN_ADDRESS = 28
UNKNOWN_PROMPT = 37


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
            _solve(work, peer, ())


def _plan_peer(work: LinkWork, peer: Peer, row: PeerRow) -> Plan:
    with work.store.transaction():
        plan, meant = meaning_of(work, peer)
        _apply(work, peer, meant, plan)
        if not plan.holds and row.rules != peer.import_digest:
            work.store.peers.put([attrs.evolve(row, rules=peer.import_digest)])
    return plan


@attrs.define
class Meant:
    """What pending rows mean: changes by row, rows that are done without a change, and rows that cannot be taken."""

    changes: list[Change[str, Recipient]] = attrs.field(factory=list)
    rows: dict[str, PendingRow] = attrs.field(factory=dict)
    done: list[tuple[PendingRow, int | None]] = attrs.field(factory=list)
    conflicts: list[tuple[PendingRow, int | None, str]] = attrs.field(factory=list)
    foreign: set[str] = attrs.field(factory=set)
    #: Addresses that peers have given to what stands there for a recipient.
    learned: list[Change[str, Recipient]] = attrs.field(factory=list)
    #: Entries of `conflicts` whose addresses others at the site have.
    taken: list[Entry] = attrs.field(factory=list)

    def change(self, row: PendingRow, before: Recipient | None, after: Recipient | None, reason: str) -> None:
        """A change for this row."""
        key = f"{row.entry.key}" if row.alive else f"{row.entry.key}#{row.id}"
        self.changes.append(Change(key, before, after, reason))
        self.rows[key] = row

    def refuse(self, row: PendingRow, holder: int | None, why: str) -> None:
        """Another recipient has the address of this row."""
        self.conflicts.append((row, holder, why))
        self.taken.append(row.entry)


class _Meaning:
    """Works out what pending rows of one peer mean."""

    def __init__(self, work: LinkWork, peer: Peer, *, restamp: bool) -> None:
        self.work, self.peer, self.restamp = work, peer, restamp
        self.types = work.types
        self.meant = Meant()
        self.known: dict[int, Recipient] = {}
        self.holders: dict[str, int] = {}
        self.linked: set[int] = set()
        self.freed: set[str] = set()
        self.claimed: set[str] = set()
        self.hints: dict[str, int] = {}

    def of(self, rows: Sequence[PendingRow]) -> Meant:
        # A definition stands for its list, and says nothing of anybody in the directory.
        self.meant.done += [(row, LISTS if row.alive else None) for row in rows if is_definition(row.entry)]
        rows = [row for row in rows if not is_definition(row.entry)]
        if self.work.connector_type.traits.holds is Holds.PROVEN:
            # What bears our mark is what we wrote there, and nothing that the peer tells us.
            ours = self.work.store.received.marked(self.peer.id).keys()
            self.ours([row for row in rows if row.alive and row.entry.key in ours])
            rows = [row for row in rows if not row.alive or row.entry.key not in ours]
        self.linked = {row.recipient for row in rows if row.recipient is not None}
        # Only a row without a recipient, or one whose address moved, can meet another holder of its address.
        self.holders = self.work.store.directory.holders({row.entry.key for row in rows if row.alive})
        self.known = self.work.store.directory.get(self.linked | set(self.holders.values()))
        # What another entry of this peer stands for is not free for a further one, be that entry pending or not.
        self.linked |= self.work.store.received.of_recipients(self.peer.id, self.holders.values()).keys()
        for row in rows:
            if not row.alive:
                self.gone(row)
        self.moving(rows)
        for new in (False, True):
            for row in rows:
                if row.alive and (row.recipient is None) is new:
                    self.alive(row)
        self.generated()
        return self.meant

    # -- deletes ---------------------------------------------------------------------------------------------------

    def ours(self, rows: Sequence[PendingRow]) -> None:
        """What bears our mark stands for nobody, not even for whom the peer told before the mark was set."""
        known = self.work.store.directory.get({row.recipient for row in rows if row.recipient is not None})
        for row in rows:
            recipient = known.get(row.recipient or 0)
            if recipient is not None and self.mine(recipient):
                self.meant.change(row, recipient, None, f"{self.peer.name} has it with our mark now")
            else:
                self.meant.done.append((row, None))
        self.learn(rows)

    def learn(self, rows: Sequence[PendingRow]) -> None:
        """Addresses that the peer has given to what stands there for somebody are that recipient's as well."""
        told = {row.entry.key: [v for n, v in row.entry.fields if n == LEARNED] for row in rows}
        told = {key: values for key, values in told.items() if values}
        holders = self.work.store.directory.holders(told) if told else {}
        known = self.work.store.directory.get(holders.values()) if holders else {}
        for key, values in told.items():
            before = known.get(holders.get(key, 0))
            given = further_addresses(values, self.types)
            taken = self.work.store.directory.holders([self.types.key(each) for each in given])
            fresh = tuple(each for each in given if self.types.key(each) not in taken)
            if before is not None and fresh:
                after = attrs.evolve(before, proxies=(*before.proxies, *fresh))
                known[before.id] = after
                self.meant.learned.append(Change(key, before, after, f"{self.peer.name} has given it this address"))

    def gone(self, row: PendingRow) -> None:
        recipient = self.known.get(row.recipient or 0)
        if recipient is None or row.applied == GONE:
            self.meant.done.append((row, None))
        elif not self.mine(recipient):
            # KB Q155727: a delete from another requestor than the importer is discarded, and said.
            self.note(row, refusal(recipient.owner, self.peer.id, str(recipient.name)))
            self.meant.done.append((row, None))
        else:
            self.freed.update(self.keys(recipient))
            self.meant.change(row, recipient, None, f"{self.peer.name} deleted it")

    # -- adds and modifies -----------------------------------------------------------------------------------------

    def moving(self, rows: Sequence[PendingRow]) -> None:
        """Entries whose address changed make room for each other, in chains and circles, wherever all of them can."""
        movers: dict[int, tuple[str, str]] = {}
        for row in rows:
            existing = self.known.get(row.recipient or 0)
            if row.alive and existing is not None and existing.target is not None and self.mine(existing):
                old = self.types.key(existing.target)
                if old != row.entry.key and not accepts(row.entry, self.peer.imports):
                    movers[existing.id] = (old, row.entry.key)
        while movers:
            blocked = [
                id_
                for id_, (_, new) in movers.items()
                if (h := self.holder(new)) not in (None, id_) and h not in movers
            ]
            if not blocked:
                break
            for id_ in blocked:
                del movers[id_]
        self.freed.update(old for old, _ in movers.values())

    def alive(self, row: PendingRow) -> None:
        if why := accepts(row.entry, self.peer.imports):
            self.filtered(row, why)
            return
        existing = self.known.get(row.recipient or 0)
        holder = self.holder(row.entry.key)
        if existing is not None and self.mine(existing):
            if holder not in (None, existing.id):
                self.conflict(row, holder)
            else:
                self.wish(row, existing, f"{self.peer.name} changed it")
        elif holder is None:
            self.wish(row, None, f"{self.peer.name} told of it")
        else:
            self.join(row, self.known[holder])

    def filtered(self, row: PendingRow, why: str) -> None:
        existing = self.known.get(row.recipient or 0)
        if existing is not None and existing.owner == self.peer.id:
            self.freed.update(self.keys(existing))
            self.meant.change(row, existing, None, why)
        else:
            self.meant.done.append((row, None))

    def join(self, row: PendingRow, holder: Recipient) -> None:
        """First contact: what exists on both sides is joined by address, or reported; never guessed."""
        if self.mine(holder):
            if holder.id in self.linked:
                self.conflict(row, holder.id)
            else:
                self.wish(row, holder, "joined by address", anew=self.work.connector_type.traits.tells_recipients)
        elif why := why_not_adopted(holder, adopt=self.peer.imports.adopt):
            self.meant.refuse(row, holder.id, why)
        elif holder.target is None or self.types.key(holder.target) != row.entry.key:
            self.meant.refuse(row, holder.id, f"the address is a further address of {holder.name!r}")
        else:
            self.wish(row, holder, "joined by address: it was made by hand")

    def wish(self, row: PendingRow, existing: Recipient | None, reason: str, *, anew: bool = False) -> None:
        """What the row wants; `anew`: nothing that another entry has told of an existing recipient stays."""
        try:
            after = to_recipient(
                self.told(row.entry),
                rules=self.peer.imports,
                owner=self.peer.id,
                existing=attrs.evolve(existing, fields=(), proxies=()) if existing and anew else existing,
                types=self.types,
                addressing=self.work.addressing,
                restamp=self.restamp,
                keep_name=self.work.connector_type.traits.names_are_addresses,
            )
        except AddressError as error:
            self.meant.conflicts.append((row, existing.id if existing else None, str(error)))
            return
        self.claimed.add(row.entry.key)
        if existing is not None:
            self.freed.update(set(self.keys(existing)) - set(self.keys(after)))
        if after == existing:
            assert existing is not None
            self.meant.done.append((row, existing.id))
        else:
            self.meant.change(row, existing, after, reason)

    def told(self, entry: Entry) -> Entry:
        """The entry with its template fields as the attributes that they are mapped to."""
        if not entry.fields:
            return entry
        maps, beside = self.peer.attributes, tuple(field for field in entry.fields if field[0] in ASIDE)
        if beside and not self.work.connector_type.traits.tells_recipients:
            entry, beside = entry._replace(fields=tuple(f for f in entry.fields if f not in beside)), ()
        return entry if maps is None else entry._replace(fields=maps.incoming(entry.fields).fields + beside)

    def conflict(self, row: PendingRow, holder: int | None) -> None:
        name = self.known[holder].name if holder in self.known else "another entry"
        self.meant.refuse(row, holder, f"the address {row.entry.address} belongs to {name!r}")

    def generated(self) -> None:
        """Generated addresses are made unique; native ones never change (dx:T-084)."""
        generating = [
            (i, c.after) for i, c in enumerate(self.meant.changes) if c.after is not None and len(c.after.proxies) > 1
        ]
        wished = {self.types.key(proxy) for _, after in generating for proxy in after.proxies}
        held = self.work.store.directory.holders(wished)
        taken = set(self.claimed)
        resting = self.resting(wished)
        for index, wish in generating:
            change = self.meant.changes[index]
            native = self.meant.rows[change.key].entry.key
            had = self.keys(change.before) if change.before is not None else ()
            # What it had as its native address may be another one's now.
            own = {key for key in had if key == native or key not in self.claimed}
            stated = self.stated(change.key)

            def used(key: str, own: set[str] = own, wish: Recipient = wish, stated: set[str] = stated) -> bool:
                rest = resting(key) if key not in own and key not in stated else None
                if rest is not None and not rest.was_of(wish, self.types):
                    return True
                if key in taken and key not in own:
                    return True
                if key not in wished:
                    wished.add(key)
                    held.update(self.work.store.directory.holders([key]))
                return key in held and key not in own and key not in self.freed

            wish = self.without_taken(stated - {native}, wish, used)
            after = settle_proxies(wish, types=self.types, taken=used, hints=self.hints)
            taken.update(self.keys(after))
            if after != change.after:
                self.meant.changes[index] = attrs.evolve(change, after=after)

    def stated(self, row: str) -> set[str]:
        """The keys of the addresses that the peer has told of the entry."""
        entry = self.meant.rows[row].entry
        texts = [value for name, value in entry.fields if name == ADDRESSES]
        return {entry.key, *(self.types.key(address) for address in further_addresses(texts, self.types))}

    def resting(self, wished: Iterable[str]) -> Callable[[str], Rest | None]:
        """Whose an address was that rests: what is stored, and what these changes free; no generated one is given it.

        `wished` are the keys that are asked for first.
        """
        days, now = self.work.addressing.rest_days, self.work.now
        if not days:
            return lambda _key: None
        known: dict[str, Rest | None] = dict.fromkeys(wished)
        known |= self.work.store.resting.of(known, now) | freed(self.meant.changes, self.types, now, days)

        def rest(key: str) -> Rest | None:
            if key not in known:
                known[key] = self.work.store.resting.of([key], now).get(key)
            return known[key]

        return rest

    def without_taken(self, stated: set[str], wish: Recipient, used: Callable[[str], bool]) -> Recipient:
        """The recipient without those further addresses that the peer has told and somebody else has.

        They are not made unique: the peer knows nothing of another one.
        """
        lost = set(filter(used, stated))
        if not lost:
            return wish
        return attrs.evolve(wish, proxies=tuple(p for p in wish.proxies if self.types.key(p) not in lost))

    # -- helpers ---------------------------------------------------------------------------------------------------

    def mine(self, recipient: Recipient) -> bool:
        return may_change(recipient.owner, self.peer.id, self.peer.imports.co_owners)

    def holder(self, key: str) -> int | None:
        return None if key in self.freed else self.holders.get(key)

    def keys(self, recipient: Recipient) -> Iterable[str]:
        yield from (self.types.key(proxy) for proxy in recipient.proxies)
        if recipient.target is not None:
            yield self.types.key(recipient.target)

    def note(self, row: PendingRow, why: str) -> None:
        self.meant.conflicts.append((attrs.evolve(row, alive=False), None, why))


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


def _apply(work: LinkWork, peer: Peer, meant: Meant, plan: Plan) -> None:
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
    _told(work, peer, told, ended)
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
    _solve(work, peer, [(row.raw or row.entry.key, why) for row, _, why in meant.conflicts])


def _solve(work: LinkWork, peer: Peer, conflicts: Collection[tuple[str, str]]) -> None:
    """Conflicts that are none any more are no open rejects."""
    left = frozenset(conflicts)
    work.store.rejects.solve(peer.id, TAKEN_ADDRESS, lambda raw, why: (raw, why) in left)


def _stands(peer: Peer, recipient: Recipient | None) -> bool:
    return recipient is not None and may_change(recipient.owner, peer.id, peer.imports.co_owners)


def _told(work: LinkWork, peer: Peer, told: Sequence[tuple[int, Entry]], ended: Sequence[int]) -> None:
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


def pin(work: LinkWork, peer: Peer, plan: Plan) -> None:
    """Pin what is held of the plan: it is left out until the peer says something else."""
    _, meant = meaning_of(work, peer)
    rows = [meant.rows[change.key] for change in plan.held if change.key in meant.rows]
    work.store.received.pin(peer.id, [row.id for row in rows])
    # A rejected delete: the peer does not hold the line any more, so it is not its own, and it is sent to it again.
    _told(work, peer, [], [row.recipient for row in rows if not row.alive and row.recipient])


def meaning_of(work: LinkWork, peer: Peer) -> tuple[Plan, Meant]:
    """The plan as it stands now, without applying anything."""
    row = work.store.peers.get(peer.id)
    changed = row is not None and bool(row.rules) and row.rules != peer.import_digest
    pending = work.store.received.alive_or_pending(peer.id) if changed else work.store.received.pending(peer.id)
    meant = _Meaning(work, peer, restamp=changed).of(pending)
    return _guarded(work, peer, meant, changed), meant
