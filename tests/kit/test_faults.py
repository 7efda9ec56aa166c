"""The faulty twins do what a schedule says, and connectors and transports that keep the rules get over it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from dxa.entry import Entry
from dxa.errors import TransportError
from dxa.testing import (
    ConnectorHarness,
    Crash,
    Fault,
    FaultyConnector,
    FaultyDisk,
    FaultyTransport,
    Schedule,
    at_every_step,
)
from dxa.testing.play import adds, deliver, hear, parcel, people, told
from dxa.testing.strategies import schedules
from tests.kit.letterbox import LetterHarness
from tests.kit.memory_harness import MemoryHarness
from tests.kit.pigeonhole import PigeonHarness

MESSAGES = 4


def sent(schedule: Schedule, *, late: bool = False) -> list[tuple[str, bytes]]:
    """What has arrived of four messages, in its order; what is late, too, when it has caught up."""
    harness = PigeonHarness()
    faulty = FaultyTransport(harness.open(), schedule)
    for n in range(MESSAGES):
        try:
            faulty.write(harness.name(n), harness.message(n))
        except (TransportError, Crash):
            continue
    if late:
        faulty.catch_up()
    faulty.flush()
    names = faulty.names()
    return sorted((name, faulty.read(name)) for name in names)


def as_sent(*numbers: int) -> list[tuple[str, bytes]]:
    """These messages as they were written."""
    harness = PigeonHarness()
    return [(harness.name(n), harness.message(n)) for n in numbers]


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [
        (Fault.LOSE, as_sent(0, 2, 3)),
        (Fault.FAIL, as_sent(0, 2, 3)),
        (Fault.UNSURE, as_sent(0, 1, 2, 3)),
        (Fault.CRASH, as_sent(0, 1, 2, 3)),
        (Fault.SLOW, as_sent(0, 1, 2, 3)),
        (Fault.DELAY, as_sent(0, 1, 2, 3)),
        (Fault.REORDER, as_sent(0, 1, 2, 3)),
        (Fault.DOUBLE, [("2-m0001.msg", as_sent(1)[0][1]), *as_sent(0, 1, 2, 3)]),
        (Fault.TRUNCATE, [as_sent(0)[0], ("m0001.msg", as_sent(1)[0][1][:133]), *as_sent(2, 3)]),
    ],
)
def test_what_arrives_of_four_messages(fault: Fault, arrived: list[tuple[str, bytes]]) -> None:
    """The fault of the second message is its own, and the others arrive."""
    assert arrived == sent({2: fault})


def test_reordered_and_delayed_messages_come_later() -> None:
    """A reordered message comes behind the next one, a delayed one behind the next but one, or when it catches up."""
    orders = []
    for fault in (Fault.REORDER, Fault.DELAY):
        harness = PigeonHarness()
        faulty = FaultyTransport(harness.open(), {1: fault, 4: fault})
        for n in range(MESSAGES):
            faulty.write(harness.name(n), harness.message(n))
        before = faulty.names()
        faulty.catch_up()
        orders.append(([name[4:5] for name in before], [name[4:5] for name in faulty.names()]))

    assert [(["1", "0", "2"], ["1", "0", "2", "3"]), (["1", "2", "0"], ["1", "2", "0", "3"])] == orders


def test_a_slow_peer_takes_its_time() -> None:
    """Whoever gives a pause sees how long each message and each step of a connector takes."""
    pauses: list[float] = []
    harness, letters = PigeonHarness(), LetterHarness()
    FaultyTransport(harness.open(), {1: Fault.SLOW}, pause=pauses.append, seconds=7).write("m", b"")
    letters.say(people(letters))
    hear(FaultyConnector(letters.open(), seconds=2, pause=pauses.append))

    assert [7, 2, 2] == pauses


@settings(max_examples=30)
@given(schedules(uses=MESSAGES))
def test_a_schedule_loses_only_what_it_says(schedule: Schedule) -> None:
    """Every message arrives whole when it has caught up, but for those that are lost, refused or cut."""
    arrived = sent(schedule, late=True)
    gone = {n for n in range(MESSAGES) if schedule.get(n + 1) in (Fault.LOSE, Fault.FAIL, Fault.TRUNCATE)}

    assert as_sent(*(n for n in range(MESSAGES) if n not in gone)) == [
        each for each in arrived if each[0].startswith("m") and int(each[0][1:5]) not in gone
    ]


def cycle(harness: ConnectorHarness, fail_at: int) -> tuple[bool, list[Entry]]:
    """Collect, deliver and settle, in a process that ends at that step; whether it did, and what was stored."""
    stored: list[Entry] = []
    connector = FaultyConnector(harness.open(), fail_at, error=Crash)
    try:
        reports = hear(connector)
        stored = told(reports)
        deliver(connector, parcel(harness, adds(people(harness, 2, ours=True))))
        connector.settle([report.receipt for report in reports])
    except Crash:
        return True, stored
    return False, stored


@pytest.mark.parametrize(("make", "steps"), [(LetterHarness, 8), (MemoryHarness, 8)])
def test_a_crash_at_any_step_loses_nothing(make: type[ConnectorHarness], steps: int) -> None:
    """Whenever the process ends, the next one has collected everything, and what it delivers is there once."""

    def attempt(at: int) -> bool:
        harness = make()
        harness.say(people(harness, 3))
        ended, before = cycle(harness, at)
        _, after = cycle(harness, 0)
        names = {entry.name for entry in [*before, *after]}
        assert {"Person 1", "Person 2", "Person 3"} == names
        assert 2 == len(harness.delivered())
        return ended

    assert steps == at_every_step(attempt)


def test_who_never_gets_through_is_told() -> None:
    """A test whose subject fails at every step, however many, ends."""
    with pytest.raises(AssertionError, match="something fails at step 5 still"):
        at_every_step(lambda _at: True, most=5)


def test_a_faulty_disk_fails_below_its_folder_alone() -> None:
    """After so many uses nothing goes there; elsewhere everything does, and there again when it is healed."""
    one, other = PigeonHarness(), PigeonHarness()
    disk = FaultyDisk(one.folder)
    disk.fail(1)
    assert [] == one.open().names()
    for use in (one.open().names, lambda: one.open().write("m", b"")):
        with pytest.raises(TransportError, match="Input/output error"):
            use()
    other.open().write("m", b"data")
    disk.heal()
    one.open().write("m", b"data")

    assert [["m"], ["m"]] == [one.open().names(), other.open().names()]


@settings(max_examples=30)
@given(schedules((Fault.FAIL, Fault.CRASH, Fault.UNSURE), uses=MESSAGES))
def test_what_is_written_again_after_any_fault_is_there_once(schedule: Schedule) -> None:
    """A writer that tries again whatever failed leaves each message once."""
    harness = PigeonHarness()
    for attempt in (schedule, {}):
        faulty = FaultyTransport(harness.open(), attempt)
        for n in range(MESSAGES):
            try:
                faulty.write(harness.name(n), harness.message(n))
            except (TransportError, Crash):
                continue
        faulty.flush()

    assert as_sent(*range(MESSAGES)) == sorted((name, faulty.read(name)) for name in faulty.names())
