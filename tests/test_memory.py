from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.connector import Connector, LinkContext, Parcel, ParcelKind, PeerInfo, Report, Result
from dxa.entry import Entry, Verb
from dxa.errors import AddressError, TransportError
from dxa.ledger.answer import Step, full, number_steps
from dxa.memory import Memory, MemorySystem, Options

PEER = PeerInfo(id="mem/mem", name="mem")


def _open(memory: Memory, **options: str) -> Connector:
    (kind,) = memory.dxa_connectors()
    types = AddressTypes(memory.dxa_address_types())
    values: Any = options
    context = LinkContext(link="mem", options=Options(**values), folder=Path("/"), types=types, site=("Lab", "HQ"))
    return kind.open(context)


def _entry(name: str, address: str) -> Entry:
    return Entry("", "MEM", "", name, address)


def _parcel(*steps: Step, id_: str = "1") -> Parcel:
    return Parcel(id=id_, peer=PEER, kind=ParcelKind.UPDATE, content=number_steps(steps, 1, id_))


def _add(name: str, address: str) -> Step:
    return Step(Verb.ADD, None, _entry(name, address))


def _deliver(connector: Connector, *steps: Step, id_: str = "1") -> list[tuple[str, str]]:
    return [(outcome.key, outcome.result.value) for outcome in connector.deliver(_parcel(*steps, id_=id_))]


def _told(report: Report) -> list[tuple[str, str, str]]:
    sides = [(each.verb, each.new or each.old) for each in report.transactions]
    return [(verb.value, entry.name, entry.key) for verb, entry in sides if entry]


@pytest.fixture
def memory() -> Memory:
    """The plugin with one system that has two entries of its own."""
    memory = Memory()
    memory.system().put("Ann", "Ann")
    memory.system().put("Bob", "Bob", (("Phone", "1"),))
    return memory


def test_a_full_report_shows_what_is_there(memory: Memory) -> None:
    """A read shows own and given entries, the latter as marked; a read has one receipt until it is settled."""
    connector = _open(memory)
    _deliver(connector, _add("Cy", "Cy"))

    (report,), (again,) = connector.collect({}), connector.collect({})
    connector.settle([report.receipt])
    (later,) = connector.collect({})

    assert [("A", "Ann", "MEM:ann"), ("A", "Bob", "MEM:bob"), ("A", "Cy", "MEM:cy")] == _told(report)
    assert frozenset({"MEM:cy"}) == report.marked
    assert (True, True, frozenset({("MEM", "")}), "mem") == (
        report.complete,
        report.counted,
        report.lists,
        report.sender,
    )
    assert report == again
    assert report.receipt != later.receipt


def test_changes_are_reported_since_the_cursor(memory: Memory) -> None:
    """A system that reports changes begins with a full list, then tells what happened since, if anything."""
    connector = _open(memory, feed="changes")
    (first,) = connector.collect({})
    since = {"mem": first.cursor}

    assert [] == list(connector.collect(since))
    memory.system().put("Bert", "Bob")
    memory.system().delete("Ann")
    (report,) = connector.collect(since)
    assert [("M", "Bert", "MEM:bob"), ("D", "Ann", "MEM:ann")] == _told(report)
    assert frozenset() == report.lists
    assert [] == list(connector.collect({"mem": report.cursor}))
    (lost,) = connector.collect({"mem": "99"})
    assert frozenset({("MEM", "")}) == lost.lists


def test_only_what_bears_the_mark_is_changed(memory: Memory) -> None:
    """An entry of the system's own is neither overwritten nor deleted, and the outcome says why."""
    connector = _open(memory)
    old = _entry("Ann", "Ann")

    assert [("MEM:ann", "refused")] == _deliver(connector, _add("Eve", "ANN"))
    assert [("MEM:ann", "refused")] == _deliver(connector, Step(Verb.DELETE, old, None), id_="2")
    assert [("MEM:eve", "refused")] == _deliver(connector, Step(Verb.MODIFY, old, _entry("Eve", "Eve")), id_="3")
    assert ["Ann", "Bob"] == [entry.name for entry in memory.system().entries.values()]
    (outcome,) = connector.deliver(_parcel(_add("Eve", "Ann"), id_="4"))
    assert "MEM:ann was not written by dxa" == outcome.reason


def test_changes_are_applied_and_missing_entries_are_no_trouble(memory: Memory) -> None:
    """A modify may move an entry, of a missing one it adds it, and a delete of a missing one is done."""
    connector, system = _open(memory), memory.system()
    _deliver(connector, _add("Cy", "Cy"))
    moved = Step(Verb.MODIFY, _entry("Cy", "Cy"), _entry("Cyd", "Cyd"))
    fresh = Step(Verb.MODIFY, _entry("Di", "Di"), _entry("Dia", "Di"))

    assert [("MEM:cyd", "done"), ("MEM:di", "done"), ("MEM:x", "done")] == _deliver(
        connector, moved, fresh, Step(Verb.DELETE, _entry("X", "X"), None), id_="2"
    )
    assert {"MEM:cyd", "MEM:di"} == system.marked
    assert [("MEM:cyd", "done")] == _deliver(connector, Step(Verb.DELETE, _entry("Cyd", "Cyd"), None), id_="3")
    assert {"MEM:di"} == system.marked
    assert {"MEM:ann", "MEM:bob", "MEM:di"} == system.entries.keys()


def test_a_full_parcel_replaces_what_dxa_gave(memory: Memory) -> None:
    """A replace takes every marked entry away and no other."""
    connector = _open(memory)
    _deliver(connector, _add("Cy", "Cy"), _add("Di", "Di"))

    _deliver(connector, *full([("MEM", "")], [_entry("Di", "Di")]), id_="2")

    assert {"MEM:ann", "MEM:bob", "MEM:di"} == memory.system().entries.keys()
    assert {"MEM:di"} == memory.system().marked


def test_a_parcel_counts_once(memory: Memory) -> None:
    """The same parcel again has the same outcomes and no effect, whatever happened in between."""
    connector = _open(memory)
    first = _deliver(connector, _add("Cy", "Cy"))
    memory.system().delete("Cy")

    assert first == _deliver(connector, _add("Cy", "Cy"))
    assert "MEM:cy" not in memory.system().entries


def test_an_entry_that_was_given_stays_marked_when_people_change_it(memory: Memory) -> None:
    """Drift in a given entry shows in the next read, still under the mark, so that it can be mended."""
    connector = _open(memory)
    _deliver(connector, _add("Cy", "Cy"))
    memory.system().put("Cyrus", "cy")

    (report,) = connector.collect({})

    assert ("A", "Cyrus", "MEM:cy") in _told(report)
    assert frozenset({"MEM:cy"}) == report.marked


def test_a_list_can_be_cut_short(memory: Memory) -> None:
    """A list that is cut short says so, unless the system would not notice it itself."""
    memory.system().truncate(1)
    (noticed,) = _open(memory).collect({})
    memory.system().truncate(1, noticed=False)
    (unnoticed,) = _open(memory).collect({})
    memory.system().truncate(None)
    (whole,) = _open(memory).collect({})

    assert [(False, True, 1), (True, False, 1), (True, True, 2)] == [
        (report.complete, report.counted, len(report.transactions)) for report in (noticed, unnoticed, whole)
    ]


def test_a_system_can_be_out_of_reach(memory: Memory) -> None:
    """While a system fails, nothing is read or written, and afterwards nothing is lost."""
    memory.system().failing = "line is cut"
    connector = _open(memory)

    with pytest.raises(TransportError, match="memory system memory: line is cut"):
        list(connector.collect({}))
    with pytest.raises(TransportError):
        _deliver(connector, _add("Cy", "Cy"))
    memory.system().failing = ""
    assert [("MEM:cy", Result.DONE.value)] == _deliver(connector, _add("Cy", "Cy"))


def test_receipts_are_settled_once(memory: Memory) -> None:
    """Settling a receipt again changes nothing."""
    connector = _open(memory)
    connector.settle(["a", "b"])
    connector.settle(["b"])

    assert ["a", "b"] == memory.system().settled


def test_systems_have_names(memory: Memory) -> None:
    """Links with one name share a system; another plugin object has systems of its own."""
    _deliver(_open(memory, name="other"), _add("Cy", "Cy"))

    assert {"MEM:cy"} == memory.system("other").entries.keys()
    assert {"MEM:ann", "MEM:bob"} == memory.system().entries.keys()
    assert MemorySystem() == Memory().system()


@given(text=st.text())
def test_any_text_is_shaped_to_an_address_or_refused(text: str) -> None:
    """What comes out of shaping is a legal address, and shaping it again changes nothing."""
    (kind,) = Memory().dxa_address_types()
    assert kind.shape is not None
    try:
        shaped = kind.shape(text)
    except AddressError:
        assert "" == "".join(filter(str.isprintable, text)).strip()
    else:
        assert shaped == kind.check(shaped) == kind.shape(shaped)
        assert kind.variant(shaped, 2) == kind.check(kind.variant(shaped, 2))
