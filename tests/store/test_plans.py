"""Verdicts, held plans and the journal."""

import attrs

from dxa.change import Change
from dxa.plan import Fingerprint, Hold, Plan
from dxa.store import HeldRow, RunRow, Store
from tests.store.samples import added, recipient

A, B, C = (Fingerprint(key, "before", "after") for key in "abc")


# -- verdicts ------------------------------------------------------------------------------------------------------


def test_verdicts_stand_in_their_scope(store: Store) -> None:
    """What is approved and what is rejected is told apart, scope by scope."""
    store.verdicts.put("in l/P", iter([A, B, B]), "approved", 1.0)
    store.verdicts.put("in l/P", [C], "rejected", 1.0)

    assert (frozenset({A, B}), frozenset({C})) == store.verdicts.of("in l/P")
    assert (frozenset(), frozenset()) == store.verdicts.of("in l/Q")


def test_a_later_verdict_replaces_an_earlier_one(store: Store) -> None:
    """An administrator may think again."""
    store.verdicts.put("s", [A], "approved", 1.0)
    store.verdicts.put("s", [A], "rejected", 2.0)

    assert (frozenset(), frozenset({A})) == store.verdicts.of("s")


def test_verdicts_are_dropped_one_by_one(store: Store) -> None:
    """What was applied needs no approval any more."""
    store.verdicts.put("s", [A, B], "approved", 1.0)
    store.verdicts.drop("s", [A, C])
    store.verdicts.drop("t", [B])

    assert (frozenset({B}), frozenset()) == store.verdicts.of("s")


# -- held plans ----------------------------------------------------------------------------------------------------

PLAN = Plan(scope="s", held=(Change("a", None, "x"),), holds=(Hold("shrink", "1 of 2"), Hold("empty", "é")))


def test_a_held_plan_is_news_once(store: Store) -> None:
    """Made again the same it is no news and keeps its time; changed it is."""
    other = Plan(scope="s", held=(Change("a", None, "y"),), holds=PLAN.holds[:1])
    first = store.held.put("s", PLAN, 1.0)
    store.held.told("s")
    again = store.held.put("s", PLAN, 2.0)
    held = store.held.all()

    assert (True, False) == (first, again)
    assert [HeldRow(scope="s", plan=PLAN.id, count=1, holds=PLAN.holds, at=1.0, told=True)] == held
    assert store.held.put("s", other, 3.0)
    assert [(other.id, 3.0, False)] == [(row.plan, row.at, row.told) for row in store.held.all()]


def test_a_scope_is_cleared(store: Store) -> None:
    """Nothing is held there any more; other scopes stay."""
    store.held.put("s", PLAN, 1.0)
    store.held.put("t", PLAN, 1.0)
    store.held.clear("s")

    assert ["t"] == [row.scope for row in store.held.all()]


# -- the journal ---------------------------------------------------------------------------------------------------


def test_a_run_is_kept_with_both_sides(store: Store) -> None:
    """Changes come back in their order, with the id of the recipient on both sides, ready to be undone."""
    ann, bob = added(recipient("Ann"), recipient("Bob", target=None, proxies=(), fields=(("a", "é"),)))
    ids = store.directory.write([ann, bob], origin="")
    stored = store.directory.get(ids)
    changed = [
        Change("b", stored[ids[1]], None, "gone \udc81"),
        Change("a", stored[ids[0]], attrs.evolve(stored[ids[0]], name="Anna"), "new name"),
    ]
    store.journal.add("in l/P", "", [ann, bob], ids, 1.0)
    run = store.journal.add("by hand", "abc", changed, store.directory.write(changed, origin=""), 2.0)
    found = store.journal.run(run)

    assert found is not None
    assert RunRow(id=run, scope="by hand", plan="abc", adds=0, modifies=1, deletes=1, at=2.0) == found[0]
    assert changed == [change.change for change in found[1]]
    assert ids[::-1] == [change.recipient for change in found[1]]
    history = store.journal.of_recipient(ids[0])
    assert [("in l/P", None), ("by hand", stored[ids[0]])] == [(c.run.scope, c.change.before) for c in history]
    assert stored[ids[0]] == history[0].change.after


def test_runs_are_listed_newest_first(store: Store) -> None:
    """All, some, or those of a scope."""
    first, second, third = (store.journal.add(scope, "", [], [], 1.0) for scope in ("a", "b", "a"))
    listed = [
        [run.id for run in runs]
        for runs in (store.journal.runs(), store.journal.runs(2), store.journal.runs(scope="a"))
    ]

    assert [[third, second, first], [third, second], [third, first]] == listed


def test_old_runs_go_with_their_changes(store: Store) -> None:
    """Ids of runs are not used again."""
    changes = added(recipient("Ann"))
    ids = store.directory.write(changes, origin="")
    old, new = (store.journal.add("s", "", changes, ids, at) for at in (1.0, 5.0))
    store.journal.prune(3.0)

    assert (None, [new]) == (store.journal.run(old), [run.id for run in store.journal.runs()])
    assert [new] == [change.run.id for change in store.journal.of_recipient(ids[0])]
    store.journal.prune(9.0)
    assert store.journal.add("s", "", [], [], 9.0) > new
