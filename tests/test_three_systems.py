"""One recipient from a directory into MS Mail and cc:Mail, and others back into the directory, place by place.

`docs/architecture.md` follows the same recipients and names the module and the transaction of every step.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa_ccmail.export import ExportReader
from dxa_ccmail.record import Found, Record
from dxa_ccmail.running.interface import Imported, Mode
from dxa_ccmail.simulator.office import Office
from dxa_ccmail.simulator.state import PlayedOffice
from dxa_exchange import directory, names
from dxa_exchange.demo.people import FOREIGN, STAFF
from dxa_exchange.demo.places import LINK, Files, Live, Place
from dxa_exchange.directory import Add, Delete, Modification, Modify, Operation
from tests.cases.harness import Postoffice, SiteHarness
from tests.labs.ccmail import Watched
from tests.servers.openldap import why_not

CONFIG = """
[site]
organization = "LAB"
name = "HQ"
[addressing.templates]
MS = "LAB/HQ/{alias}"
SMTP = "{alias}@lab.example"
CCMAIL = "{name} at HQ"

[links.werke]
connector = "CONNECTOR"
import_container = "Directory"
export_containers = ["Staff", "MS Mail", "cc:Mail"]
DIRECTORY

[links.mail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Staff", "Directory", "cc:Mail"]
[links.mail.peers."NORTH/MAIN"]
no_password = true

[links.cc]
connector = "ccmail"
import_container = "cc:Mail"
export_containers = ["Staff", "Directory", "MS Mail"]
[links.cc.ccmail]
post_office = "PO1"
run = "simulator"
"""


@attrs.define
class Recorded(Watched):
    """The programs of cc:Mail; `files` are the import files as they were, with what was done by them."""

    files: list[tuple[Mode, bytes]] = attrs.field(factory=list)

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """See `Programs`."""
        self.files.append((mode, data))
        return Watched.import_(self, data, mode)


@attrs.define
class World(SiteHarness):
    """A site between a directory, an MS Mail postoffice and a cc:Mail post office."""

    directory: Place = attrs.field(kw_only=True)
    north: Postoffice = attrs.field(init=False)
    programs: Recorded = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        PlayedOffice.create(self.folder / "ccmail" / "postoffice", Office(name="PO1"))
        SiteHarness.__attrs_post_init__(self)
        connector: Any = self.site.connector(self.site.config.link("cc"))
        self.programs = connector._programs = Recorded(connector._programs)
        self.add("Faber, Johanna", "JOHANNA")
        self.north = self.postoffice("NORTH/MAIN")
        self.cycle("R PCM:NORTH/MAIN", "A Larsen, Ase PCM:NORTH/MAIN/LARSEN", task="IMPORTREQ")
        self.cycle()

    def cycle(self, *records: str, **keys: str) -> None:
        """The directory exports itself if it does so by files, the postoffice asks, and everything goes round once."""
        self.programs.files.clear()
        self.directory.before()
        self.north.ask(*records, **keys)
        self.sync()
        self.directory.after()
        self.north.read()

    def imported(self) -> list[tuple[Mode, str, str]]:
        """The records of the last cycle's import files for cc:Mail: what is done, Name and Addr."""
        found = []
        for mode, data in self.programs.files:
            rows = ExportReader(required=("name",)).read(data)
            found += [(mode, row.record.name, row.record.addr) for row in rows if isinstance(row, Found)]
        return found

    def contacts(self) -> dict[str, directory.Record]:
        """The contacts that dxa has made in the directory, by target address."""
        return {each.text("targetAddress"): each for each in self.directory.contacts()}

    def office(self) -> Any:
        """The post office of cc:Mail, to be changed."""
        return PlayedOffice(self.folder / "ccmail" / "postoffice").edit()


@pytest.fixture(params=["server", "files"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """All three, in step; the directory is in an OpenLDAP server, or exchanges LDIF files."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    if request.param == "server" and (why := why_not()):
        pytest.skip(why)
    folder = tmp_path / "site"
    folder.mkdir()
    place: Place = Live(folder) if request.param == "server" else Files(tmp_path / LINK)
    connector = "ldap" if request.param == "server" else "exchange"
    text = CONFIG.replace("CONNECTOR", connector).replace("DIRECTORY", place.configuration())
    world = World(folder, text, directory=place)
    yield world
    world.close()
    place.close()


def person(name: str, mail: str) -> directory.Record:
    """Somebody in the directory, whose object is named after the mailbox."""
    uid = mail.partition("@")[0]
    found: dict[str, directory.Values] = {
        "objectClass": ["inetOrgPerson", "mailRecipient"],
        "uid": [uid],
        "cn": [name],
        "sn": [name.partition(",")[0]],
        "displayName": [name],
        "mail": [mail],
        "telephoneNumber": ["+49 40 7"],
    }
    return directory.Record(f"uid={uid},{STAFF}", found)


def test_somebody_of_the_directory_in_both_mail_systems(world: World) -> None:
    """One comes, gets another name and address, and leaves: each time everywhere by the same cycle."""
    # Not the last one there, for whoever is missing at the end of an export may have been cut off.
    eva, zoe = person("Berg, Eva", "eva@werke.example"), person("Zorn, Zoe", "zoe@werke.example")
    world.directory.change([Add(eva), Add(zoe)])
    world.cycle()
    came = world.one("Berg, Eva")

    assert ("Directory", "SMTP:eva@werke.example") == (came.container, str(came.target))
    assert ("telephoneNumber", "+49 40 7") in came.fields
    assert "Berg, Eva" == world.north.gal["PCM:LAB/HQ/eva"]
    assert (Mode.ADD, "Berg, Eva", "HQ Berg, Eva") in world.imported()

    replaced = (
        Modification(Operation.REPLACE, "displayName", ["Holm, Eva"]),
        Modification(Operation.REPLACE, "mail", ["e.holm@werke.example"]),
    )
    world.directory.change([Modify(eva.dn, replaced)])
    world.cycle()
    changed = world.one("Holm, Eva")

    assert (came.id, "SMTP:e.holm@werke.example") == (changed.id, str(changed.target))
    assert "Holm, Eva" == world.north.gal["PCM:LAB/HQ/eva"]
    assert [Mode.DELETE, Mode.ADD] == [mode for mode, _, _ in world.imported()]
    assert (Mode.ADD, "Holm, Eva", "HQ Holm, Eva") == world.imported()[-1]

    world.directory.change([Delete(eva.dn)])
    world.cycle()

    assert [] == world.holds()
    assert "Holm, Eva" not in world.names()
    assert "PCM:LAB/HQ/eva" not in world.north.gal
    assert [(Mode.DELETE, "Holm, Eva")] == [(mode, name) for mode, name, _ in world.imported()]


def test_people_of_both_mail_systems_in_the_directory(world: World) -> None:
    """They are contacts by the addresses where they really are; a new name changes one; who leaves is taken away."""
    with world.office() as office:
        office.upsert(Record("Quist, Bo", "L", "", "Room 43"))
    world.cycle("A Berge, Ole PCM:NORTH/MAIN/BERGE")
    came = world.contacts()
    expected = {"MS:NORTH/MAIN/LARSEN", "MS:NORTH/MAIN/BERGE", "SMTP:JOHANNA@lab.example", "CCMAIL:Bo Quist at PO1"}

    assert expected == came.keys()
    assert {"dxa LAB/HQ"} == {value for each in came.values() for value in each.texts("employeeType")}
    assert {names.key(FOREIGN)} == {names.key(names.parent(each.dn)) for each in came.values()}

    world.cycle("M Berge, Ole PCM:NORTH/MAIN/BERGE", "  Berge, Olaf PCM:NORTH/MAIN/BERGE")
    changed = world.contacts()["MS:NORTH/MAIN/BERGE"]

    assert (came["MS:NORTH/MAIN/BERGE"].dn, "Berge, Olaf") == (changed.dn, changed.text("displayName"))

    world.cycle("D Berge, Olaf PCM:NORTH/MAIN/BERGE")

    assert expected - {"MS:NORTH/MAIN/BERGE"} == world.contacts().keys()


def test_what_was_written_into_one_system_is_no_news_for_the_others(world: World) -> None:
    """Behind a change the next cycle reads its own traces, and writes nothing anywhere."""
    world.directory.change([Add(person("Berg, Eva", "eva@werke.example"))])
    world.cycle()
    world.cycle()

    assert [] == world.imported()
    assert [{}] * 3 == [dict(link.applied) for link in world.last.links]
    assert [{}] * 3 == [dict(link.sent) for link in world.last.links]
