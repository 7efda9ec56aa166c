"""Received lists in the database."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.entry import Entry, Transaction, Verb, list_entry
from dxa.ledger.received import Row, RowChange, digest, hear
from dxa.store import PendingRow, Store
from tests.store.samples import PEER, entry, memory_store, told

ANN, BOB, CARL = entry("Ann"), entry("Bob", fields=(("PHONE", "1"),)), entry("Carl", "LAB/Éast")


def _hear(
    store: Store,
    changes: Sequence[RowChange],
    marked: frozenset[str] = frozenset(),
    raws: Mapping[str, str] | None = None,
    positions: Mapping[str, int] | None = None,
    peer: str = PEER,
) -> None:
    store.received.hear(peer, changes, marked=marked, raws=raws or {}, positions=positions)


def _rows(store: Store, peer: str = PEER) -> dict[str, Row]:
    return {row.entry.name: row for row in store.received.all(peer)}


def _gone(store: Store, *names: str) -> list[RowChange]:
    rows = _rows(store)
    return [RowChange(rows[name].id, rows[name].entry, None) for name in names]


def _pending(store: Store, peer: str = PEER) -> list[tuple[str, bool]]:
    return [(row.entry.name, row.alive) for row in store.received.pending(peer)]


def _apply(store: Store, recipient: int | None = 7) -> None:
    rows = store.received.pending(PEER)
    store.received.applied(PEER, [(r.id, r.digest, recipient if r.alive else None) for r in rows])


def test_rows_are_found_by_key_name_and_list(store: Store) -> None:
    """Each way gives the rows of that peer alone."""
    _hear(store, told(ANN, BOB, CARL))
    _hear(store, told(ANN), peer="other")
    rows = _rows(store)
    received = store.received

    assert [rows["Ann"]] == received.by_keys(PEER, [ANN.key, "MS:nobody"])
    assert [rows["Bob"]] == received.by_names(PEER, ["Bob", "bob"])
    assert [rows["Carl"]] == received.by_lists(PEER, [("MS", "LAB/ÉAST"), ("SMTP", "LAB/WEST")])
    assert [] == received.by_keys("nobody", [ANN.key])
    assert {"Ann": ANN, "Bob": BOB, "Carl": CARL} == {name: row.entry for name, row in rows.items()}


def test_what_is_new_is_pending(store: Store) -> None:
    """A row waits until the directory has it, with its raw form, and rows wait in the order in which they were told."""
    _hear(store, told(BOB, ANN), raws={ANN.key: "A Ann\udc81é", BOB.key: "A Bob"})
    rows = _rows(store)

    expected = [
        PendingRow(rows["Bob"].id, BOB, True, "", digest(BOB), None, "A Bob"),
        PendingRow(rows["Ann"].id, ANN, True, "", digest(ANN), None, "A Ann\udc81é"),
    ]
    assert expected == store.received.pending(PEER)
    assert [PEER] == store.received.peers_pending()
    assert store.received.has_pending(PEER)


def test_what_is_applied_is_not_pending(store: Store) -> None:
    """After it is applied a row knows its recipient."""
    _hear(store, told(ANN))
    _apply(store, 7)

    assert ([], [], False) == (_pending(store), store.received.peers_pending(), store.received.has_pending(PEER))
    assert {7: ANN} == store.received.of_recipients(PEER, [7, 8])
    assert {7} == store.received.recipients(PEER)
    assert {} == store.received.of_recipients("other", [7])


def test_a_change_back_is_not_pending(store: Store) -> None:
    """What counts is what the directory has, not how often the peer changed its mind."""
    _hear(store, told(ANN))
    _apply(store)
    row = _rows(store)["Ann"]
    other = ANN._replace(name="Anna", key="MS:new")
    _hear(store, [RowChange(row.id, ANN, other)])
    there = _pending(store)
    _hear(store, [RowChange(row.id, other, ANN)])

    assert [("Anna", True)] == there
    assert [] == _pending(store)
    assert row == _rows(store)["Ann"]


def test_a_deleted_row_stays_until_that_is_applied(store: Store) -> None:
    """It is pending as a deletion, keeps what it was, and goes when the directory has let go of it."""
    _hear(store, told(ANN))
    _apply(store)
    _hear(store, _gone(store, "Ann"))
    during = _pending(store), _rows(store)["Ann"].alive, store.received.count(PEER), store.received.recipients(PEER)
    _apply(store)

    assert ([("Ann", False)], False, 0, {7}) == during
    assert {} == _rows(store)


def test_a_row_that_never_was_applied_goes_at_once(store: Store) -> None:
    """Nothing has to be taken back."""
    _hear(store, told(ANN, BOB))
    _hear(store, _gone(store, "Ann"))

    assert ["Bob"] == list(_rows(store))


def test_a_deleted_row_comes_back(store: Store) -> None:
    """The peer adds it again before the deletion is applied: the row is alive, and nothing is pending."""
    _hear(store, told(ANN))
    _apply(store)
    _hear(store, _gone(store, "Ann"))
    _hear(store, [RowChange(_rows(store)["Ann"].id, None, ANN)])

    assert ([], True) == (_pending(store), _rows(store)["Ann"].alive)


def test_a_pinned_row_is_not_pending_until_it_changes(store: Store) -> None:
    """A rejection stands as long as the peer says the same."""
    _hear(store, told(ANN))
    row = _rows(store)["Ann"]
    store.received.pin(PEER, [row.id])
    pinned = _pending(store)
    _hear(store, [RowChange(row.id, ANN, BOB)])
    changed = _pending(store)
    _hear(store, [RowChange(row.id, BOB, ANN)])

    assert [] == pinned
    assert [("Bob", True)] == changed
    assert [] == _pending(store)


def test_a_pinned_deletion_is_not_the_peers_own_any_more(store: Store) -> None:
    """It is kept in the directory against the peer's word, so it will be sent to the peer again."""
    _hear(store, told(ANN))
    _apply(store)
    _hear(store, _gone(store, "Ann"))
    store.received.pin(PEER, [_rows(store)["Ann"].id])

    assert ([], set()) == (_pending(store), store.received.recipients(PEER))


def test_a_pin_can_be_taken_off(store: Store) -> None:
    """Then the row is pending as it was."""
    _hear(store, told(ANN))
    ids = [_rows(store)["Ann"].id]
    store.received.pin(PEER, ids)
    store.received.unpin(PEER, ids)

    assert [("Ann", True)] == _pending(store)


def test_applying_takes_a_pin_off(store: Store) -> None:
    """What is in the directory is not rejected."""
    _hear(store, told(ANN))
    row = _rows(store)["Ann"]
    store.received.pin(PEER, [row.id])
    store.received.applied(PEER, [(row.id, digest(ANN), 7)])
    _hear(store, [RowChange(row.id, ANN, BOB)])
    store.received.applied(PEER, [(row.id, digest(BOB), 7)])
    _hear(store, [RowChange(row.id, BOB, ANN)])

    assert [("Ann", True)] == _pending(store)


def test_a_row_can_be_linked_without_being_applied(store: Store) -> None:
    """What cannot be taken still counts as told."""
    _hear(store, told(ANN))
    store.received.link(PEER, [(_rows(store)["Ann"].id, 9)])

    assert ([("Ann", True)], {9}) == (_pending(store), store.received.recipients(PEER))


def test_a_linked_row_that_goes_is_pending_though_it_was_never_applied(store: Store) -> None:
    """What the peer told of somebody else's recipient has to end when it tells it no more; other rows are forgotten."""
    _hear(store, told(ANN, BOB))
    store.received.link(PEER, [(_rows(store)["Ann"].id, 7)])
    _hear(store, _gone(store, "Ann", "Bob"))

    assert [("Ann", False)] == _pending(store)
    _apply(store)
    assert {} == _rows(store)


def test_changed_rules_ask_for_everything_alive(store: Store) -> None:
    """Applied, pinned and pending rows are looked at again, and deletions that wait."""
    _hear(store, told(ANN, BOB))
    _apply(store)
    _hear(store, [*_gone(store, "Bob"), *told(CARL)])
    store.received.pin(PEER, [_rows(store)["Carl"].id])

    assert ["Ann", "Bob", "Carl"] == [row.entry.name for row in store.received.alive_or_pending(PEER)]


def test_marks(store: Store) -> None:
    """Entries that bear our mark are found by key, also when only the mark is new."""
    _hear(store, told(ANN, BOB), marked=frozenset({ANN.key}))
    first = store.received.marked(PEER)
    _hear(store, told(CARL), marked=frozenset({ANN.key, BOB.key}))

    assert {ANN.key: ANN} == first
    assert {ANN.key: ANN, BOB.key: BOB} == store.received.marked(PEER)


def test_a_whole_report_takes_marks_away(store: Store) -> None:
    """An entry that stayed the same bears our mark no longer when a full report does not say so."""
    _hear(store, told(ANN, BOB), marked=frozenset({ANN.key, BOB.key}))
    _hear(store, told(CARL), marked=frozenset({ANN.key}), positions={ANN.key: 1, BOB.key: 2, CARL.key: 3})

    assert {ANN.key: ANN} == store.received.marked(PEER)


def test_an_entry_that_is_told_again_without_its_mark_has_lost_it(store: Store) -> None:
    """Though nothing else of it has changed; of whom nothing is said keeps it."""
    _hear(store, told(ANN, BOB), marked=frozenset({ANN.key, BOB.key}))
    store.received.hear(PEER, [], marked=frozenset(), raws={}, told={ANN.key})

    assert {BOB.key: BOB} == store.received.marked(PEER)


def test_a_changed_entry_without_its_mark_has_lost_it(store: Store) -> None:
    """Somebody replaced our entry by another."""
    _hear(store, told(ANN), marked=frozenset({ANN.key}))
    row = _rows(store)["Ann"]
    _hear(store, [RowChange(row.id, ANN, ANN._replace(name="Anna"))])

    assert {} == store.received.marked(PEER)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("", False), ("E", True), ("DE", True), ("D", False), ("AE", False), ("ABCDE", True)],
)
def test_whether_what_is_missing_stood_at_the_end(store: Store, missing: str, expected: bool) -> None:
    """A list that was cut short lacks its end, and nothing but its end."""
    entries = [entry(name) for name in "ABCDE"]
    _hear(store, told(*entries), positions={e.key: n for n, e in enumerate(entries, 1)})
    _apply(store)
    _hear(store, _gone(store, *missing))

    assert expected == store.received.at_end(PEER, [_rows(store)[name].id for name in missing])


def test_an_entry_without_a_place_may_have_stood_at_the_end(store: Store) -> None:
    """What came with changes has no place, so nobody knows that it did not stand where a list was cut."""
    old = [entry(name) for name in "ABC"]
    _hear(store, told(*old), positions={e.key: n for n, e in enumerate(old, 1)})
    _apply(store)
    _hear(store, told(entry("X")))
    _apply(store)
    rows = _rows(store)
    _hear(store, _gone(store, "X", "C"))

    assert store.received.at_end(PEER, [rows["X"].id])
    assert store.received.at_end(PEER, [rows["X"].id, rows["C"].id])
    assert not store.received.at_end(PEER, [rows["X"].id, rows["A"].id])


def test_places_follow_later_reports(store: Store) -> None:
    """After half of a list went and others came, the end is the end of the latest report."""
    old = [entry(name) for name in "ABCDEF"]
    _hear(store, told(*old), positions={e.key: n for n, e in enumerate(old)})
    _apply(store)
    new = [entry(name) for name in "DEFXY"]
    _hear(store, [*_gone(store, "A", "B", "C"), *told(*new[3:])], positions={e.key: n for n, e in enumerate(new)})
    _apply(store)
    rows = _rows(store)

    assert store.received.at_end(PEER, [rows["X"].id, rows["Y"].id])
    assert not store.received.at_end(PEER, [rows["F"].id])


def test_a_transfer_takes_everything_along(store: Store) -> None:
    """Rows and told lines belong to the other peer from then on."""
    _hear(store, told(ANN))
    store.received.open_told(PEER, 5, [(7, ANN)])
    store.received.transfer(PEER, "new")

    assert ([], [ANN]) == (store.received.all(PEER), [row.entry for row in store.received.all("new")])
    assert ({}, {7: ANN}) == (store.received.open_lines(PEER), store.received.open_lines("new"))


names = st.sampled_from("ABCD")
entries = st.builds(entry, names, st.sampled_from(["N/P", "n/Q"]))
steps = st.lists(
    st.tuples(st.sampled_from([Verb.ADD, Verb.DELETE, Verb.REPLACE]), entries, st.sampled_from(["", "apply", "pin"])),
    max_size=12,
)


@given(steps)
def test_the_list_is_what_the_peer_told(sequence: list[tuple[Verb, Entry, str]]) -> None:
    """Whatever a peer tells, the living rows are its list, and what is pending is the difference to what is applied."""
    store = memory_store()
    model: dict[str, Entry] = {}
    applied: dict[str, Entry] = {}
    for verb, value, then in sequence:
        if verb is Verb.REPLACE:
            transaction = Transaction(0, verb, None, list_entry(value.type, value.list))
            model = {k: e for k, e in model.items() if e.list != value.list}
        elif verb is Verb.ADD:
            transaction = Transaction(0, verb, None, value)
            model[value.key] = value
        else:
            transaction = Transaction(0, verb, value, None)
            model.pop(value.key, None)
        _hear(store, hear(store.received.all(PEER), [transaction]).changes)
        if then == "apply":
            _apply(store)
            applied = dict(model)
        elif then == "pin":
            store.received.pin(PEER, [row.id for row in store.received.pending(PEER)])
            store.received.unpin(PEER, [row.id for row in store.received.all(PEER)])
    alive = {row.entry.key: row.entry for row in store.received.all(PEER) if row.alive}
    waiting = {(row.entry.key, row.alive) for row in store.received.pending(PEER)}

    assert model == alive
    assert len(model) == store.received.count(PEER)
    new = {(key, True) for key in model if key not in applied}
    assert new | {(key, False) for key in applied if key not in model} == waiting
