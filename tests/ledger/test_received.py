"""The received list: what transactions make of what a peer has told."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.entry import ADDRESSES, Entry, Transaction, Verb, definition, list_entry
from dxa.ledger.received import Row, RowChange, digest, hear


def entry(name: str, alias: str, *fields: tuple[str, str], list_: str = "NET/PO") -> Entry:
    """An entry of a postoffice's list."""
    return Entry(f"MS:{list_}/{alias}".casefold(), "MS", list_, name, f"{list_}/{alias}", fields)


def add(new: Entry, number: int = 1) -> Transaction:
    """An add."""
    return Transaction(number, Verb.ADD, None, new)


def delete(old: Entry) -> Transaction:
    """A delete."""
    return Transaction(1, Verb.DELETE, old, None)


def modify(old: Entry, new: Entry) -> Transaction:
    """A modify."""
    return Transaction(1, Verb.MODIFY, old, new)


REPLACE = Transaction(1, Verb.REPLACE, None, list_entry("MS", "NET/PO"))
ANN, BOB = entry("Ann", "ANN"), entry("Bob", "BOB")
ROWS = [Row(1, ANN, True), Row(2, BOB, True)]


@pytest.mark.dx("T-081")
def test_replace_keeps_the_rows_that_come_again() -> None:
    """A replaced list is a difference: who stands in it again keeps its row, and so its identity (KB Q181952)."""
    heard = hear(ROWS, [REPLACE, add(BOB), add(entry("Cy", "CY"))])

    assert [RowChange(1, ANN, None), RowChange(0, None, entry("Cy", "CY"))] == heard.changes


@pytest.mark.dx("T-105")
def test_replace_without_adds_empties_the_list() -> None:
    """A postoffice that is gone sends a replace with nothing after it (KB Q130230)."""
    assert [RowChange(1, ANN, None), RowChange(2, BOB, None)] == hear(ROWS, [REPLACE]).changes


def test_replace_of_an_incomplete_report_removes_nothing() -> None:
    """Without its end, a replace may have lost its adds."""
    assert [] == hear(ROWS, [REPLACE, add(ANN)], replaces=False).changes


def test_replace_touches_only_its_list() -> None:
    """Entries that the peer told of another list stay."""
    other = Row(3, entry("Zoe", "ZOE", list_="NET/POX"), True)

    assert [RowChange(1, ANN, None), RowChange(2, BOB, None)] == hear([*ROWS, other], [REPLACE]).changes


def test_modify_moves_a_row_to_its_new_address() -> None:
    """A modify that changes the mailbox keeps the row."""
    new = entry("Ann", "ANNE")

    assert [RowChange(1, ANN, new)] == hear(ROWS, [modify(ANN, new)]).changes


@pytest.mark.dx("T-069")
def test_modify_to_the_same_value_is_nothing() -> None:
    """A modify that changes nothing neither deletes nor grows the record (KB Q111556, Q118447)."""
    heard = hear(ROWS, [modify(ANN, ANN)])

    assert ([], []) == (heard.changes, heard.rejects)


@pytest.mark.dx("T-068")
def test_modify_by_name_alone_finds_the_entry() -> None:
    """`M name` without an address and with template lines changes the named fields only (KB Q152424)."""
    ann = entry("Ann", "ANN", ("City:", "Rome"), ("Phone:", "1"))
    by_name = Entry("", "MS", "", "Ann", "", (("Phone:", "2"),))

    heard = hear([Row(1, ann, True)], [modify(by_name, by_name)])

    assert [entry("Ann", "ANN", ("City:", "Rome"), ("Phone:", "2"))] == [c.after for c in heard.changes]


@pytest.mark.dx("T-070")
def test_modify_by_an_unknown_name_is_refused() -> None:
    """Without an address and without such a name there is nothing to modify; it is kept, with MS Mail's number."""
    by_name = Entry("", "MS", "", "Nobody", "", (("Phone:", "2"),))

    heard = hear(ROWS, [modify(by_name, by_name)])

    assert ([], [29]) == (heard.changes, [r.code for r in heard.rejects])


def test_modify_of_an_unknown_entry_adds_it() -> None:
    """The new value counts."""
    cy = entry("Cy", "CY")

    assert [RowChange(0, None, cy)] == hear(ROWS, [modify(entry("Sy", "SY"), cy)]).changes


def test_delete_of_an_unknown_entry_has_no_effect() -> None:
    """It is logged as 47 and nothing happens."""
    heard = hear(ROWS, [delete(entry("Cy", "CY"))])

    assert ([], [47]) == (heard.changes, [r.code for r in heard.rejects])


@pytest.mark.dx("T-237")
def test_second_add_with_one_address_in_a_report_is_refused() -> None:
    """A gateway that makes one mailbox of all Roberts is reported; the first one stands (KB Q180296)."""
    heard = hear([], [add(entry("Robert A", "ROBERT")), add(entry("Robert B", "ROBERT"))])

    assert ["Robert A"] == [c.after.name for c in heard.changes if c.after]
    assert [28] == [r.code for r in heard.rejects]


def test_deleted_and_added_again_keeps_the_row() -> None:
    """A delete that has not been applied yet and an add of the same address are one entry."""
    heard = hear([Row(1, ANN, False)], [add(ANN)])

    assert [RowChange(1, None, ANN)] == heard.changes


@pytest.mark.dx("T-072")
def test_bad_records_do_not_stop_the_rest() -> None:
    """What follows a refused record is processed."""
    heard = hear(ROWS, [delete(entry("Cy", "CY")), add(entry("Di", "DI"))])

    assert ["Di"] == [c.after.name for c in heard.changes if c.after]


@pytest.mark.dx("T-052")
def test_case_and_emptiness_are_differences() -> None:
    """A name that changes only in case, and a field that was empty, are changes (KB Q193535)."""
    assert digest(ANN) != digest(ANN._replace(name="ANN"))
    assert digest(ANN) != digest(ANN._replace(fields=(("City:", ""),)))
    assert [RowChange(1, ANN, entry("ANN", "ANN"))] == hear(ROWS, [add(entry("ANN", "ANN"))]).changes


@pytest.mark.dx("T-094")
def test_equal_aliases_in_two_lists_are_two_entries() -> None:
    """The key is the whole address, not the alias (KB Q239649)."""
    far = entry("Ann", "ANN", list_="FAR/PO")

    assert [RowChange(0, None, far)] == hear(ROWS, [add(far)]).changes


def test_two_entries_swap_addresses() -> None:
    """Two modifies that exchange addresses are taken together; each entry keeps its row."""
    ann, bob = entry("Ann", "BOB"), entry("Bob", "ANN")

    heard = hear(ROWS, [modify(ANN, ann), modify(BOB, bob)])

    assert {RowChange(1, ANN, ann), RowChange(2, BOB, bob)} == set(heard.changes)
    assert [] == heard.rejects


def test_modify_to_an_address_that_stays_held_is_refused() -> None:
    """An address that another entry keeps is not taken from it; the modify is kept with MS Mail's number."""
    heard = hear(ROWS, [modify(ANN, entry("Ann", "BOB"))])

    assert ([], [27]) == (heard.changes, [r.code for r in heard.rejects])


def test_refused_modify_keeps_its_place_against_those_who_wanted_it() -> None:
    """When an entry cannot move, the one that wanted its address cannot either; both stay as they were."""
    cy = entry("Cy", "CY")

    heard = hear([*ROWS, Row(3, cy, True)], [modify(ANN, entry("Ann", "BOB")), modify(cy, entry("Cy", "ANN"))])

    assert ([], [27, 27]) == (heard.changes, [r.code for r in heard.rejects])


def test_a_modify_replaces_all_values_of_a_field() -> None:
    """A field of several values keeps them in a modify that does not name it, and gets all new ones in another."""
    old = entry("Ann", "ANN", ("mail", "a"), ("room", "1"), ("mail", "b"))
    new = entry("Anna", "ANN", ("room", "2"), ("room", "3"))
    heard = hear([Row(1, old, True)], [modify(old, new)])

    wanted = entry("Anna", "ANN", ("mail", "a"), ("mail", "b"), ("room", "2"), ("room", "3"))
    assert [RowChange(1, old, wanted)] == heard.changes


@pytest.mark.parametrize("full", [False, True])
def test_a_whole_add_clears_what_it_leaves_out(full: bool) -> None:
    """Where an add tells all fields, those that the entry had and has no more are told as empty, once."""
    old, new = entry("Ann", "ANN", ("room", "1"), ("title", "Dr")), entry("Ann", "ANN", ("room", "2"))
    told = [REPLACE, add(new)] if full else [add(new)]
    wanted = entry("Ann", "ANN", ("room", "2"), ("title", ""))

    assert [RowChange(1, old, wanted)] == hear([Row(1, old, True)], told, whole=True).changes
    assert [] == hear([Row(1, wanted, True)], told, whole=True).changes
    assert [RowChange(1, old, new)] == hear([Row(1, old, True)], told).changes


def test_a_whole_add_keeps_what_is_gone_of_a_type_of_addresses() -> None:
    """The addresses of a type that has gone are told as such until there are others; those of a type replace theirs."""
    old = entry("Ann", "ANN", (ADDRESSES, "A:1"), (ADDRESSES, "B:1"), (ADDRESSES, "B:2"))
    less, more = entry("Ann", "ANN", (ADDRESSES, "B:3")), entry("Ann", "ANN", (ADDRESSES, "A:4"), (ADDRESSES, "B:3"))
    wanted = entry("Ann", "ANN", (ADDRESSES, "B:3"), (ADDRESSES, "-A:1"))

    assert [RowChange(1, old, wanted)] == hear([Row(1, old, True)], [add(less)], whole=True).changes
    assert [] == hear([Row(1, wanted, True)], [add(less)], whole=True).changes
    assert [RowChange(1, wanted, more)] == hear([Row(1, wanted, True)], [add(more)], whole=True).changes


def test_what_bears_our_mark_is_told_as_it_is() -> None:
    """It is compared with what we want there, which has no fields that are empty."""
    old, new = entry("Ann", "ANN", ("room", "1"), (ADDRESSES, "A:1")), entry("Ann", "ANN")

    assert [RowChange(1, old, new)] == hear([Row(1, old, True)], [add(new)], whole=True, marked={new.key}).changes


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("abcd")), unique=True),
    st.lists(
        st.one_of(
            st.tuples(st.just("R"), st.sampled_from("ABC"), st.just("")),
            st.tuples(st.sampled_from("AD"), st.sampled_from("ABC"), st.sampled_from("abcd")),
        ),
        max_size=12,
    ),
)
def test_lists_are_replaced_wherever_they_stand_in_a_report(
    told: list[tuple[str, str]], steps: list[tuple[str, str, str]]
) -> None:
    """Whatever adds and deletes stand between, a replace takes out exactly those who stand in its list then."""
    rows = [Row(n, entry(alias, alias, list_=f"NET/{list_}"), True) for n, (list_, alias) in enumerate(told, 1)]
    there, transactions = set(told), []
    for number, (verb, list_, alias) in enumerate(steps, 1):
        each = entry(alias, alias, list_=f"NET/{list_}")
        if verb == "R":
            there = {pair for pair in there if pair[0] != list_}
            transactions.append(Transaction(number, Verb.REPLACE, None, list_entry("MS", f"NET/{list_}")))
        elif verb == "A":
            there.add((list_, alias))
            transactions.append(add(each, number))
        else:
            there.discard((list_, alias))
            transactions.append(delete(each))
    changes = hear(rows, transactions).changes
    gone = {change.before.key for change in changes if change.before and not change.after}
    new = {change.after.key for change in changes if change.after and not change.before}
    keys = {entry(alias, alias, list_=f"NET/{list_}").key for list_, alias in there}

    assert keys == {row.entry.key for row in rows} - gone | new


def test_many_lists_cost_as_much_as_their_entries() -> None:
    """Four times as many lists, all replaced and defined anew in one report, take about four times as long."""

    def seconds(lists: int) -> float:
        entries = [entry(f"{n}", f"U{n}", list_=f"NET/P{at}") for at in range(lists) for n in range(10)]
        rows = [Row(n, each, True) for n, each in enumerate(entries, 1)]
        report = [Transaction(0, Verb.REPLACE, None, list_entry("MS", f"NET/P{at}")) for at in range(0, lists, 2)]
        report += [Transaction(0, Verb.DEFINE, None, definition("MS", f"NET/P{at}", ())) for at in range(lists)]
        began = time.process_time()
        hear(rows, report)
        return time.process_time() - began

    assert min(seconds(1200) for _ in range(3)) < 9 * min(seconds(300) for _ in range(3))
