"""The fault test's world with a postoffice as the directory server: all of it on disk, and no dxa in between.

What may go wrong is that of `disk`; the server's postoffice has people of its own, is its own
requestor, and is set back to a backup like the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs

from dxa.errors import DxaError
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.postoffice.served import Served, read_served
from dxa_msmail.programs import admin
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.srvmain import program as srvmain
from tests.worlds.base import World
from tests.worlds.disk import DiskWorld
from tests.worlds.diskoffice import SERVER, DiskPostoffice
from tests.worlds.fuses import Crash, Fuse
from tests.worlds.memory import HOST, NAMES, NAMES_THERE, MemoryWorld

#: Addresses that an administrator tells with IMPORT -e: of a gateway, and of a postoffice that does not take part.
INJECTED = ("SMTP:a@lab.example", "SMTP:b@lab.example", "PCM:FAR/AWAY/U1", "PCM:FAR/AWAY/U2")


@attrs.define
class ServerPostoffice(DiskPostoffice):
    """The directory server's own postoffice."""

    def serve(self) -> None:
        """SRVMAIN -r, SRVMAIN -t."""
        srvmain.receive(self.maildata, self.clock)
        srvmain.transmit(self.maildata, self.clock)

    def served(self) -> Served:
        """What it remembers as a server."""
        with self.maildata.look() as files:
            return read_served(files) or Served()


class ServedWorld(DiskWorld):
    """A server and three others below a folder; equal seeds are equal runs."""

    def __init__(self, seed: int, folder: Path, *, faults: bool = True) -> None:
        # Not that of the worlds above: there is no agent, no database and no shadow postoffice here.
        World.__init__(self, seed, folder, faults=faults)
        self.types = HOST.address_types()
        self.fuse = Fuse()
        self.shadow_root = folder / "no shadow"
        self.removed: set[str] = set()
        self.pinned: set[str] = set()
        hub = self._office(SERVER)
        self.hub = ServerPostoffice(**attrs.asdict(hub, recurse=False))
        self.offices: list[Any] = [self.hub]
        self._build_hub()
        for name in NAMES:
            office = self._office(name)
            office.build(self.hub.root)
            self.offices.append(office)

    def _build_hub(self) -> None:
        network, postoffice = SERVER.split("/")
        po = tree.create(self.hub.root, network=network, postoffice=postoffice, durable=False)
        self.hub.define()
        self.hub.register(("PCM",))
        admin.set_options(po, keep_updates=1)
        for name in NAMES:
            admin.add_postoffice(po, name, route=direct(str(self.folder / name.replace("/", "-"))))
            admin.register_requestor(po, name)
        self.hub.write_list()

    # -- one random thing ------------------------------------------------------------------------------------------

    def server(self, work: Callable[[], Any]) -> None:
        """Run something at the server; it may be ended at any step."""
        if self.faults and self.random.random() < 0.15:
            self.hub.fuse.left = self.random.randint(0, 60)
        try:
            work()
        except Crash:
            self.log.append("server crashed")
        except DxaError as error:
            self.log.append(f"server: {error}")
        finally:
            self.hub.fuse.left = None

    def t2(self) -> None:
        """SRVMAIN -r and -t, or only one of them."""
        kind = self.random.random() if self.faults else 0.0
        if kind < 0.7:
            self.server(self.hub.serve)
        elif kind < 0.85:
            self.server(lambda: srvmain.receive(self.hub.maildata, self.hub.clock))
        else:
            self.server(lambda: srvmain.transmit(self.hub.maildata, self.hub.clock))

    def inject(self) -> None:
        """An administrator tells an address that is of no postoffice here, or takes it back, with IMPORT -e."""
        office, address = self.random.choice(self.offices), self.random.choice(INJECTED)
        verb = self.random.choice("AAD")
        line = f"{verb} {self.random.choice(NAMES_THERE)}\t{address}\r\n".encode("cp850")

        def work() -> None:
            try:
                importing.queue_file(office.maildata, office.clock, line)
            except DxaError as error:
                self.log.append(f"IMPORT -e: {error}")

        self.client(office, work)

    def limit(self) -> None:
        """An update may have so many bytes from now on."""
        name, limit = self.random.choice(NAMES), self.random.choice((0, 150, 400))
        self.server(lambda: admin.register_requestor(self.hub.maildata, name, limit=limit))

    def register_anew(self) -> None:
        """A requestor is removed at the server, and registered again under the same name."""
        name, forget = self.random.choice((SERVER, *NAMES)), self.random.random() < 0.5
        self.server(lambda: admin.remove_requestor(self.hub.maildata, name, forget=forget))
        self.register_all()

    def register_all(self) -> None:
        """Whoever is not registered, because somebody was interrupted, is."""
        for name in (SERVER, *NAMES):
            admin.register_requestor(Maildata(self.hub.root, durable=False), name)

    def back_up_server(self) -> None:
        """A backup of the server's postoffice; the file with its highest number lies beside it."""
        self.hub.back_up()

    def restore_server(self) -> None:
        """The server's postoffice is set back to its backup, with the mail that lay in it."""
        if self.hub.backup is not None and self.faults:
            self.hub.restore()

    def want_full(self) -> None:
        """The administrator wants a requestor to get everything."""
        name = self.random.choice(NAMES)
        self.server(lambda: admin.want_full(self.hub.maildata, name))

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        DiskWorld.edit_people: 12,
        MemoryWorld.change_types: 1,
        DiskWorld.change_templates: 4,
        MemoryWorld.t1: 12,
        DiskWorld.carry: 12,
        t2: 9,
        MemoryWorld.t3: 10,
        MemoryWorld.back_up_office: 3,
        MemoryWorld.restore_office: 2,
        back_up_server: 2,
        restore_server: 2,
        inject: 3,
        limit: 1,
        register_anew: 1,
        want_full: 1,
    }

    # -- the end ---------------------------------------------------------------------------------------------------

    def settle(self, cycles: int = 4) -> None:
        """All faults stop, limits with them, and so many whole cycles run."""
        self.faults = False
        self.register_all()
        for name in NAMES:
            admin.register_requestor(Maildata(self.hub.root, durable=False), name, limit=0)
        for office in self.offices:
            office.fuse.left = None
            office.write_list()
        for _ in range(cycles):
            self.cycle()

    def cycle(self) -> None:
        """T1 everywhere, T2, T3 everywhere, without faults."""
        self.now += 14_400
        for office in self.offices:
            office.t1()
        self.carry()
        self.hub.serve()
        self.carry()
        for office in self.offices:
            self.take(office)

    def problems(self) -> list[str]:
        """What does not agree: what the server was told, its master list, every list, and what a check would find."""
        served = self.hub.served()
        found = list(self.broken)
        for office in self.offices:
            found += self._told(office, served) + self._held(office, served) + self._values(office)
            with Maildata(office.root).look() as files:
                problems = (problem for problem in tree.check(files) if not problem.file.startswith(("MAI/", "ATT/")))
                found += [f"{office.name}: {problem}" for problem in problems]
        return found

    def roots(self) -> list[Path]:
        """See `DiskWorld`; nobody has a shadow postoffice."""
        return [office.root for office in self.offices]

    def _told(self, office: DiskPostoffice, served: Served) -> list[str]:
        own = office.name.casefold()
        rows = served.told.get(own, {}).values()
        told = {row.address: row.name for row in rows if row.list.casefold() == own and row.address}
        shown = {line.address: line.wanted for line in served.lines if line.list.casefold() == own}
        has = {f"{office.name}/{alias}": name for alias, name in office.people.items()}
        return [] if told == has == shown else [f"{office.name}: told {told}, shown {shown}, has {has}"]

    def _held(self, office: DiskPostoffice, served: Served) -> list[str]:
        own, memo = office.name.casefold(), served.memo(office.name)
        if memo.pick is None:
            return [f"{office.name} has not asked"]
        shown = {
            (line.type, line.list, line.name, line.address)
            for line in served.lines
            if memo.pick.shows(line.type, "") and line.list.casefold() != own
        }
        held = office.held()
        if shown == held:
            return []
        return [f"{office.name}: lacks {sorted(shown - held)}, has {sorted(held - shown)} too much"]
