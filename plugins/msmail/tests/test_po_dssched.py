"""DSSCHED and the schedule in ADMIN: the documented listing, the file both ways, and single entries."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.errors import FormatError, NotFoundError, UsageError
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.dirsyncconf import Srvconf, write_srvconf
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.process import COMMANDS, PROCESS, T1, T2, T3, WEEK, read_process, write_process
from dxa_msmail.postoffice.slots import Slot, parse_slot
from dxa_msmail.programs import dssched, scheduling
from tests.labs.dispatch import Clock

#: The schedule of the documented listing, in its order.
SAMPLE = b"T1 Sat 13:45\r\nT3 Mon 15:00\r\nT2 Mon 14:55\r\n"
TIMES = st.lists(st.tuples(st.sampled_from(COMMANDS), st.builds(Slot, st.integers(0, WEEK // 60 - 1))), max_size=12)


@pytest.fixture
def clock() -> Clock:
    """Sat Feb 26 1994, 08:00 in Los Angeles."""
    made = Clock()
    made.set("1994-02-26T08:00", "America/Los_Angeles")
    return made


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """The directory server of the documented listing."""
    made = tree.create(tmp_path / "PO", network="POLYNOMIAL", postoffice="MONTGOMERY", durable=False)
    with made.change() as change:
        write_srvconf(change, Srvconf())
    return made


def test_the_documented_listing(po: Maildata, clock: Clock) -> None:
    """KB Q96060, line by line; the banner says whose it is."""
    dssched.load(po, clock, SAMPLE, zone="PST8PDT")

    assert [
        "dxa msmail dssched, in the form of DSSched v3.2",
        "",
        "Examining POLYNOMIAL/MONTGOMERY Dir-Sync process times",
        "",
        " Record number 1",
        "Requestor sends updates (Dispatch runs NSDA -RT)",
        "Current time to run NSDA -RT: Sat Feb 26 13:45:00 1994",
        "",
        " Record number 2",
        "Requestor processes updates (Dispatch runs NSDA -RR)",
        "Current time to run NSDA -RR: Mon Feb 28 15:00:00 1994",
        "",
        " Record number 3",
        "Server process (Dispatch runs NSDA -S)",
        "Current time to run NSDA -S: Mon Feb 28 14:55:00 1994",
    ] == dssched.listing(po)
    assert dssched.export(po) == SAMPLE


def test_a_verbose_listing(po: Maildata, clock: Clock) -> None:
    """KB Q148718, line by line; the time zone behind it is ours."""
    clock.set("1995-12-22T12:00", "America/Los_Angeles")
    dssched.load(po, clock, b"T1 Fri 16:30", zone="PST8PDT")

    assert [
        " Record number 1",
        "ID = 1",
        "Requestor sends updates (Dispatch runs NSDA -RT)",
        "Current time to run NSDA -RT: Fri Dec 22 16:30:00 1995",
        "Run window is 8 hours (28800 seconds)",
        "Time after which this process will not run: Sat Dec 23 00:30:00 1995",
        "If this time is exceeded, an error (missed run window) is recorded.",
        "Next scheduled time is used instead of this time.",
        "This instance next runs on Fri Dec 29 16:30:00 1995",
        "Process comment: <null>",
        "Time zone: PST8PDT",
    ] == dssched.listing(po, verbose=True)[4:]


def test_windows_and_comments_in_a_verbose_listing(po: Maildata, clock: Clock) -> None:
    """Other windows than that of ADMIN 3.2, and a comment."""
    scheduling.add(po, clock, T1, [Slot(0)], zone="UTC", window=3600, comment="nightly")
    scheduling.add(po, clock, T3, [Slot(0)], window=5400)
    found = dssched.listing(po, verbose=True)

    assert ["Run window is 1 hour (3600 seconds)", "Run window is 1.5 hours (5400 seconds)"] == [
        line for line in found if line.startswith("Run window")
    ]
    assert ["nightly", "<null>"] == [line.partition(": ")[2] for line in found if line.startswith("Process comment")]


def test_a_zone_that_nobody_knows_here(po: Maildata, clock: Clock) -> None:
    """A schedule from elsewhere is shown all the same, by the hours that stand in it; a comment can be changed."""
    scheduling.add(po, clock, T1, [parse_slot("Sat 13:45")], zone="PST8PDT")
    with po.change() as change:
        found = read_process(change)
        assert found is not None
        entry = attrs.evolve(found.entries[0], zone_name="Mars/Olympus")
        write_process(change, attrs.evolve(found, entries=(entry,)))
    scheduling.modify(po, clock, 1, comment="far")

    assert "Current time to run NSDA -RT: Sat Feb 26 13:45:00 1994" in dssched.listing(po)
    assert ["Process comment: far", "Time zone: Mars/Olympus"] == dssched.listing(po, verbose=True)[-2:]


# -- files -----------------------------------------------------------------------------------------------------------


@given(TIMES)
def test_a_file_is_read_as_it_is_written(times: list[tuple[str, Slot]]) -> None:
    """Every command at every minute of the week, in its order."""
    assert times == dssched.read_times(dssched.write_times(times))


@settings(max_examples=25)
@given(TIMES, st.booleans())
def test_what_is_exported_is_what_was_imported(
    tmp_path_factory: pytest.TempPathFactory, times: list[tuple[str, Slot]], serves: bool
) -> None:
    """At a server all of it; a requestor ignores T2 (KB Q96060), and says which."""
    clock = Clock(762_000_000.0)
    po = tree.create(tmp_path_factory.mktemp("po") / "PO", network="LAB", postoffice="PO1", durable=False)
    if serves:
        with po.change() as change:
            write_srvconf(change, Srvconf())
    ignored = dssched.load(po, clock, dssched.write_times(times), zone="Europe/Berlin")
    wanted = [pair for pair in dict.fromkeys(times) if serves or pair[0] != T2]

    assert dssched.export(po) == dssched.write_times(wanted)
    assert ignored == [f"T2 {slot.text}" for command, slot in dict.fromkeys(times) if not serves and command == T2]
    assert all(clock.now < entry.run <= clock.now + WEEK + 3600 for entry in scheduling.entries(po))


@pytest.mark.parametrize("text", ["t1 mon 9:05", "T1  MON\t09:05  ", "\r\n\r\nT1 Mon 09:05\r\n\x1a"])
def test_a_file_that_somebody_typed(text: str) -> None:
    """Case, blanks, empty lines, and the end of file of MS-DOS."""
    assert [(T1, parse_slot("Mon 09:05"))] == dssched.read_times(text.encode())


def test_a_file_with_wrong_lines_changes_nothing(po: Maildata, clock: Clock) -> None:
    """All of them are named, with the first one's number."""
    dssched.load(po, clock, SAMPLE, zone="UTC")
    with pytest.raises(FormatError) as caught:
        dssched.load(po, clock, b"T1 Mon 22:00\r\nT4 Mon 22:00\r\nT1 Moo 22:00\r\nT1 mon-fri 22:00\r\nT1 Mon 25:00\r\n")

    assert 2 == caught.value.line
    for part in ("T1, T2 or T3", "line 3: 'Moo'", "line 4: ", "line 5: ", "Nothing has been changed"):
        assert part in str(caught.value)
    assert dssched.export(po) == SAMPLE


def test_entries_that_stay_keep_what_they_have(po: Maildata, clock: Clock) -> None:
    """Window, zone, comment, ID and a run that is waiting; others go, and new ones get numbers of their own."""
    scheduling.add(po, clock, T1, [parse_slot("Mon 22:00")], zone="Europe/Berlin", window=3600, comment="mine")
    scheduling.add(po, clock, T3, [parse_slot("Tue 02:00")])
    before = scheduling.entries(po)[0]
    clock.now += 10 * WEEK
    dssched.load(po, clock, b"T3 Wed 02:00\r\nT1 Mon 22:00\r\n")
    new, old = scheduling.entries(po)

    assert before == old
    assert (3, "Wed 02:00", "Europe/Berlin", 28800) == (new.id, new.slot.text, new.zone_name, new.window)


def test_a_damaged_schedule_is_made_anew(po: Maildata, clock: Clock) -> None:
    """The listing says that it is damaged; a file mends it."""
    (po.root / PROCESS).write_bytes(b"x" * 600)
    with pytest.raises(FormatError, match=r"PROCESS\.GLB"):
        dssched.listing(po)
    dssched.load(po, clock, SAMPLE, zone="UTC")

    assert dssched.export(po) == SAMPLE
    with po.look() as files:
        assert [] == tree.check(files)


def test_a_schedule_that_is_missing_is_made_anew(po: Maildata, clock: Clock) -> None:
    """Which is said to whoever looks at it."""
    (po.root / PROCESS).unlink()
    with pytest.raises(FormatError, match="dssched"):
        dssched.listing(po)
    dssched.load(po, clock, SAMPLE, zone="UTC")

    assert dssched.export(po) == SAMPLE


# -- single entries --------------------------------------------------------------------------------------------------


def test_entries_come_change_and_go(po: Maildata, clock: Clock) -> None:
    """Numbers are not used twice; another slot or zone is due for the first time anew."""
    first, second = scheduling.add(po, clock, T1, [parse_slot("Mon 22:00"), parse_slot("Tue 22:00")], zone="UTC")
    scheduling.remove(po, first.id)
    (third,) = scheduling.add(po, clock, T3, [parse_slot("Wed 2:00")])
    moved = scheduling.modify(po, clock, second.id, slot=parse_slot("Sun 1:00"), zone="Europe/Berlin")
    told = scheduling.modify(po, clock, third.id, window=60, comment="short")

    assert ((1, 2, 3), "UTC") == ((first.id, second.id, third.id), third.zone_name)
    assert ("1994-02-27T01:00+01:00", "Sun 01:00", -1) == (clock.wall(moved.run), moved.slot.text, moved.zone)
    assert (third.run, 60, "short") == (told.run, told.window, told.comment)
    assert (moved, told) == scheduling.entries(po)


@pytest.mark.parametrize("window", [0, -1, WEEK + 1])
def test_a_window_that_cannot_be(window: int, po: Maildata, clock: Clock) -> None:
    """It has one second to a week."""
    with pytest.raises(UsageError, match="one second to a week"):
        scheduling.add(po, clock, T1, [Slot(0)], window=window)


def test_one_time_is_there_once(po: Maildata, clock: Clock) -> None:
    """The same process at the same time of the same zone is refused, also by changing another entry."""
    scheduling.add(po, clock, T1, [Slot(0), Slot(60)], zone="UTC")
    scheduling.add(po, clock, T1, [Slot(0)], zone="Europe/Berlin")
    with pytest.raises(UsageError, match="there already, with the ID 1"):
        scheduling.add(po, clock, T1, [Slot(5), Slot(0)], zone="UTC")
    with pytest.raises(UsageError, match="there already"):
        scheduling.modify(po, clock, 2, slot=Slot(0))

    assert 3 == len(scheduling.entries(po))


def test_an_entry_that_is_not_there(po: Maildata, clock: Clock) -> None:
    """It is said where the IDs are shown."""
    with pytest.raises(NotFoundError, match="schedule list"):
        scheduling.remove(po, 7)
    with pytest.raises(NotFoundError, match="schedule list"):
        scheduling.modify(po, clock, 7, window=60)


def test_only_a_server_has_a_t2(tmp_path: Path, clock: Clock) -> None:
    """Error 161, and how it becomes one."""
    po = tree.create(tmp_path / "other", network="LAB", postoffice="PO1", durable=False)
    with pytest.raises(UsageError, match=r"\[161\].*admin ADMIN server LAB/PO1"):
        scheduling.add(po, clock, T2, [Slot(0)])


def test_a_shadow_postoffice_has_no_times(tmp_path: Path, clock: Clock) -> None:
    """KB Q149451: dxa runs its cycles by the schedule of the link."""
    po = tree.create(tmp_path / "shadow", network="LAB", postoffice="HQ", shadow=True, durable=False)
    for work in (lambda: scheduling.add(po, clock, T1, [Slot(0)]), lambda: dssched.listing(po)):
        with pytest.raises(UsageError, match=r"links\.NAME\.schedule"):
            work()
