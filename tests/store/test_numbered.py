"""Digests under the numbers of peers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.store import Store
from tests.store.samples import memory_store

A, B = b"a" * 8, b"b" * 8


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], False),
        ([(1, A)], False),
        ([(2, A)], True),
        ([(4, A)], False),
        ([(3, A), (6, B)], False),
        ([(9, A), (7, A)], True),
    ],
)
def test_a_number_that_is_used_again(store: Store, asked: list[tuple[int, bytes]], expected: bool) -> None:
    """Only a known number with another digest tells that the peer counts anew."""
    store.numbered.put("p", [(1, A), (2, B), (6, B), (7, B)], 1.0)

    assert expected == store.numbered.differs("p", asked)
    assert not store.numbered.differs("q", asked)


def test_pruning_forgets_what_is_old(store: Store) -> None:
    """What is not known does not differ."""
    store.numbered.put("p", [(1, A)], 1.0)
    store.numbered.put("p", [(5, A)], 3.0)
    store.numbered.prune(2.0)

    assert [False, True] == [store.numbered.differs("p", [(n, B)]) for n in (1, 5)]


@given(st.lists(st.dictionaries(st.integers(1, 12), st.sampled_from([A, B]), max_size=5), max_size=6))
def test_the_latest_digest_of_a_number_counts(batches: list[dict[int, bytes]]) -> None:
    """However batches overlap, each number has the digest that it was given last."""
    store = memory_store()
    model: dict[int, bytes] = {}
    for batch in batches:
        store.numbered.put("p", batch.items(), 1.0)
        model.update(batch)

    assert dict.fromkeys(model, False) == {n: store.numbered.differs("p", [(n, digest)]) for n, digest in model.items()}
    assert {n: n in model for n in range(1, 13)} == {
        n: store.numbered.differs("p", [(n, model.get(n, A)[::-1].swapcase())]) for n in range(1, 13)
    }
