"""Dispatch: what is due runs, once and in its order, whatever happens to postoffices, clocks and programs."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.errors import TransportError
from dxa_msmail.postoffice import letters, process, tree
from dxa_msmail.postoffice.dirsyncconf import SRVCONF
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.postoffice.process import CLAIM, PROCESS, T1, T2, T3, WEEK
from dxa_msmail.programs import admin, rebuild, reqmain, scheduling
from dxa_msmail.programs.dispatch.mail import Mover
from dxa_msmail.programs.dispatch.program import Dispatch
from dxa_msmail.programs.dispatch.state import Polled
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.srvmain import program as srvmain
from tests.labs.dispatch import HUB, Clock, Lab

NORTH, SOUTH = "NORTH/MAIN", "SOUTH/MAIN"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A server and two requestors, at the beginning of a Monday; nothing is scheduled."""
    clock = Clock()
    clock.set("2026-03-02T00:00")
    lab = Lab(tmp_path, clock)
    lab.make(HUB)
    for name in (NORTH, SOUTH):
        lab.make(name)
    lab.serve(NORTH, SOUTH)
    return lab


def dispatch(lab: Lab, *names: str, mail: bool = False, **options: Any) -> Dispatch:
    """Dispatch for these postoffices, all of them by default."""
    mover = Mover(lab.clock) if mail else None
    offices = [lab.po(name) for name in names or lab.names]
    return Dispatch(offices=offices, clock=lab.clock, mover=mover, **options)


def ran(polled: Polled) -> list[tuple[str, str]]:
    """Where what ran."""
    return [(each.postoffice, each.command) for each in polled.ran]


def texts(lines: list[str]) -> list[str]:
    """Lines of DISPATCH.LOG without instance and time."""
    return [line.split(" ", 3)[3] for line in lines]


# -- what is due ---------------------------------------------------------------------------------------------------


def test_nothing_runs_before_its_time(lab: Lab) -> None:
    """The table is looked at, which is logged; the next poll is when something is due, or after the interval."""
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T21:59")
    program = dispatch(lab, NORTH)

    assert Polled() == program.poll()
    assert ["DISPATCH 03/02/26 20:59 Checking the process table on NORTH\\MAIN"] == _stamped(lab.log(NORTH), lab)
    assert (60.0, 30.0) == (program.pause(1800), program.pause(30))


def _stamped(lines: list[str], lab: Lab) -> list[str]:
    """Lines whose time is that of this machine, as if it were in Greenwich."""
    local = f"{datetime.fromtimestamp(lab.clock.now):%m/%d/%y %H:%M}"
    return [line.replace(local, f"{datetime.fromtimestamp(lab.clock.now, UTC):%m/%d/%y %H:%M}") for line in lines]


def test_the_programs_of_each_time(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """NSDA -RT is REQMAIN -t, -S is SRVMAIN -r and -t, -RR is REQMAIN -r, IMPORT -q and REBUILD -f (KB Q132731)."""
    called: list[str] = []
    _note_calls(monkeypatch, called)
    lab.plan(HUB, "T1 Mon 20:00", "T2 Mon 22:00", "T3 Tue 0:00")
    program = dispatch(lab, HUB)
    runs = []
    for wall in ("2026-03-02T20:00", "2026-03-02T22:00", "2026-03-03T00:00"):
        lab.clock.set(wall)
        called.clear()
        runs.append((ran(program.poll()), list(called)))

    assert [
        ([(HUB, T1)], ["reqmain.transmit"]),
        ([(HUB, T2)], ["srvmain.receive", "srvmain.transmit"]),
        ([(HUB, T3)], ["reqmain.receive", "importing.run_queue", "rebuild.rebuild force"]),
    ] == runs


def _note_calls(monkeypatch: pytest.MonkeyPatch, called: list[str]) -> None:
    """Let each program say that it was called, and do what it does."""

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            called.append(" ".join([name, *(key for key, value in options.items() if value)]))
            return function(*arguments, **options)

        return noted

    programs = {"reqmain": reqmain, "srvmain": srvmain, "importing": importing, "rebuild": rebuild}
    for called_as in (
        "reqmain.transmit",
        "reqmain.receive",
        "srvmain.transmit",
        "srvmain.receive",
        "importing.run_queue",
        "rebuild.rebuild",
    ):
        program, _, name = called_as.partition(".")
        monkeypatch.setattr(programs[program], name, noting(called_as, getattr(programs[program], name)))


def test_an_entry_runs_once_and_again_after_a_week(lab: Lab) -> None:
    """What follows stands in PROCESS.GLB; the log has the documented lines (KB Q148705, Q139034)."""
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T22:03")
    program = dispatch(lab, NORTH, instance="INST1")
    first, second = program.poll(), program.poll()
    (entry,) = scheduling.entries(lab.po(NORTH))

    assert ([(NORTH, T1)], []) == (ran(first), ran(second))
    assert ("2026-03-09T22:00+01:00", WEEK) == (lab.clock.wall(entry.run), entry.next_run - entry.run)
    assert [
        "Checking the process table on NORTH\\MAIN",
        'Running "NSDA -RT"',
        '"NSDA -RT" terminated normally with exit code 64',
        "Checking the process table on NORTH\\MAIN",
    ] == texts(lab.log(NORTH))
    assert {"INST1"} == {line.split()[0] for line in lab.log(NORTH)}


@pytest.mark.dx("T-174")
def test_a_time_that_comes_while_dispatch_starts_is_not_lost(lab: Lab) -> None:
    """What is remembered stands in the file: the first poll of a new Dispatch runs what came before it."""
    lab.plan(NORTH, "T1 Mon 22:00", "T3 Tue 2:00")
    lab.clock.set("2026-03-02T21:59")
    dispatch(lab, NORTH).poll()
    lab.clock.set("2026-03-02T22:30")

    assert [(NORTH, T1)] == ran(dispatch(lab, NORTH).poll())


@pytest.mark.dx("T-169")
@pytest.mark.parametrize(("late", "runs", "missed"), [("T06:00", 1, 0), ("T06:01", 0, 1)])
def test_what_is_late_runs_within_its_window(late: str, runs: int, missed: int, lab: Lab) -> None:
    """Eight hours as ADMIN 3.2 sets them; behind them it is logged as missed, and the next week's time counts."""
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set(f"2026-03-03{late}")
    program = dispatch(lab, NORTH)
    polled = program.poll()
    (entry,) = scheduling.entries(lab.po(NORTH))

    assert (runs, missed) == (len(polled.ran), len(polled.missed))
    assert "2026-03-09T22:00+01:00" == lab.clock.wall(entry.run)
    assert (missed == 1) == ("NSDA -RT missed its run window" in texts(lab.log(NORTH)))


@pytest.mark.dx("T-169")
def test_each_entry_has_its_own_window(lab: Lab) -> None:
    """Four hours as ADMIN 3.0 set them (KB Q119590)."""
    lab.plan(NORTH, "T1 Mon 22:00")
    scheduling.modify(lab.po(NORTH), lab.clock, 1, window=4 * 3600)
    lab.clock.set("2026-03-03T02:01")

    assert [(NORTH, T1)] == [each[:2] for each in dispatch(lab, NORTH).poll().missed]


@pytest.mark.dx("T-169")
def test_an_outage_of_weeks(lab: Lab) -> None:
    """Each time that passed is missed and said to be; the one whose window is still open runs, in the same poll."""
    told: list[str] = []
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-23T23:00")
    polled = dispatch(lab, NORTH, tell=told.append).poll()

    assert 3 == len(polled.missed) == texts(lab.log(NORTH)).count("NSDA -RT missed its run window")
    assert [(NORTH, T1)] == ran(polled)
    assert f"{NORTH}: NSDA -RT missed its run window, which began Mon Mar  2 22:00:00 2026" == told[0]
    assert "2026-03-30T22:00+02:00" == lab.clock.wall(scheduling.entries(lab.po(NORTH))[0].run)


def test_a_schedule_of_another_decade(lab: Lab) -> None:
    """Postoffices come back from the attic: what was missed is counted, not told line by line."""
    lab.clock.set("2019-01-07T21:00")
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T12:00")
    polled = dispatch(lab, NORTH).poll()

    assert 373 == len(polled.missed)
    assert 100 == texts(lab.log(NORTH)).count("NSDA -RT missed its run window")
    assert "NORTH/MAIN: 273 more runs of NSDA -RT were missed" == texts(lab.log(NORTH))[-1]
    assert "2026-03-02T22:00+01:00" == lab.clock.wall(scheduling.entries(lab.po(NORTH))[0].run)


def test_a_clock_that_is_set_back_stops_nothing(lab: Lab) -> None:
    """An entry that a wrong clock has put years ahead gets the next time of its slot."""
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2031-03-03T22:00")
    dispatch(lab, NORTH).poll()
    lab.clock.set("2026-03-02T22:05")
    program = dispatch(lab, NORTH)

    assert ([], []) == (program.poll().ran, program.poll().missed)
    assert "2026-03-09T22:00+01:00" == lab.clock.wall(scheduling.entries(lab.po(NORTH))[0].run)


@pytest.mark.dx("T-170")
@pytest.mark.parametrize("start", ["2026-03-16", "2026-10-12"])
def test_clocks_that_are_changed_neither_double_nor_lose_a_run(start: str, lab: Lab) -> None:
    """In weeks around a change each slot runs once a week, at its time of the wall clock; also in the hour itself."""
    lab.clock.set(f"{start}T00:00")
    lab.plan(NORTH, "T1 Sun 2:30", "T3 Mon 22:00")
    program = dispatch(lab, NORTH)
    found: list[tuple[str, str]] = []
    end = lab.clock.now + 3 * WEEK
    while lab.clock.now < end:
        found += [(each.command, lab.clock.wall()[11:16]) for each in program.poll().ran]
        lab.clock.now += program.pause(2 * WEEK)

    gap = "03:30" if start == "2026-03-16" else "02:30"
    assert [(T1, "02:30"), (T1, "02:30"), (T1, gap)] == sorted(pair for pair in found if pair[0] == T1)
    assert [(T3, "22:00")] * 3 == [pair for pair in found if pair[0] == T3]


def test_what_is_due_at_several_postoffices_runs_in_the_order_of_its_times(lab: Lab) -> None:
    """A cycle that is made up for is still one: all T1, then T2, then all T3, and mail moves in between."""
    for name in lab.names:
        lab.plan(name, "T1 Mon 22:00", "T3 Tue 2:00")
    lab.plan(HUB, "T2 Tue 0:00")
    lab.clock.set("2026-03-03T05:00")
    polled = dispatch(lab, mail=True).poll()

    assert [(name, T1) for name in lab.names] + [(HUB, T2)] + [(name, T3) for name in lab.names] == ran(polled)
    assert polled.moved
    assert 1 == len({frozenset(lab.names_in(name)) for name in lab.names})
    assert {"HUB/MAIN/HUB", "NORTH/MAIN/NORTH", "SOUTH/MAIN/SOUTH"} == lab.names_in(SOUTH)
    assert [] == list(lab.problems())


# -- what fails ----------------------------------------------------------------------------------------------------


def test_when_srvmain_r_fails_srvmain_t_is_not_started(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """KB Q127752; exit code 65, and the reason."""
    called: list[str] = []
    _note_calls(monkeypatch, called)
    lab.plan(HUB, "T2 Mon 22:00")
    (lab.root(HUB) / SRVCONF).write_bytes(b"damaged")
    lab.clock.set("2026-03-02T22:00")
    polled = dispatch(lab, HUB).poll()

    assert ["srvmain.receive"] == called
    assert [65] == [each.ended.code for each in polled.ran]
    assert '"NSDA -S" terminated abnormally with exit code 65' in texts(lab.log())
    assert any("GLB/SRVCONF.GLB" in line for line in texts(lab.log()))


def test_a_demoted_server_is_told_161_and_nothing_else(lab: Lab) -> None:
    """KB Q136487: its NSDA -S entries were left behind; the error comes once a week, and other times run."""
    lab.plan(HUB, "T2 Mon 22:00")
    (lab.root(HUB) / SRVCONF).unlink()
    lab.clock.set("2026-03-02T22:00")
    program = dispatch(lab, HUB)
    before = _tree(lab.root(HUB))
    first = program.poll()
    lab.clock.set("2026-03-03T03:00")

    assert [(65, False)] == [(each.ended.code, each.ended.passing) for each in first.ran]
    assert first.ran[0].ended.reason.startswith("[161] ")
    logs = {"LOG/DIRSYNC.LOG", "LOG/DSSERVER.LOG", "LOG/DISPATCH.LOG"}
    assert {PROCESS, CLAIM, *logs} == _changed(before, _tree(lab.root(HUB)))
    assert any("Fatal  [161]" in line for line in lab.log(HUB, "DIRSYNC.LOG"))
    assert [] == program.poll().ran


def _tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_programs_that_are_not_there(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 (KB Q132731)."""
    lab.plan(HUB, "T2 Mon 22:00")
    lab.clock.set("2026-03-02T22:00")
    monkeypatch.setitem(sys.modules, "dxa_msmail.programs.srvmain.program", None)
    monkeypatch.delattr("dxa_msmail.programs.srvmain.program")
    polled = dispatch(lab, HUB).poll()

    assert [2] == [each.ended.code for each in polled.ran]
    assert '"NSDA -S" terminated abnormally with exit code 2' in texts(lab.log())


def test_one_postoffice_does_not_stop_the_others(lab: Lab) -> None:
    """One is gone, one has a damaged schedule: the third runs."""
    for name in lab.names:
        lab.plan(name, "T1 Mon 22:00")
    shutil.rmtree(lab.root(NORTH))
    (lab.root(SOUTH) / PROCESS).write_bytes(b"x" * 600)
    lab.clock.set("2026-03-02T22:00")
    polled = dispatch(lab).poll()

    assert [(HUB, T1)] == ran(polled)
    assert 2 == len(polled.troubles)
    assert "no such folder" in polled.troubles[0]
    assert "GLB/PROCESS.GLB" in polled.troubles[1]


@pytest.mark.dx("T-177")
def test_a_locked_postoffice_is_told_once_and_tried_again(lab: Lab) -> None:
    """After one minute, two, four …, at most a quarter of an hour; when it is free what is due runs."""
    told: list[str] = []
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T22:00")
    program = dispatch(lab, NORTH, tell=told.append)
    pauses, troubles = [], 0
    with locked(lab.root(NORTH)):
        for _ in range(7):
            troubles += len(program.poll().troubles)
            pauses.append(program.pause(1800))
            lab.clock.now += pauses[-1]
    freed = program.poll()

    assert [60, 120, 240, 480, 900, 900, 900] == pauses
    assert 1 == troubles
    assert [(NORTH, T1)] == ran(freed)
    assert 3 == len(told)
    assert "[91]" in told[0]
    assert f"{NORTH} can be used again" == told[-1]


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Somebody else is at work on a postoffice."""
    handle = os.open(root / "GLB/FLAG.GLB", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@pytest.mark.dx("T-177")
def test_a_program_that_fails_for_now_is_tried_again_within_the_window(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure is logged once; what then works is logged, too, and the slot counts as run."""
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T22:00")
    program, transmit = dispatch(lab, NORTH), reqmain.transmit

    def full(*_: object) -> None:
        raise TransportError("[113] the disk is full")

    monkeypatch.setattr(reqmain, "transmit", full)
    codes = []
    for _ in range(4):
        codes += [each.ended.code for each in program.poll().ran]
        lab.clock.now += program.pause(1800)
    monkeypatch.setattr(reqmain, "transmit", transmit)
    codes += [each.ended.code for each in program.poll().ran]

    assert [65, 65, 65, 65, 64] == codes
    lines = texts(lab.log(NORTH))
    assert 1 == lines.count('"NSDA -RT" terminated abnormally with exit code 65')
    assert 1 == lines.count('"NSDA -RT" terminated normally with exit code 64')
    assert "2026-03-09T22:00+01:00" == lab.clock.wall(scheduling.entries(lab.po(NORTH))[0].run)


def test_a_turn_that_cannot_be_stored_is_not_taken_twice(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the schedule cannot be written behind a run, only that is tried again."""
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T22:00")
    program, rearm = dispatch(lab, NORTH), scheduling.rearm

    def refuse(*_: object) -> None:
        raise TransportError("no space left")

    monkeypatch.setattr(scheduling, "rearm", refuse)
    first = program.poll()
    monkeypatch.setattr(scheduling, "rearm", rearm)
    lab.clock.now += program.pause(1800)
    second = program.poll()

    assert ([(NORTH, T1)], []) == (ran(first), ran(second))
    assert "2026-03-09T22:00+01:00" == lab.clock.wall(scheduling.entries(lab.po(NORTH))[0].run)


def test_two_dispatches_run_a_process_once(lab: Lab) -> None:
    """While one has it the other leaves it alone, and looks again in a minute."""
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T22:00")
    other = dispatch(lab, NORTH)
    with process.claimed(lab.po(NORTH)):
        assert Polled() == other.poll()
    assert 60.0 == other.pause(1800)
    assert [(NORTH, T1)] == ran(dispatch(lab, NORTH).poll())
    assert [] == ran(other.poll())


def test_admin_takes_an_entry_away_while_it_runs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a run never brings back what somebody has removed meanwhile."""
    lab.plan(NORTH, "T1 Mon 22:00", "T3 Tue 2:00")
    lab.clock.set("2026-03-02T22:00")
    transmit = reqmain.transmit

    def slow(po: Maildata, clock: Callable[[], float]) -> object:
        scheduling.remove(po, 1)
        return transmit(po, clock)

    monkeypatch.setattr(reqmain, "transmit", slow)
    assert [(NORTH, T1)] == ran(dispatch(lab, NORTH).poll())
    assert ["T3"] == [entry.time for entry in scheduling.entries(lab.po(NORTH))]


def test_a_zone_that_is_not_known_any_more(lab: Lab) -> None:
    """The entry runs, and a week's seconds are added, as Dispatch did."""
    lab.plan(NORTH, "T1 Mon 22:00")
    with lab.po(NORTH).change() as change:
        found = process.read_process(change)
        assert found is not None
        entry = attrs.evolve(found.entries[0], zone_name="Mars/Olympus")
        process.write_process(change, attrs.evolve(found, entries=(entry,)))
    lab.clock.set("2026-03-02T22:00")

    assert [(NORTH, T1)] == ran(dispatch(lab, NORTH).poll())
    assert WEEK == scheduling.entries(lab.po(NORTH))[0].run - entry.run


# -- the end of it -------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-229")
def test_it_ends_between_two_programs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has begun comes to its end, the next program is not started, and the turn is taken anew next time."""
    called: list[str] = []
    _note_calls(monkeypatch, called)
    lab.plan(HUB, "T2 Mon 22:00")
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T22:00")
    polled = dispatch(lab, HUB, stop=lambda: bool(called)).poll()

    assert (["srvmain.receive"], []) == (called, polled.ran)
    assert [(HUB, T2), (NORTH, T1)] == sorted(ran(dispatch(lab, HUB, NORTH).poll()))


# -- reply on arrival ----------------------------------------------------------------------------------------------


@pytest.mark.dx("T-168")
def test_the_server_answers_so_long_after_a_request(lab: Lab) -> None:
    """With a delay of ten minutes the answer is there before T2; the schedule stays as it is."""
    lab.plan(HUB, "T2 Tue 0:00")
    lab.clock.set("2026-03-02T20:00")
    reqmain.transmit(lab.po(NORTH), lab.clock)
    program = dispatch(lab, HUB, NORTH, mail=True, answer_after=600)
    first = program.poll()
    pause = program.pause(1800)
    lab.clock.now += pause
    second = program.poll()
    reqmain.receive(lab.po(NORTH), lab.clock)

    assert ([], 600.0) == (ran(first), pause)
    assert [(HUB, T2, 0)] == [(each.postoffice, each.command, each.due) for each in second.ran]
    assert "2026-03-03T00:00+01:00" == lab.clock.wall(scheduling.entries(lab.po(HUB))[0].run)
    assert [] == program.poll().ran


@pytest.mark.dx("T-168")
def test_the_server_answers_at_once(lab: Lab) -> None:
    """In the poll in which the request comes; where nobody asks nothing runs."""
    program = dispatch(lab, HUB, NORTH, mail=True, answer_after=0)
    quiet = program.poll()
    reqmain.transmit(lab.po(NORTH), lab.clock)
    asked = program.poll()
    reqmain.receive(lab.po(NORTH), lab.clock)
    importing.run_queue(lab.po(NORTH), lab.clock)

    assert ([], [(HUB, T2)]) == (ran(quiet), ran(asked))


# -- mail ----------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-177")
def test_a_way_that_is_closed_is_told_once_and_new_mail_is_moved_at_once(lab: Lab) -> None:
    """EXTERNAL is not run for the same letters again and again; what comes for somebody else does not wait for them."""
    told: list[str] = []
    lab.clock.set("2026-03-02T22:00")
    reqmain.transmit(lab.po(NORTH), lab.clock)
    aside = lab.root(HUB).with_suffix(".away")
    lab.root(HUB).rename(aside)
    program = dispatch(lab, NORTH, mail=True, tell=told.append)
    polls = []
    for _ in range(4):
        polls.append(program.poll())
        lab.clock.now += 30
    runs = sum("Begin EXTERNAL" in line for line in lab.log(NORTH, "DIRSYNC.LOG"))
    letter = Letter(sender=f"{NORTH}/NORTH", to=(f"{NORTH}/NORTH",), time=datetime(2026, 3, 2), subject="here")
    with lab.po(NORTH).change() as change:
        letters.submit(change, letter, now=lab.clock.now)
    local = program.poll()
    aside.rename(lab.root(HUB))
    lab.clock.now += 900
    open_again = program.poll()

    assert ([0, 0, 0, 0], [[]] * 4) == ([each.moved for each in polls], [each.troubles for each in polls])
    assert (1, 2) == (sum("mail waits" in line for line in told), runs)
    assert (1, 1) == (local.moved, open_again.moved)


# -- which postoffices ---------------------------------------------------------------------------------------------


def test_dynamic_postoffices_are_those_with_a_direct_route(lab: Lab) -> None:
    """KB Q96060, B: External's table is Dispatch's, too. One that is not connected now is told once."""
    for name in lab.names:
        lab.plan(name, "T1 Mon 22:00")
    shadow = tree.create(lab.folder / "shadow", network="LAB", postoffice="HQ", shadow=True, durable=False)
    admin.add_postoffice(lab.po(HUB), "LAB/HQ", route=direct(str(shadow.root)))
    aside = lab.root(SOUTH).with_suffix(".away")
    lab.root(SOUTH).rename(aside)
    lab.clock.set("2026-03-02T22:00")
    program = dispatch(lab, HUB, dynamic=True)
    first = program.poll()
    aside.rename(lab.root(SOUTH))
    lab.clock.now += program.pause(1800)
    second = program.poll()

    assert ([(HUB, T1), (NORTH, T1)], 1) == (ran(first), len(first.troubles))
    assert ([(SOUTH, T1)], 0) == (ran(second), len(second.troubles))


def test_a_shadow_postoffice_has_nothing_to_dispatch(lab: Lab) -> None:
    """KB Q149451: it has no PROCESS.GLB; who names one is told that dxa runs its cycles."""
    shadow = tree.create(lab.folder / "shadow", network="LAB", postoffice="HQ", shadow=True, durable=False)
    polled = Dispatch(offices=[shadow], clock=lab.clock).poll()

    assert 1 == len(polled.troubles)
    assert "LAB/HQ is a shadow postoffice" in polled.troubles[0]


def test_a_log_that_cannot_be_written_stops_nothing(lab: Lab) -> None:
    """It is told once."""
    told: list[str] = []
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T22:00")
    shutil.rmtree(lab.root(HUB))
    program = dispatch(lab, HUB, NORTH, tell=told.append)

    assert [(NORTH, T1)] == ran(program.poll())
    assert 1 == sum("DISPATCH.LOG cannot be written" in line for line in told)
