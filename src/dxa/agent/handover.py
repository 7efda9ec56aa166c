"""Other links, roles and names for what peers have told: every recipient keeps its number, addresses and history.

A plugin's command cannot do this, for it takes the directory and all that is stored of the peers: so it is one of the
core's, for all connectors alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from dxa.agent.owing import owed
from dxa.agent.site import OpenSite
from dxa.change import Change
from dxa.config import Peer
from dxa.connector import Holds
from dxa.dirsync import requestor, server
from dxa.errors import NotFoundError, UsageError
from dxa.ledger.answer import ListKey
from dxa.ledger.received import Row
from dxa.rules.ownership import FORMER
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
