"""The answer leads a peer from whatever it holds to what it should see."""

from __future__ import annotations

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.entry import Entry, Verb
from dxa.ledger.answer import Held, Pick, full, number_steps, shown, update
from dxa.ledger.view import Line, Wish, advance, settle_names
from dxa.rules.naming import NameLimits, Names, name_key

LIMITS = NameLimits()
PICK = Pick(types=frozenset({"MS"}))
LISTS = ("NET/ONE", "NET/TWO")


def line(recipient: int, name: str, list_: str = "NET/ONE", alias: str = "") -> Line:
    """A native row of a view."""
    return Line(recipient, "MS", "", list_, name, f"{list_}/{alias or recipient}", (), "", name)


def entry(of: Line) -> Held:
    """The row as a peer holds it."""
    return Held(of.entry(False))


def put(lists: dict[tuple[str, str], Entry], steps: object) -> None:
    """Apply steps as a peer does: lists keyed by address, deletes by address, adds replace."""
    for step in steps:  # type: ignore[attr-defined]
        if step.verb in (Verb.DELETE, Verb.MODIFY):
            lists.pop((step.old.list, step.old.address), None)
        if step.verb in (Verb.ADD, Verb.MODIFY):
            clash = [
                k for k, e in lists.items() if e.list == step.new.list and name_key(e.name) == name_key(step.new.name)
            ]
            assert clash in ([], [(step.new.list, step.new.address)]), f"{step} meets {clash}"
            lists[(step.new.list, step.new.address)] = step.new


def test_plain_rename_is_a_modify() -> None:
    """A new name at the same postoffice is one modify that names the old line as it was sent (KB Q140961)."""
    old, new = line(1, "Ann"), line(1, "Ann B")

    steps = update({1: [entry(old)]}, {1: entry(new)})

    assert [(Verb.MODIFY, "Ann", "Ann B")] == [(s.verb, s.old.name, s.new.name) for s in steps if s.old and s.new]


def test_changed_postoffice_is_delete_and_add() -> None:
    """An entry that changes its postoffice is deleted there and added here (KB Q246833)."""
    old, new = line(1, "Ann"), line(1, "Ann", "NET/TWO")

    steps = update({1: [entry(old)]}, {1: entry(new)})

    assert [Verb.DELETE, Verb.ADD] == [s.verb for s in steps]


def test_doubtful_cuts_delete_every_old_line() -> None:
    """Where the peer may hold one of two old lines, both are deleted and the new one is added."""
    steps = update({1: [entry(line(1, "A")), entry(line(1, "B"))]}, {1: entry(line(1, "C"))})

    assert [(Verb.DELETE, "A"), (Verb.DELETE, "B")] == [(s.verb, s.old.name) for s in steps if s.old]
    assert [(Verb.ADD, "C")] == [(s.verb, s.new.name) for s in steps if s.new]


def test_swapped_names_never_meet() -> None:
    """Two entries that swap names are deleted and added, because a modify would give two lines one name."""
    olds = {1: [entry(line(1, "A"))], 2: [entry(line(2, "B"))]}
    news = {1: entry(line(1, "B")), 2: entry(line(2, "A"))}

    steps = update(olds, news)

    assert [Verb.DELETE, Verb.DELETE, Verb.ADD, Verb.ADD] == [s.verb for s in steps]


def test_unchanged_entries_are_not_mentioned() -> None:
    """What every cut shows as the head does is not sent."""
    assert [] == update({1: [entry(line(1, "A"))]}, {1: entry(line(1, "A"))})


def test_becoming_own_deletes_only_what_differs() -> None:
    """A line that was sent is deleted when the peer tells the entry itself, unless it tells the same line."""
    sent, told = entry(line(1, "A")), Held(line(1, "A told").entry(False), told=True)

    assert [Verb.DELETE] == [s.verb for s in update({1: [sent]}, {1: told})]
    assert [] == update({1: [sent]}, {1: Held(sent.entry, told=True)})


def test_ceasing_to_be_own_deletes_the_told_line_and_adds() -> None:
    """When a peer stops telling an entry, its last line is deleted and ours is added, even if they look alike."""
    told, new = Held(line(1, "A").entry(False), told=True), entry(line(1, "A"))

    assert [Verb.DELETE, Verb.ADD] == [s.verb for s in update({1: [told]}, {1: new})]


def test_gateway_form_stands_in_until_its_type_is_asked_for() -> None:
    """A foreign recipient is shown by its site address, or natively to peers that ask for its type (KB Q149192)."""
    native = Line(1, "SMTP", "", "", "Ann", "ann@x.example", (), "", "Ann")
    fallback = Line(1, "MS", "SMTP", "LAB/HQ", "Ann", "LAB/HQ/ANN", (), "", "Ann")

    assert fallback.entry(False) == shown([native, fallback], PICK)
    assert native.entry(False) == shown([native, fallback], Pick(types=frozenset({"MS", "SMTP"})))


def test_full_answer_replaces_every_list_first() -> None:
    """A full answer has a replace for every list, also for one that is empty now, before all adds."""
    steps = full([("MS", "NET/TWO"), ("MS", "NET/ONE")], [line(1, "A").entry()])

    assert [Verb.REPLACE, Verb.REPLACE, Verb.ADD] == [s.verb for s in steps]


def test_own_lists_are_left_out_and_the_last_number_follows() -> None:
    """A peer that owns a list gets everything else, and its last number is that of the last line it gets."""
    content = number_steps(full([], [line(1, "A").entry(), line(2, "B", "NET/TWO").entry()]), 11, "k")

    assert [11] == [t.number for t in content.without(frozenset({("MS", "net/two")}))]
    assert 11 == content.last(frozenset({("MS", "net/two")}))
    assert 12 == content.last(frozenset())


Edits = st.lists(
    st.dictionaries(
        st.integers(1, 6),
        st.one_of(st.none(), st.tuples(st.sampled_from("ABC"), st.sampled_from(LISTS), st.integers(1, 6))),
        max_size=6,
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=400)
@given(Edits, st.data())
def test_any_cut_leads_to_the_head(edits: list[dict[int, tuple[str, str, int] | None]], data: st.DataObject) -> None:
    """Whichever of its cuts a peer holds, the answer made for all of them ends at the head, and names never meet."""
    live: dict[tuple[int, str], Line] = {}
    names = Names()
    numbers = count(1)
    history = [dict(live)]
    for edit in edits:
        used = {(v.list, v.address) for v in live.values()}
        wishes = {}
        for recipient, want in edit.items():
            if want is None:
                continue
            name, list_, alias = want
            address = f"{list_}/{alias}"
            mine = live.get((recipient, ""))
            if (list_, address) in used and (mine is None or mine.address != address):
                continue
            used.add((list_, address))
            wishes[(recipient, "")] = Wish("MS", "", list_, name, address, (), "")
        touched = {(r, "") for r, w in edit.items() if w is None} | set(wishes)
        before = {form: live[form] for form in touched if form in live}
        after = settle_names(before, wishes, names, LIMITS)
        for step in advance(before, after, numbers.__next__):
            state = {**live}
            if step.ended:
                del state[step.ended.form]
            if step.started:
                state[step.started.form] = step.started
            slots = [row.slot for row in state.values()]
            assert len(slots) == len(set(slots)), "names are unique at every number"
            live = state
        history.append(dict(live))
    cuts = data.draw(st.lists(st.integers(0, len(history) - 1), min_size=1, max_size=3, unique=True))
    held = data.draw(st.sampled_from(cuts))
    forms = set().union(*history)
    olds = {f[0]: [entry(history[c][f]) if f in history[c] else None for c in cuts] for f in forms}
    news = {f[0]: entry(live[f]) if f in live else None for f in forms}
    peer = {(row.list, row.address): row.entry(False) for row in history[held].values()}

    put(peer, update(olds, news))

    assert {(row.list, row.address): row.entry(False) for row in live.values()} == peer
