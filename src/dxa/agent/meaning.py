"""What the pending rows of a peer's received list mean for the directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from dxa.agent.context import LinkWork
from dxa.agent.generated import settle_generated
from dxa.change import Change
from dxa.config import Peer
from dxa.connector import Holds
from dxa.entry import ASIDE, LEARNED, Entry, is_definition
from dxa.errors import AddressError
from dxa.ledger.received import GONE
from dxa.ledger.view import LISTS
from dxa.recipient import Recipient
from dxa.rules.imports import further_addresses, to_recipient
from dxa.rules.ownership import may_change, refusal, why_not_adopted
from dxa.rules.scope import accepts
from dxa.store import PendingRow


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


def meaning(work: LinkWork, peer: Peer, rows: Sequence[PendingRow], *, restamp: bool) -> Meant:
    """What pending rows of one peer mean; with `restamp` the import rules have changed (`to_recipient`)."""
    return _Meaning(work, peer, restamp=restamp).of(rows)


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
        settle_generated(self.work, self.meant.changes, self.meant.rows, self.claimed, self.freed)
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
