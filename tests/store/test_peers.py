"""What is known of peers."""

from typing import Any

import attrs
from sqlalchemy import Table

from dxa.address import Address
from dxa.connector import Parcel, ParcelKind, PeerInfo
from dxa.dirsync import server
from dxa.entry import Reject
from dxa.ledger.answer import Cut, Pick
from dxa.plan import Fingerprint, Hold, Plan
from dxa.store import MessageRow, PeerRow, Store
from dxa.store.schema import metadata
from tests.store.samples import added, entry, recipient, told

FULL = PeerRow(
    id="pcmail/LAB/WEST",
    link="pcmail",
    name="LAB/WEST",
    state=server.State(r=3, s=2**40, confirmed=1, i=2, heard=True, full=server.Full.SENT, export_needed="why"),
    pick=Pick(types=frozenset({"MS", "X400"}), templates=True),
    limit=65536,
    cursor="c",
    view=7,
    rules="r",
    reply_to="LAB/WEST/DXA",
    note="a note \udc81",
    created_at=1.5,
    heard_at=2.5,
    answered_at=3.5,
)


def _bare(id_: str, **changed: Any) -> PeerRow:
    link, _, name = id_.partition("/")
    return PeerRow(
        id=id_, link=link, name=name, state=server.State(), pick=Pick(types=frozenset()), created_at=1.0, **changed
    )


def test_what_is_put_is_got(store: Store) -> None:
    """Every part of a peer comes back as it was, whether given or left out."""
    bare = _bare("pcmail/LAB/EAST")
    store.peers.put([FULL, bare])

    assert (FULL, bare, None) == (store.peers.get(FULL.id), store.peers.get(bare.id), store.peers.get("nobody"))


def test_putting_again_replaces(store: Store) -> None:
    """New and known peers are put alike."""
    store.peers.put([FULL])
    changed = attrs.evolve(FULL, cursor="d", limit=None, view=None)
    store.peers.put(iter([changed, _bare("a/B")]))

    assert [_bare("a/B"), changed] == store.peers.all()


def test_the_peers_of_a_link_by_name(store: Store) -> None:
    """Names are folded; other links are apart."""
    store.peers.put([FULL, _bare("pcmail/Straße"), _bare("other/X")])

    assert {"lab/west": FULL, "strasse": _bare("pcmail/Straße")} == store.peers.of_link("pcmail")


def test_a_removed_peer_leaves_only_archives(store: Store) -> None:
    """Nothing of it stands in any table but recipients, runs and messages; its neighbour loses nothing."""
    gone, stays = FULL.id, "pcmail/LAB/WEST2"
    for id_ in (gone, stays):
        _fill(store, id_)
    store.peers.remove(gone)
    left = {(id_, table.name) for id_ in (gone, stays) for table in metadata.sorted_tables if _names(store, table, id_)}

    assert {"message", "parcel", "recipient", "run"} == {name for id_, name in left if id_ == gone}
    assert _TABLES <= {name for id_, name in left if id_ == stays}
    assert (0, 1) == (store.counter(f"empty:{gone}"), store.counter(f"empty:{stays}"))
    assert [stays] == [parcel.peer.id for parcel in store.outbox.ready("pcmail", {})]


_TABLES = {"received", "told", "cut", "numbered", "reject", "notice", "held", "verdict", "peer", "counter"}


def _names(store: Store, table: Table, id_: str) -> bool:
    """Whether a cell of the table is that peer, or a scope or counter of it."""
    cells = {cell for row in store._db.connection.execute(table.select()) for cell in row}
    return bool(cells & {id_, f"in {id_}", f"out {id_}", f"empty:{id_}"})


def _fill(store: Store, id_: str) -> None:
    """A row of this peer in every table."""
    store.peers.put([attrs.evolve(FULL, id=id_)])
    store.received.hear(id_, told(entry("Ann")), marked=frozenset(), raws={})
    store.received.open_told(id_, 1, [(1, entry("Ann"))])
    store.cuts.add([(id_, 1, Cut(1, 1, Pick(types=frozenset())), 1.0)])
    store.numbered.put(id_, [(1, b"12345678")], 1.0)
    store.rejects.put("pcmail", id_, None, [Reject(1, 1, "", 0, "")], 1.0)
    store.notices.tell("pcmail", id_, 1, "", 1.0)
    store.held.put(f"in {id_}", Plan(scope="", holds=(Hold("a", "b"),)), 1.0)
    store.verdicts.put(f"out {id_}", [Fingerprint("k", "", "")], "rejected", 1.0)
    parcel = Parcel(id=f"p {id_}", peer=PeerInfo(id=id_, name=""), kind=ParcelKind.NOTICE)
    store.outbox.put([parcel], "pcmail", 1.0)
    store.set_counter(f"empty:{id_}", 1)
    changes = added(recipient(id_, owner=id_, target=Address("MS", f"{id_}/X"), proxies=()))
    store.journal.add(f"in {id_}", "", changes, store.directory.write(changes, origin=id_), 1.0)
    message = MessageRow(
        link="pcmail", peer=id_, receipt="", digest="", title="", status="taken", verdict="", count=0, at=1.0
    )
    store.messages.put([message])
