"""RESYNC.GLB as a postoffice that is the directory server makes it (import -s), and what becomes of who takes it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from dxa.entry import Verb
from dxa.errors import NotFoundError, UsageError
from dxa_msmail.commands.admin import admin as admin_command
from dxa_msmail.postoffice import resync as codec
from dxa_msmail.postoffice.queue import RESYNC, read_queue, write_queue
from dxa_msmail.postoffice.resync import Resync
from dxa_msmail.programs import admin, resync
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.resync import Extract, ExtractError
from dxa_msmail.programs.srvmain.program import Transmitted
from tests.labs.offices import TYPES, Offices

HUB, A, B = "LAB/HUB", "NORTH/ALPHA", "NORTH/BETA"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offices:
    """A postoffice that is the server, and two requestors that have everything."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    made = Offices(tmp_path)
    made.add(HUB, "Hal")
    made.add(A, "Ann", "Abe")
    made.add(B, "Bo")
    made.appoint(HUB)
    made.cycle(HUB, times=3)
    return made


def write(world: Offices, *names: str, **how: bool) -> tuple[Extract, Resync]:
    """A file for these requestors, and what stands in it."""
    done = resync.write(world.offices[HUB], world.clock, requestors=names, **how)
    return done, codec.read((world.offices[HUB].root / done.name).read_bytes(), TYPES)


def bring(world: Offices, name: str, file: str = RESYNC) -> importing.Imported:
    """Somebody copies the file into a postoffice, and runs IMPORT -q there."""
    shutil.copy(world.offices[HUB].root / file, world.offices[name].root / RESYNC)
    return importing.run_queue(world.offices[name], world.clock)


def answer(world: Offices) -> Transmitted:
    """T1 and T2."""
    world.ask()
    done = world.answer(HUB)
    assert done is not None
    return done[1]


def fulls(done: Transmitted) -> list[str]:
    """Who got everything by letter."""
    return [each.requestor for each in done.answers if each.full]


@pytest.mark.dx("T-145")
def test_numbers_fit_everybody(world: Offices) -> None:
    """REQSEQ and IMPSEQ are not below those of any target, SRVSEQ is above all; all requestors are meant (Q119449)."""
    for person in ("Al", "Amy", "Art"):
        world.hire(A, person)
    world.cycle(HUB)
    a, b = world.numbers(A), world.numbers(B)
    alone, _ = write(world, B)
    wide, _ = write(world, B, global_max=True)
    everybody, file = write(world)

    assert a.acked > b.acked
    assert (b.acked, a.acked, a.acked) == (alone.req, wide.req, everybody.req)
    assert max(a.srv, b.srv) < alone.srv < wide.srv < everybody.srv
    assert max(a.imp, b.imp) < everybody.imp
    assert [HUB, A, B] == everybody.requestors
    assert (everybody.req, everybody.srv, everybody.imp) == (file.reply.r, file.reply.s, file.reply.i)


def test_who_takes_a_file_goes_on_from_it(world: Offices) -> None:
    """Both take the same file: they get updates only, and what they change then reaches everybody."""
    for person in ("Al", "Amy"):
        world.hire(A, person)
    world.cycle(HUB)
    write(world)
    world.hire(HUB, "Hanna")
    results = [bring(world, name) for name in (A, B)]
    world.hire(B, "Bea")
    world.cycle(HUB)
    done = answer(world)
    world.take()

    assert [None, None] != [each.resync for each in results]
    assert [] == fulls(done)
    assert {"LAB/HUB/HANNA", "NORTH/BETA/BEA"} < set(world.held(A))
    assert ["LAB/HUB/HAL", "LAB/HUB/HANNA", *(f"{A}/{box}" for box in ("ABE", "AL", "AMY", "ANN"))] == world.held(B)


def test_who_does_not_take_it_goes_on_as_before(world: Offices) -> None:
    """A file that nobody brings changes nothing, and the server's own IMPORT -q leaves it where it is."""
    write(world)
    world.hire(HUB, "Hanna")
    done = answer(world)
    world.take()

    assert [] == fulls(done)
    assert "LAB/HUB/HANNA" in world.held(A)
    assert (world.offices[HUB].root / RESYNC).exists()


@pytest.mark.dx("T-149")
def test_every_list_of_an_import_reply_is_in_it(world: Offices) -> None:
    """Lists that were ever carried are replaced, also those of which nobody is left; one alone does not get its own."""
    world.fire(HUB, "HAL")
    world.cycle(HUB, times=2)

    def lists(*names: str) -> list[str]:
        _, file = write(world, *names)
        return [row.side.list for row in file.records.transactions if row.verb is Verb.REPLACE]

    assert [[HUB, B], [HUB, A, B]] == [lists(A), lists(A, B)]


@pytest.mark.dx("T-144")
def test_everything_above_the_limit_becomes_a_file(world: Offices) -> None:
    """118 and 166 say which file is to be brought; it is written once, taken, and updates go on from there."""
    admin.register_requestor(world.offices[HUB], B, limit=150)
    admin.want_import(world.offices[B])
    done = answer(world)
    path = world.offices[HUB].root / "DXA" / "RESYNC" / "NORTH-BETA.GLB"
    data = path.read_bytes()
    again = answer(world)

    assert ["[118]", "[166]"] == [text[:5] for text in done.refused]
    assert "DXA/RESYNC/NORTH-BETA.GLB" in done.refused[1]
    assert ([HUB, A], [HUB, A]) == tuple([each.requestor for each in x.answers] for x in (done, again))
    assert data == path.read_bytes()
    assert bring(world, B, "DXA/RESYNC/NORTH-BETA.GLB").resync is not None
    world.hire(A, "Amy")
    world.cycle(HUB)
    assert [f"{HUB}/HAL", f"{A}/ABE", f"{A}/AMY", f"{A}/ANN"] == world.held(B)


def test_what_waits_has_newer_numbers_then(world: Offices) -> None:
    """Changes that waited with numbers below REQSEQ reach the server all the same (KB Q119450)."""
    for person in ("Al", "Amy", "Art"):
        world.hire(A, person)
    world.cycle(HUB)
    write(world)
    world.hire(B, "Bea")
    bring(world, B)
    world.cycle(HUB)

    assert "NORTH/BETA/BEA" in world.held(A)


def test_what_cannot_be_told_now(world: Offices) -> None:
    """Lists that a server does not know after it was set back, nobody at all, a stranger, and no server are errors."""
    with pytest.raises(NotFoundError, match=r"\[120\].*NORTH/GAMMA"):
        write(world, "NORTH/GAMMA")
    with pytest.raises(UsageError, match=r"\[161\]"):
        resync.write(world.offices[A], world.clock)
    admin.begin_anew(world.offices[HUB])
    with pytest.raises(ExtractError, match=r"\[63\].*LAB/HUB, NORTH/ALPHA, NORTH/BETA"):
        write(world)
    assert not (world.offices[HUB].root / RESYNC).exists()
    assert 0 == write(world, force=True)[0].count


@pytest.mark.dx("T-148")
def test_bad_records_of_a_file_are_skipped(world: Offices) -> None:
    """A record that no program can use is told and left out; the others count, and so do the numbers."""
    world.hire(HUB, "Hanna")
    world.cycle(HUB)
    done, _ = write(world, A)
    path = world.offices[HUB].root / RESYNC
    records = read_queue(path.read_bytes()).records
    broken = [r._replace(text=r.text.replace("PCM:", "NOSUCH:")) if "BETA/BO" in r.text else r for r in records]
    path.write_bytes(write_queue(broken))
    taken = bring(world, A)

    assert (done.srv, 1) == ((taken.resync.srv if taken.resync else 0), len(taken.rejects))
    assert [f"{HUB}/HAL", f"{HUB}/HANNA"] == world.held(A)


def test_the_command(world: Offices) -> None:
    """`admin ADMIN resync` writes the file for those who are named, and says its numbers and what is to be done."""
    arguments = ["ADMIN", "-d", str(world.offices[HUB].root), "resync", A]
    shown = CliRunner().invoke(admin_command, arguments)
    plain = CliRunner().invoke(admin_command, [*arguments, "--json"])
    found = json.loads(plain.output)

    assert (0, 0) == (shown.exit_code, plain.exit_code), shown.output
    assert "GLB/RESYNC.GLB: " in shown.output
    assert {"file", "imp", "req", "srv", "requestors", "count", "refused"} == found.keys()
    assert ([A], world.numbers(A).acked) == (found["requestors"], found["req"])
