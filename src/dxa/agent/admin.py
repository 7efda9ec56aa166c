"""What an administrator does between cycles: decide about held plans, edit recipients, remove peers, retry records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum

import attrs

from dxa.address import Address
from dxa.agent import directory, handing, outbox
from dxa.agent import undo as undoing
from dxa.agent.answers import Answering
from dxa.agent.context import HELD, LinkWork
from dxa.agent.cycle import Agent
from dxa.agent.inbound import apart
from dxa.agent.outcome import CycleOutcome, LinkOutcome
from dxa.change import Change
from dxa.config import Link, Peer
from dxa.connector import Holds
from dxa.dirsync import requestor, server
from dxa.entry import Verb
from dxa.errors import AddressError, NotFoundError, PeerError, UsageError
from dxa.ledger.received import hear
from dxa.plan import Plan, fingerprint
from dxa.recipient import Recipient
from dxa.rules.addressing import complete, readdress, settle_proxies
from dxa.rules.ownership import FORMER, has_owner
from dxa.store import PeerRow

#: The scope of what people change themselves.
BY_HAND = "by hand"


class Leftover(Enum):
    """What becomes of the entries of a peer that is removed."""

    KEEP = "keep"
    DELETE = "delete"
    TRANSFER = "transfer"


@attrs.define(kw_only=True)
class Administrator:
    """An administrator at an open site. The caller holds the site's lock."""

    agent: Agent
    #: What was done all the same, but should be known: an address that was stated, and rests.
    remarks: list[str] = attrs.field(factory=list)

    # -- held plans ------------------------------------------------------------------------------------------------

    def approve(self, plan_id: str) -> Plan:
        """Approve a held plan: the next cycle applies these changes, as long as they are still the same.

        One that takes a run back is applied at once.
        """
        plan = self._held_plan(plan_id)
        store = self.agent.site.store
        with store.transaction():
            store.verdicts.put(plan.scope, map(fingerprint, plan.held), "approved", self.agent.site.clock())
            self._decided(plan)
            if plan.scope.startswith(undoing.SCOPE):
                undoing.undo(self.agent.site, int(plan.scope.removeprefix(undoing.SCOPE)))
        return plan

    def reject(self, plan_id: str) -> Plan:
        """Reject a held plan: what it modifies and deletes is left out until the other side says something else.

        Adds were only held along with it: no guard objects to them, and they go ahead.
        """
        held = self._held_plan(plan_id)
        plan = attrs.evolve(held, held=tuple(change for change in held.held if change.before is not None))
        site = self.agent.site
        with site.store.transaction():
            site.store.verdicts.put(plan.scope, map(fingerprint, plan.held), "rejected", site.clock())
            work = self._work_of(plan.scope)
            peer = (
                None
                if work is None
                else next((p for p in work.link.peers.values() if plan.scope == f"in {p.id}"), None)
            )
            if work is not None and peer is not None:
                directory.pin(work, peer, plan)
            self._decided(plan)
        return plan

    def _decided(self, plan: Plan) -> None:
        store = self.agent.site.store
        store.held.clear(plan.scope)
        store.notices.clear(plan.scope, HELD)

    def held(self) -> list[Plan]:
        """The plans that are held now, made afresh from what is stored."""
        plans = [*self.agent.replan().plans, *undoing.held_undos(self.agent.site)]
        return [plan for plan in plans if plan.holds]

    def _held_plan(self, plan_id: str) -> Plan:
        matches = [plan for plan in self.held() if plan.id.startswith(plan_id)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UsageError(f"{plan_id} could be {', '.join(plan.id for plan in matches)}; give more of it")
        known = self.agent.site.store.held.all()
        waiting = ", ".join(f"{held.plan} ({held.scope})" for held in known) or "none"
        raise NotFoundError(f"no held plan {plan_id}; held now: {waiting}. A plan gets another id when it changes")

    def _work_of(self, scope: str) -> LinkWork | None:
        name = scope.split(" ", 1)[-1].split("/", 1)[0]
        link = self.agent.site.config.links.get(name)
        return None if link is None else self._work(link)

    def _work(self, link: Link) -> LinkWork:
        return self.agent.work(link, CycleOutcome(), LinkOutcome(link.name))

    # -- recipients ------------------------------------------------------------------------------------------------

    def add(self, recipient: Recipient) -> Recipient:
        """Add a recipient of the site; its addresses are generated where they are missing."""
        site = self.agent.site
        wished = complete(recipient, site.config.addressing, site.types)
        self._check(wished)
        self._free(recipient, 0)  # what was stated is not made unique: who typed it means this very address
        ready = self._unique(wished, kept=recipient.proxies)
        (id_,) = self._apply([Change("new", None, ready, "added by hand")])
        return site.store.directory.get([id_])[id_]

    def edit(self, id_: int, change: Callable[[Recipient], Recipient]) -> Recipient:
        """Change a recipient; what its peer tells of it (name, address) only the peer can change.

        Generated primary addresses follow a changed name or alias; addresses that the change is about stay as stated.
        """
        before = self.recipient(id_)
        after = change(before)
        if has_owner(before.owner) and (after.name, after.target, after.kind) != (
            before.name,
            before.target,
            before.kind,
        ):
            raise UsageError(
                f"{before.name!r} belongs to {before.owner}: only that peer can change its name or address"
            )
        self._check(after)
        self._free(after, id_, self._keys(before))
        if (after.name, after.alias) != (before.name, before.alias):
            after = self._readdressed(before, after)
        if after != before:
            self._apply([Change(str(id_), before, after, "changed by hand")])
        return after

    def complete(self) -> int:
        """Give everybody the addresses that the configuration has templates for and they lack; returns how many.

        Whoever comes later gets them anyway. What somebody has stays as it is.
        """
        site, used, hints = self.agent.site, set[str](), dict[str, int]()
        changes: list[Change[str, Recipient]] = []
        for before in list(site.store.directory.all()):
            wished = complete(before, site.config.addressing, site.types)
            if wished == before:
                continue

            def taken(key: str, own: Recipient = before, used: set[str] = used) -> bool:
                return key in used or self._is_anothers(key, own)

            after = settle_proxies(wished, types=site.types, taken=taken, hints=hints, kept=before.proxies)
            used |= self._keys(after)
            changes.append(Change(str(before.id), before, after, "addresses completed"))
        if changes:
            self._apply(changes)
        return len(changes)

    def remove(self, ids: Iterable[int]) -> list[Recipient]:
        """Remove recipients of the site. Those of a peer come and go with the peer."""
        gone = [self.recipient(id_) for id_ in ids]
        for recipient in gone:
            if has_owner(recipient.owner):
                raise UsageError(
                    f"{recipient.name!r} belongs to {recipient.owner}, which would tell it again; hide it "
                    f"(`dxa recipients set {recipient.id} --hidden`), filter it, or have it deleted there"
                )
        self._apply([Change(str(r.id), r, None, "removed by hand") for r in gone])
        return gone

    def recipient(self, id_: int) -> Recipient:
        """The recipient with that id; raises `NotFoundError`."""
        found = self.agent.site.store.directory.get([id_]).get(id_)
        if found is None:
            raise NotFoundError(f"no recipient {id_}; `dxa recipients list` shows them")
        return found

    def _check(self, recipient: Recipient) -> None:
        if not recipient.name.strip():
            raise UsageError("a recipient needs a name")
        for address in [*recipient.proxies, *([recipient.target] if recipient.target else [])]:
            try:
                self.agent.site.types.get(address.type).check(address.value)
            except AddressError as error:
                raise UsageError(f"{address}: {error}") from error

    def _keys(self, recipient: Recipient) -> set[str]:
        types = self.agent.site.types
        return {types.key(a) for a in [*recipient.proxies, *([recipient.target] if recipient.target else [])]}

    def _free(self, recipient: Recipient, own: int, had: Collection[str] = ()) -> None:
        """Nobody else has these addresses; that one of them rests is remarked, but for those that it `had`."""
        site, keys = self.agent.site, self._keys(recipient)
        for key, holder in site.store.directory.holders(keys).items():
            if holder != own:
                name = self.recipient(holder).name
                raise UsageError(f"{key} belongs to {name!r} (recipient {holder}) already")
        for key, rest in sorted(site.store.resting.of(keys - set(had), site.clock()).items()):
            if not rest.was_of(recipient, site.types):
                self.remarks.append(f"{rest.said(key)}; who has it in a personal address book writes to another now")

    def _is_anothers(self, key: str, recipient: Recipient) -> bool:
        """Whether somebody else has the address, or has had it and it rests."""
        site = self.agent.site
        holder = site.store.directory.holders([key]).get(key)
        if holder is not None:
            return holder != recipient.id
        rest = site.store.resting.of([key], site.clock()).get(key)
        return rest is not None and not rest.was_of(recipient, site.types)

    def _readdressed(self, before: Recipient, after: Recipient) -> Recipient:
        """`after` with the addresses that follow from its name, but those of types that the change itself is about."""
        site = self.agent.site
        stated = {
            p.type for p in (*before.proxies, *after.proxies) if _of_type(before, p.type) != _of_type(after, p.type)
        }
        moved = readdress(before, after, site.config.addressing, site.types)
        proxies = [p for p in after.proxies if p.type in stated] + [p for p in moved.proxies if p.type not in stated]
        wished = attrs.evolve(moved, proxies=tuple(proxies))
        self._check(wished)
        return self._unique(wished, kept=after.proxies)

    def _unique(self, recipient: Recipient, kept: Sequence[Address] = ()) -> Recipient:
        """The recipient with its addresses made unique, but those that are to be `kept`."""
        types, own = self.agent.site.types, recipient.id

        def taken(key: str) -> bool:
            return self._is_anothers(key, recipient)

        kept = [proxy for proxy in recipient.proxies if proxy in kept]
        unique = settle_proxies(recipient, types=types, taken=taken, hints={}, kept=kept)
        self._free(unique, own, self._keys(unique))
        return unique

    def _apply(self, changes: Sequence[Change[str, Recipient]], scope: str = BY_HAND) -> list[int]:
        store = self.agent.site.store
        with store.transaction():
            ids = store.directory.write(changes, origin="")
            store.journal.add(scope, "", changes, ids, self.agent.site.clock())
        return ids

    # -- peers -----------------------------------------------------------------------------------------------------

    def find_peer(self, text: str) -> Peer | PeerRow:
        """A configured peer, or what is stored of one that is not in dxa.toml any more, which has its whole id here."""
        config = self.agent.site.config
        configured = {peer.id for peer in config.peers()}
        left = {row.id: row for row in self.agent.site.store.peers.all() if row.id not in configured}
        if text in left:
            return left[text]
        try:
            return config.peer(text)
        except NotFoundError:
            for id_, row in left.items():
                if id_.casefold() == text.casefold():
                    return row
            raise

    def remove_peer(self, id_: str, leftover: Leftover, to: str = "") -> int:
        """Forget a peer, and keep, delete or hand over what it owned; returns how many entries that were.

        Its table in dxa.toml, if it has one, is the caller's to take out.
        """
        site, peer = self.agent.site, self.find_peer(id_)
        owned = site.store.directory.search(owner=peer.id)
        with site.store.transaction():
            if leftover is Leftover.DELETE:
                changes = [Change(str(r.id), r, None, f"peer {peer.id} removed") for r in owned]
            else:
                new = self._heir(to).id if leftover is Leftover.TRANSFER else FORMER
                changes = [Change(str(r.id), r, attrs.evolve(r, owner=new), f"peer {peer.id} removed") for r in owned]
                if leftover is Leftover.TRANSFER:
                    site.store.received.transfer(peer.id, new)
            if changes:
                self._apply(changes, f"peer {peer.id}")
            site.store.peers.remove(peer.id)
        return len(owned)

    def _heir(self, peer_id: str) -> Peer:
        for link in self.agent.site.config.links.values():
            for peer in link.peers.values():
                if peer.id.casefold() == peer_id.casefold():
                    return peer
        raise NotFoundError(f"no peer {peer_id} to transfer to; give it as LINK/NAME")

    def want_full(self, link: Link, name: str) -> None:
        """Have the next answer to this peer be a full one; a server gets the whole own list with the next request."""
        work = self._work(link)
        peer = work.peer_named(name)
        row = None if peer is None else work.store.peers.get(peer.id)
        if link.connector.traits.holds is Holds.PROVEN:
            raise UsageError(
                f"peer {name} on link {link.name} is read whole, and every sync writes what is lacking there"
            )
        if row is None:
            raise NotFoundError(f"peer {name} on link {link.name} has not spoken yet; its first answer is full anyway")
        if link.connector.traits.holds is Holds.QUEUED:
            asking, _ = requestor.step(row.asking, requestor.WantExport())
            work.store.peers.put([attrs.evolve(row, asking=asking)])
            return
        state, _ = server.step(row.state, server.Resend())
        work.store.peers.put([attrs.evolve(row, state=state)])

    def hand_over(self, link: Link, names: Sequence[str], *, everybody: bool = False) -> list[str]:
        """Leave everything as one file for these peers of a link (KB Q119449); returns what is to be done with it.

        Raises as `dxa.agent.handing.hand_over`, and what the connector does when the file cannot be written: it waits
        then, and goes out with the next cycle.
        """
        work = self._work(link)
        answering = Answering(work, [peer.id for peer in link.peers.values()])
        with work.store.transaction():
            handing.hand_over(answering, names, everybody=everybody)
            answering.keep()
        outbox.deliver(work)
        return [*work.cycle.notices, *work.outcome.errors]

    def want_import(self, link: Link, name: str) -> None:
        """Ask a server for everything with the next request; raises `UsageError` where dxa is not the requestor."""
        work = self._work(link)
        peer = work.peer_named(name)
        row = None if peer is None else work.store.peers.get(peer.id)
        if link.connector.traits.holds is not Holds.QUEUED:
            raise UsageError(f"peer {name} asks for its imports itself; have it import, or owe it a full answer")
        if row is None:
            raise NotFoundError(f"peer {name} has not been asked yet; the first request asks for everything anyway")
        asking, _ = requestor.step(row.asking, requestor.WantImport())
        work.store.peers.put([attrs.evolve(row, asking=asking)])

    # -- rejects ---------------------------------------------------------------------------------------------------

    def retry(self, reject_id: int) -> str:
        """Read a rejected record again and put it into its peer's received list; returns what became of it."""
        site = self.agent.site
        reject = site.store.rejects.get(reject_id)
        if reject is None:
            raise NotFoundError(f"no reject {reject_id}; `dxa rejects list` shows them")
        link = site.config.links.get(reject.link)
        if link is None or (parse := link.connector.parse) is None:
            raise UsageError(f"records of link {reject.link} cannot be read one by one; have the peer send it again")
        records = [t for t in parse(reject.raw, site.types) if t.verb is not Verb.REPLACE]
        if not records:
            raise PeerError(f"reject {reject_id} still cannot be used: {reject.reason}; have the peer send it again")
        transactions, local = apart(records, site.site_lists(link))
        if local:
            raise PeerError(f"reject {reject_id} still cannot be used: {local[0].reason}")
        keys = {side.key for t in transactions for side in (t.old, t.new) if side is not None}
        with site.store.transaction():
            heard = hear(site.store.received.by_keys(reject.peer, keys), transactions)
            if heard.rejects:
                raise PeerError(f"reject {reject_id} still cannot be used: {heard.rejects[0].reason}")
            site.store.received.hear(reject.peer, heard.changes, marked=frozenset(), raws={}, positions=None)
            site.store.rejects.set_status([reject_id], "retried")
        count = len(heard.changes)
        return f"{count} {'change waits' if count == 1 else 'changes wait'} for the next sync"


def _of_type(recipient: Recipient, type_: str) -> list[Address]:
    return [proxy for proxy in recipient.proxies if proxy.type == type_]
