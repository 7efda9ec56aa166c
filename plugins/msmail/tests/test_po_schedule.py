"""Slots of the week in their zones, and PROCESS.GLB that keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError, LockedError, UsageError
from dxa_msmail.postoffice import layout, process, slots, tree
from dxa_msmail.postoffice.maildata import Maildata, MemoryFiles
from dxa_msmail.postoffice.process import PROCESS, WEEK, Process, ScheduleHead
from dxa_msmail.postoffice.slots import Slot, parse_slot, parse_slots, parse_zone

HOUR = 3600
#: Fri Dec 22 1995, 00:00 in Greenwich.
FRIDAY = datetime(1995, 12, 22, tzinfo=UTC).timestamp()

SLOTS = st.builds(Slot, st.integers(0, WEEK // 60 - 1))
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/Los_Angeles",
        "Australia/Lord_Howe",
        "UTC",
        "",
        "EST5EDT",
        "AUS-14",
        "IST-5:30",
        "CET-1X",
    ]
)


# -- slots ---------------------------------------------------------------------------------------------------------


@given(SLOTS)
def test_a_slot_is_read_as_it_is_written(slot: Slot) -> None:
    """``Mon 22:00``, for each minute of a week."""
    assert slot == parse_slot(slot.text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun 00:00", ["Sun 00:00"]),
        ("sat 23:59", ["Sat 23:59"]),
        ("MON 6:05", ["Mon 06:05"]),
        ("mon-wed 22:00", ["Mon 22:00", "Tue 22:00", "Wed 22:00"]),
        ("fri-mon 1:00", ["Fri 01:00", "Sat 01:00", "Sun 01:00", "Mon 01:00"]),
        ("tue,thu,tue 12:30", ["Tue 12:30", "Thu 12:30"]),
        ("22:00", [f"{day} 22:00" for day in slots.DAYS]),
    ],
)
def test_slots_of_several_days(text: str, expected: list[str]) -> None:
    """Lists and ranges of days, in the order in which they are named; without a day all of them."""
    assert expected == [slot.text for slot in parse_slots(text)]


@pytest.mark.parametrize(
    "text", ["", "Mon", "Mon 24:00", "Mon 22:60", "Moo 22:00", "Mon 22", "mon-wed-fri 1:00", "T 1:0"]
)
def test_what_is_no_slot(text: str) -> None:
    """It is said what one looks like."""
    with pytest.raises(UsageError, match=r"Mon|mon-fri|hours are 0 to 23"):
        parse_slots(text)


def test_one_slot_is_not_several() -> None:
    """Where one time is wanted, days together are refused."""
    with pytest.raises(UsageError, match="not one time of the week"):
        parse_slot("mon-fri 22:00")


# -- zones ---------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-170")
@given(SLOTS, ZONES, st.integers(0, 40 * 365 * 24))
def test_a_slot_comes_once_a_week_at_its_time_of_the_wall_clock(slot: Slot, name: str, hours: int) -> None:
    """In every zone, from any moment of forty years on; only an hour that is left out shows another time."""
    zone = parse_zone(name)
    first = zone.following(slot, hours * HOUR)
    second = zone.following(slot, first)

    assert hours * HOUR < first <= hours * HOUR + WEEK + HOUR
    assert abs(second - first - WEEK) <= HOUR
    wall = zone.wall(second)
    before = Slot((wall.isoweekday() % 7 * 24 + wall.hour) * 60 + wall.minute)
    assert before == slot or timedelta(0) < _ahead(before, slot) <= timedelta(hours=1)


def _ahead(found: Slot, wanted: Slot) -> timedelta:
    return timedelta(minutes=(found.minute - wanted.minute) % (WEEK // 60))


@pytest.mark.dx("T-170")
def test_summer_does_not_move_a_slot() -> None:
    """KB Q119111, Q135352: Dispatch added a week's seconds, and was an hour late all summer."""
    zone, slot = parse_zone("Europe/Berlin"), parse_slot("Mon 22:00")
    runs = [int(datetime(2026, 3, 23, 22, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())]
    for _ in range(2):
        runs.append(zone.following(slot, runs[-1]))

    assert [WEEK - HOUR, WEEK] == [b - a for a, b in pairwise(runs)]
    assert ["Mon Mar 23 22:00:00 2026", "Mon Mar 30 22:00:00 2026", "Mon Apr  6 22:00:00 2026"] == [
        zone.wall(run).ctime() for run in runs
    ]


@pytest.mark.parametrize(
    ("name", "summer", "winter"),
    [
        ("PST8PDT", 7, 8),
        ("", 7, 8),
        ("EST5EDT", 4, 5),
        ("CET-1CEST", -2, -1),
        ("EST6", 6, 6),
        ("aus-14", -14, -14),
        ("Europe/Berlin", -2, -1),
    ],
)
def test_a_zone_of_ms_dos(name: str, summer: int, winter: int) -> None:
    """KB Q96060: hours west are positive, letters behind them are for daylight-saving time; the default is PST8PDT."""
    zone = parse_zone(name)
    noon = [datetime(2026, month, 1, 12, tzinfo=UTC).timestamp() for month in (7, 1)]
    there = [zone.wall(moment).replace(tzinfo=UTC).timestamp() for moment in noon]

    assert [summer, winter] == [(a - b) / HOUR for a, b in zip(noon, there, strict=True)]
    assert [winter, winter] == [zone.west(moment) for moment in noon]


def test_the_example_of_sydney() -> None:
    """KB Q96060: 03:00 with TZ=aus14 is 11:00 in St. Louis, where TZ=EST6 is set."""
    run = parse_zone("aus14").following(parse_slot("Sat 03:00"), FRIDAY)

    assert "Fri Dec 22 11:00" == f"{parse_zone('EST6').wall(run - 24 * HOUR):%a %b %d %H:%M}"


@pytest.mark.parametrize("name", ["Europe/Nowhere", "8", "ABC25", "../zone", "PST8PDT,M3.2.0,M11.1.0"])
def test_a_zone_that_nobody_knows(name: str) -> None:
    """It is said how one is written."""
    with pytest.raises(UsageError, match="zone"):
        parse_zone(name)


def test_the_zone_of_this_machine_can_be_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is one that an entry can keep; where it has none it is the documented default."""
    assert slots.local_zone() == parse_zone(slots.local_zone()).name
    monkeypatch.setattr("tzlocal.get_localzone", lambda: UTC)
    assert "PST8PDT" == slots.local_zone()


# -- PROCESS.GLB ---------------------------------------------------------------------------------------------------


def _schedule() -> MemoryFiles:
    files = MemoryFiles()
    zone = parse_zone("Europe/Berlin")
    entries = (
        process.weekly(1, process.T1, parse_slot("Fri 16:30"), FRIDAY, zone=zone),
        process.weekly(2, process.T3, parse_slot("Thu 20:30"), FRIDAY, zone=parse_zone(""), window=14400, comment="T"),
    )
    process.write_process(files, Process(entries=entries))
    return files


def test_an_empty_schedule_is_its_head_of_512_bytes() -> None:
    """KB Q136487; the zeros that DEBUG writes are one, too."""
    files = MemoryFiles()
    process.write_process(files, Process())

    assert bytes(512) == files.files[PROCESS]
    assert Process() == process.read_process(files)
    assert () == getattr(process.read_process(MemoryFiles({PROCESS: layout.encode(ScheduleHead())})), "entries", None)


def test_a_shadow_postoffice_has_no_schedule() -> None:
    """KB Q148389: no PROCESS.GLB."""
    assert process.read_process(MemoryFiles()) is None


def test_an_entry_runs_again_after_a_week_and_has_eight_hours() -> None:
    """KB Q96060, Q148718; entries have 197 bytes."""
    files = _schedule()
    found = process.read_process(files)
    assert found is not None
    ahead = int(FRIDAY) + int(4.5 * HOUR)

    assert 512 + 2 * 197 == len(files.files[PROCESS])
    assert [
        ("NSDA -RT", "T1", "Fri 16:30", int(FRIDAY) + int(15.5 * HOUR), 28800, -1, "Europe/Berlin", ""),
        ("NSDA -RR", "T3", "Thu 20:30", ahead, 14400, 8, "PST8PDT", "T"),
    ] == [(e.command, e.time, e.slot.text, e.run, e.window, e.zone, e.zone_name, e.comment) for e in found.entries]
    assert [WEEK, WEEK] == [e.next_run - e.run for e in found.entries]


@given(SLOTS, ZONES, st.integers(0, 4_000_000_000), st.integers(0, 0xFFFFFFFF), st.sampled_from(process.COMMANDS))
def test_entries_are_read_as_they_are_written(slot: Slot, zone: str, now: int, window: int, command: str) -> None:
    """Every field, at any time until 2096."""
    entry = process.weekly(7, command, slot, now, zone=parse_zone(zone), window=window, comment="ä")
    files = MemoryFiles()
    process.write_process(files, Process(entries=(entry,)))
    found = process.read_process(files)

    assert found is not None
    assert (entry,) == found.entries
    assert found.entries[0].run > now


def test_a_process_that_dispatch_does_not_know_is_refused() -> None:
    """The three are NSDA -RT, NSDA -S and NSDA -RR (KB Q132731)."""
    files = _schedule()
    entry = process.weekly(2, "NSDA -X", Slot(0), FRIDAY, zone=parse_zone(""))
    with pytest.raises(FormatError, match="NSDA -S"):
        process.write_process(MemoryFiles(), Process(entries=(entry,)))

    files.write(PROCESS, files.files[PROCESS][: 512 + 197] + layout.encode(entry))
    with pytest.raises(FormatError) as caught:
        process.read_process(files)
    assert (512 + 197 + 12, "command", "NSDA -X") == (caught.value.offset, caught.value.field, caught.value.got)


def test_a_minute_that_no_week_has_is_refused() -> None:
    """Sunday, 24 o'clock and later."""
    files = _schedule()
    entry = attrs.evolve(process.weekly(2, process.T1, Slot(0), FRIDAY, zone=parse_zone("")), minute=7 * 24 * 60)
    files.write(PROCESS, files.files[PROCESS][: 512 + 197] + layout.encode(entry))
    with pytest.raises(FormatError) as caught:
        process.read_process(files)

    assert (512 + 197 + 0x22, "minute", 40) == (caught.value.offset, caught.value.field, caught.value.code)


@pytest.mark.dx("T-194")
@given(at=st.integers(0, 512 + 2 * 197 - 1), bit=st.integers(0, 7))
def test_any_bit_that_flips_in_the_schedule_is_noticed(at: int, bit: int) -> None:
    """In the head and in the entries."""
    files = _schedule()
    data = bytearray(files.files[PROCESS])
    data[at] ^= 1 << bit
    files.write(PROCESS, bytes(data))
    with pytest.raises(FormatError) as caught:
        process.read_process(files)
    assert 40 == caught.value.code


@pytest.mark.dx("T-194")
@given(size=st.integers(0, 512 + 2 * 197 - 1))
def test_a_schedule_that_was_cut_anywhere_is_refused(size: int) -> None:
    """A run that is not in the schedule any more would be missed without a word."""
    files = _schedule()
    files.write(PROCESS, files.files[PROCESS][:size])
    with pytest.raises(FormatError):
        process.read_process(files)


def test_a_claim_is_one_program_s(tmp_path: Path) -> None:
    """A second Dispatch is told at once, also when the schedule is written meanwhile; the postoffice itself is free."""
    po = tree.create(tmp_path / "po", network="LAB", postoffice="PO1", durable=False)
    other = Maildata(po.root, durable=False, patience=0)
    with process.claimed(po):
        with other.change() as change:
            process.write_process(change, Process(head=ScheduleHead()))
        with pytest.raises(LockedError), process.claimed(other):
            pass
    with process.claimed(other), po.look() as files:
        assert [] == tree.check(files)
