"""What is forgotten: only what no number that a peer may quote, and no view, needs any more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dxa.agent.leading import Leading
from dxa.change import Change
from dxa.dirsync import server
from dxa.entry import Reject
from dxa.ledger.answer import Cut, Pick, Step
from dxa.ledger.view import Line, Transition
from dxa.store import PeerRow, Store
from tests.store.samples import PEER, added, entry, line, memory_store, recipient, told

PICK = Pick(types=frozenset({"MS"}))
NAMES = ("Ann", "Bob", "Cleo")


def _world(store: Store, steps: list[tuple[str, int]]) -> int:
    """A view, cuts and told lines as these steps make them, each under the next number; returns the last one."""
    row = PeerRow(id=PEER, link="pcmail", name="P", state=server.State(), pick=PICK, created_at=1.0)
    view = store.views.create("pcmail", "rules").id
    store.peers.put([row])
    shown: dict[int, Line] = {}
    number = 0
    for what, who in steps:
        number += 1
        new = line(who + 1, NAMES[who]) if who + 1 not in shown else None
        if what == "show":
            store.views.write(view, [Transition(number, shown.pop(who + 1, None), new)])
            shown |= {who + 1: new} if new else {}
        elif what == "tell":
            store.received.close_told(PEER, number, [who + 1])
            store.received.open_told(PEER, number, [(who + 1, entry(NAMES[who], f"GW/{number % 2}"))])
        elif what == "end":
            store.received.close_told(PEER, number, [who + 1])
        else:
            store.cuts.add([(PEER, view, Cut(number, number, PICK, view), float(number))])
    return number


def _answers(store: Store, head: int) -> dict[int, list[Step]]:
    """What would be sent to the peer, whichever of its cuts it quotes."""
    (view,) = store.views.of_link("pcmail")
    leading = Leading(store, [PEER])
    cuts = leading.cuts.get(PEER, [])
    alone = PEER if PEER in leading.tellers else ""
    return {
        cut.number: leading.steps(view, head, PICK, [c for c in cuts if c.number >= cut.number], alone) for cut in cuts
    }


_STEPS = st.lists(st.tuples(st.sampled_from(["show", "tell", "end", "cut", "cut"]), st.integers(0, 2)), max_size=24)


@given(_STEPS, st.integers(0, 24))
def test_answers_stay_the_same(steps: list[tuple[str, int]], below: int) -> None:
    """Of told lines nothing is forgotten that an answer to any kept cut needs, and nothing is kept that none needs."""
    store = memory_store()
    try:
        head = _world(store, steps)
        store.cuts.prune(PEER, below, 1000.0)
        before = _answers(store, head), store.received.open_lines(PEER)
        oldest = min((cut.number for cut in store.cuts.of([PEER]).get(PEER, ())), default=head)
        store.received.prune_told(PEER, oldest)

        assert before == (_answers(store, head), store.received.open_lines(PEER))
        kept = [dated for lines in store.received.told_history(PEER, [1, 2, 3]).values() for dated in lines]
        assert [] == [until for _, _, until in kept if until is not None and until <= oldest]
    finally:
        store.close()


def test_who_is_gone_stays_gone(store: Store) -> None:
    """Deleted recipients are forgotten by their batch, and count as gone all the same; nobody else does."""
    ids = store.directory.write(added(*map(recipient, NAMES)), origin=PEER)
    people = store.directory.get(ids)
    first = store.directory.usn()
    for id_ in ids[:2]:
        store.directory.write([Change(str(id_), people[id_], None)], origin="")
    store.directory.prune(first + 1)

    assert ids[1:2] == [id_ for id_ in store.directory.changed_since(first) if id_ not in store.directory.get(ids)]
    assert set(ids[:2]) == store.directory.gone([*ids, 0])


def test_what_is_told_of_who_is_gone_stands_for_nobody(store: Store) -> None:
    """A row about somebody whom a co-owner deleted is no damage, and lets go of the number when that is forgotten."""
    (id_,) = store.directory.write(added(recipient("Ann")), origin=PEER)
    person = store.directory.get([id_])[id_]
    store.received.hear(PEER, told(entry("Ann")), marked=frozenset(), raws={})
    (row,) = store.received.pending(PEER)
    store.received.applied(PEER, [(row.id, row.digest, id_)])
    store.directory.write([Change(str(id_), person, None)], origin="")
    before = list(store.integrity.damages())
    store.directory.prune(store.directory.usn())

    assert [] == before
    assert [] == list(store.integrity.damages())
    assert {} == store.handover.linked(PEER)
    assert 1 == store.received.count(PEER)


def test_closed_rejects_go(store: Store) -> None:
    """Rejects that are closed go with time; open ones stay."""
    first, second = store.rejects.put("pcmail", PEER, None, [Reject(0, 0, raw, 28, "taken") for raw in "ab"], 1.0)
    solved = store.rejects.solve(PEER, 28, lambda raw, _: raw == "b")
    store.rejects.prune(2.0)

    assert 1 == solved
    assert {PEER} == store.rejects.standing(28)
    assert store.rejects.get(first) is None
    assert store.rejects.get(second) is not None
