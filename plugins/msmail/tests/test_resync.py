"""RESYNC.GLB as a site makes it: its numbers, what stands in it, and what becomes of who takes it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxa.entry import Verb
from dxa.errors import NotFoundError, UsageError
from dxa_msmail.postoffice import resync
from dxa_msmail.postoffice.resync import Resync
from dxa_msmail.programs import admin
from dxa_msmail.programs.importing import program as importing
from tests.cases.harness import SiteHarness
from tests.labs.offices import TYPES, Offices, site_text

A, B = "NORTH/ALPHA", "NORTH/BETA"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offices]:
    """Two postoffices that have everything, and a site that is their server."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    made = Offices(tmp_path)
    made.add(A, "Ann", "Abe")
    made.add(B, "Bo")
    site = made.serve()
    site.add("Sue Site")
    made.cycle(times=3)
    yield made
    site.close()


def site_of(world: Offices) -> SiteHarness:
    """The site."""
    assert world.site is not None
    return world.site


def files(world: Offices) -> list[Path]:
    """The files that the site has left, oldest first."""
    return sorted((world.folder / "site" / "mail" / "resync").glob("*/RESYNC.GLB"))


def make(world: Offices, *names: str, everybody: bool = False) -> tuple[Path, Resync]:
    """A file for these postoffices, and what stands in it."""
    site = site_of(world)
    (line,) = site.admin.hand_over(site.site.config.links["mail"], names, everybody=everybody)
    path = files(world)[-1]
    assert str(path) in line
    return path, resync.read(path.read_bytes(), TYPES)


def bring(world: Offices, path: Path, name: str) -> importing.Imported:
    """Somebody copies the file into a postoffice, and runs IMPORT -q there."""
    shutil.copy(path, world.offices[name].root / "GLB" / "RESYNC.GLB")
    return importing.run_queue(world.offices[name], world.clock)


def fulls(world: Offices) -> int:
    """How many full answers the last cycle of the site has made."""
    return sum(link.fulls for link in site_of(world).last.links)


def test_who_takes_a_file_goes_on_from_it(world: Offices) -> None:
    """The request that quotes its number gets what has changed since, and no full answer."""
    path, _ = make(world, A)
    site_of(world).add("Tom Site")
    world.hire(B, "Bea")
    done = bring(world, path, A)

    assert [] == list(done.rejects)
    assert ["LAB/HQ/SUE", "NORTH/BETA/BO"] == world.held(A)
    world.cycle()
    assert 0 == fulls(world)
    assert ["LAB/HQ/SUE", "LAB/HQ/TOM", "NORTH/BETA/BEA", "NORTH/BETA/BO"] == world.held(A)


def test_who_does_not_take_it_goes_on_as_before(world: Offices) -> None:
    """A file that nobody brings changes nothing: updates follow what the requestor quotes."""
    make(world, A, B)
    site_of(world).add("Tom Site")
    world.cycle()

    assert 0 == fulls(world)
    assert ["LAB/HQ/SUE", "LAB/HQ/TOM", "NORTH/BETA/BO"] == world.held(A)


@pytest.mark.dx("T-145")
def test_numbers_fit_everybody_whom_it_is_for(world: Offices) -> None:
    """R and I are not below those of any target, of all peers with everybody=True; S is above all that were issued."""
    for person in ("Al", "Amy", "Art"):
        world.hire(A, person)
    world.cycle()
    a, b = world.numbers(A), world.numbers(B)
    assert a.acked > b.acked

    _, alone = make(world, B)
    _, wide = make(world, B, everybody=True)
    path, both = make(world, A, B)

    assert (b.acked, a.acked, a.acked) == (alone.reply.r, wide.reply.r, both.reply.r)
    assert max(a.srv, b.srv) < alone.reply.s < wide.reply.s < both.reply.s
    assert max(a.imp, b.imp) < both.reply.i
    for name in (A, B):
        assert bring(world, path, name).resync is not None
    assert both.reply.r == world.numbers(B).acked
    world.hire(B, "Bea")
    world.cycle()
    # The requestor with the lower number counts on from that of the file, and nothing of it is lost.
    assert (0, []) == (fulls(world), site_of(world).notices())
    assert "NORTH/BETA/BEA" in world.held(A)


def test_a_file_with_lower_numbers_is_refused(world: Offices) -> None:
    """A file that was made before the requestor went on is left where it is (KB Q215505)."""
    path, _ = make(world, B)
    world.hire(B, "Bea")
    site_of(world).add("Tom Site")
    world.cycle(times=2)
    before = world.held(B)
    done = bring(world, path, B)

    assert (None, before) == (done.resync, world.held(B))
    assert (world.offices[B].root / "GLB" / "RESYNC.GLB").exists()


@pytest.mark.dx("T-149")
def test_every_list_of_a_full_answer_is_in_it(world: Offices) -> None:
    """A file has a replace for every list that its peer would get in a full answer, those of which nobody is left too,
    and for one peer alone not its own.
    """
    site_of(world).remove("Sue Site")
    world.cycle(times=2)
    _, alone = make(world, A)
    _, both = make(world, A, B)

    def replaced(file: Resync) -> list[str]:
        return [row.side.list.upper() for row in file.records.transactions if row.verb is Verb.REPLACE]

    assert ["LAB/HQ", B] == replaced(alone)
    assert ["LAB/HQ", A, B] == replaced(both)
    numbers = [row.number for row in both.records.transactions]
    assert (sorted(set(numbers)), both.reply.s) == (numbers, numbers[-1])


@pytest.mark.dx("T-144")
def test_a_full_answer_above_the_limit_becomes_a_file(world: Offices) -> None:
    """It is left once, the administrator is told where, and whoever takes it is up to date; then the notices go."""
    site = site_of(world)
    for number in range(12):
        site.add(f"Person{number:02d}")
    world.cycle(times=2)
    admin.register_server(world.offices[A], "LAB/HQ", limit=400)
    admin.want_import(world.offices[A])
    before = world.held(A)
    world.cycle(times=2)

    (path,) = files(world)
    codes = dict(site.notices())
    assert ({118, 166}, True) == (set(codes), str(path) in codes[166])
    assert before == world.held(A)
    assert bring(world, path, A).resync is not None
    world.cycle(times=2)
    assert ([path], [], before) == (files(world), site.notices(), world.held(A))
    site.add("Zoe Site")
    world.cycle()
    assert "LAB/HQ/ZOE" in world.held(A)


def test_what_waits_at_the_requestor_is_sent_again(world: Offices) -> None:
    """Changes of the own list that had numbers below those of the file reach the server all the same (KB Q119450)."""
    for person in ("Al", "Amy", "Art"):
        world.hire(A, person)
    world.cycle()
    world.hire(B, "Bea")
    path, _ = make(world, A, B)
    bring(world, path, B)
    world.cycle()

    assert "NORTH/BETA/BEA" in world.held(A)


def test_a_file_is_for_peers_that_are_shown_the_same(world: Offices) -> None:
    """Peers with other types, peers that never spoke, and a file without anybody are refused, and nothing is made."""
    site = site_of(world)
    link = site.site.config.links["mail"]
    admin.register_server(world.offices[B], "LAB/HQ", types=("PCM", "SMTP"))
    world.cycle()

    with pytest.raises(UsageError, match="different things"):
        site.admin.hand_over(link, [A, B])
    with pytest.raises(NotFoundError, match="nothing is known of a peer NORTH/GAMMA"):
        site.admin.hand_over(link, ["NORTH/GAMMA"])
    assert [] == files(world)


def test_a_file_would_empty_its_peer(world: Offices) -> None:
    """A view that shows nobody any more makes no file for one who holds somebody."""
    site = site_of(world)
    site.configure(site_text(A, B).replace('["Staff", "Foreign"]', '["Nowhere"]'))
    site.approve()
    world.cycle(times=2)
    with pytest.raises(UsageError, match="nobody in it"):
        site.admin.hand_over(site.site.config.links["mail"], [A])
