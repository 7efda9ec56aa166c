"""Template definitions and values between postoffices: ADMIN.TPL of one, by way of SRVMAIN, in the lists of another."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.entry import Fields
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import queue, tree
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.postoffice.shelves import places
from dxa_msmail.postoffice.templates import ListTemplate, read_template, render
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs import admin, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.srvmain import program as srvmain

HUB, ONE, TWO = "LAB/HUB", "NORTH/ONE", "SOUTH/TWO"
TPL = ("Phone:~10~25~A~~", "City/ST:~10~25~A~Berlin~")
TYPES = AddressTypes(ADDRESS_TYPES)


@attrs.define
class World:
    """A server and two requestors."""

    folder: Path
    pos: dict[str, Maildata]
    now: float = 1_000_000.0

    def clock(self) -> float:
        """Everybody's clock."""
        return self.now

    def define(self, name: str, *lines: str) -> None:
        """Somebody edits ADMIN.TPL."""
        with self.pos[name].change() as change:
            change.write("TPL/ADMIN.TPL", render(ListTemplate(lines)))

    def register(self, name: str, *, out: bool = False, wanted: bool = False) -> None:
        """Config, Dir-Sync, Requestor: Send local template, Receive template."""
        admin.register_server(self.pos[name], HUB, templates_out=out, templates_in=wanted)

    def add(self, mailbox: str, *fields: tuple[str, str]) -> None:
        """A user of the first requestor."""
        admin.add_user(self.pos[ONE], self.clock, NewUser(mailbox=mailbox, name=f"{mailbox} Name", fields=fields))

    def cycle(self) -> list[str]:
        """T1, T2, T3 everywhere; returns what came to the second requestor, without what everybody gets."""
        self.now += 3600
        for po in self.pos.values():
            reqmain.transmit(po, self.clock)
        self.carry()
        srvmain.receive(self.pos[HUB], self.clock)
        srvmain.transmit(self.pos[HUB], self.clock)
        self.carry()
        found: list[str] = []
        for name, po in self.pos.items():
            reqmain.receive(po, self.clock)
            if name == TWO:
                with po.look() as files:
                    records = queue.read_file(files, queue.SRVTRANS).records
                found = [record.text for record in records if HUB not in record.text]
            assert [] == [*importing.run_queue(po, self.clock).rejects]
        return found

    def carry(self) -> None:
        """EXTERNAL everywhere."""
        for po in self.pos.values():
            external.run(po, self.clock)

    def held(self) -> tuple[tuple[str, ...], dict[str, Fields]]:
        """What the second requestor has of the first one's list: its template, and the values by mailbox."""
        with self.pos[TWO].look() as files:
            place = places(files)["MS", ONE.casefold()]
            template = read_template(files, place.stem)
            rows = read_book(files, TYPES)["MS", ONE.casefold()].values()
        lines = template.lines if template else ()
        return lines, {entry.address.rpartition("/")[2]: entry.fields for entry in rows}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """All three know each other; the first one has a template and two users, the second one wants values."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    pos = {}
    for name in (HUB, ONE, TWO):
        network, postoffice = name.split("/")
        pos[name] = tree.create(tmp_path / postoffice, network=network, postoffice=postoffice, durable=False)
    world = World(tmp_path, pos)
    admin.register_server(pos[HUB], HUB)
    for name in (ONE, TWO):
        admin.add_postoffice(pos[HUB], name, route=direct(str(pos[name].root)))
        admin.add_postoffice(pos[name], HUB, route=direct(str(pos[HUB].root)))
        admin.register_requestor(pos[HUB], name)
    world.define(ONE, *TPL)
    world.register(ONE, out=True)
    world.register(TWO, wanted=True)
    world.add("ANN", ("Phone:", "12"), ("City/ST:", "Rome"))
    world.add("BOB")
    return world


@pytest.mark.dx("T-124", "T-128")
def test_definitions_come_before_values(world: World):
    """An export defines the list, then tells all values of everybody, empty ones too, in the template's order."""
    definition = "T PCM:NORTH/ONE\r\n " + "\r\n ".join(TPL)
    texts = world.cycle()

    assert [
        "R PCM:NORTH/ONE",
        definition,
        "A ANN Name\tPCM:NORTH/ONE/ANN\r\n- Phone:/12\r\n- City//ST:/Rome",
        "A BOB Name\tPCM:NORTH/ONE/BOB\r\n- Phone:/\r\n- City//ST:/",
    ] == [" ".join(text.split(" ")) if text[0] != "A" else _tabs(text) for text in texts]
    assert (TPL, {"ANN": (("Phone:", "12"), ("City/ST:", "Rome")), "BOB": ()}) == world.held()


@pytest.mark.dx("T-124")
def test_values_flow_by_themselves(world: World):
    """KB Q118621: a changed value is told at once and without the definition; a new user's too."""
    world.cycle()
    admin.change_user(world.pos[ONE], world.clock, "BOB", fields=(("Phone:", "34"),))
    world.add("CY", ("Phone:", "56"))
    texts = world.cycle()

    assert ["M", "A"] == [text[0] for text in texts]
    assert {"ANN": "12", "BOB": "34", "CY": "56"} == {
        box: dict(fields)["Phone:"] for box, fields in world.held()[1].items()
    }


def test_a_changed_template_needs_an_export(world: World):
    """KB Q118621: another ADMIN.TPL is told with the next export, and goes to the others as an update."""
    world.cycle()
    world.define(ONE, *TPL, "Room:~10~5~N~~")
    assert [] == world.cycle()
    admin.want_export(world.pos[ONE])

    assert ["T", "M", "M"] == [text[0] for text in world.cycle()]
    assert (*TPL, "Room:~10~5~N~~") == world.held()[0]


@pytest.mark.parametrize(("out", "wanted"), [(False, True), (True, False)])
@pytest.mark.dx("T-121", "T-124")
def test_both_sides_must_want_them(world: World, out: bool, wanted: bool):
    """Values go only where one postoffice sends and the other one receives them (KB Q96003 #73)."""
    world.register(ONE, out=out)
    world.register(TWO, wanted=wanted)
    texts = world.cycle()

    assert ["R", "A", "A"] == [text[0] for text in texts]
    assert ((), {"ANN": (), "BOB": ()}) == world.held()


def test_values_that_are_sent_no_more(world: World):
    """Where Send local template is turned off, the next export takes definition and values away everywhere."""
    world.cycle()
    world.register(ONE, out=False)
    world.cycle()
    world.cycle()

    assert {"ANN": (), "BOB": ()} == world.held()[1]


def _tabs(text: str) -> str:
    """A record with a tab between name and address."""
    head, *rest = text.split("\r\n")
    name, _, address = head.rpartition(" ") if "\t" not in head else head.partition("\t")
    return "\r\n".join([f"{name.rstrip()}\t{address}", *rest])
