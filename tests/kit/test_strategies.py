"""The strategies give what they say: legal addresses, right keys, edits that fit."""

import sys

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from dxa.address import Address
from dxa.change import apply, diff
from dxa.entry import Entry, Transaction, Verb
from dxa.ledger.received import Row, hear
from dxa.memory import Memory
from dxa.recipient import Kind, Recipient
from dxa.testing import Fault, Schedule
from dxa.testing.strategies import Edit, addresses, edits, entries, names, recipients, schedules, transactions
from tests.kit.letterbox import BOX, TYPES

(MEM,) = Memory().dxa_address_types()
SAMPLES = ("po1/ann",)


@given(names())
def test_names_are_not_blank_and_have_a_system_s_length(name: str) -> None:
    """Names have 1 to 30 characters and no blank at an end."""
    assert 0 < len(name) <= 30
    assert name.strip() == name


@given(st.one_of(addresses(MEM), addresses(BOX, SAMPLES)))
def test_addresses_are_legal(address: Address) -> None:
    """An address is canonical, whether it was shaped or is a variant of a sample."""
    kind = {"MEM": MEM, "BOX": BOX}[address.type]

    assert address.value == kind.check(address.value)


def test_a_type_that_shapes_nothing_needs_samples() -> None:
    """Without samples there would be nothing to draw, and the error says so."""
    with pytest.raises(ValueError, match="BOX shapes nothing, so samples are needed"):
        addresses(BOX)


@given(entries(BOX, SAMPLES))
def test_entries_have_their_key_and_list(entry: Entry) -> None:
    """Key and list are those of the address."""
    assert TYPES.key(Address("BOX", entry.address)) == entry.key
    assert "po1" == entry.list


@given(transactions(BOX, SAMPLES))
def test_transactions_have_the_sides_of_their_verb(transaction: Transaction) -> None:
    """An add has no old entry, a delete no new one."""
    assert (transaction.verb is Verb.ADD) == (transaction.old is None)
    assert (transaction.verb is Verb.DELETE) == (transaction.new is None)


@given(edits(BOX, SAMPLES))
def test_edits_lead_from_before_to_after(edit: Edit) -> None:
    """A received list that hears the transactions holds what the edit says, and refuses nothing."""
    rows = [Row(at, entry, alive=True) for at, entry in enumerate(edit.before, 1)]
    heard = hear(rows, edit.transactions)
    held = {entry.key: entry for entry in edit.before}
    for change in heard.changes:
        if change.before is not None:
            del held[change.before.key]
        if change.after is not None:
            held[change.after.key] = change.after

    assert [] == heard.rejects
    assert {entry.key: entry for entry in edit.after} == held


@pytest.mark.parametrize("verb", [Verb.ADD, Verb.DELETE, Verb.MODIFY])
def test_edits_have_all_verbs(verb: Verb) -> None:
    """Every verb is drawn sooner or later."""
    quickly = settings(phases=[Phase.generate], database=None)

    edit = find(edits(BOX, SAMPLES), lambda edit: any(t.verb is verb for t in edit.transactions), settings=quickly)

    assert verb in {transaction.verb for transaction in edit.transactions}


@given(recipients(BOX, SAMPLES, containers=("Staff", "Guests")))
def test_recipients_are_such_as_stand_in_a_directory(recipient: Recipient) -> None:
    """A recipient has a container of those that were given, legal addresses, and a target if it is a custom one."""
    addresses = [*recipient.proxies, *([recipient.target] if recipient.target else [])]

    assert recipient.container in ("Staff", "Guests")
    assert [] == [address for address in addresses if address.value != BOX.check(address.value)]
    assert (recipient.kind is Kind.CUSTOM) == (recipient.target is not None)
    assert len(recipient.proxies) == len({TYPES.key(proxy) for proxy in recipient.proxies})
    assert (0, "") == (recipient.id, recipient.owner)


DIRECTORIES = st.dictionaries(st.integers(1, 9), recipients(BOX, SAMPLES), max_size=4)


@settings(max_examples=30)
@given(DIRECTORIES, DIRECTORIES)
def test_differences_of_directories_lead_from_one_to_the_other(
    before: dict[int, Recipient], after: dict[int, Recipient]
) -> None:
    """What two directories differ in, applied to the first, gives the second."""
    assert after == apply(before, diff(before, after))


@given(schedules((Fault.LOSE, Fault.CRASH), uses=5, most=2))
def test_schedules_have_as_many_faults_as_was_said(schedule: Schedule) -> None:
    """Faults of those kinds, among the first uses, and not more than that."""
    assert set(schedule) <= {1, 2, 3, 4, 5}
    assert set(schedule.values()) <= {Fault.LOSE, Fault.CRASH}
    assert len(schedule) <= 2


def test_without_hypothesis_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this module needs Hypothesis, and it says so."""
    monkeypatch.delitem(sys.modules, "dxa.testing.strategies")
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    with pytest.raises(ImportError, match="strategies needs Hypothesis"):
        import dxa.testing.strategies  # noqa: F401
