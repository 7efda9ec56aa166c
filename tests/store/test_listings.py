"""What listings ask over whole tables."""

import attrs

from dxa.change import Change
from dxa.connector import Parcel, ParcelKind, PeerInfo, Result
from dxa.entry import Reject
from dxa.ledger.received import RowChange
from dxa.ledger.view import Transition
from dxa.recipient import Kind
from dxa.store import Living, Named, Store, Waiting
from tests.store.samples import PEER, added, entry, line, recipient, told


def _two(store: Store) -> tuple[int, int]:
    """Ann of the site, who is hidden, and Bob of a peer."""
    ann = recipient("Ann", kind=Kind.MAILBOX, alias="ANNA", container="Staff", owner="", hidden=True)
    first, second = store.directory.write(added(ann, recipient("Bob")), origin="")
    return first, second


def test_an_empty_site(store: Store) -> None:
    """There is nothing to count or to find."""
    asked = store.listings

    assert 0 == asked.count()
    assert {} == asked.owned() == asked.pending() == asked.rejects() == asked.waiting()
    assert [] == asked.lines() == asked.named() == asked.addresses()
    assert set() == asked.deleted("Ann")


def test_recipients_are_counted(store: Store) -> None:
    """All of them, and by owner; those of the site have none."""
    _two(store)

    assert 2 == store.listings.count()
    assert {"": 1, PEER: 1} == store.listings.owned()


def test_recipients_are_picked(store: Store) -> None:
    """By kind, by owner (the site too), by being hidden, and by all of these together."""
    ann, bob = _two(store)
    named = store.listings.named

    assert [Named(ann, "Ann", "ANNA", "Staff"), Named(bob, "Bob", "", "MS Mail")] == sorted(named())
    assert [[ann], [bob]] == [[found.id for found in named(kind=kind)] for kind in ("mailbox", "custom")]
    assert [[ann], [bob]] == [[found.id for found in named(owner=owner)] for owner in ("", PEER)]
    assert [ann] == [found.id for found in named(hidden=True)]
    assert [] == named(hidden=True, owner=PEER)


def test_addresses(store: Store) -> None:
    """Every address of every recipient, with its type apart."""
    ann, bob = _two(store)

    assert {
        (ann, "MS", "LAB/WEST/ANN"),
        (ann, "SMTP", "Ann@lab.example"),
        (bob, "MS", "LAB/WEST/BOB"),
        (bob, "SMTP", "Bob@lab.example"),
    } == set(store.listings.addresses())


def test_deleted_recipients_are_found_by_name(store: Store) -> None:
    """In any case of letters; not those that live or were only changed."""
    ann, bob = _two(store)
    found = store.directory.get([ann, bob])
    changes = [
        Change(str(ann), found[ann], None),
        Change(str(bob), found[bob], attrs.evolve(found[bob], alias="BOB")),
    ]
    store.journal.add("by hand", "", changes, [ann, bob], 1.0)

    assert {ann} == store.listings.deleted("aNN")
    assert set() == store.listings.deleted("Bob")


def test_what_waits_for_the_directory(store: Store) -> None:
    """By peer, and no more once it is applied."""
    store.received.hear(PEER, told(entry("Ann"), entry("Bob")), marked=frozenset(), raws={}, positions=None)
    store.received.hear("other", [RowChange(0, None, entry("Cid"))], marked=frozenset(), raws={}, positions=None)
    before = store.listings.pending()
    store.received.applied(PEER, [(row.id, row.digest, 1) for row in store.received.pending(PEER)])

    assert {PEER: 2, "other": 1} == before
    assert {"other": 1} == store.listings.pending()


def test_open_rejects(store: Store) -> None:
    """By peer; those that were retried do not count."""
    ids = store.rejects.put("l", PEER, None, [Reject(n, n, f"A {n}", 28, "why") for n in range(3)], 1.0)
    store.rejects.set_status(ids[:1], "retried")

    assert {PEER: 2} == store.listings.rejects()


def test_parcels_that_wait(store: Store) -> None:
    """By peer, with the time of the oldest; those that were delivered do not wait."""
    peer = PeerInfo(id=PEER, name="LAB/WEST")
    for id_, now in (("a", 3.0), ("b", 2.0), ("c", 1.0)):
        store.outbox.put([Parcel(id=id_, peer=peer, kind=ParcelKind.NOTICE, text="x")], "l", now)
    store.outbox.done(["c"], Result.POSTED, "", 4.0)

    assert {PEER: Waiting(2, 2.0)} == store.listings.waiting()


def test_living_lines(store: Store) -> None:
    """By view, type and list, in the order of the lists; lines that have ended do not count."""
    view = store.views.create("l", "r").id
    lines = [line(1, "Ann"), line(2, "Bob"), line(3, "Cid", "LAB/EAST"), line(4, "Dan")]
    store.views.write(view, [Transition(n, None, row) for n, row in enumerate(lines, 1)])
    store.views.write(view, [Transition(5, lines[-1], None)])

    assert [Living(view, "MS", "", "LAB/EAST", 1), Living(view, "MS", "", "LAB/WEST", 2)] == store.listings.lines()
