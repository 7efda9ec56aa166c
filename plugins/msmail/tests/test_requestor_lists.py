from hypothesis import given
from hypothesis import strategies as st

from dxa.entry import Entry, Transaction, Verb
from dxa_msmail.requestor.lists import Applying

OWN, LIST = ("MS", "own/po"), ("MS", "net/po")


def entry(name: str, mailbox: str) -> Entry:
    """An entry of the list."""
    address = f"NET/PO/{mailbox}"
    return Entry(f"MS:{address.casefold()}", "MS", "NET/PO", name, address)


ENTRIES = st.lists(st.builds(entry, st.sampled_from(["Ann", "ann", "Bo", "Éva", "ÉVA"]), st.sampled_from("ABCDa")))


def test_adds_to_a_list_at_once() -> None:
    """In their order, behind those that are there."""
    applying = Applying(OWN, {LIST: {"MS:net/po/b": entry("Bo", "B")}})

    assert applying.add_all([entry("Eva", "E"), entry("Ann", "A")])
    assert ["Bo", "Eva", "Ann"] == [each.name for each in applying.result()[LIST].values()]


def test_adds_to_the_own_list_need_care() -> None:
    """Nobody else changes it."""
    assert not Applying(("MS", "net/po"), {}).add_all([entry("Ann", "A")])


@given(ENTRIES, ENTRIES.filter(bool), ENTRIES)
def test_adds_at_once_are_adds_one_by_one(before: list[Entry], entries: list[Entry], after: list[Entry]) -> None:
    """Whatever was there, and whatever follows; else nothing is done."""
    at_once, one_by_one = Applying(OWN, {}), Applying(OWN, {})
    for each in before:
        at_once.apply(Transaction(1, Verb.ADD, None, each))
        one_by_one.apply(Transaction(1, Verb.ADD, None, each))
    untouched = {key: dict(rows) for key, rows in at_once.result().items()}

    if at_once.add_all(entries):
        for each in [*entries, *after]:
            one_by_one.apply(Transaction(2, Verb.ADD, None, each))
        for each in after:
            at_once.apply(Transaction(2, Verb.ADD, None, each))
        assert one_by_one.result() == at_once.result()
        assert one_by_one.rejects == at_once.rejects
    else:
        assert untouched == {key: rows for key, rows in at_once.result().items() if rows}
