"""A small world for the fault test of cc:Mail: a site, a post office, bad programs, crashes, exports of yesterday.

Everything but the kept export is in memory.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs

from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.agent.admin import Administrator
from dxa.agent.outcome import CycleOutcome
from dxa.config import parse
from dxa.connector import LinkContext, PeerInfo
from dxa.errors import DxaError
from dxa.host import Host
from dxa.recipient import Recipient
from dxa.store import MemoryHighWater, Store
from dxa_ccmail.connector import CcMailConnector
from dxa_ccmail.names import first_last, fold
from dxa_ccmail.record import LOCAL, REMOTE, Record
from dxa_ccmail.simulator.office import Office
from dxa_ccmail.titles import Title
from tests.worlds.base import World
from tests.worlds.ccmailprograms import FaultyPrograms
from tests.worlds.fuses import Crash, Fuse, fuse_store

LINK = "cc"
CONFIG = """
[site]
organization = "LAB"
name = "HQ"
[addressing]
domain = "lab.example"
[addressing.templates]
CCMAIL = "{surname}, {given} at HQ"
SMTP = "{alias}@{domain}"
[links.cc]
connector = "ccmail"
import_container = "cc:Mail"
export_containers = ["Staff"]
guards = {empty = false, shrink_percent = 100.0, everything_count = 0}
[links.cc.ccmail]
post_office = "PO1"
run = "simulator"
"""

#: Names that meet: in both worlds, in two forms, in two cases, as a title.
NAMES = (
    *("Doe, Jane", "Jane Doe", "Berg, Ann", "BERG, Ann", "Ann Berg", "Smith, Jimmy", "Cher", "Sales", "Social"),
    *("Zorn, Zoë", "Zorn, Zyx", "Abel, Adam"),
)
PEOPLE = ("Jane Doe", "Ann Berg", "Ann Berg", "Cher", "Zoë Zorn", "Max Muster", "Sales", "Adam Abel", "Éva Nagy")
TITLES = ("Sales", "Social", "Zorn, Zyx")


HOST = Host()


class FaultyOffice(World):
    """A site and its post office. `own` is what people have put into cc:Mail, `faults` whether anything goes wrong."""

    LENGTH = 60
    #: A crash comes at most so many steps after a cycle began.
    WITHIN = 40

    def __init__(self, seed: int, folder: Path, *, faults: bool = True) -> None:
        World.__init__(self, seed, folder, faults=faults)
        self.serial = 0
        self.fuse = Fuse()
        self.office = Office(name="PO1")
        self.programs = FaultyPrograms(self.office, self.fuse)
        self.own: dict[str, Record] = {}
        self.host = HOST
        self.types = self.host.address_types()
        self.config = parse(CONFIG, self.folder / "dxa.toml", self.host.connectors(), self.types)
        self.store = Store.open("sqlite:///:memory:", MemoryHighWater(), create=True)
        self.store.types = self.types
        fuse_store(self.store, self.fuse)
        self.agent = self.start()

    def start(self) -> Agent:
        """A fresh agent, as after the start of its process."""
        site = OpenSite(
            folder=self.folder,
            config=self.config,
            host=self.host,
            store=self.store,
            types=self.types,
            clock=lambda: self.now,
        )
        link = self.config.links[LINK]
        context = LinkContext(
            link=LINK,
            options=link.options,
            folder=self.folder,
            types=self.types,
            site=("LAB", "HQ"),
            peers={p.name.casefold(): PeerInfo(id=p.id, name=p.name, options=p.options) for p in link.peers.values()},
            now=lambda: self.now,
        )
        site.connectors[LINK] = CcMailConnector(context, self.programs)
        return Agent(site=site)

    def close(self) -> None:
        """Give everything back."""
        self.store.close()

    # -- one random thing ------------------------------------------------------------------------------------------

    def edit_office(self) -> None:
        """Somebody comes to cc:Mail, goes, moves to another post office, or gets another comment."""
        name = self.random.choice(NAMES)
        known = self.own.get(fold(name))
        if known is not None and self.random.random() < 0.5:
            del self.own[fold(name)]
            self.office.entries.pop(fold(name), None)
            return
        if fold(name) in self.office.entries and known is None:
            return  # whoever comes to a name of ours, comes when it is free
        if self.random.random() < 0.4 and fold("PO2") not in self.office.entries:
            self.office.upsert(Record("PO2", "P"))
        remote = fold("PO2") in self.office.entries and self.random.random() < 0.4
        record = Record(name, REMOTE if remote else LOCAL, "PO2" if remote else "", self.random.choice(["", "x", "y"]))
        assert "" == self.office.upsert(record)
        self.own[fold(name)] = record

    def edit_titles(self) -> None:
        """A mailing list or bulletin board comes or goes."""
        titles = self.random.choice([self.office.lists, self.office.boards])
        name = self.random.choice(TITLES)
        if titles.pop(fold(name), None) is None:
            titles[fold(name)] = Title(name)

    def spoil_office(self) -> None:
        """An administrator of cc:Mail deletes or changes an entry that dxa has written."""
        ours = [key for key, record in self.office.entries.items() if record.addr.startswith("HQ ")]
        if not ours:
            return
        key = self.random.choice(ours)
        if self.random.random() < 0.5:
            del self.office.entries[key]
        else:
            record = self.office.entries[key]
            self.office.entries[key] = record._replace(name=record.name.upper(), cmts="somebody was here")

    def edit_site(self) -> None:
        """The site's administrator adds, renames, removes somebody, or changes notes."""
        admin = Administrator(agent=self.agent)
        people = self.store.directory.search(owner="")
        if len(people) < 3 or self.random.random() < 0.4:
            self.serial += 1
            name = self.random.choice(PEOPLE)
            admin.add(Recipient(container="Staff", name=name, alias=f"A{self.serial}"))
            return
        somebody = self.random.choice(people)
        kind = self.random.random()
        if kind < 0.4:
            admin.remove([somebody.id])
        elif kind < 0.7:
            admin.edit(somebody.id, lambda r: attrs.evolve(r, name=self.random.choice(PEOPLE)))
        else:
            notes = (("info", self.random.choice(["one", "two"])),)
            admin.edit(somebody.id, lambda r: attrs.evolve(r, fields=notes))

    def spoil_programs(self) -> None:
        """The next run of a program goes wrong."""
        fault = self.random.choice(["stale", "lacking", "torn", "export_code", "stops", "refuses"])
        value = {"torn": self.random.randint(1, 200), "export_code": self.random.choice([1, 2, 3, 4])}
        value["stops"] = self.random.randint(0, 3)
        setattr(self.programs, fault, value.get(fault, self.random.randint(1, 3)))

    def lose_kept(self) -> None:
        """The folder with the last export is lost."""
        shutil.rmtree(self.folder / "ccmail", ignore_errors=True)

    def cycle(self) -> None:
        """The site runs a cycle; it may crash between any two steps, and is started again."""
        if self.faults and self.random.random() < 0.3:
            self.fuse.left = self.random.randint(0, self.WITHIN)
        before, torn = self.told(), self.programs.lacking
        try:
            outcome = self.agent.sync()
            self.log.append(f"{self.programs.exported}: {outcome.errors}")
            self.look(outcome)
        except Crash:
            self.log.append("crashed")
            self.agent = self.start()
        except DxaError as error:
            self.log.append(str(error))
        finally:
            self.fuse.left = None
        self.watch()
        if torn and self.programs.exported == "cut" and not self.cut_before:
            gone = [name for name in before if name not in self.told() and self.is_own(name)]
            self.broken += [f"{name} was deleted by an export that was cut" for name in gone]
        self.cut_before = self.programs.exported != "good"

    cut_before = True

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        edit_office: 8,
        edit_titles: 1,
        spoil_office: 2,
        edit_site: 8,
        spoil_programs: 6,
        lose_kept: 1,
        cycle: 12,
    }

    # -- what must hold at any time --------------------------------------------------------------------------------

    def look(self, outcome: CycleOutcome) -> None:
        """No step may fail in a way that nobody has thought of."""
        self.broken += [error for error in outcome.errors if "plugin" in error]

    def watch(self) -> None:
        """Nothing of cc:Mail's own was changed or deleted."""
        for key, record in self.own.items():
            if self.office.entries.get(key) != record:
                self.broken.append(f"{record.name} of cc:Mail became {self.office.entries.get(key)}")

    # -- the end ---------------------------------------------------------------------------------------------------

    def settle(self, cycles: int = 2) -> None:
        """All faults stop, and so many whole cycles run."""
        self.faults = False
        self.programs.stale = self.programs.lacking = self.programs.torn = self.programs.export_code = 0
        self.programs.stops, self.programs.refuses = -1, 0
        for _ in range(cycles):
            self.now += 4000
            for plan in (admin := Administrator(agent=self.agent)).held():
                admin.approve(plan.id)
            self.cycle()

    def problems(self) -> list[str]:
        """What is wrong when all is settled."""
        wrong = list(self.broken)
        if (there := sorted(self.told())) != (wanted := sorted(self.expected_told())):
            wrong.append(f"the directory has {there}, cc:Mail says {wanted}")
        given = {key: record[:4] for key, record in self.office.entries.items() if record.addr.startswith("HQ")}
        wanted_there = self.expected_given()
        given = {key: value for key, value in given.items() if key not in self.titles()}
        if given != wanted_there:
            wrong.append(f"cc:Mail has {given}, the site wants {wanted_there}")
        before = dict(self.office.entries), self.store.directory.usn()
        self.cycle()
        if before != (self.office.entries, self.store.directory.usn()):
            wrong.append("another cycle changed something")
        return wrong

    def told(self) -> list[str]:
        """The targets of those recipients that cc:Mail has told of."""
        return [str(recipient.target) for recipient in self.store.directory.all() if recipient.owner]

    def is_own(self, target: str) -> bool:
        """Whether cc:Mail has somebody of that address now."""
        return target in self.expected_told()

    def titles(self) -> set[str]:
        """The folded names that titles take."""
        return {*self.office.lists, *self.office.boards}

    def expected_told(self) -> list[str]:
        """What cc:Mail's own entries and titles should be at the site."""
        found = {}
        names = {(key, self.place(record)) for key, record in self.own.items()}
        names |= {(key, "PO1") for key in self.office.lists}
        for record in self.own.values():
            name, place = first_last(record.name), self.place(record)
            if fold(record.name) in self.titles():
                continue
            form = record.name if fold(name) != fold(record.name) and (fold(name), place) in names else name
            found[fold(record.name)] = f"CCMAIL:{form} at {place}"
        found |= {f"list {key}": f"CCMAIL:{title.name} at PO1" for key, title in self.office.lists.items()}
        found |= {f"board {key}": f"CCMAIL:#{title.name}" for key, title in self.office.boards.items()}
        return list(found.values())

    def place(self, record: Record) -> str:
        """The post office that an entry of cc:Mail's own is at."""
        return "PO2" if record.locn == REMOTE else "PO1"

    def expected_given(self) -> dict[str, tuple[str, str, str, str]]:
        """What the site's people should be in cc:Mail: everybody whose name is free there."""
        found = {}
        for recipient in self.store.directory.search(owner=""):
            address = recipient.primary("CCMAIL")
            assert isinstance(address, Address)
            name = address.value.removesuffix(" at HQ")
            there = self.office.entries.get(fold(name))
            if fold(name) in self.own or fold(name) in self.titles():
                continue
            notes = dict(recipient.fields).get("info", "")
            # Whose case an administrator of cc:Mail has changed stays as it is.
            spelled = there.name if there and fold(there.name) == fold(name) else name
            found[fold(name)] = (spelled, REMOTE, f"HQ {name}", notes)
        return found
