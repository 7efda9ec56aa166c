"""Other links, roles and names for what peers have told: every recipient keeps its number, addresses and history.

A plugin's command cannot do this, for it takes the directory and all that is stored of the peers: so it is one of the
core's, for all connectors alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from dxa.address import Address
from dxa.agent.owing import owed
from dxa.agent.site import OpenSite
from dxa.change import Change
from dxa.config import Link, Peer
from dxa.connector import Holds
from dxa.dirsync import requestor, server
from dxa.entry import Entry, Transaction, Verb, list_entry
from dxa.errors import AddressError, NotFoundError, UsageError
from dxa.ledger.answer import ListKey
from dxa.ledger.received import GONE, Row, hear
from dxa.recipient import Recipient
from dxa.rules.ownership import FORMER, may_change
from dxa.store import PeerRow


@attrs.frozen(kw_only=True)
class Taken:
    """Who has taken over how many recipients; `former` are those that no peer has taken."""

    heirs: Mapping[str, int]
    former: int = 0


# -- another link or role ----------------------------------------------------------------------------------------------


def take_over(site: OpenSite, old: str, new: str, rest: str = "") -> Taken:
    """Give what the peers of a link have told, or one peer, to a peer, or to those peers of a link whose it is.

    With a link that has many peers each gets the entries of its own lists; what nobody gets goes to the peer `rest`, or
    stays under a former owner. The old peers are forgotten; the numbers of the new link go on above theirs.

    Raises:
        NotFoundError: one of them does not exist.
        UsageError: the old link still takes part in cycles, or both are the same.
    """
    peers = _old_peers(site, old)
    heirs = _heirs(site, new)
    link = site.config.links[heirs[0].link]
    # By its lists goes what many peers share; a peer that was named, or is alone on its link, gets everything.
    shared = link.connector.traits.many_peers and link.name.casefold() == new.casefold()
    last = site.config.peer(rest) if rest else None if shared else heirs[0]
    if both := set(peers) & {heir.id for heir in [*heirs, *([last] if last else [])]}:
        raise UsageError(f"{both.pop()} cannot be handed over to itself")
    with site.store.transaction():
        return _TakingOver(site, peers, heirs, last).run(f"takeover {old}")


def _old_peers(site: OpenSite, name: str) -> list[str]:
    """The ids of the peers of a link, or of one peer, as far as anything is stored of them."""
    wanted = name.casefold()
    stored = [row.id for row in site.store.peers.all()]
    known = list(dict.fromkeys([*stored, *site.store.listings.owned()]))
    found = [id_ for id_ in known if id_.casefold() == wanted or id_.partition("/")[0].casefold() == wanted]
    found = [id_ for id_ in found if "/" in id_]
    if not found:
        raise NotFoundError(f"nothing is stored of a link or peer {name!r}; `dxa verify` names what is left over")
    for id_ in found:
        link = site.config.links.get(id_.partition("/")[0])
        if link is not None and link.enabled and any(peer.id == id_ for peer in link.peers.values()):
            raise UsageError(
                f"{id_} still takes part in cycles: write enabled = false into [links.{link.name}] of dxa.toml first, "
                "so that nothing comes between, and take the link out afterwards"
            )
    return found


def _heirs(site: OpenSite, name: str) -> list[Peer]:
    for link in site.config.links.values():
        if link.name.casefold() == name.casefold():
            if not link.peers:
                raise UsageError(f"link {link.name} has no peers yet; `dxa peers add {link.name} NAME` registers them")
            return list(link.peers.values())
    return [site.config.peer(name)]


class _TakingOver:
    def __init__(self, site: OpenSite, old: Sequence[str], heirs: Sequence[Peer], last: Peer | None) -> None:
        self.site, self.store, self.old, self.heirs, self.last = site, site.store, old, heirs, last
        self.by_list = {key: heir for heir in heirs for key in own_lists(site, heir)}

    def heir(self, type_: str, list_: str) -> Peer | None:
        return self.by_list.get((type_, list_.casefold()), self.last)

    def run(self, scope: str) -> Taken:
        owners: dict[int, str] = {}
        for old in self.old:
            owners |= self.owners(old)
            for to, rows in self.rows(old).items():
                self.store.handover.rows(old, to, [row.id for row in rows])
        self.states()
        recipients = self.store.directory.get(owners)
        changes = [
            Change(str(id_), recipient, attrs.evolve(recipient, owner=owners[id_]), scope)
            for id_, recipient in recipients.items()
        ]
        if changes:
            ids = self.store.directory.write(changes, origin="")
            self.store.journal.add(scope, "", changes, ids, self.site.clock())
        for heir in self.heirs:
            self.tell_outside(heir)
        for old in self.old:
            self.store.peers.remove(old)
        counts = {heir.id: sum(owner == heir.id for owner in owners.values()) for heir in self.heirs}
        return Taken(heirs=counts, former=sum(owner == FORMER for owner in owners.values()))

    def owners(self, old: str) -> dict[int, str]:
        """The new owner of each recipient."""
        result = {}
        for recipient in self.store.directory.search(owner=old):
            target = recipient.target
            kind = self.site.types.get(target.type) if target is not None and target.type in self.site.types else None
            heir = self.heir(target.type, kind.list_of(target.value)) if target is not None and kind else self.last
            result[recipient.id] = heir.id if heir is not None else FORMER
        return result

    def rows(self, old: str) -> dict[str, list[Row]]:
        """What the old peer tells, by who tells it from now on."""
        result: dict[str, list[Row]] = {}
        for row in self.store.received.all(old):
            heir = self.heir(row.entry.type, row.entry.list)
            if heir is not None:
                result.setdefault(heir.id, []).append(row)
        return result

    def states(self) -> None:
        """Numbers go on above those of the old link; a peer that only has another link keeps its own."""
        for old in self.old:
            row = self.store.peers.get(old)
            for heir in self.heirs:
                self.store.raise_numbers(heir.link, self.store.highest(old.partition("/")[0]))
            if row is None:
                continue
            same = [heir for heir in self.heirs if heir.name.casefold() == row.name.casefold()]
            single = self.heirs if len(self.heirs) == 1 == len(self.old) else ()
            for heir in [*same, *single][:1]:
                if _alike(self.site, row, heir):
                    self.carry(row, heir)

    def carry(self, row: PeerRow, heir: Peer) -> None:
        known = self.store.peers.get(heir.id)
        if known is not None and known.heard_at is not None:
            return
        self.store.handover.protocol(row.id, heir.id)
        moved = attrs.evolve(row, id=heir.id, link=heir.link, name=heir.name, view=None, rules="", cursor="")
        moved = attrs.evolve(moved, view=known.view if known is not None else None)
        self.store.peers.put([owed(moved)])

    def tell_outside(self, heir: Peer) -> None:
        """Entries outside its own lists that the new peer tells are its own all the same, and never sent to it."""
        own = own_lists(self.site, heir)
        rows = {row.id: row.entry for row in self.store.received.all(heir.id) if row.alive}
        linked = self.store.handover.linked(heir.id)
        there = self.store.received.open_lines(heir.id)
        outside = [
            (linked[id_], entry)
            for id_, entry in rows.items()
            if linked.get(id_) and linked[id_] not in there and (entry.type, entry.list.casefold()) not in own
        ]
        if outside:
            number = self.store.next_numbers(heir.link, 1)
            self.store.received.open_told(heir.id, number, outside)


def _alike(site: OpenSite, row: PeerRow, heir: Peer) -> bool:
    """Whether both are the same side of the same protocol, so that numbers mean the same."""
    holds = site.config.links[heir.link].connector.traits.holds
    if row.asking != requestor.State():
        return holds is Holds.QUEUED
    return holds is Holds.QUOTED if row.state != server.State() else holds is Holds.PROVEN


def own_lists(site: OpenSite, peer: Peer) -> frozenset[ListKey]:
    """The lists that are a peer's own; none where a link is its only peer."""
    traits = site.config.links[peer.link].connector.traits
    if not traits.many_peers:
        return frozenset()
    return frozenset((traits.types[0], name.casefold()) for name in (peer.name, *peer.own_lists))


# -- a list ------------------------------------------------------------------------------------------------------------


def retire(site: OpenSite, link: Link, name: str) -> dict[str, int]:
    """Let a postoffice's list be told as an empty one; returns how many entries go, by the peer that told them.

    That is a plan like every other: the next sync makes it, guards hold it, and all peers are told.
    """
    found = {}
    with site.store.transaction():
        for peer in _told_by(site, link):
            key = _native(link), name.casefold()
            rows = [row for row in site.store.received.by_lists(peer, [key]) if row.alive]
            if not rows:
                continue
            transaction = Transaction(0, Verb.REPLACE, None, list_entry(_native(link), rows[0].entry.list))
            changes = hear(rows, [transaction]).changes
            site.store.received.hear(peer, changes, marked=frozenset(), raws={})
            if not site.store.received.count(peer):
                site.store.set_counter(f"empty:{peer}", 1)
            found[peer] = len(changes)
    if not found:
        raise NotFoundError(f"no peer of link {link.name} tells of anybody in {name}; `dxa peers list --counts` shows")
    return found


@attrs.frozen(kw_only=True)
class Renamed:
    """A list with another name: how many entries move, and how many that stood there twice are one again."""

    moved: int
    joined: int


def rename(site: OpenSite, link: Link, old: str, new: str) -> Renamed:
    """Give a postoffice's list another name: entries get other addresses, and stay who they are.

    The next sync plans it, guards hold it; peers see deletes and adds. A peer of that name is called otherwise, too;
    its table in dxa.toml is the caller's to change.

    Raises:
        NotFoundError: nobody tells of such a list, and no peer has the name.
        UsageError: the new name is that of another peer, or none at all.
    """
    try:
        link.connector.check_peer(new)
    except AddressError as error:
        raise UsageError(f"no postoffice can be called {new!r}: {error}") from error
    if old.casefold() == new.casefold():
        raise UsageError(f"{old} is called that already")
    with site.store.transaction():
        mover = _Renaming(site, link, old, new)
        peer = f"{link.name}/{old}"
        stored = next((row.id for row in site.store.peers.all() if row.id.casefold() == peer.casefold()), "")
        if stored:
            mover.peer(stored)
        for teller in _told_by(site, link):
            mover.list(teller)
        if not (stored or mover.moved or mover.joined):
            raise NotFoundError(f"no peer of link {link.name} is {old} or tells of anybody there")
    return Renamed(moved=mover.moved, joined=mover.joined)


class _Renaming:
    def __init__(self, site: OpenSite, link: Link, old: str, new: str) -> None:
        self.site, self.store, self.link, self.old, self.new = site, site.store, link, old, new
        self.scope = f"rename {link.name} {old} {new}"
        self.moved = self.joined = 0

    def peer(self, id_: str) -> None:
        """The peer of that name is called otherwise, with all that it owns."""
        name = f"{self.link.name}/{self.new}"
        if self.store.peers.get(name) is not None:
            raise UsageError(f"{name} has spoken already; `dxa peers takeover {id_} {name}` gives it what {id_} told")
        self.store.outbox.supersede(id_)  # it would go to the old name
        self.store.handover.rename(id_, name, self.new)
        row = self.store.peers.get(name)
        if row is not None:
            self.store.peers.put([attrs.evolve(row, reply_to="")])
        owned = self.store.directory.search(owner=id_)
        self.write([Change(str(r.id), r, attrs.evolve(r, owner=name), self.scope) for r in owned])

    def list(self, peer: str) -> None:
        """The entries of the list that the peer tells move."""
        received, key = self.store.received, _native(self.link)
        rows = [row for row in received.by_lists(peer, [(key, self.old.casefold())]) if row.alive]
        wished = {row.id: self.entry(row.entry) for row in rows}
        there = {row.entry.key: row for row in received.by_keys(peer, [e.key for e in wished.values()])}
        twice = [(row, there[wished[row.id].key]) for row in rows if wished[row.id].key in there]
        self.join(peer, twice)
        single = [row for row in rows if wished[row.id].key not in there]
        steps = [Transaction(0, Verb.MODIFY, row.entry, wished[row.id]) for row in single]
        changes = hear(single, steps).changes
        received.hear(peer, changes, marked=frozenset(), raws={})
        self.moved += len(changes)

    def entry(self, entry: Entry) -> Entry:
        address = self.new + entry.address[len(entry.list) :]
        kind = self.site.types.get(entry.type)
        key = self.site.types.key(Address(entry.type, address))
        return entry._replace(key=key, list=kind.list_of(kind.check(address)), address=address)

    def join(self, peer: str, twice: Sequence[tuple[Row, Row]]) -> None:
        """Entries that were told under the new name already: the older recipient is who they are."""
        linked = self.store.handover.linked(peer)
        both = [(old, new, linked.get(old.id), linked.get(new.id)) for old, new in twice]
        known = self.store.directory.get([id_ for *_, a, b in both for id_ in (a, b) if id_])
        gone = [known[b] for _, _, a, b in both if a in known and b in known and a != b and self.mine(known[b], peer)]
        self.write([Change(str(r.id), r, None, self.scope) for r in gone])
        lost = {recipient.id for recipient in gone}
        pairs = [(old, new, a) for old, new, a, b in both if a in known and (b in lost or b is None)]
        self.store.handover.drop([old.id for old, _, _ in pairs])
        self.store.received.applied(peer, [(new.id, GONE, a) for _, new, a in pairs])
        self.joined += len(pairs)

    def mine(self, recipient: Recipient, peer: str) -> bool:
        found = next((p for p in self.link.peers.values() if p.id == peer), None)
        return may_change(recipient.owner, peer, found.imports.co_owners if found else ())

    def write(self, changes: Iterable[Change[str, Recipient]]) -> None:
        changes = list(changes)
        if changes:
            ids = self.store.directory.write(changes, origin="")
            self.store.journal.add(self.scope, "", changes, ids, self.site.clock())


def _native(link: Link) -> str:
    return link.connector.traits.types[0]


def _told_by(site: OpenSite, link: Link) -> list[str]:
    return [row.id for row in site.store.peers.all() if row.link == link.name]
