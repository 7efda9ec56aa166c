"""Views in the database."""

from itertools import count

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import StoreError
from dxa.ledger.view import FormKey, Line, Transition, advance
from dxa.rules.naming import NameLimits, Names
from dxa.store import Store, ViewRow
from tests.store.samples import line, memory_store


@pytest.fixture
def view(store: Store) -> ViewRow:
    """An empty view."""
    return store.views.create("pcmail", "rules")


def _start(store: Store, view: ViewRow, *lines: Line, number: int = 1) -> None:
    store.views.write(view.id, [Transition(n, None, row) for n, row in enumerate(lines, number)])


def test_views_belong_to_links(store: Store) -> None:
    """A view has an id and a name of its own, and the rules that it should show."""
    first, second, third = (store.views.create(link, "r") for link in ("a", "b", "a"))

    assert [first, third] == store.views.of_link("a")
    assert second == store.views.get(second.id)
    assert ("", "r", 0, 0) == (first.rules, first.wanted, first.usn, first.head)
    assert 3 == len({first.name, second.name, third.name})


def test_an_unknown_view_is_an_error(store: Store) -> None:
    """Nobody works on a view that is not there."""
    with pytest.raises(StoreError, match="view 5"):
        store.views.get(5)


def test_how_far_a_view_has_come(store: Store, view: ViewRow) -> None:
    """Rules, usn and head are stored together."""
    store.views.update(attrs.evolve(view, rules="new", wanted="newer", usn=3, head=2**40))

    assert ("new", "newer", 3, 2**40) == attrs.astuple(store.views.get(view.id))[3:]


def test_lines_live_until_they_end(store: Store, view: ViewRow) -> None:
    """A change ends one row and starts another; the living ones are found by recipient, and all by list and name."""
    ann, bob = line(1, "Ann"), line(2, "Bob", "LAB/EAST")
    other = line(1, "X400", "", "MS", "X400")
    _start(store, view, ann, bob, other)
    anna = ann._replace(name="Anna", wanted="Anna", fields=(("FAX", "é"),))
    store.views.write(view.id, [Transition(4, bob, None), Transition(5, ann, anna)])

    assert {(1, ""): anna, (1, "MS"): other} == store.views.live(view.id, [1, 2, 3])
    assert [anna, other] == list(store.views.live_all(view.id))
    assert 2 == store.views.count(view.id)


def test_every_number_can_be_asked_for(store: Store, view: ViewRow) -> None:
    """A row is alive from the number at which it started until that at which it ended."""
    ann, anna, bob = line(1, "Ann"), line(1, "Anna"), line(2, "Bob")
    _start(store, view, ann, bob)
    store.views.write(view.id, [Transition(7, ann, anna), Transition(8, bob, None)])

    expected = [[], ["Ann"], ["Ann", "Bob"], ["Ann", "Bob"], ["Anna", "Bob"], ["Anna"]]
    assert expected == [[row.name for row in store.views.at(view.id, number)] for number in (0, 1, 2, 6, 7, 8)]
    assert {1: [(ann, 1, 7), (anna, 7, None)], 2: [(bob, 2, 8)]} == store.views.history(view.id, [1, 2], 6)
    assert {1: [(anna, 7, None)], 2: [(bob, 2, 8)]} == store.views.history_all(view.id, 7)
    assert {1: [(anna, 7, None)]} == store.views.history(view.id, [1, 2], 8)


def test_what_was_touched_between_two_numbers(store: Store, view: ViewRow) -> None:
    """A line that started or ended counts; the lower number not, the upper one does."""
    ann, bob, carl = line(1, "Ann"), line(2, "Bob"), line(3, "Carl")
    _start(store, view, ann, bob, carl)
    store.views.write(view.id, [Transition(9, ann, None)])

    assert [[1, 2, 3], [2, 3], [1], []] == [
        store.views.touched(view.id, *span) for span in ((0, 9), (1, 8), (3, 9), (9, 99))
    ]
    assert [2, 3, 9] == store.views.numbers(view.id, 1, 9)


def test_views_do_not_touch_each_other(store: Store, view: ViewRow) -> None:
    """The same line may live in several views."""
    other = store.views.create("pcmail", "other")
    for each in (view, other):
        _start(store, each, line(1, "Ann"))
    store.views.write(view.id, [Transition(5, line(1, "Ann"), None)])

    assert (0, 1) == (store.views.count(view.id), store.views.count(other.id))


def test_two_living_lines_cannot_have_one_name(store: Store, view: ViewRow) -> None:
    """A name is unique inside its list, folded; the database itself holds to that."""
    _start(store, view, line(1, "Ann"))

    with pytest.raises(StoreError, match="refuses"):
        _start(store, view, line(2, "ANN"), number=2)

    assert 1 == store.views.count(view.id)


def test_a_name_can_be_had_again_in_the_same_batch(store: Store, view: ViewRow) -> None:
    """Lines end before others start."""
    ann = line(1, "Ann")
    _start(store, view, ann)
    store.views.write(view.id, [Transition(2, ann, None), Transition(3, None, line(2, "Ann"))])

    assert [2] == [row.recipient for row in store.views.live_all(view.id)]


def test_a_line_may_come_and_go_in_one_batch(store: Store, view: ViewRow) -> None:
    """Its history is kept all the same."""
    ann = line(1, "Ann")
    store.views.write(view.id, [Transition(1, None, ann), Transition(2, ann, None)])

    assert {1: [(ann, 1, 2)]} == store.views.history_all(view.id, 0)


def test_a_line_that_is_not_there_cannot_end(store: Store, view: ViewRow) -> None:
    """That would be a mistake of ours, and is said."""
    with pytest.raises(StoreError, match="not there"):
        store.views.write(view.id, [Transition(1, line(1, "Ann"), None)])


def test_a_view_remembers_every_list_it_carried(store: Store, view: ViewRow) -> None:
    """A list stays known after its last line, in its first spelling, and is asked for by type."""
    ann = line(1, "Ann", "LAB/West")
    _start(store, view, ann, line(2, "Bob", "LAB/WEST"), line(3, "x", "", type_="SMTP"))
    store.views.write(view.id, [Transition(9, ann, None)])
    _start(store, view, line(4, "Carl", "lab/west"), number=10)

    carried = store.views.carried(view.id, frozenset({"MS"}))
    assert 1 == len(carried)
    assert ("MS", "lab/west") == (carried[0][0], carried[0][1].casefold())
    assert 2 == len(store.views.carried(view.id, frozenset({"MS", "SMTP"})))


def test_pruning_drops_what_no_kept_number_shows(store: Store, view: ViewRow) -> None:
    """What ended at the oldest kept number or before goes; the lists that were carried stay."""
    ann, bob, carl = line(1, "Ann"), line(2, "Bob", "LAB/EAST"), line(3, "Carl")
    _start(store, view, ann, bob, carl)
    store.views.write(view.id, [Transition(5, ann, None), Transition(6, bob, None)])
    store.views.prune(view.id, 5)

    assert {2: [(bob, 2, 6)], 3: [(carl, 3, None)]} == store.views.history_all(view.id, 0)
    assert 2 == len(store.views.carried(view.id, frozenset({"MS"})))


def test_slots_that_a_name_could_meet(store: Store, view: ViewRow) -> None:
    """The name itself and its numbered forms, in its list, alive and folded."""
    long = "Wolfeschlegelsteinhausenber"
    gone = line(9, "Gone")
    _start(
        store, view, line(1, "ANN"), line(2, "Ann001"), line(3, "Bob"), line(4, "Ann", "LAB/EAST"), line(5, long), gone
    )
    store.views.write(view.id, [Transition(99, gone, None)])
    numbered = f"{long[:24]}000123"
    _start(store, view, line(6, numbered), number=100)

    west = "MS", "lab/west"
    assert {(west, "ann"), (west, "ann001")} == store.views.slots(view.id, [("MS", "LAB/West", "ann")])
    assert {(west, long.casefold()), (west, numbered.casefold())} == store.views.slots(
        view.id, [("MS", "LAB/WEST", long)]
    )
    assert set() == store.views.slots(view.id, [("SMTP", "LAB/WEST", "Ann"), ("MS", "LAB/WEST", "Gone")])
    assert 6 == len(store.views.all_slots(view.id))


def test_slots_of_many_names_are_those_of_all(store: Store, view: ViewRow) -> None:
    """From some number of names on it is cheaper to read all."""
    _start(store, view, line(1, "Ann"))

    assert {(("MS", "lab/west"), "ann")} == store.views.slots(view.id, [("MS", "", f"n{n}") for n in range(5001)])


@given(
    st.lists(
        st.lists(st.sampled_from(["Ann Longname Of Thirty Letters", "ann", "Ann 001", "Bob"]), max_size=6), max_size=4
    )
)
def test_names_settled_by_these_slots_are_unique(batches: list[list[str]]) -> None:
    """Whatever names are wished for, batch by batch, the database never meets two living ones in one slot."""
    store = memory_store()
    view = store.views.create("pcmail", "rules")
    number, recipients = count(1), count(1)
    for batch in batches:
        held = store.views.slots(view.id, [("MS", "N/P", name) for name in batch])
        names = Names(held)
        lines = [line(next(recipients), names.claim(("MS", "N/P"), name, NameLimits()), "N/P") for name in batch]
        store.views.write(view.id, [Transition(next(number), None, row) for row in lines])

    assert sum(map(len, batches)) == store.views.count(view.id)


@given(st.lists(st.dictionaries(st.integers(1, 5), st.sampled_from("ABCD"), max_size=4), max_size=6))
def test_a_view_shows_at_each_number_what_it_showed_then(states: list[dict[int, str]]) -> None:
    """After any sequence of advances, every head is still there to be read, and histories agree with it."""
    store = memory_store()
    view = store.views.create("pcmail", "rules")
    numbers = count(1)
    now: dict[FormKey, Line] = {}
    heads: dict[int, dict[FormKey, Line]] = {0: {}}
    for state in states:
        unique = {name: recipient for recipient, name in state.items()}
        after = {(recipient, ""): line(recipient, name) for name, recipient in unique.items()}
        steps = advance(now, after, numbers.__next__)
        store.views.write(view.id, steps)
        now = after
        heads[steps[-1].number if steps else max(heads)] = after
    history = store.views.history_all(view.id, 0)

    for number, lines in heads.items():
        alive = {
            row.form: row
            for rows in history.values()
            for row, since, until in rows
            if since <= number and (until is None or number < until)
        }
        assert lines == {row.form: row for row in store.views.at(view.id, number)} == alive


def test_lines_of_some_lists(store: Store) -> None:
    """The lines of chosen lists are found without reading the others; a list whose name begins alike is another."""
    view = store.views.create("mail", "rules")
    lines = [
        Line(n, "MS", "", list_, f"Name {n}", f"{list_}/U{n}", (), "", f"Name {n}")
        for n, list_ in enumerate(["NET/PO", "NET/POX", "Net/Po", "FAR/PO"], 1)
    ]
    store.views.write(view.id, [Transition(n, None, line) for n, line in enumerate(lines, 1)])

    assert [lines[0], lines[2]] == list(store.views.live_of(view.id, [("MS", "net/PO")]))
    assert [lines[3], lines[1]] == list(store.views.live_of(view.id, [("MS", "FAR/PO"), ("MS", "NET/POX")]))
