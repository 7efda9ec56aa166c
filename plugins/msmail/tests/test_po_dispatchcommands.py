"""``dxa msmail dispatch``, ``dssched`` and ``admin ADMIN schedule``: what is typed, and what is said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from dxa.cli.lazy import PluginGroup
from dxa_msmail import plugin
from dxa_msmail.postoffice.process import T1, T2, T3
from dxa_msmail.programs import scheduling
from tests.labs.dispatch import BERLIN, HUB, Clock, Lab

MSMAIL = PluginGroup("msmail", dict(plugin.dxa_commands()))
NORTH = "NORTH/MAIN"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock of the commands: a Monday noon in Berlin."""
    made = Clock()
    made.set("2026-03-02T12:00")
    monkeypatch.setattr(time, "time", made)
    monkeypatch.setattr("tzlocal.get_localzone", lambda: ZoneInfo(BERLIN))
    monkeypatch.setenv("TZ", BERLIN)
    time.tzset()
    yield made
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def lab(tmp_path: Path, clock: Clock) -> Lab:
    """A server and a requestor."""
    made = Lab(tmp_path, clock)
    made.make(HUB)
    made.make(NORTH)
    made.serve(NORTH)
    return made


def run(*arguments: object) -> Result:
    """Run a command below `dxa msmail`."""
    return CliRunner().invoke(MSMAIL, [str(argument) for argument in arguments])


def said(*arguments: object, status: int = 0) -> str:
    """What it prints, without the folds of long lines."""
    result = run(*arguments)
    assert status == result.exit_code, result.output
    return " ".join(result.output.split())


def test_a_schedule_is_made_and_shown(lab: Lab) -> None:
    """Slots of several days are entries of their own; the default zone is this machine's."""
    root = lab.root(NORTH)
    added = said("admin", "HUB", "-d", root, "schedule", "add", "T1", "mon,tue", "22:00", "--comment", "nightly")
    said("admin", "HUB", "-d", root, "schedule", "add", "t3", "Tue 2:00", "--window", "4")
    changed = said("admin", "HUB", "-d", root, "schedule", "change", "2", "--when", "Wed 23:00", "--zone", "PST8PDT")
    removed = said("admin", "HUB", "-d", root, "schedule", "remove", "1")
    listed = json.loads(run("admin", "HUB", "-d", root, "schedule", "list", "--json").output)

    assert (
        "1: T1 Mon 22:00 (Europe/Berlin), next on Mon Mar 2 22:00:00 2026. "
        "2: T1 Tue 22:00 (Europe/Berlin), next on Tue Mar 3 22:00:00 2026."
    ) == added
    assert "2: T1 Wed 23:00 (PST8PDT), next on Wed Mar 4 23:00:00 2026." == changed
    assert "1: T1 Mon 22:00 is not in the schedule any more." == removed
    assert [
        (2, "T1", T1, "Wed 23:00", "PST8PDT", 28800, "nightly"),
        (3, "T3", T3, "Tue 02:00", BERLIN, 14400, ""),
    ] == [
        tuple(each[key] for key in ("id", "time", "command", "slot", "zone", "window", "comment"))
        for each in listed["entries"]
    ]
    assert "3 T3 Tue 02:00 Europe/Berlin 4 h 2 entries" in said("admin", "HUB", "-d", root, "schedule", "list")


def test_dssched_lists_writes_and_reads(lab: Lab, tmp_path: Path) -> None:
    """The switches of the original; T2 lines are ignored at a requestor, and named."""
    times, copy = tmp_path / "times.txt", tmp_path / "copy.txt"
    times.write_bytes(b"T1 Mon 22:00\r\nT2 Tue 00:00\r\nT3 Tue 02:00\r\n")
    out = run("dssched", "HUB", "-i", times, "-x", copy, "-v", "-d", lab.root(NORTH), "--zone", "UTC").output

    assert "Examining NORTH/MAIN Dir-Sync process times\n\n Record number 1\nID = 1\n" in out
    assert out.endswith("\nIgnored, for this is no directory server: T2 Tue 00:00.\n")
    assert b"T1 Mon 22:00\r\nT3 Tue 02:00\r\n" == copy.read_bytes()


def test_dssched_with_a_wrong_file(lab: Lab, tmp_path: Path) -> None:
    """The line is named, and nothing is written."""
    times = tmp_path / "times.txt"
    times.write_bytes(b"T1 Mon 22:00\r\nT1 Mon\r\n")
    result = run("dssched", "HUB", "-i", times, "-d", lab.root(NORTH))

    assert "line 2" in str(result.exception)
    assert () == scheduling.entries(lab.po(NORTH))


def test_one_look(lab: Lab) -> None:
    """`--once` runs what is due, says it, and ends; the JSON has the same."""
    lab.plan(NORTH, "T1 Mon 22:00", "T3 Mon 23:00")
    lab.plan(HUB, "T2 Mon 12:30")
    quiet = said("dispatch", "--once", "-d", lab.root(HUB), "-d", lab.root(NORTH))
    lab.clock.set("2026-03-02T22:05")
    plain = json.loads(run("dispatch", "--once", "--json", "-d", lab.root(HUB)).output)
    loud = said("dispatch", "--once", "-d", lab.root(NORTH), "--instance", "INST1")

    assert "Nothing is due." == quiet
    assert [] == plain["ran"]
    assert [{"postoffice": HUB, "command": T2}] == [
        {k: e[k] for k in ("postoffice", "command")} for e in plain["missed"]
    ]
    assert f"2026-03-02 22:05 {NORTH}: NSDA -RT ended with exit code 64" == loud
    assert lab.log(NORTH)[0].startswith("INST1 03/02/26 22:05 Checking")


def test_trouble_is_an_exit_status(lab: Lab, tmp_path: Path) -> None:
    """1, and what is wrong; the others have run."""
    lab.plan(NORTH, "T1 Mon 22:00")
    lab.clock.set("2026-03-02T22:05")
    out = said("dispatch", "--once", "-d", lab.root(NORTH), "-d", tmp_path / "nowhere", status=1)

    assert "NSDA -RT ended with exit code 64" in out
    assert "no such folder" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("dispatch",), "-d"),
        (("dispatch", "-d", ".", "--json"), "--once"),
        (("dispatch", "-d", ".", "--instance", "two words"), "one word"),
        (("dssched", "HUB", "--zone", "UTC"), "-i"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], expected: str, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said what goes with what."""
    monkeypatch.chdir(lab.root(HUB))
    result = run(*arguments)

    assert 2 == result.exit_code
    assert expected in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.dx("T-229")
def test_a_process_that_runs_until_it_is_stopped(number: signal.Signals, tmp_path: Path) -> None:
    """It polls, moves the mail, waits, and ends with status 0 and without a traceback."""
    lab = Lab(tmp_path, Clock(time.time() - 7 * 86400))
    lab.make(HUB)
    lab.make(NORTH)
    lab.serve(NORTH)
    due = time.strftime("%a %H:%M", time.gmtime(time.time() - 7200))
    lab.plan(NORTH, f"T1 {due}", zone="UTC")
    lab.clock.now = time.time()
    command = [sys.executable, "-c", "import sys; from dxa.cli import main; sys.exit(main())", "msmail", "dispatch"]
    folders = ["-d", str(lab.root(HUB)), "-d", str(lab.root(NORTH))]
    with subprocess.Popen(
        [*command, *folders, "--external", "--interval", "3600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert f"{NORTH}: NSDA -RT ended with exit code 64" in first
    assert (0, "") == (process.returncode, err)
    assert "Stopped." == out.splitlines()[-1]
