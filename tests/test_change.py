"""Differences and their application are inverse to each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.change import Change, apply, diff
from dxa.entry import Verb

States = st.dictionaries(st.integers(0, 9), st.integers(0, 3))


@given(States, States)
def test_applying_a_difference_gives_the_other_state(before: dict[int, int], after: dict[int, int]) -> None:
    """apply(before, diff(before, after)) == after."""
    assert after == apply(before, diff(before, after))


@given(States, States)
def test_inverse_changes_lead_back(before: dict[int, int], after: dict[int, int]) -> None:
    """The inverses of a difference, last first, undo it."""
    changes = diff(before, after)

    assert before == apply(after, [change.inverse() for change in reversed(changes)])


@pytest.mark.dx("T-080")
def test_deletes_come_first_and_adds_last() -> None:
    """A freed name or address can be used by an entry that is new (KB Q166581)."""
    verbs = [change.verb for change in diff({1: 1, 2: 2}, {2: 3, 4: 4})]

    assert [Verb.DELETE, Verb.MODIFY, Verb.ADD] == verbs


@given(States)
@pytest.mark.dx("T-053")
def test_equal_states_have_no_difference(state: dict[int, int]) -> None:
    """A second run with no change does nothing (KB Q250450)."""
    assert [] == diff(state, dict(state))


def test_change_that_does_not_fit_is_refused() -> None:
    """Applying to a state that has moved on says what was expected and found."""
    with pytest.raises(ValueError, match="expected 2, found 1"):
        apply({"a": 1}, [Change("a", 2, 3)])
