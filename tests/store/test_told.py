"""Lines that peers told outside their own lists."""

import attrs

from dxa.dirsync import server
from dxa.ledger.answer import Pick
from dxa.store import PeerRow, Store
from tests.store.samples import PEER, entry

ANN, BOB = entry("Ann", "GW/ONE", (("FAX", "2"),)), entry("Bob", "GW/ONE")


def test_a_line_has_the_numbers_between_which_it_was_told(store: Store) -> None:
    """Its history is kept; what is told now has no end."""
    received = store.received
    received.open_told(PEER, 5, [(1, ANN), (2, BOB)])
    received.close_told(PEER, 8, [1, 1, 3])
    received.open_told(PEER, 8, [(1, BOB)])

    assert {1: BOB, 2: BOB} == received.open_lines(PEER)
    assert {1: [(ANN, 5, 8), (BOB, 8, None)]} == received.told_history(PEER, [1, 3])


def test_what_began_or_ended_after_a_number(store: Store) -> None:
    """Both count, once for each recipient."""
    received = store.received
    received.open_told(PEER, 5, [(1, ANN), (2, BOB)])
    received.close_told(PEER, 8, [1])

    assert [[1, 2], [1], []] == [received.told_since(PEER, number) for number in (4, 5, 8)]


def test_who_tells_such_lines(store: Store) -> None:
    """Asked of many peers at once; one that told a line once counts for ever."""
    row = PeerRow(id=PEER, link="pcmail", name="P", state=server.State(), pick=Pick(types=frozenset()), created_at=1.0)
    store.peers.put([row, attrs.evolve(row, id="quiet", name="Q")])
    store.received.open_told(PEER, 5, [(1, ANN)])
    store.received.close_told(PEER, 6, [1])

    assert {PEER} == store.received.tellers([PEER, "quiet", "unknown"])
    assert (True, False) == (store.received.tells(PEER), store.received.tells("quiet"))
