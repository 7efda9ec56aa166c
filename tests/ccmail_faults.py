"""A small world for the fault test of cc:Mail: a site, a post office, bad programs, crashes, exports of yesterday.

Everything but the kept export is in memory and follows from one seed. `FaultyOffice.step` does one random thing;
`settle` ends all faults and lets two cycles run; `problems` says what is wrong then.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

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
from dxa_ccmail.importfiles import Instruction, read_import
from dxa_ccmail.names import first_last, fold
from dxa_ccmail.record import LOCAL, REMOTE, Record
from dxa_ccmail.running import checks, outputs
from dxa_ccmail.running.events import REFUSED, SUCCESS, Program, RunError, ended
from dxa_ccmail.running.interface import Exported, Imported, Kind, Mode, State
from dxa_ccmail.simulator.office import Office, Refusal
from dxa_ccmail.titles import Title
from dxa_ccmail.undeliverable import write_undeliverable
from tests.world import Crash, Fuse

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


@attrs.define
class FaultyPrograms:
    """EXPORT and IMPORT of an office in memory. What is to go wrong next goes wrong once."""

    office: Office
    fuse: Fuse
    #: The exports that were taken, newest last.
    past: list[bytes] = attrs.field(factory=list)
    stale: int = 0
    lacking: int = 0
    torn: int = 0
    export_code: int = 0
    #: IMPORT ends with code 1 after so many records, if not negative.
    stops: int = -1
    #: IMPORT refuses so many records, the first ones.
    refuses: int = 0
    exported: str = ""
    latest: bytes = b""

    def export(self) -> Exported | None:
        """See `Programs`."""
        self.fuse.tick()
        if code := self.take("export_code"):
            raise RunError(ended(Program.EXPORT, code), code=code)
        data = self.office.export_directory()
        stale = min(self.take("stale"), len(self.past))
        # Two old exports in a row agree with each other, and nobody can know better.
        if stale and self.exported == "good" and self.past[-stale] != self.past[-1]:
            data, self.exported = self.past[-stale], "stale"
        else:
            data, self.exported = self.cut(data)
        if (torn := self.take("torn")) and (wrong := outputs.problem(Kind.DIRECTORY, data[:-torn])):
            raise checks.not_run(Program.EXPORT, wrong)
        titles = {Kind.LISTS: self.office.lists, Kind.BOARDS: self.office.boards}
        found = {kind: self.office.export_titles(those) for kind, those in titles.items()}
        self.fuse.tick()
        self.latest = data
        return Exported(files={Kind.DIRECTORY: data, **found}, event=ended(Program.EXPORT, SUCCESS))

    def cut(self, data: bytes) -> tuple[bytes, str]:
        """The export with its end missing. A cut that takes away only who was never seen shows nowhere."""
        cut, known = data, self.past[-1] if self.past else b""
        for _ in range(min(self.take("lacking"), data.count(b"Name:") - 1)):
            cut = cut[: cut.rindex(b"Name:")]
        lost = [b"Name:" + record for record in data[len(cut) :].split(b"Name:")[1:]]
        return (cut, "cut") if any(record in known for record in lost) else (data, "good")

    def take(self, name: str) -> int:
        """What was to go wrong, which does so once."""
        value: int = getattr(self, name)
        setattr(self, name, 0)
        return value

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """See `Programs`."""
        self.fuse.tick()
        if not data:
            return Imported(mode=mode, state=State.NOTHING)
        rows = list(read_import(data, self.office.marking, delete_run=mode is Mode.DELETE))
        stops, self.stops = self.stops, -1
        not_now = rows[: self.take("refuses")]
        rows = rows[len(not_now) :]
        _, refused, malformed = self.office.import_(rows[:stops] if stops >= 0 else rows)
        assert not malformed
        refused += [Refusal(row.record, "not now") for row in not_now if isinstance(row, Instruction)]
        self.fuse.tick()
        if stops >= 0:
            raise RunError(ended(Program.IMPORT, 1), code=1)
        code = REFUSED if refused else SUCCESS
        text = write_undeliverable((each.record, each.reason) for each in refused)
        return Imported(mode=mode, state=State.DONE, code=code, event=ended(Program.IMPORT, code), undeliverable=text)

    def results(self) -> Sequence[Imported]:
        """See `Programs`."""
        return ()

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Programs`."""
        self.fuse.tick()
        self.past = [*self.past[-9:], self.latest] if receipts else self.past

    def warnings(self) -> Sequence[str]:
        """See `Programs`."""
        return ()


class FaultyOffice:
    """A site and its post office. `own` is what people have put into cc:Mail, `faults` whether anything goes wrong."""

    #: A crash comes at most so many steps after a cycle began.
    STEPS = 40

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now, self.faults, self.serial = 1_000_000.0, True, 0
        self.log: list[str] = []
        self.broken: list[str] = []
        self.fuse = Fuse()
        self.office = Office(name="PO1")
        self.programs = FaultyPrograms(self.office, self.fuse)
        self.own: dict[str, Record] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="dxa-cc-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.host = Host()
        self.types = self.host.address_types()
        self.config = parse(CONFIG, self.folder / "dxa.toml", self.host.connectors(), self.types)
        self.store = Store.open("sqlite:///:memory:", MemoryHighWater(), create=True)
        self.store.types = self.types
        self.fuse_commits()
        self.agent = self.start()

    def fuse_commits(self) -> None:
        """A process may end before and after every commit."""
        plain, db = self.store.transaction, self.store._db

        @contextmanager
        def fused() -> Iterator[None]:
            inner = db._inside or db.rehearsing
            if not inner:
                self.fuse.tick()
            with plain():
                yield
            if not inner:
                self.fuse.tick()

        self.store.transaction = fused  # type: ignore[method-assign]

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
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- one random thing ------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Do one random thing."""
        self.now += self.random.randint(1, 4000)
        action = self.random.choices(list(self.ACTIONS), list(self.ACTIONS.values()))[0]
        self.log.append(action.__name__)
        getattr(self, action.__name__)()

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
            self.fuse.left = self.random.randint(0, self.STEPS)
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

    ACTIONS: ClassVar[dict[Callable[[FaultyOffice], None], int]] = {
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


def run(seed: int, steps: int = 60) -> list[str]:
    """The problems of a whole schedule."""
    world = FaultyOffice(seed)
    for _ in range(steps):
        world.step()
    world.settle()
    problems = world.problems()
    world.close()
    return [f"{problem} (after {', '.join(world.log[-12:])})" for problem in dict.fromkeys(problems)]
