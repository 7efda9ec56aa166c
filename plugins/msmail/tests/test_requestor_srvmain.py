"""dxa as the requestor of a postoffice on disk whose SRVMAIN is the directory server (KB Q148309)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.postoffice.served import Served, read_served
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs import admin, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.srvmain import program as srvmain
from tests.cases.harness import SiteHarness

SITE = """
[site]
organization = "MUSEUM"
name = "WEST"
[links.up]
connector = "msmail-requestor"
import_container = "Far"
export_containers = ["Staff"]
[links.up.msmail-requestor]
server = "LAB/HUB"
maildata = "shadow"
server_maildata = "../hub"
"""


@attrs.define
class World:
    """The server's postoffice, and the site."""

    hub: Maildata
    site: SiteHarness

    def clock(self) -> float:
        """The site's clock is everybody's."""
        return self.site.now

    def person(self, mailbox: str, name: str) -> None:
        """A user of the server's postoffice."""
        admin.add_user(self.hub, self.clock, NewUser(mailbox=mailbox, name=name, password="secret"))

    def cycle(self) -> None:
        """T1 of the site and of the server's own postoffice, SRVMAIN, and T3 of both."""
        self.site.sync()
        shadow = Maildata(self.site.folder / "shadow", durable=False)
        external.run(shadow, self.clock)
        reqmain.transmit(self.hub, self.clock)
        external.run(self.hub, self.clock)
        srvmain.receive(self.hub, self.clock)
        srvmain.transmit(self.hub, self.clock)
        external.run(self.hub, self.clock)
        reqmain.receive(self.hub, self.clock)
        importing.run_queue(self.hub, self.clock)
        self.site.sync()

    def told(self) -> set[str]:
        """The names on the server's master list that the site has told."""
        with self.hub.look() as files:
            served = read_served(files) or Served()
        return {entry.name for entry in served.told.get("museum/west", {}).values()}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A server that knows the site as a requestor."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    hub = tree.create(tmp_path / "hub", network="LAB", postoffice="HUB", durable=False)
    admin.register_server(hub, "LAB/HUB")
    admin.add_postoffice(hub, "MUSEUM/WEST", route=direct(str(tmp_path / "site" / "shadow")))
    admin.register_requestor(hub, "MUSEUM/WEST")
    (tmp_path / "site").mkdir()
    site = SiteHarness(tmp_path / "site", SITE)
    yield World(hub, site)
    site.close()


def test_people_go_both_ways(world: World) -> None:
    """The site's people stand on the server's list, and its people are custom recipients here, as they come and go."""
    world.site.add("Ann West")
    world.person("BOB", "Bob Main")
    for _ in range(2):
        world.cycle()

    assert {"Ann West"} == world.told()
    assert {"Bob Main"} <= set(world.site.names(container="Far"))

    world.site.edit("Ann West", name="Ann Weston")
    world.site.add("Cy West")
    admin.delete_user(world.hub, world.clock, "BOB")
    for _ in range(2):
        world.cycle()

    assert {"Ann Weston", "Cy West"} == world.told()
    assert "Bob Main" not in world.site.names(container="Far")
