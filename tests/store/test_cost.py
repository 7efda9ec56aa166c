"""What a cycle without changes may cost: nothing that grows with the number of entries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dxa.dirsync import server
from dxa.ledger.answer import Cut, Pick
from dxa.store import PeerRow, Store
from tests.store.samples import PEER, memory_store

PICK = Pick(types=frozenset({"MS"}))


@contextmanager
def _statements(store: Store) -> Iterator[list[str]]:
    """The statements that are run inside, with their parameters put in."""
    seen: list[str] = []
    connection = store._sqlite()
    connection.set_trace_callback(seen.append)
    yield seen
    connection.set_trace_callback(None)


def _plan(store: Store, work: Callable[[], object]) -> list[str]:
    """How SQLite looks things up in all statements of this work."""
    with _statements(store) as seen:
        work()
    steps = [row for sql in seen for row in store._sqlite().execute(f"EXPLAIN QUERY PLAN {sql}")]
    return [step[3] for step in steps]


def _store(*, backwards: bool = False) -> Store:
    """A store with a peer; its indexes were made in one order or the other, which decides where SQLite sees a tie."""
    store = memory_store()
    connection = store._sqlite()
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, sql in sorted(indexes, reverse=backwards):
        connection.execute(f"DROP INDEX {name}")
        connection.execute(sql)
    row = PeerRow(id=PEER, link="l", name="P", state=server.State(), pick=PICK, view=2, created_at=1.0)
    store.peers.put([row])
    store.cuts.add([(PEER, 1, Cut(5, 5, PICK), 1.0)])
    return store


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("work", "index"),
    [
        (lambda s: s.received.pending(PEER), "ix_received_pending"),
        (lambda s: s.received.has_pending(PEER), "ix_received_pending"),
        (lambda s: s.received.peers_pending(), "ix_received_pending"),
        (lambda s: s.received.by_keys(PEER, ["k"]), "ix_received_peer_key"),
        (lambda s: s.received.of_recipients(PEER, [1]), "ix_received_recipient"),
        (lambda s: s.received.tells(PEER), "ix_told_peer"),
        (lambda s: s.received.tellers([PEER]), "ix_told_peer"),
        (lambda s: s.received.told_since(PEER, 5), "ix_told_peer_since"),
        (lambda s: s.received.close_told(PEER, 5, [1]), "ix_told_peer_recipient"),
        (lambda s: s.outbox.ready("l", {}), "ix_parcel_ready"),
        (lambda s: s.outbox.count("l"), "ix_parcel_ready"),
        (lambda s: s.directory.changed_since(5), "ix_recipient_usn"),
        (lambda s: s.directory.count(PEER), "ix_recipient_owner"),
        (lambda s: s.views.live(1, [1]), "ix_view_row_view_recipient"),
        (lambda s: s.views.history(1, [1], 5), "ix_view_row_view_recipient"),
        (lambda s: s.received.told_history(PEER, [1]), "ix_told_peer_recipient"),
        (lambda s: s.views.touched(1, 5, 9), "ix_view_row_view_until"),
        (lambda s: s.views.slots(1, [("MS", "N/P", "Ann")]), "uq_view_row_slot"),
        (lambda s: s.views.all_slots(1), "uq_view_row_slot"),
        (lambda s: s.views.prune(1, 5), "ix_view_row_view_until"),
        (lambda s: s.notices.clear(PEER, 1), "uq_notice_peer_code"),
        (lambda s: s.rejects.known(PEER, "raw", "why"), "ix_reject_peer"),
        (lambda s: s.messages.seen("d"), "ix_message_digest"),
        (lambda s: s.peers.of_link("l"), "ix_peer_link"),
    ],
)
def test_an_index_is_used(work: Callable[[Store], object], index: str, backwards: bool) -> None:
    """Each of these looks things up, and scans nothing but the few rows of a partial index."""
    store = _store(backwards=backwards)
    plan = _plan(store, lambda: work(store))

    assert any(index in step for step in plan)
    assert [] == [step for step in plan if step.startswith("SCAN") and "INDEX" not in step and "SUBQUERY" not in step]


def test_whether_peers_are_elsewhere_costs_one_look_for_each() -> None:
    """Cuts are many; only the latest one of each peer is read."""
    store = _store()
    plan = _plan(store, lambda: store.cuts.elsewhere("l"))

    assert [PEER] == store.cuts.elsewhere("l")
    assert [] == [step for step in plan if step.startswith("SCAN")]


@pytest.mark.parametrize("peers", [1, 500])
def test_peers_are_stored_and_read_in_bulk(peers: int) -> None:
    """Five hundred peers take as many statements as one, and cuts one for each five hundred."""
    store = memory_store()
    rows = [
        PeerRow(id=f"l/{n}", link="l", name=str(n), state=server.State(), pick=PICK, created_at=1.0)
        for n in range(peers)
    ]
    calls: list[object] = []
    execute = store._db._execute
    store._db._execute = lambda *args: (calls.append(args), execute(*args))[1]
    with store.transaction():
        store.peers.put(rows)
        store.cuts.add([(row.id, 1, Cut(1, 1, PICK), 1.0) for row in rows])
        store.peers.of_link("l")
        store.cuts.of([row.id for row in rows])
        store.received.tellers([row.id for row in rows])

    assert 6 == len(calls)


def test_statements_are_compiled_once() -> None:
    """A second store in the same process finds them ready."""
    first, second = memory_store(), memory_store()
    first.peers.put([])
    first.counter("a")
    known = dict(first._db._prepared)
    second.counter("a")

    assert known == second._db._prepared
