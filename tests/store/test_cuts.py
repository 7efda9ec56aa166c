"""Cuts in the database."""

from dxa.dirsync import server
from dxa.ledger.answer import Cut, Pick
from dxa.store import PeerRow, Store

MS, ALL = Pick(types=frozenset({"MS"})), Pick(types=frozenset({"MS", "SMTP"}), templates=True)


def _peer(store: Store, name: str, view: int | None, link: str = "l") -> str:
    id_ = f"{link}/{name}"
    row = PeerRow(id=id_, link=link, name=name, state=server.State(), pick=MS, view=view, created_at=1.0)
    store.peers.put([row])
    return id_


def test_cuts_come_back_by_peer_and_number(store: Store) -> None:
    """With pick, position and view; more peers than one list holds are asked for at once."""
    store.cuts.add([("a", 1, Cut(9, 8, ALL), 1.0), ("a", 2, Cut(5, 4, MS), 1.0), ("b", 1, Cut(2**40, 2**40, MS), 1.0)])

    expected = {"a": [Cut(5, 4, MS, 2), Cut(9, 8, ALL, 1)], "b": [Cut(2**40, 2**40, MS, 1)]}
    assert expected == store.cuts.of(["a", "b", *(f"x{n}" for n in range(1500))])


def test_pruning_takes_what_is_both_low_and_old(store: Store) -> None:
    """A cut that may still be quoted, or that is young, stays."""
    store.cuts.add([("a", 1, Cut(n, n, MS), at) for n, at in ((1, 1.0), (2, 9.0), (3, 1.0), (4, 1.0))])
    store.cuts.add([("b", 1, Cut(1, 1, MS), 1.0)])
    store.cuts.prune("a", 3, 5.0)

    assert {"a": [2, 3, 4], "b": [1]} == {
        peer: [c.number for c in cuts] for peer, cuts in store.cuts.of(["a", "b"]).items()
    }


def test_forgetting(store: Store) -> None:
    """A peer without cuts gets a full answer."""
    store.cuts.add([("a", 1, Cut(1, 1, MS), 1.0), ("b", 1, Cut(1, 1, MS), 1.0)])
    store.cuts.forget("a")

    assert ["b"] == list(store.cuts.of(["a", "b"]))


def test_who_was_shown_another_view(store: Store) -> None:
    """The latest cut decides; who has none, or no view, is not elsewhere."""
    moved, back, same, _, foreign = (
        _peer(store, "moved", 2),
        _peer(store, "back", 1),
        _peer(store, "same", 1),
        _peer(store, "new", 1),
        _peer(store, "foreign", 2, link="m"),
    )
    views = [(moved, 1, 1), (back, 1, 1), (back, 2, 2), (back, 1, 3), (same, 1, 1), (foreign, 1, 1)]
    store.cuts.add([(peer, view, Cut(number, 1, MS), 1.0) for peer, view, number in views])

    assert [moved] == store.cuts.elsewhere("l")


def test_the_oldest_position_of_each_view(store: Store) -> None:
    """What no cut stands for may go; a view without cuts is needed at its head only."""
    first, second, _ = (store.views.create(link, "r") for link in ("l", "l", "m"))
    store.cuts.add([("a", first.id, Cut(9, 7, MS), 1.0), ("b", first.id, Cut(8, 5, MS), 1.0)])
    store.views.update(second.__class__(id=second.id, link="l", name=second.name, head=12))

    assert {first.id: 5, second.id: 12} == store.cuts.oldest("l")
