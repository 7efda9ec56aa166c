"""The site changes its role in MS Mail: who it was, everybody stays."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dxa.cli.run import run
from dxa.cli.session import Session
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.programs import admin
from dxa_msmail.programs.external import program as external
from tests.labs.offices import SITE, Offices

HUB, A = "LAB/HUB", "NORTH/ALPHA"
HEAD = """
[site]
organization = "{net}"
name = "{po}"
[addressing.templates]
MS = "{{organization}}/{{site}}/{{alias}}"
"""
REQUESTOR = """
[links.up]
connector = "msmail-requestor"
import_container = "MS Mail"
export_containers = ["Recipients"]
enabled = {enabled}
[links.up.process]
own = false
[links.up.msmail-requestor]
server = "LAB/HUB"
maildata = "shadow"
server_maildata = "{hub}"
"""
SERVER = """
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "MS Mail"]
[links.pcmail.process]
own = false
[links.pcmail.msmail]
maildata = "shadow"
[links.pcmail.peers."LAB/HUB"]
no_password = true
[links.pcmail.peers."LAB/HUB".msmail]
maildata = "{hub}"
[links.pcmail.peers."NORTH/ALPHA"]
no_password = true
[links.pcmail.peers."NORTH/ALPHA".msmail]
maildata = "{alpha}"
"""


class Site:
    """A site in a folder, used by commands."""

    def __init__(self, folder: Path, world: Offices, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.world, self.capsys = folder, world, capsys
        net, po = SITE.split("/")
        assert 0 == run(["init", str(folder), "--organization", net, "--site", po], Session(clock=world.clock))

    def configure(self, *parts: str, enabled: str = "true") -> None:
        """Write the configuration."""
        net, po = SITE.split("/")
        offices = {"hub": self.world.offices[HUB].root, "alpha": self.world.offices[A].root}
        text = "".join(part.format(net=net, po=po, enabled=enabled, **offices) for part in (HEAD, *parts))
        (self.folder / "dxa.toml").write_text(text, encoding="utf-8")

    def do(self, *words: str, status: int = 0) -> str:
        """A command, and what it printed."""
        found = run(["-C", str(self.folder), *words], Session(clock=self.world.clock))
        out = self.capsys.readouterr()
        assert status == found, out.out + out.err
        return out.out

    def people(self) -> dict[str, int]:
        """Everybody's number by address."""
        shown = json.loads(self.do("recipients", "list", "--json"))["recipients"]
        return {person["address"]: person["id"] for person in shown}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offices:
    """Two postoffices, one of which is the server of both and of a site."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    made = Offices(tmp_path / "offices")
    made.add(HUB, "Hal")
    made.add(A, "Ann", "Abe")
    made.appoint(HUB)
    made.cycle(HUB, times=2)
    return made


def test_from_requestor_to_server(world: Offices, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`dxa msmail takeover` makes a site that was a requestor the server; all that MS Mail told keeps its numbers."""
    site = _requestor(world, tmp_path, capsys)
    before = site.people()
    assert {"MS:LAB/HUB/HAL", "MS:NORTH/ALPHA/ANN", "MS:NORTH/ALPHA/ABE"} <= before.keys()

    site.configure(REQUESTOR, SERVER, enabled="false")
    rehearsed = site.do("msmail", "takeover", "up", "pcmail", "--dry-run")
    said = site.do("msmail", "takeover", "up", "pcmail")

    assert "procedure" not in rehearsed
    assert "dxa msmail procedure server-to-dxa" in said
    assert before == site.people()
    assert "pcmail/NORTH/ALPHA" in site.do("recipients", "show", str(before["MS:NORTH/ALPHA/ANN"]))


def test_a_role_that_is_still_played_is_not_taken_over(
    world: Offices, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the old link takes part in cycles nothing is taken from it, and what to do first is said."""
    site = _requestor(world, tmp_path, capsys)
    before = site.people()

    site.configure(REQUESTOR, SERVER)
    site.do("msmail", "takeover", "up", "pcmail", status=2)

    assert before == site.people()


def test_postoffices_go_on_with_the_new_server(
    world: Offices, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the takeover postoffices register the site as their server; their full lists change nobody's number."""
    site = _taken_over(world, tmp_path, capsys)
    before = site.people()

    admin.remove_server(world.offices[HUB])
    for name in (HUB, A):
        admin.register_server(world.offices[name], SITE)
    world.hire(A, "Zoe")
    for _ in range(2):
        world.ask()
        site.do("sync")
        external.run(Maildata(site.folder / "shadow", durable=False), world.clock)
        world.take()

    after = site.people()
    assert before == {address: id_ for address, id_ in after.items() if address in before}
    assert {"MS:NORTH/ALPHA/ZOE"} == after.keys() - before.keys()
    assert f"{SITE}/sues" in world.held(A)
    assert "NORTH/ALPHA/ZOE" in world.held(HUB)


def _requestor(world: Offices, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    """A site that is a requestor of the postoffice, and knows everybody."""
    site = Site(tmp_path / "site", world, capsys)
    site.configure(REQUESTOR)
    site.do("recipients", "add", "--name", "Sue Site")
    shadow = site.folder / "shadow"
    site.do("sync")
    admin.add_postoffice(world.offices[HUB], SITE, route=direct(str(shadow)))
    admin.add_postoffice(world.offices[A], SITE, route=direct(str(shadow)))
    admin.register_requestor(world.offices[HUB], SITE)
    for _ in range(2):
        site.do("sync")
        external.run(Maildata(shadow, durable=False), world.clock)
        world.cycle(HUB)
        site.do("sync")
    return site


def _taken_over(world: Offices, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    """The same site as the server."""
    site = _requestor(world, tmp_path, capsys)
    site.configure(REQUESTOR, SERVER, enabled="false")
    site.do("msmail", "takeover", "up", "pcmail")
    return site
