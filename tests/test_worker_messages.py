"""What passes between the agent and a connector's process comes out as it went in."""

from __future__ import annotations

import pickle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dxa.connector import Report
from dxa.entry import Entry, Transaction, Verb
from dxa.ledger.answer import Content, Segment
from dxa.worker.messages import Items, packed

#: With what stands between texts, with lone halves of characters, and with nothing.
TEXTS = st.text(st.sampled_from("aé\0\ud800\n"), max_size=3)
FIELDS = st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple)
ENTRIES = st.builds(Entry, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, FIELDS, TEXTS)
SIDES = st.none() | ENTRIES
TRANSACTIONS = st.builds(Transaction, st.integers(0, 2**70), st.sampled_from(Verb), SIDES, SIDES, TEXTS)
#: What no connector should give, and the agent has to see as it was given.
ODD = st.sampled_from(
    [
        None,
        5,
        Transaction(1, Verb.ADD, None, "an entry"),  # type: ignore[arg-type]
        Transaction(1, "A", None, None),  # type: ignore[arg-type]
        Transaction(1, Verb.ADD, None, None, 7),  # type: ignore[arg-type]
        Transaction(1, Verb.ADD, None, Entry("k", "T", "", 3, "a", [])),  # type: ignore[arg-type]
        Transaction(1, Verb.ADD, None, Entry("k", "T", "", "n", "a", None)),  # type: ignore[arg-type]
    ]
)


def _passed(value: object) -> Any:
    return pickle.loads(packed(value))


@given(st.lists(TRANSACTIONS, max_size=6), st.lists(ODD, max_size=1))
def test_reports_arrive_as_they_were_given(transactions: list[Transaction], odd: list[Any]) -> None:
    """Whatever texts there are, and whatever a connector has put among the transactions."""
    report = Report(sender="NORTH/MAIN", receipt="r", lists=frozenset({("MS", "a/b")}), transactions=transactions + odd)

    [found] = _passed(Items((report,), True)).items

    assert report == found
    assert [type(each) for each in report.transactions] == [type(each) for each in found.transactions]


@given(st.lists(st.lists(TRANSACTIONS, max_size=4), max_size=3))
def test_contents_arrive_as_they_were_given(segments: list[list[Transaction]]) -> None:
    """The segments of what parcels carry, in their order."""
    content = Content("key", tuple(Segment(("MS", str(n)), tuple(each)) for n, each in enumerate(segments)))

    assert content == _passed(content)
