"""Processes at one postoffice at the same time: they wait for each other, and nobody ever sees half of a change."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from dxa_msmail.postoffice import gal, letters, mailbag, maildata, networks, queue, tree
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.queue import REQTRANS
from dxa_msmail.postoffice.users import NewUser, users
from dxa_msmail.programs import admin, rebuild
from dxa_msmail.programs.external import program as external

NOW = 1_000_000_000.0
#: Two files that are always changed together.
PAIR = ("GLB/GLOBAL.GLB", "GLB/MODEM.GLB")
SIZES = (512, 64)
PROCESSES = multiprocessing.get_context("fork")


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """A new postoffice, whose programs wait for as long as it takes."""
    root = tree.create(tmp_path / "po", network="LAB", postoffice="PO1", durable=False).root
    return Maildata(root, patience=60.0, durable=False)


def _clock() -> float:
    return NOW


def together(*works: Callable[[], object], meanwhile: tuple[Callable[[], object], ...] = ()) -> list[str]:
    """Run each work in a process of its own, and the others again and again until these are done; what went wrong."""
    wrong = PROCESSES.Queue()
    done = PROCESSES.Event()

    def once(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException:
            wrong.put(traceback.format_exc())

    def always(work: Callable[[], object], done: Event) -> None:
        while not done.is_set():
            once(work)

    watching = [PROCESSES.Process(target=always, args=(work, done)) for work in meanwhile]
    working = [PROCESSES.Process(target=once, args=(work,)) for work in works]
    for process in (*watching, *working):
        process.start()
    for process in working:
        process.join(120)
    done.set()
    for process in watching:
        process.join(60)
    found = []
    while not wrong.empty():
        found.append(wrong.get())
    return found


def count_up(po: Maildata) -> None:
    """One change of both files."""
    with po.change() as change:
        first, second = (int.from_bytes(change.read(name) or b"", "little") for name in PAIR)
        assert first == second
        for name, size in zip(PAIR, SIZES, strict=True):
            change.write(name, (first + 1).to_bytes(size, "little"))


def counted(po: Maildata) -> int:
    """How often that was done; both files say the same."""
    with po.look() as files:
        first = int.from_bytes(files.read(PAIR[0]) or b"", "little")
        time.sleep(0.001)
        second = int.from_bytes(files.read(PAIR[1]) or b"", "little")
    assert first == second
    return first


def test_changes_of_many_processes_are_all_done(po: Maildata) -> None:
    """None is lost, none is refused, and those who look all the time see each as a whole."""

    def work() -> None:
        for _ in range(15):
            count_up(po)

    assert [] == together(*[work] * 4, meanwhile=(lambda: counted(po),) * 2)
    assert 60 == counted(po)


def test_who_only_looks_keeps_nobody_out(po: Maildata) -> None:
    """However many they are: who has to write gets his turn, and in a short time."""
    waits = PROCESSES.Queue()

    def work() -> None:
        for _ in range(10):
            begin = time.monotonic()
            count_up(po)
            waits.put(time.monotonic() - begin)

    assert [] == together(work, meanwhile=(lambda: counted(po),) * 6)
    assert max(waits.get() for _ in range(10)) < 10


def test_a_process_that_is_killed_leaves_all_of_a_change_or_nothing(po: Maildata) -> None:
    """Whenever it is, and the next one goes on at once."""

    def work() -> None:
        while True:
            count_up(po)

    last = 0
    for n in range(12):
        process = PROCESSES.Process(target=work)
        process.start()
        time.sleep(0.02 + n * 0.003)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
        count_up(po)
        assert counted(po) > last
        last = counted(po)
    with po.look() as files:
        assert [] == [name for name in files.names("DXA") if name != "SEEN"]


def test_programs_at_the_same_time(po: Maildata) -> None:
    """Users are added and deleted, the global list is rebuilt: each is told once, and no look finds anything wrong."""
    with po.change() as change:
        networks.add_postoffice(change, "LAB/HQ")
    admin.register_server(po, "LAB/HQ")

    def adds(first: int) -> None:
        for n in range(first, first + 5):
            admin.add_user(po, _clock, NewUser(name=f"Name {n}", mailbox=f"U{n}"))
        admin.delete_user(po, _clock, f"U{first}")

    def look() -> None:
        with po.look() as files:
            assert [] == tree.check(files)
            names = {entry.name for entry in gal.read_gal(files)}
            assert names <= {f"Name {n}" for n in range(40)}

    rebuilds = lambda: rebuild.rebuild(po, _clock)  # noqa: E731
    wrong = together(*[lambda n=n: adds(n) for n in (0, 10, 20)], meanwhile=(rebuilds, look))

    assert [] == wrong
    rebuild.rebuild(po, _clock)
    with po.look() as files:
        assert 12 == len(users(files)) == len(gal.read_gal(files))
        records = queue.read_file(files, REQTRANS).records
        assert [] == tree.check(files)
    assert list(range(1, 19)) == [record.number for record in records]
    assert {"A": 15, "D": 3} == Counter(record.text[0] for record in records)


def test_letters_are_carried_once(po: Maildata) -> None:
    """By however many at the same time, while new ones are written."""
    there = tree.create(po.root.parent / "there", network="LAB", postoffice="PO2", durable=False)
    admin.add_user(there, _clock, NewUser(name="Ann", mailbox="ANN"))
    with po.change() as change:
        networks.add_postoffice(change, "LAB/PO2", route=networks.direct("../there"))

    def writes(first: int) -> None:
        for n in range(first, first + 15):
            when = datetime(2001, 9, 9, 1, 46)
            letter = Letter(sender="LAB/PO1/BO", to=("LAB/PO2/ANN",), time=when, subject=f"letter {n}")
            with po.change() as change:
                letters.submit(change, letter)

    carries = lambda: external.run(po, _clock)  # noqa: E731
    assert [] == together(*[lambda n=n: writes(n) for n in (0, 15)], meanwhile=(carries,) * 3)

    external.run(po, _clock)
    with there.look() as files:
        (ann,) = users(files)
        found = [header.subject for _, header in mailbag.headers(files, ann.hexid)]
        assert [] == tree.check(files)
    with po.look() as files:
        assert ([], 0) == (tree.check(files), mailbag.depth(files, INQUEUE))
    assert sorted(f"letter {n}" for n in range(30)) == sorted(found)


@pytest.mark.dx("T-176")
def test_a_log_of_many_processes_has_whole_lines(po: Maildata, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is cut: of each process the lines that are left are the last ones, without a hole."""
    monkeypatch.setattr(maildata, "LOG_SIZE", 20_000)

    def writes(who: int) -> None:
        for n in range(200):
            po.log("LOG/DIRSYNC.LOG", b"%d %d %s\r\n" % (who, n, b"x" * 200))

    assert [] == together(*[lambda n=n: writes(n) for n in range(4)])

    data = (po.root / "LOG" / "DIRSYNC.LOG").read_bytes()
    rows = [line.split(b" ") for line in data.removesuffix(b"\r\n").split(b"\r\n")]
    assert {b"x" * 200} == {row[2] for row in rows}
    for who in {row[0] for row in rows}:
        numbers = [int(row[1]) for row in rows if row[0] == who]
        assert list(range(numbers[0], 200)) == numbers
