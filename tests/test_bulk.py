import gc
from contextlib import suppress

import pytest

from dxa.bulk import made, no_collector, shared
from dxa.entry import Entry, Transaction, Verb


def test_named_tuples_are_made_of_columns() -> None:
    """As their own constructor makes them; the shortest column says how many there are."""
    found = list(made(Transaction, range(7, 99), [Verb.ADD] * 2, [None] * 2, [None] * 2, ["a", "b"]))

    assert [Transaction(7, Verb.ADD, None, None, "a"), Transaction(8, Verb.ADD, None, None, "b")] == found
    assert {Transaction} == set(map(type, found))
    assert [] == list(made(Entry, *[()] * 6))


def test_equal_texts_are_one_object() -> None:
    """In a column of the same texts."""
    column = ["".join(["N", "ET"]), "PO", "".join(["N", "ET"])]
    found = list(shared(column))

    assert column == found
    assert found[0] is found[2]


@pytest.mark.parametrize("running", [True, False])
def test_the_collector_is_as_it_was_before(running: bool) -> None:
    """Also after an error, and for who has no collector anyway."""
    before = gc.isenabled()
    (gc.enable if running else gc.disable)()
    try:
        with suppress(ValueError), no_collector():
            assert not gc.isenabled()
            raise ValueError
        assert running == gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()
