"""What a server makes of requests that mail has lost, doubled, cut or brought in another order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.testing import Fault, FaultyTransport, Schedule
from dxa.testing.play import bare, claims_whole, hear, told, usable
from dxa.testing.strategies import schedules
from tests.kit.msmail_harness import ServerHarness

ON_THE_WAY = (Fault.LOSE, Fault.DELAY, Fault.DOUBLE, Fault.REORDER, Fault.TRUNCATE)


@settings(max_examples=40)
@given(schedules(ON_THE_WAY, uses=4), st.lists(st.integers(1, 5), min_size=4, max_size=4))
def test_no_list_is_believed_that_nobody_has_told(schedule: Schedule, sizes: list[int]) -> None:
    """Whatever becomes of the messages on their way, a list that is told as complete is one that was sent."""
    there, here = ServerHarness(), ServerHarness()
    lists = [[there.entry(n, f"Person {n}") for n in range(1, size + 1)] for size in sizes]
    mail = FaultyTransport(here.inbox, schedule)
    for entries in lists:
        there.say(entries)
        for name in there.inbox.names():
            mail.write(name, there.inbox.read(name))
            there.inbox.remove(name)
    mail.catch_up()
    believed = [told([report]) for report in usable(hear(here.open())) if claims_whole(report)]

    assert [] == [each for each in believed if list(map(bare, each)) not in [list(map(bare, sent)) for sent in lists]]
    whole = [n for n in range(1, 5) if schedule.get(n) not in (Fault.LOSE, Fault.TRUNCATE)]
    assert len(whole) <= len(believed)
