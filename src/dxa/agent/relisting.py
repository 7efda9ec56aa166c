"""A postoffice that is no more, or is called otherwise: its list is emptied, or its entries move and stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from dxa.address import Address
from dxa.agent.site import OpenSite
from dxa.change import Change
from dxa.config import Link
from dxa.entry import Entry, Transaction, Verb, definition, is_definition, list_entry
from dxa.errors import AddressError, NotFoundError, UsageError
from dxa.ledger.received import GONE, Row, hear
from dxa.recipient import Recipient
from dxa.rules.ownership import may_change


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
            found[peer] = sum(change.before is not None and not is_definition(change.before) for change in changes)
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
        if not (stored or mover.moved or mover.joined or old.casefold() in link.peers):
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
        self.store.peers.forget_plans(id_)  # they are made anew under the new one
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
        self.moved += sum(change.after is not None and not is_definition(change.after) for change in changes)

    def entry(self, entry: Entry) -> Entry:
        if is_definition(entry):
            return definition(entry.type, self.new, entry.fields)
        address = self.new + entry.address[len(entry.list) :]
        kind = self.site.types.get(entry.type)
        key = self.site.types.key(Address(entry.type, address))
        return entry._replace(key=key, list=kind.list_of(kind.check(address)), address=address)

    def join(self, peer: str, twice: Sequence[tuple[Row, Row]]) -> None:
        """Entries that were told under the new name already: the older recipient is who they are.

        Of two definitions that of the new name stays.
        """
        self.store.handover.drop([old.id for old, _ in twice if is_definition(old.entry)])
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
