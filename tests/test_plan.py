"""Plans and guards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.change import Change
from dxa.plan import Facts, Limits, fingerprint, make_plan


def gone(count: int) -> list[Change[str, str]]:
    """That many deletes."""
    return [Change(f"k{i}", "x", None) for i in range(count)]


def new(count: int) -> list[Change[str, str]]:
    """That many adds."""
    return [Change(f"n{i}", None, "x") for i in range(count)]


def guards(changes: list[Change[str, str]], facts: Facts, limits: Limits | None = None) -> list[str]:
    """The names of the guards that hold the changes."""
    return [hold.guard for hold in make_plan("in X", changes, facts, limits or Limits()).holds]


@pytest.mark.parametrize(
    ("deletes", "total", "expected"),
    [
        (1, 1, []),
        (1, 5, []),
        (2, 5, ["shrink"]),
        (10, 100, []),
        (11, 100, ["shrink"]),
        (2, 29, []),
        (3, 29, ["shrink"]),
    ],
)
def test_shrinking_by_more_than_a_tenth_or_one_is_held(deletes: int, total: int, expected: list[str]) -> None:
    """The guard works for small lists too: max(1, 10 %)."""
    assert expected == guards(gone(deletes), Facts(total=total))


@pytest.mark.dx("T-098")
def test_empty_full_list_is_held_even_if_it_is_one_entry() -> None:
    """A list that is suddenly empty may be a read that failed."""
    assert ["empty"] == guards(gone(1), Facts(total=1, full_and_empty=True))


def test_everything_changed_is_held() -> None:
    """A peer whose every entry differs was probably mapped or decoded wrongly."""
    changes = [Change(f"k{i}", "x", "y") for i in range(6)]

    assert ["everything"] == guards(changes, Facts(total=6))
    assert [] == guards(changes[:5], Facts(total=6))


def test_changed_rules_hold_what_they_do_to_existing_entries() -> None:
    """A configuration edit that adds is applied; one that takes away or changes waits."""
    assert ["rules"] == guards(gone(1), Facts(total=100, rules_changed=True))
    assert [] == guards(new(50), Facts(total=100, rules_changed=True))


def test_missing_tail_is_held() -> None:
    """Entries that are missing all at the end may have been cut off."""
    assert ["tail"] == guards(gone(1), Facts(total=100, tail=True))


@pytest.mark.dx("T-078")
def test_deleting_what_dxa_did_not_create_is_held() -> None:
    """Whatever a peer says, an entry that a person made is not taken away silently (KB Q247182)."""
    assert ["foreign"] == guards(gone(1), Facts(total=100, foreign=frozenset({"k0"})))


def test_people_who_are_here_and_in_no_container_any_more_are_held() -> None:
    """One may move at any time; more who leave a container empty are asked about (KB Q212773)."""
    facts = Facts(total=100, gone=("Staff",), moved=frozenset({"k0", "k1"}))

    assert ["container"] == guards(gone(3), facts)
    assert [] == guards(gone(1), facts)
    assert [] == guards(gone(3), Facts(total=100, moved=frozenset({"k0", "k1"})))


def test_guards_can_be_configured_off() -> None:
    """Each guard has its switch."""
    off = Limits(
        empty=False,
        shrink_percent=100,
        everything_count=0,
        rules_changed=False,
        tail=False,
        foreign=False,
        container=False,
    )
    facts = Facts(
        total=9,
        full_and_empty=True,
        rules_changed=True,
        tail=True,
        foreign=frozenset({"k0"}),
        gone=("Staff",),
        moved=frozenset({"k0", "k1"}),
    )

    assert [] == guards(gone(9), facts, off)


def test_held_plan_holds_what_is_new_in_it_as_a_whole() -> None:
    """Nothing of a suspicious plan goes ahead on its own."""
    plan = make_plan("in X", [*gone(5), *new(3)], Facts(total=10), Limits())

    assert (0, 8) == (len(plan.ready), len(plan.held))


def test_approval_lets_exactly_these_changes_pass() -> None:
    """An approval stands while key, before and after are the same."""
    changes = gone(5)
    approved = frozenset(map(fingerprint, changes))

    assert 5 == len(make_plan("in X", changes, Facts(total=10), Limits(), approved).ready)
    other = [Change(c.key, "y", None) for c in changes]
    assert 5 == len(make_plan("in X", other, Facts(total=10), Limits(), approved).held)


def test_approved_changes_do_not_count_for_the_guards() -> None:
    """After an approval, small further changes pass as they would have alone."""
    changes = gone(6)
    approved = frozenset(map(fingerprint, changes[:5]))

    plan = make_plan("in X", changes, Facts(total=10), Limits(), approved)

    assert (6, ()) == (len(plan.ready), plan.holds)


def test_rejected_changes_are_left_out() -> None:
    """A rejection pins entries until something else is said of them."""
    changes = gone(5)

    plan = make_plan(
        "in X", [*changes, *new(1)], Facts(total=10), Limits(), rejected=frozenset(map(fingerprint, changes))
    )

    assert (["n0"], ()) == ([c.key for c in plan.ready], plan.holds)


@given(st.permutations(list(range(6))))
def test_plan_id_does_not_depend_on_order(order: list[int]) -> None:
    """Equal plans have equal ids, so that a reviewed id names exactly what was reviewed."""
    changes = gone(6)

    plans = [make_plan("in X", c, Facts(total=10), Limits()) for c in (changes, [changes[i] for i in order])]

    assert plans[0].id == plans[1].id
    assert plans[0].id != make_plan("in Y", changes, Facts(total=10), Limits()).id
