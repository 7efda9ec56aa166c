"""A small world for the fault test: dxa as the server, three requestors, a bad transport, crashes, restored backups.

Everything is in memory. What may happen, what must hold and how it ends is that of the other worlds of MS Mail, too,
which put other transports and other offices in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs

from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.agent.admin import Administrator, Leftover
from dxa.config import parse
from dxa.connector import Connector, LinkContext, PeerInfo
from dxa.entry import Fields, is_definition
from dxa.errors import DxaError
from dxa.host import Host
from dxa.ledger.view import LISTS
from dxa.recipient import Kind, Recipient
from dxa.store import MemoryHighWater, Store
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.requestor.config import RequestorConfig
from dxa_msmail.requestor.home import MemoryHome
from dxa_msmail.requestor.requestor import Requestor
from dxa_msmail.server import MsMailServer
from tests.worlds.base import World
from tests.worlds.fuses import Crash, Fuse, FusedFolder, FusedStorage, fuse_store
from tests.worlds.office import Postoffice

NAMES = ("NORTH/ALPHA", "NORTH/BETA", "SOUTH/GAMMA")
#: A postoffice's own list has unique names (KB Q96001); the site's directory need not.
NAMES_THERE = ("Ann", "Bob", "Éva", "Cy", "Zoë Longname, Alexandrina Theo", "Di", "Ann001")
PEOPLE = ("Ann", "Bob", "Éva", "Ann", "Bob", "ann", "Zoë Longname, Alexandrina Theo")
ALIASES = tuple(f"U{i}" for i in range(6))
#: What a postoffice may define for its people's entries, and what stands there.
TEMPLATES: tuple[tuple[str, ...], ...] = (
    (),
    ("Phone:~10~25~A~~",),
    ("Phone:~10~30~A~~",),
    ("Phone:~10~25~A~~", "City/ST:~10~25~A~Berlin~"),
    ("Room:~10~25~N~~", "Phone:~10~25~A~none~"),
)
VALUES = ("", "1", "22", "A/B")
LINK = "pcmail"

CONFIG = """
[site]
organization = "LAB"
name = "HQ"
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "Recipients"
export_containers = ["Recipients"]
export_custom = {manual = true, imported = true}
[links.pcmail.msmail]
patience = 0.0
""" + "".join(f'[links.pcmail.peers."{name}"]\nno_password = true\n' for name in NAMES)


#: Plugins are what they are; their hosts keep nothing of a world.
HOST = Host(discover=True)


class MemoryWorld(World):
    """A server and three requestors that check what they get."""

    #: Records with these codes are no news: they are left out on purpose.
    LEFT_OUT: ClassVar[frozenset[int]] = frozenset()
    #: Whether the requestors check nothing.
    NAIVE: ClassVar[bool] = False
    #: A crash comes within so many steps of a program.
    SERVER_STEPS: ClassVar[int] = 12
    OFFICE_STEPS: ClassVar[int] = 6

    def __init__(self, seed: int, folder: Path, *, faults: bool = True) -> None:
        World.__init__(self, seed, folder, faults=faults)
        self.host = HOST
        self.types = self.host.address_types()
        self.config = parse(CONFIG, Path("dxa.toml"), self.host.connectors(), self.types)
        self.fuse = Fuse()
        self.inbox, self.outbox = FusedFolder(fuse=self.fuse), FusedFolder(fuse=self.fuse)
        self.store = Store.open("sqlite:///:memory:", MemoryHighWater(), create=True)
        self.store.types = self.types
        fuse_store(self.store, self.fuse)
        self.agent = self.start()
        self.offices = [self._office(name) for name in NAMES]
        self.flying: list[tuple[FusedFolder, str, bytes]] = []
        self.backup: bytes | None = None
        #: Addresses whose change or deletion was rejected, and those that somebody took out of a list.
        self.pinned: set[str] = set()
        self.removed: set[str] = set()
        self.serial = 0

    # -- building --------------------------------------------------------------------------------------------------

    def start(self) -> Agent:
        """A fresh agent, as after the start of its process."""
        site = OpenSite(
            folder=Path(),
            config=self.config,
            host=self.host,
            store=self.store,
            types=self.types,
            clock=lambda: self.now,
        )
        link = self.config.links[LINK]
        context = LinkContext(
            link=LINK,
            role="server",
            options=link.options,
            folder=self.folder,
            types=self.types,
            site=("LAB", "HQ"),
            peers={p.name.casefold(): PeerInfo(id=p.id, name=p.name, options=p.options) for p in link.peers.values()},
            now=lambda: self.now,
        )
        site.connectors[LINK] = self.connect(context)
        return Agent(site=site)

    def connect(self, context: LinkContext) -> Connector:
        """The server's side of the transport."""
        return MsMailServer(context, self.inbox, self.outbox)

    def _office(self, name: str) -> Postoffice:
        network, postoffice = name.split("/")
        fuse = Fuse()
        config = RequestorConfig(network=network, postoffice=postoffice, server="LAB/HQ", naive=self.NAIVE)
        storage, home = FusedStorage(fuse=fuse), MemoryHome()
        inbox, outbox = FusedFolder(fuse=fuse), FusedFolder(fuse=fuse)
        requestor = Requestor(config, storage, inbox, outbox, lambda: self.now, home, self.types)
        people = dict(zip(self.random.sample(ALIASES, 3), self.random.sample(NAMES_THERE, 3), strict=True))
        office = Postoffice(name, people, requestor, storage, inbox, outbox, home, fuse)
        if self.random.random() < 0.7:
            office.template = self.random.choice(TEMPLATES)
            office.want_templates(self.random.random() < 0.8)
        office.write_list()
        return office

    # -- one random thing ------------------------------------------------------------------------------------------

    def edit_people(self) -> None:
        """Somebody comes, goes, is renamed or moves to another mailbox; sometimes two swap names."""
        office = self.random.choice(self.offices)
        people, alias, before = office.people, self.random.choice(ALIASES), dict(office.people)
        name = self.random.choice([n for n in NAMES_THERE if n not in people.values()])
        kind = self.random.random()
        if kind < 0.2 and len(people) > 1:
            one, two = self.random.sample(sorted(people), 2)
            people[one], people[two] = people[two], people[one]
        elif alias not in people:
            people[alias] = name
        elif kind < 0.5:
            del people[alias]
        elif kind < 0.7 and len(people) < len(ALIASES):
            free = self.random.choice([a for a in ALIASES if a not in people])
            people[free] = people.pop(alias)
        else:
            people[alias] = name
        self.note_removed(office, before)
        office.write_list()

    def note_removed(self, office: Postoffice, before: dict[str, str]) -> None:
        """Remember who was taken out of a list."""
        self.removed |= {f"{office.name}/{alias}" for alias in before.keys() - office.people.keys()}

    def edit_directory(self) -> None:
        """The site's administrator adds, renames, hides, shows, moves or removes a recipient of the site."""
        admin = Administrator(agent=self.agent)
        own = self.store.directory.search(owner="")
        kind = self.random.random()
        if len(own) < 3 or kind < 0.3:
            self.serial += 1
            address = Address("SMTP", f"s{self.serial}@lab.example") if self.random.random() < 0.4 else None
            alias = f"S{self.serial}"
            recipient = Recipient(
                kind=Kind.CUSTOM if address else Kind.MAILBOX,
                container="Recipients",
                name=self.random.choice(PEOPLE),
                alias=alias,
                target=address,
                proxies=(*([address] if address else []), Address("MS", f"LAB/HQ/{alias}")),
            )
            self.server(lambda: admin.add(recipient))
            return
        chosen = self.random.choice(own)
        if kind < 0.5:
            self.server(lambda: admin.edit(chosen.id, lambda r: attrs.evolve(r, name=self.random.choice(PEOPLE))))
        elif kind < 0.7:
            self.server(lambda: admin.edit(chosen.id, lambda r: attrs.evolve(r, hidden=not r.hidden)))
        elif kind < 0.85:
            where = self.random.choice(["Recipients", "Private"])
            self.server(lambda: admin.edit(chosen.id, lambda r: attrs.evolve(r, container=where)))
        else:
            self.server(lambda: admin.remove([chosen.id]))

    def change_types(self) -> None:
        """A postoffice asks for other address types."""
        office = self.random.choice(self.offices)
        types = self.random.choice([("PCM",), ("PCM", "SMTP")])
        self.client(office, lambda: office.want_types(types))

    def change_templates(self) -> None:
        """A postoffice defines other fields, wants values or does not, or somebody's values change."""
        office, kind = self.random.choice(self.offices), self.random.random()
        if kind < 0.25:
            office.template = self.random.choice(TEMPLATES)
        elif kind < 0.4:
            wanted = self.random.random() < 0.7
            self.client(office, lambda: office.want_templates(wanted))
        else:
            for alias in ALIASES:
                if self.random.random() < 0.6:
                    prompt = self.random.choice(("Phone:", "City/ST:", "Room:"))
                    office.values[f"{alias}/{prompt}"] = self.random.choice(VALUES)
        office.write_list()

    def t1(self) -> None:
        """A postoffice sends its request."""
        office = self.random.choice(self.offices)
        self.client(office, office.t1)

    def t3(self) -> None:
        """A postoffice takes its answers."""
        office = self.random.choice(self.offices)
        self.client(office, lambda: self.take(office))

    def take(self, office: Postoffice) -> None:
        """T3; no record of an answer that counts may be refused: names of a list never meet."""
        refused = [reject for reject in office.t3() if reject.code not in self.LEFT_OUT]
        if refused and not office.naive:
            self.broken.append(f"{office.name} refuses {refused}")

    def t2(self) -> None:
        """The server runs a cycle."""
        self.server(self.agent.sync)

    def carry(self) -> None:
        """The transport takes what was dropped, loses, doubles, delays, cuts and reorders it, and delivers the rest."""
        self.pick_up()
        waiting, self.flying = self.flying, []
        if self.faults:
            self.random.shuffle(waiting)
        for target, name, data in waiting:
            luck = self.random.random() if self.faults else 1.0
            if luck < 0.1:
                continue
            if luck < 0.2:
                self.flying.append((target, f"x{name}", data))
            if luck < 0.35 and luck >= 0.2:
                self.flying.append((target, name, data))
                continue
            if 0.35 <= luck < 0.38:
                data = data[: self.random.randrange(len(data))]
            MemoryFolder.write(target, name, data)

    def pick_up(self) -> None:
        """Take files from all outboxes."""
        for office in self.offices:
            for name in office.outbox.names():
                self.flying.append((self.inbox, name, office.outbox.read(name)))
                MemoryFolder.remove(office.outbox, name)
        for name in self.outbox.names():
            data = self.outbox.read(name)
            target = next((o.inbox for o in self.offices if f"TO:CSI:{o.name}/".encode() in data), None)
            MemoryFolder.remove(self.outbox, name)
            if target is not None:
                self.flying.append((target, name, data))

    def back_up_server(self) -> None:
        """A backup of the server's database; the numbers' file is not part of it."""
        self.backup = self.store.dump()

    def restore_server(self) -> None:
        """The server is set back to its backup."""
        if self.backup is not None and self.faults:
            self.store.load(self.backup)
            self.agent = self.start()

    def back_up_office(self) -> None:
        """A backup of one postoffice."""
        office = self.random.choice(self.offices)
        office.back_up()

    def restore_office(self) -> None:
        """One postoffice is set back to its backup, its people with it."""
        office = self.random.choice(self.offices)
        if office.backup is not None and self.faults:
            before = dict(office.people)
            office.restore()
            self.note_removed(office, before)

    def register_anew(self) -> None:
        """A requestor is removed at the server, and registered again under the same name."""
        if self.random.random() < 0.5:
            return
        name = self.random.choice(NAMES)
        leftover = self.random.choice([Leftover.KEEP, Leftover.DELETE])
        admin = Administrator(agent=self.agent)
        self.server(lambda: admin.remove_peer(f"{LINK}/{name}", leftover))

    def decide(self) -> None:
        """The administrator approves or rejects a held plan."""
        admin = Administrator(agent=self.agent)
        for plan in admin.held():
            if self.random.random() < 0.6:
                self.server(lambda plan=plan: admin.approve(plan.id))  # type: ignore[misc]
            else:
                sides = [change.before for change in plan.held if isinstance(change.before, Recipient)]
                self.pinned |= {side.target.value for side in sides if side.target}
                self.server(lambda plan=plan: admin.reject(plan.id))  # type: ignore[misc]

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        edit_people: 10,
        edit_directory: 5,
        change_types: 1,
        change_templates: 5,
        t1: 10,
        carry: 12,
        t2: 9,
        t3: 9,
        back_up_server: 1,
        restore_server: 1,
        back_up_office: 2,
        restore_office: 1,
        register_anew: 1,
        decide: 2,
    }

    # -- crashes ---------------------------------------------------------------------------------------------------

    def server(self, work: Callable[[], Any]) -> None:
        """Run something at the server; it may crash between any two steps, and is started again."""
        if self.faults and self.random.random() < 0.15:
            self.fuse.left = self.random.randint(0, self.SERVER_STEPS)
        try:
            work()
        except Crash:
            self.log.append("server crashed")
            self.agent = self.start()
        except DxaError as error:
            self.log.append(f"server: {error}")
        finally:
            self.fuse.left = None

    def client(self, office: Postoffice, work: Callable[[], Any]) -> None:
        """Run something at a postoffice; it may crash."""
        if self.faults and self.random.random() < 0.15:
            office.fuse.left = self.random.randint(0, self.OFFICE_STEPS)
        try:
            work()
        except Crash:
            self.log.append(f"{office.name} crashed")
        finally:
            office.fuse.left = None

    # -- the end ---------------------------------------------------------------------------------------------------

    def settle(self, cycles: int = 3) -> None:
        """All faults stop, what flies arrives, held plans are decided, and so many whole cycles run."""
        self.faults = False
        self.carry()
        self.agent.sync()
        while Administrator(agent=self.agent).held():
            self.decide()
            self.agent.sync()
        for _ in range(cycles):
            self.cycle()
            self.decide()

    def obey(self) -> None:
        """Do what dxa tells the administrator: have every requestor export in full of which that is wanted."""
        for office in self.offices:
            row = self.store.peers.get(f"{LINK}/{office.name}")
            if row is not None and row.state.export_needed:
                office.want_export()
        self.settle()

    def cycle(self) -> None:
        """T1 everywhere, T2, T3 everywhere, without faults."""
        self.now += 14_400
        for office in self.offices:
            office.t1()
        self.carry()
        self.agent.sync()
        self.carry()
        for office in self.offices:
            self.take(office)

    def problems(self) -> list[str]:
        """What does not agree: received lists, the directory, the views, and every global address list."""
        found = []
        for office in self.offices:
            found += self._received(office) + self._owned(office) + self._gal(office) + self._values(office)
        return found + self._deleted() + self.broken

    def _received(self, office: Postoffice) -> list[str]:
        """The server's received list is what the postoffice has."""
        peer = f"{LINK}/{office.name}"
        rows = [row.entry for row in self.store.received.all(peer) if row.alive]
        told = {entry.address: entry.name for entry in rows if not is_definition(entry)}
        has = {f"{office.name}/{alias}": name for alias, name in office.people.items()}
        return [] if told == has else [f"{office.name}: received list {told} is not {has}"]

    def _owned(self, office: Postoffice) -> list[str]:
        """The directory has what the postoffice told, but for what an administrator rejected."""
        recipients = self.store.directory.search(owner=f"{LINK}/{office.name}")
        owned = {r.target.value: r.name for r in recipients if r.target and r.target.value not in self.pinned}
        has = {f"{office.name}/{alias}": name for alias, name in office.people.items()}
        has = {address: name for address, name in has.items() if address not in self.pinned}
        return [] if owned == has else [f"{office.name}: the directory has {owned} of it, not {has}"]

    def _deleted(self) -> list[str]:
        """Nobody was deleted on a postoffice's word whom nobody had taken out of its list."""
        gone = [
            change.change.before.target.value
            for run in self.store.journal.runs()
            if run.scope.startswith("in ")
            for change in self.store.journal.run(run.id)[1]
            if change.change.after is None
        ]
        return [f"{address} was deleted, and nobody had deleted it" for address in gone if address not in self.removed]

    def _gal(self, office: Postoffice) -> list[str]:
        """What the postoffice holds of others is what its view shows."""
        row = self.store.peers.get(f"{LINK}/{office.name}")
        if row is None or row.view is None:
            return [f"{office.name} is not known"]
        own = office.name.casefold()
        shown = {
            (line.type, line.list, line.name, line.address)
            for line in self.store.views.live_all(row.view)
            if row.pick.shows(line.type, line.instead_of) and line.list.casefold() != own and line.recipient != LISTS
        }
        held = office.held()
        return (
            []
            if shown == held
            else [f"{office.name}: lacks {sorted(shown - held)}, has {sorted(held - shown)} too much"]
        )

    def plain(self, fields: Fields) -> dict[str, str]:
        """Fields as they are compared; an empty value is one."""
        return dict(fields)

    def _values(self, office: Postoffice) -> list[str]:
        """A postoffice that wants values has those that the others want to tell, and their definitions."""
        if not office.templates:
            return []
        wanted: dict[str, Fields] = {}
        for other in self.offices:
            if other is not office and other.templates and other.template:
                addresses = {f"{other.name}/{alias}": alias for alias in other.people}
                wanted |= {a: other.expected(alias) for a, alias in addresses.items() if a not in self.pinned}
                pairs = (line.partition("~")[::2] for line in other.template)
                wanted[other.name] = tuple(pairs)
        held = {at: fields for at, fields in office.held_values().items() if at not in self.pinned}
        # Whom a requestor that was removed has left behind has values too, but nobody tells them.
        left = {at for at in held if at not in wanted and at.rpartition("/")[0] in wanted}
        differ = {
            at: (wanted.get(at), held.get(at))
            for at in (wanted.keys() | held.keys()) - left
            if self.plain(wanted.get(at, ())) != self.plain(held.get(at, ()))
        }
        return [f"{office.name}: should have, and has {differ}"] if differ else []


#: At the end of what the exports that dxa asks for have mended.
MENDED = "mended by an export"


class NaiveWorld(MemoryWorld):
    """The same with requestors that check nothing; what is wrong at their end is counted, and no defect of dxa's."""

    NAIVE = True

    def end(self) -> list[str]:
        """As before; the last entry says whether the administrator's exports, where dxa asks for them, mend it."""
        problems = MemoryWorld.end(self)
        if problems:
            self.obey()
            problems.append("stays wrong" if self.problems() else MENDED)
        return problems
