"""Definitions of lists: which fields their entries have, told before the values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.entry import Entry, Fields, Transaction, Verb, definition, is_definition, list_entry
from dxa.ledger.answer import Held, Pick, Step, definitions, full, number_steps, redefined, update
from dxa.ledger.received import Row, hear
from dxa.rules.maps import AttributeMap, TooWide, by_definition, fitted
from dxa.rules.naming import NameLimits

WANTS = Pick(types=frozenset({"MS"}), templates=True)
PLAIN = Pick(types=frozenset({"MS"}))
PHONE = definition("MS", "NET/ONE", (("Phone:", "10~25~A~~"),))
BOTH = definition("MS", "NET/ONE", (("Phone:", "10~25~A~~"), ("City:", "10~25~A~Berlin~")))


def person(number: int, fields: Fields = (), name: str = "") -> Entry:
    """An entry of the list."""
    address = f"NET/ONE/U{number}"
    return Entry(f"MS:{address.lower()}", "MS", "NET/ONE", name or f"U {number}", address, fields)


def add(entry: Entry) -> Transaction:
    """An add."""
    return Transaction(0, Verb.ADD, None, entry)


def define(entry: Entry) -> Transaction:
    """A definition, as it is told."""
    return Transaction(0, Verb.DEFINE, None, entry)


def told(rows: list[Entry], *transactions: Transaction, replaces: bool = True) -> dict[str, Fields]:
    """The fields by name, and of the definition under an empty name, after a report."""
    numbered = dict(enumerate(rows, 1))
    heard = hear([Row(n, entry, True) for n, entry in numbered.items()], transactions, replaces=replaces)
    now = dict(numbered)
    for at, change in enumerate(heard.changes):
        now.pop(change.id, None)
        if change.after is not None:
            now[change.id or -at - 1] = change.after
    return {entry.name: entry.fields for entry in now.values()}


# -- what is told --------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-124")
def test_a_definition_discards_the_values_of_its_list():
    """KB Q125920: what stood there is gone until it is told again; other lists keep theirs."""
    other = Entry("MS:net/two/x", "MS", "NET/TWO", "X", "NET/TWO/X", (("Phone:", "9"),))
    rows = [PHONE, person(1, (("Phone:", "1"),)), person(2, (("Phone:", "2"),)), other]
    modify = Transaction(0, Verb.MODIFY, person(1), person(1, (("Phone:", "3"), ("City:", "Rome"))))

    assert {
        "": BOTH.fields,
        "U 1": (("City:", "Rome"), ("Phone:", "3")),
        "U 2": (("City:", "Berlin"),),
        "X": (("Phone:", "9"),),
    } == told(rows, define(BOTH), modify)


def test_an_incomplete_report_discards_nothing():
    """Of a report whose end is missing a definition counts, but the values stay until they are told again."""
    assert {"": BOTH.fields, "U 1": (("Phone:", "1"),)} == told(
        [PHONE, person(1, (("Phone:", "1"),))], define(BOTH), replaces=False
    )


def test_a_definition_without_fields_ends_it():
    """A list can have no definition again; its values go with it."""
    assert {"U 1": ()} == told([PHONE, person(1, (("Phone:", "1"),))], define(PHONE._replace(fields=())))


def test_a_replace_takes_the_definition_with_it():
    """A list that is replaced without a definition has none."""
    replace = Transaction(0, Verb.REPLACE, None, list_entry("MS", "NET/ONE"))

    assert {"U 1": ()} == told([PHONE, person(1, (("Phone:", "1"),))], replace, add(person(1)))
    assert {"": PHONE.fields, "U 1": ()} == told([PHONE, person(1)], replace, define(PHONE), add(person(1)))


def test_values_that_are_left_out_are_the_default():
    """KB Q107754: in an add, and in a modify that tells values at all; a modify of the name alone changes none."""
    rows = [BOTH, person(1, (("Phone:", "1"), ("City:", "Rome")))]
    renamed = Transaction(0, Verb.MODIFY, person(1), person(1, (), "Ann"))
    changed = Transaction(0, Verb.MODIFY, person(1), person(1, (("phone", "2"),)))
    by_name = Transaction(0, Verb.MODIFY, Entry("", "", "", "U 1", ""), Entry("", "", "", "U 1", "", (("City:", "X"),)))

    assert (("Phone:", "1"), ("City:", "Rome")) == told(rows, renamed)["Ann"]
    assert {"Berlin", "2"} <= {value for _, value in told(rows, changed)["U 1"]}
    assert (("Phone:", ""), ("City:", "X")) == told(rows, by_name)["U 1"]
    assert (("City:", "Berlin"),) == told([BOTH], add(person(1)))["U 1"]


# -- what is shown -------------------------------------------------------------------------------------------------


def held(*entries: Entry) -> dict[int, Held | None]:
    """These entries as they are shown."""
    return {number: Held(entry._replace(key="")) for number, entry in enumerate(entries, 1)}


def steps(cut: list[Entry], head: list[Entry], old: Entry | None, new: Entry | None, by: Pick = WANTS) -> list[Step]:
    """The update from a cut, with its definition, to the head."""
    olds, news = held(*cut), held(*head)
    defined = redefined([definitions([old] if old else [], by)], definitions([new] if new else [], by), by)
    return update({n: [olds.get(n)] for n in {*olds, *news}}, {n: news.get(n) for n in {*olds, *news}}, defined)


@pytest.mark.dx("T-124", "T-129")
def test_a_changed_definition_and_all_values_behind_it():
    """A definition goes out before modifies and adds, and everybody who has values is told again."""
    one, two, none = person(1, (("Phone:", "1"),)), person(2, (("Phone:", "2"),)), person(3)
    found = steps([one, two, none], [one, two._replace(name="Two"), none, person(4, (("Phone:", "4"),))], PHONE, BOTH)

    assert [("T", ""), ("M", "U 1"), ("M", "Two"), ("A", "U 4")] == [(s.verb.value, s.new.name) for s in found if s.new]


def test_an_unchanged_definition_is_not_told_again():
    """Values change without their definition."""
    found = steps([person(1, (("Phone:", "1"),))], [person(1, (("Phone:", "2"),))], PHONE, PHONE)

    assert [Verb.MODIFY] == [step.verb for step in found]


def test_a_definition_that_is_gone():
    """A list that has none any more gets one without fields."""
    (step,) = steps([person(1)], [person(1)], PHONE, None)

    assert (Verb.DEFINE, ()) == (step.verb, step.new.fields if step.new else None)


@pytest.mark.dx("T-121")
def test_whoever_wants_no_values_gets_no_definition():
    """TEMPLATE=NO is honoured, also by whoever wanted them before: nothing is sent to take them back."""
    assert {} == redefined([definitions([PHONE], WANTS)], definitions([BOTH], PLAIN), PLAIN)
    assert PLAIN == PLAIN.past(WANTS)
    assert WANTS == WANTS.past(WANTS)


def test_a_full_answer():
    """All replaces, then the definitions, then the adds; each has its number, and the list's own peer gets none."""
    entries = [person(1, (("Phone:", "1"),))]
    content = number_steps(full([("MS", "NET/TWO"), ("MS", "NET/ONE")], entries, [PHONE]), 7, "key")

    assert [(7, "R"), (8, "R"), (9, "T"), (10, "A")] == [(t.number, t.verb.value) for t in content.without(frozenset())]
    assert [(8, "R")] == [(t.number, t.verb.value) for t in content.without(frozenset({("MS", "net/one")}))]


# -- what is made of maps ------------------------------------------------------------------------------------------


@pytest.mark.dx("T-122", "T-128")
def test_a_map_as_a_definition():
    """A map defines every list: at most 256 fields (KB Q148770), and the values in their order, none left out."""
    small = AttributeMap([("City/ST:", "l"), ("Phone:", "telephoneNumber")])
    big = AttributeMap([(f"P{n}:", f"a{n}") for n in range(300)])
    limits = NameLimits()

    assert (("City/ST:", "20~64~A~~"), ("Phone:", "20~64~A~~")) == small.definition
    assert 256 == len(big.definition)
    assert (("City/ST:", ""), ("Phone:", "5")) == by_definition(
        (("phone", "5"), ("Pet", "x")), small.definition, limits
    )


def test_values_fit_their_fields():
    """A value is one line of the peer's code page; one that is too wide is left empty, and can be told of."""
    defined: Fields = (("A:", "1~5~A~~"), ("B:", "1~90~A~~"))
    fields: Fields = (("A:", "longer"), ("B:", "Straße 1\n\u0416\u200b end"))

    assert ((("A:", ""), ("B:", "Straße 1 Zh end")), (TooWide("A:", 6, 5),)) == fitted(fields, defined, NameLimits())


Lists = st.dictionaries(st.integers(1, 4), st.sampled_from(["", "1", "2"]), max_size=4)
States = st.lists(st.tuples(st.sampled_from([(), PHONE.fields, BOTH.fields]), Lists), min_size=2, max_size=5)


@settings(max_examples=300)
@given(States, st.data())
def test_any_cut_leads_to_the_head(states: list[tuple[Fields, dict[int, str]]], data: st.DataObject) -> None:
    """Whichever of its cuts a peer holds, the answer ends with the head's values and definition."""

    def entries(defined: Fields, people: dict[int, str]) -> dict[int, Entry]:
        return {n: person(n, by_definition((("Phone:", v),), defined, NameLimits())) for n, v in people.items()}

    def defines(defined: Fields) -> dict[tuple[str, str], Entry]:
        return definitions([PHONE._replace(fields=defined)] if defined else [], WANTS)

    cuts = [entries(*state) for state in states]
    everybody = set().union(*cuts)
    bare = [{n: Held(e._replace(key="")) for n, e in cut.items()} for cut in cuts]
    olds = {n: [cut.get(n) for cut in bare[:-1]] for n in everybody}
    news = {n: bare[-1].get(n) for n in everybody}
    found = update(olds, news, redefined([defines(s[0]) for s in states[:-1]], defines(states[-1][0]), WANTS))
    at = data.draw(st.integers(0, len(states) - 2))
    rows = [*cuts[at].values(), *([PHONE._replace(fields=states[at][0])] if states[at][0] else [])]

    def keyed(entry: Entry | None) -> Entry | None:
        return None if entry is None or is_definition(entry) else entry._replace(key=f"MS:{entry.address.lower()}")

    transactions = [Transaction(0, s.verb, keyed(s.old), keyed(s.new) or s.new) for s in found]
    wanted = {entry.name: dict(entry.fields) for entry in cuts[-1].values()}
    wanted |= {"": dict(states[-1][0])} if states[-1][0] else {}

    assert wanted == {name: dict(fields) for name, fields in told(rows, *transactions).items()}
