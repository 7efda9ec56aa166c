"""Received lists of peers that call their entries by something that outlasts an address."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dxa.entry import Entry, Transaction, Verb, anchored, list_entry
from dxa.ledger.received import Row, RowChange, hear


def entry(anchor: str, address: str, name: str = "") -> Entry:
    """What a directory tells of an object."""
    return Entry(f"SMTP:{address}", "SMTP", "", name or anchor, address, (), anchor)


def add(new: Entry) -> Transaction:
    """An object as it is now."""
    return Transaction(0, Verb.ADD, None, new)


def gone(anchor: str) -> Transaction:
    """An object that is no more."""
    return Transaction(0, Verb.DELETE, anchored(anchor), None)


REPLACE = Transaction(0, Verb.REPLACE, None, list_entry("", ""))
ANN, BOB = entry("a", "ann@lab"), entry("b", "bob@lab")
ROWS = [Row(1, ANN, True), Row(2, BOB, True)]


def test_another_address_keeps_the_row() -> None:
    """An object whose address changes is the same object, in changes as in a full report."""
    moved = entry("a", "ann.lee@lab")

    assert [RowChange(1, ANN, moved)] == hear(ROWS, [add(moved)]).changes
    assert [RowChange(1, ANN, moved)] == hear(ROWS, [REPLACE, add(BOB), add(moved)]).changes


def test_two_objects_swap_their_addresses() -> None:
    """Each keeps its row, in whichever order they are told."""
    ann, bob = entry("a", "bob@lab"), entry("b", "ann@lab")
    expected = [RowChange(1, ANN, ann), RowChange(2, BOB, bob)]

    for transactions in ([add(ann), add(bob)], [add(bob), add(ann)], [REPLACE, add(ann), add(bob)]):
        heard = hear(ROWS, transactions)
        assert (expected, []) == (sorted(heard.changes), heard.rejects)


def test_two_objects_want_an_address_that_is_held() -> None:
    """The second one is refused, also while the first waits for the holder to go; the same one told again is not."""
    moved, late = entry("a", "bob@lab"), entry("c", "bob@lab")
    heard = hear(ROWS, [add(moved), add(late), add(moved), gone("b")])

    assert {28} == {reject.code for reject in heard.rejects}
    assert {RowChange(1, ANN, moved), RowChange(2, BOB, None)} == set(heard.changes)


def test_a_delete_by_anchor() -> None:
    """What is gone is told without its address; of what nobody has told, nothing is said."""
    heard = hear(ROWS, [gone("b"), gone("unknown")])

    assert ([RowChange(2, BOB, None)], []) == (heard.changes, heard.rejects)


def test_an_address_of_two_objects() -> None:
    """The one that has it keeps it, and the other one is refused with a reason."""
    double = entry("c", "ann@lab")
    heard = hear(ROWS, [add(double)])

    assert [] == heard.changes
    assert ["SMTP:ann@lab is also the address of another entry"] == [each.reason for each in heard.rejects]


def test_an_object_that_was_made_anew() -> None:
    """One with the address of another takes its row, whether the other one's end is told before or behind."""
    again = entry("c", "ann@lab")

    for transactions in ([gone("a"), add(again)], [add(again), gone("a")], [REPLACE, add(BOB), add(again)]):
        heard = hear(ROWS, transactions)
        assert ([RowChange(1, ANN, again)], []) == (heard.changes, heard.rejects)


def test_a_row_that_is_deleted_and_comes_again_with_another_address() -> None:
    """A deletion that has not reached the directory is taken back."""
    back = entry("a", "ann.lee@lab")

    assert [RowChange(1, None, back)] == hear([Row(1, ANN, False), ROWS[1]], [add(back)]).changes


OBJECTS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from([f"{n}@lab" for n in "vwxyz"]), max_size=5).filter(
    lambda objects: len(set(objects.values())) == len(objects)
)


def _after(rows: list[Row], changes: list[RowChange]) -> list[Row]:
    """The rows with the changes; new ones get fresh ids."""
    found = {row.id: row for row in rows if row.alive}
    for id_, _, after in changes:
        found.pop(id_, None)
        if after is not None:
            new = id_ or max([*found, *(row.id for row in rows), 0]) + 1
            found[new] = Row(new, after, True)
    return list(found.values())


@given(st.lists(st.tuples(OBJECTS, st.booleans(), st.randoms(use_true_random=False)), max_size=6))
def test_rows_follow_the_objects(steps) -> None:
    """Whatever moves, swaps, goes and comes: the rows are the objects, and an object that stays keeps its row."""
    rows: list[Row] = []
    before: dict[str, str] = {}
    for objects, full, random in steps:
        told = [add(entry(a, address)) for a, address in objects.items() if full or before.get(a) != address]
        told += [] if full else [gone(a) for a in before if a not in objects]
        random.shuffle(told)
        heard = hear(rows, [REPLACE, *told] if full else told)
        after = _after(rows, heard.changes)

        assert [] == heard.rejects
        assert sorted(entry(a, address) for a, address in objects.items()) == sorted(row.entry for row in after)
        ids = {row.entry.anchor: row.id for row in rows}
        same = {row.entry.anchor: row.id for row in after if row.entry.anchor in ids}
        assert {a: ids[a] for a in same} == same
        rows, before = after, objects
