"""How peers stand to the site: what was stored of each, what it asked to see, and what is its own."""

from __future__ import annotations

from functools import cached_property

import attrs

from dxa.agent.site import OpenSite
from dxa.config import Link, Peer
from dxa.connector import Holds
from dxa.entry import Entry
from dxa.ledger.answer import ListKey, Pick
from dxa.recipient import Recipient
from dxa.store import PeerRow


@attrs.define(slots=False)
class Standing:
    """What is known of all peers, read when it is first needed."""

    site: OpenSite

    @cached_property
    def rows(self) -> dict[str, PeerRow]:
        """What is stored, by peer."""
        return {row.id: row for row in self.site.store.peers.all()}

    def link(self, peer: Peer) -> Link:
        """The peer's link."""
        return self.site.config.links[peer.link]

    def view(self, peer: Peer) -> int | None:
        """The view that it sees, once it has been in a cycle."""
        row = self.rows.get(peer.id)
        return None if row is None else row.view

    def quotes(self, peer: Peer) -> bool:
        """Whether it has numbers."""
        return self.link(peer).connector.traits.holds is Holds.QUOTED

    def pick(self, peer: Peer) -> Pick:
        """What it asked to see; what it gets when it has not asked."""
        traits = self.link(peer).connector.traits
        row = self.rows.get(peer.id)
        if traits.holds is Holds.PROVEN:
            return Pick(types=frozenset(traits.types))
        if row is not None and row.pick.types:
            return row.pick
        return Pick(types=frozenset(traits.types[:1]))

    def own_lists(self, peer: Peer) -> frozenset[ListKey]:
        """The lists that are its own, and so never sent to it."""
        traits = self.link(peer).connector.traits
        if not traits.many_peers:
            return frozenset()
        return frozenset((traits.types[0], name.casefold()) for name in (peer.name, *peer.own_lists))

    def why_unsent(self, peer: Peer, list_key: ListKey) -> str:
        """Why nothing of this list goes to it, whatever its view shows; empty when it does."""
        link = self.link(peer)
        if list_key in self.own_lists(peer):
            return "{} is its own list"
        # KB Q152935: a requestor relays nobody else's (see `dxa.agent.asking`).
        if link.connector.traits.holds is Holds.QUEUED and list_key not in self.site.site_lists(link):
            return "{} is not the site's own list: to a server no other one is told"
        return ""

    def told(self, peer: Peer, recipient: Recipient) -> Entry | None:
        """What the peer itself tells of this recipient; that our own mark is on it does not make it the peer's."""
        entry = self.site.store.received.of_recipients(peer.id, [recipient.id]).get(recipient.id)
        if entry is None and recipient.owner == peer.id:
            return Entry("", "", "", recipient.name, "")
        return entry
