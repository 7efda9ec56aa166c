"""Real postoffices on disk, with their own programs, and a directory server that is one of them or a site of dxa."""

from __future__ import annotations

from pathlib import Path

import attrs

from dxa.address import AddressTypes
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.dirsyncconf import Reqconf, read_reqconf
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.postoffice.served import Served, read_served
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs import admin, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.srvmain import program as srvmain
from dxa_msmail.programs.srvmain.program import Received, Transmitted
from tests.cases.harness import HOUR, SiteHarness

TYPES = AddressTypes(ADDRESS_TYPES)
SITE = "LAB/HQ"


def site_text(*names: str, **rules: str) -> str:
    """The configuration of the site LAB/HQ, the directory server of these postoffices in the folders beside it."""
    peers = "".join(
        f'[links.mail.peers."{name}"]\nno_password = true\n'
        + "".join(f"{key} = {value}\n" for key, value in rules.items())
        + f'[links.mail.peers."{name}".msmail]\nmaildata = "../{folder_of(name)}"\n'
        for name in names
    )
    return (
        '[site]\norganization = "LAB"\nname = "HQ"\nadministrator = "MS:LAB/HQ/ADMIN"\n'
        '[links.mail]\nconnector = "msmail"\nrole = "server"\nimport_container = "Foreign"\n'
        f'export_containers = ["Staff", "Foreign"]\n[links.mail.msmail]\nmaildata = "shadow"\n{peers}'
    )


def folder_of(name: str) -> str:
    """The folder of a postoffice."""
    return name.replace("/", "-").lower()


@attrs.define
class Offices:
    """Postoffices by name below a folder; `site` is the directory server when it is a site."""

    folder: Path
    offices: dict[str, Maildata] = attrs.field(factory=dict)
    site: SiteHarness | None = None
    now: float = 1_000_000_000.0

    def clock(self) -> float:
        """Everybody's clock."""
        self.now += 1
        if self.site is not None:
            self.site.now = max(self.site.now, self.now)
        return self.now

    # -- who is there ----------------------------------------------------------------------------------------------

    def add(self, name: str, *people: str) -> Maildata:
        """A postoffice with these people, which knows the way to all others, and they to it."""
        network, _, postoffice = name.partition("/")
        po = tree.create(self.folder / folder_of(name), network=network, postoffice=postoffice, durable=False)
        for other, there in self.offices.items():
            admin.add_postoffice(po, other, route=direct(str(there.root)))
            admin.add_postoffice(there, name, route=direct(str(po.root)))
        self.offices[name] = po
        for person in people:
            self.hire(name, person)
        return po

    def serve(self, **rules: str) -> SiteHarness:
        """A site that is the directory server of all of them."""
        (self.folder / "site").mkdir()
        self.site = SiteHarness(self.folder / "site", site_text(*self.offices, **rules), now=self.now)
        for po in self.offices.values():
            admin.add_postoffice(po, SITE, route=direct(str(self.folder / "site" / "shadow")))
            admin.register_server(po, SITE)
        self.site.sync()
        return self.site

    def appoint(self, server: str) -> Maildata:
        """One of them is the directory server of all."""
        hub = self.offices[server]
        admin.register_server(hub, server)
        for name, po in self.offices.items():
            if name != server:
                admin.register_requestor(hub, name)
                admin.register_server(po, server)
        return hub

    def hire(self, name: str, person: str) -> None:
        """Somebody comes to a postoffice; the mailbox is the name."""
        admin.add_user(self.offices[name], self.clock, NewUser(name=person, mailbox=person.split()[0].upper()))

    def fire(self, name: str, mailbox: str) -> None:
        """Somebody leaves a postoffice."""
        admin.delete_user(self.offices[name], self.clock, mailbox)

    # -- a cycle ---------------------------------------------------------------------------------------------------

    def ask(self, *names: str) -> None:
        """T1 of these, or of all; their mail is where it belongs."""
        for name in names or self.offices:
            reqmain.transmit(self.offices[name], self.clock)
        self.carry()

    def carry(self) -> None:
        """EXTERNAL everywhere."""
        shadow = [] if self.site is None else [Maildata(self.folder / "site" / "shadow", durable=False)]
        for po in (*shadow, *self.offices.values(), *shadow):
            external.run(po, self.clock)

    def answer(self, server: str = "") -> tuple[Received, Transmitted] | None:
        """T2: of the postoffice that is the server, or of the site."""
        done = None
        if server:
            hub = self.offices[server]
            done = srvmain.receive(hub, self.clock), srvmain.transmit(hub, self.clock)
        elif self.site is not None:
            self.site.sync(after=HOUR)
            self.now = self.site.now
        self.carry()
        return done

    def take(self, *names: str) -> None:
        """T3 of these, or of all."""
        for name in names or self.offices:
            reqmain.receive(self.offices[name], self.clock)
            importing.run_queue(self.offices[name], self.clock)

    def cycle(self, server: str = "", *, times: int = 1) -> None:
        """T1, T2 and T3 of all."""
        for _ in range(times):
            self.ask()
            self.answer(server)
            self.take()

    # -- what is there ---------------------------------------------------------------------------------------------

    def held(self, name: str) -> list[str]:
        """Everybody of other postoffices and gateways, as ``NET/PO/BOX``."""
        with self.offices[name].look() as files:
            lists = read_book(files, TYPES)
        return sorted(entry.address for rows in lists.values() for entry in rows.values())

    def numbers(self, name: str) -> Reqconf:
        """What it remembers as a requestor."""
        with self.offices[name].look() as files:
            return read_reqconf(files)

    def served(self, name: str) -> Served:
        """What it remembers as a server."""
        with self.offices[name].look() as files:
            return read_served(files) or Served()
