"""Where a procedure takes place: a postoffice, its directory server, and the other postoffices that can be reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from dxa.address import AddressTypes
from dxa.errors import DxaError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.dirsyncconf import Reqconf, Srvconf, read_reqconf, read_srvconf
from dxa_msmail.postoffice.identity import identity, name_of
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import PostofficeRow, Route, RouteKind, direct, indirect, name_key, postoffices
from dxa_msmail.postoffice.tree import open_postoffice
from dxa_msmail.programs import rebuild, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.srvmain import program as srvmain
from dxa_msmail.programs.srvmain.program import bare

Clock = Callable[[], float]

#: So many cycles everybody needs at most until he has everything, and has said so.
CYCLES = 3
_TYPES = AddressTypes(ADDRESS_TYPES)


@attrs.define(kw_only=True)
class Place:
    """What a procedure works on. `other` is the NET/PO that it is about besides, `new` the name that this one gets,
    `admin` who does it.

    `offices` are the postoffices with users that can be reached, by folded name, `here` among them; `away` says of the
    others why not. `shadows` are shadow postoffices: what belongs there is dxa's business.
    """

    here: Maildata
    clock: Clock
    other: str = ""
    new: str = ""
    admin: str = "ADMIN"
    offices: dict[str, Maildata] = attrs.field(factory=dict, init=False)
    names: dict[str, str] = attrs.field(factory=dict, init=False)
    away: dict[str, str] = attrs.field(factory=dict, init=False)
    shadows: dict[str, Path] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Find everybody to whom mail goes directly; raises `FormatError` 40, `LockedError` 91."""
        self.offices, self.names, self.away, self.shadows = {}, {}, {}, {}
        with self.here.look() as files:
            own, known = name_of(files), postoffices(files)
        self._add(own, self.here)
        for row in known.values():
            if row.kind == "MS" and name_key(row.full) != name_key(own):
                self._reach(row)

    def _reach(self, row: PostofficeRow) -> None:
        if row.route.kind is not RouteKind.DIRECT:
            self.away[name_key(row.full)] = f"{row.full} is not reached directly from here"
            return
        path = (self.here.root / row.route.path).resolve()
        try:
            found = open_postoffice(path, patience=self.here.patience, durable=self.here.durable)
            with found.look() as files:
                master = identity(files)
        except DxaError as error:
            self.away[name_key(row.full)] = str(error)
            return
        if name_key(master.name) not in (name_key(row.full), name_key(self.new)):
            self.away[name_key(row.full)] = f"{path} is {master.name}, not {row.full}"
        elif master.shadow:
            self.shadows[name_key(row.full)] = path
        else:
            self._add(row.full, found)

    def _add(self, name: str, po: Maildata) -> None:
        self.offices[name_key(name)] = po
        self.names[name_key(name)] = name

    # -- who is who ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """NET/PO of the postoffice."""
        return next(iter(self.names.values()))

    @property
    def server_name(self) -> str:
        """NET/PO of the directory server of the postoffice; empty for none."""
        return self.conf(self.name).server or (self.name if self.srvconf(self.name) else "")

    @property
    def server(self) -> Maildata | None:
        """The directory server, when it is a postoffice that can be reached."""
        name = self.server_name
        return self.offices.get(name_key(name)) if name and self.srvconf(name) is not None else None

    @property
    def requestors(self) -> list[str]:
        """Everybody who is registered at the server, by NET/PO; the postoffice itself where the server is elsewhere."""
        conf = self.srvconf(self.server_name)
        if conf is None:
            return [self.name]
        return [bare(each.name) for each in conf.requestors]

    def reached(self, names: list[str]) -> list[str]:
        """Those of them that can be worked on from here."""
        return [name for name in names if name_key(name) in self.offices]

    def out_of_reach(self, names: list[str]) -> list[str]:
        """The others."""
        return [name for name in names if name_key(name) not in self.offices]

    def path(self, name: str) -> str:
        """The folder of a postoffice, for a command; its name in brackets when that is not known."""
        po = self.offices.get(name_key(name))
        shadow = self.shadows.get(name_key(name))
        return str(po.root if po else shadow) if po or shadow else f"[{name}]"

    def po(self, name: str) -> Maildata:
        """The postoffice of that name, which can be reached."""
        return self.offices[name_key(name)]

    # -- what is there ---------------------------------------------------------------------------------------------

    def conf(self, name: str) -> Reqconf:
        """What it remembers as a requestor."""
        with self.po(name).look() as files:
            return read_reqconf(files)

    def srvconf(self, name: str) -> Srvconf | None:
        """What it is set to as a directory server; None when it is none, or cannot be reached."""
        po = self.offices.get(name_key(name))
        if po is None:
            return None
        with po.look() as files:
            return read_srvconf(files)

    def knows(self, name: str, other: str) -> PostofficeRow | None:
        """What a postoffice knows of another one."""
        with self.po(name).look() as files:
            return postoffices(files).get(name_key(other))

    def route(self, name: str, other: str) -> Route | None:
        """How mail gets from one to the other, as it can stand in any third one; None when it does not know it."""
        row = self.knows(name, other)
        if row is not None and row.route.kind is RouteKind.BAG:  # two postoffices share it, and no third one
            return indirect(name)
        if row is None or row.route.kind is not RouteKind.DIRECT:
            return None if row is None else row.route
        return direct(str((self.po(name).root / row.route.path).resolve()))

    def people(self, name: str, other: str) -> int:
        """How many entries of another postoffice stand in the lists of this one."""
        with self.po(name).look() as files:
            lists = read_book(files, _TYPES)
        return sum(len(rows) for key, rows in lists.items() if key == ("MS", other.casefold()))

    def settled(self, names: list[str]) -> bool:
        """Whether these have told everything, been told everything, and wait for nothing."""
        confs = [self.conf(name) for name in names]
        return all(not (c.imports or c.exports) and c.srv > 0 and c.acked == c.last for c in confs)

    def cycle(self, names: list[str], until: Callable[[], bool] = lambda: True) -> bool:
        """Run cycles until these have everything, and `until` holds; False where the server cannot be run from here."""
        server = self.server
        if server is None:
            return False
        for _ in range(CYCLES):
            self._once(server, names)
            if self.settled(names) and until():
                break
        return True

    def _once(self, server: Maildata, names: list[str]) -> None:
        offices = [self.po(name) for name in names]
        for po in offices:
            reqmain.transmit(po, self.clock)
        everybody = {po.root: po for po in (*offices, server)}
        for po in (*everybody.values(), server):
            external.run(po, self.clock)
        srvmain.receive(server, self.clock)
        srvmain.transmit(server, self.clock)
        for po in (server, *everybody.values()):
            external.run(po, self.clock)
        for po in offices:
            reqmain.receive(po, self.clock)
            importing.run_queue(po, self.clock)
            rebuild.rebuild(po, self.clock, force=True)
