"""The master list at earlier numbers, and the answers that are made from it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.address import Address, AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.ledger.answer import Pick
from dxa.ledger.view import Line
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import queue
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.served import Served, read_served, write_served
from dxa_msmail.programs.srvmain.answers import Answering
from dxa_msmail.programs.srvmain.history import History
from dxa_msmail.programs.srvmain.lists import MasterList
from dxa_msmail.requestor.journal import Journal
from dxa_msmail.requestor.lists import Applying
from dxa_msmail.writing import Writer

TYPES = AddressTypes(ADDRESS_TYPES)
ALL = Pick(types=frozenset({"MS", "SMTP"}))
NAMES = ("Ann", "Bo", "ann", "Zoë")
BOXES = ("MS:N/A/U1", "MS:N/A/U2", "MS:N/B/U1", "SMTP:x@lab", "SMTP:y@lab")


def entry(name: str, address: str) -> Entry:
    """An entry as a requestor tells it."""
    kind, _, value = address.partition(":")
    place = Address(kind, value)
    return Entry(TYPES.key(place), kind, TYPES.list_of(place), name, value)


def shown(lines: Sequence[Line], pick: Pick = ALL) -> set[tuple[str, str]]:
    """What a list holds."""
    return {(line.name, f"{line.type}:{line.address}") for line in lines if pick.shows(line.type, "")}


#: What one requestor tells in one run: for some addresses the name, or nothing; and addresses that become others.
TELLING = st.tuples(
    st.dictionaries(st.sampled_from(BOXES), st.none() | st.sampled_from(NAMES), max_size=4),
    st.lists(st.tuples(st.sampled_from(BOXES), st.sampled_from(BOXES)), max_size=1),
)


def follow(master: MasterList, told: dict[str, str], moves: list[tuple[str, str]]) -> None:
    """Let the list be what is told; a move keeps the recipient, where the new address is free."""
    moved = []
    for old, new in moves:
        if old in told and new not in told and old.split("/")[:2] == new.split("/")[:2]:
            told[new] = told.pop(old)
            moved.append((entry("x", old).key, entry("x", new).key))
    rows = {n: entry(name, address) for n, (address, name) in enumerate(sorted(told.items()), 1)}
    master.served.told = {"n/a": rows} if rows else {}
    master.follow(frozenset(), moved, Journal())


@settings(max_examples=150)
@given(st.lists(TELLING, max_size=7), st.data())
def test_every_place_is_what_the_list_was(tellings: list, data: st.DataObject) -> None:
    """Read backwards, MSTTRANS gives the list at every number at which somebody may have got it, and answers lead on.

    Whichever of its cuts a requestor really holds, the update brings it to the list of now, and no record of it is
    refused; it does so also from what it asked to see before.
    """
    files, served, told = MemoryFiles(), Served(), {}
    master = MasterList(files, served, TYPES, 1)
    past = {0: set(shown(()))}
    for changes, moves in tellings:
        told |= {address: name for address, name in changes.items() if name is not None}
        told = {address: name for address, name in told.items() if changes.get(address, name) is not None}
        follow(master, told, moves)
        past[served.head] = shown(served.lines)
    master.store()
    history = History(master.entries(), queue.transactions(master.records, TYPES).transactions)
    found = history.at(past)
    everybody = history.at(past, everybody=True)

    now = past[max(past)]
    for place, then in past.items():
        rows = {(e.name, f"{e.type}:{e.address}") for e in everybody[place] if e is not None}
        assert then == rows
        changed = {(e.name, f"{e.type}:{e.address}") for e in found[place] if e is not None}
        assert then - changed <= now

    cuts = data.draw(st.lists(st.sampled_from(sorted(past)), min_size=1, max_size=3))
    other = data.draw(st.sampled_from([ALL, Pick(types=frozenset({"MS"}))]))
    answering = Answering(files, served, master, Writer(sender="", line_end=b"\r\n", placement=""), 1, lambda *_: None)
    steps = answering.steps(ALL, frozenset((at, other) for at in cuts), served.head)
    for at in cuts:
        held = [entry(name, address) for name, address in past[at] if other.shows(address.partition(":")[0], "")]
        applying = Applying(("", ""), {})
        for number, (verb, old, new) in enumerate(
            [*((Verb.ADD, None, one) for one in held), *((s.verb, s.old, s.new) for s in steps)]
        ):
            applying.apply(Transaction(number, verb, old and _keyed(old), new and _keyed(new)))
        lists = applying.result().values()
        assert now == {(e.name, f"{e.type}:{e.address}") for rows in lists for e in rows.values()}
        assert [] == applying.rejects


def _keyed(one: Entry) -> Entry:
    return one._replace(key=TYPES.key(Address(one.type, one.address)))


@settings(max_examples=50)
@given(st.lists(TELLING, max_size=4))
def test_what_is_remembered_comes_back(tellings: list) -> None:
    """DXA/SERVER gives back the lists and lines that were stored, and belongs to its MSTTRANS."""
    files, served, told = MemoryFiles(), Served(), {}
    master = MasterList(files, served, TYPES, 1)
    for changes, moves in tellings:
        told |= {address: name for address, name in changes.items() if name is not None}
        follow(master, told, moves)
    master.store()
    write_served(files, served)
    journal = Journal()
    again = read_served(files)
    assert again is not None
    opened = MasterList.open(files, again, TYPES, 1, journal)

    assert served == again
    assert (master.records, []) == (opened.records, journal.lines)


#: What a name and an address of a gateway may have: everything of the code page that is no control character.
LETTERS = st.text(st.characters(codec="cp850", exclude_categories=["C"], exclude_characters="\xad"), max_size=30)


@settings(max_examples=100)
@given(st.lists(LETTERS.map(str.strip).filter(bool), min_size=1, max_size=3, unique_by=str.casefold))
def test_changes_can_be_read_back(names: list[str]) -> None:
    """Whatever a name is, the change that MSTTRANS has of it is read as it was written."""
    master = MasterList(MemoryFiles(), Served(), TYPES, 1)
    journal = Journal()
    rows = {n: entry(name, f"SMTP:u{n}@lab") for n, name in enumerate(names)}
    master.served.told = {"n/a": rows}
    master.follow(frozenset(), [], journal)
    read = queue.transactions(master.records, TYPES)

    assert ([], []) == (journal.lines, read.rejects)
    assert [line.name for line in master.served.lines] == [row.new.name for row in read.transactions if row.new]


@pytest.mark.dx("T-053")
def test_nothing_is_written_when_nothing_is_new() -> None:
    """A list that stays as it is has no new number, and its file stays as it is."""
    files, served = MemoryFiles(), Served()
    master = MasterList(files, served, TYPES, 1)
    follow(master, {"MS:N/A/U1": "Ann"}, [])
    master.store()
    before = dict(files.files), served.sync
    follow(master, {"MS:N/A/U1": "Ann"}, [])
    master.store()

    assert before == (files.files, served.sync)
