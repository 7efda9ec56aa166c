"""The two sites and two postoffices of KB Q152167: how they are configured, and what can be done at each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.agent.admin import Administrator
from dxa.agent.outcome import CycleOutcome
from dxa.config import parse
from dxa.recipient import Kind, Recipient
from dxa.store import MemoryHighWater, Store
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import PostofficeRow, direct, indirect, postoffices
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs import admin, rebuild, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.external.mailroom import Outcome
from dxa_msmail.programs.importing import program as importing
from tests.worlds.linkedsite import HOST, key_of

X1, X2, PO1, PO2 = "LAB/HQ", "LAB/BERLIN", "NORTH/PO1", "SOUTH/PO2"
SITES, POSTOFFICES, PLACES = (X1, X2), (PO1, PO2), (X1, X2, PO1, PO2)
MAIL, BETWEEN = "pcmail", "sites"

#: Who is reached through X1: at each site, what is below [links.pcmail].
MAIL_OF: Mapping[str, str] = {
    X1: """
[links.pcmail.msmail]
maildata = "shadow"
patience = 0.0
routes = { "LAB/BERLIN" = "../x2/shadow" }
[links.pcmail.peers."NORTH/PO1"]
no_password = true
[links.pcmail.peers."NORTH/PO1".msmail]
maildata = "../po1"
[links.pcmail.peers."SOUTH/PO2"]
no_password = true
[links.pcmail.peers."SOUTH/PO2".msmail]
via = "LAB/BERLIN"
""",
    X2: """
[links.pcmail.msmail]
maildata = "shadow"
patience = 0.0
routes = { "LAB/HQ" = "../x1/shadow", "SOUTH/PO2" = "../po2" }
via = { "NORTH/PO1" = "LAB/HQ" }
""",
}

#: The same where the sites share only the folder of the site link, which each has a copy of.
APART: Mapping[str, str] = {
    X1: MAIL_OF[X1].replace(
        'routes = { "LAB/BERLIN" = "../x2/shadow" }',
        f'bags = {{ "LAB/BERLIN" = "sitelink" }}\npublic_keys = {{ "LAB/BERLIN" = "{key_of(X2).public}" }}',
    ),
    X2: MAIL_OF[X2].replace(
        '"LAB/HQ" = "../x1/shadow", "SOUTH/PO2" = "../po2" }',
        '"SOUTH/PO2" = "../po2" }\nbags = { "LAB/HQ" = "sitelink" }\n'
        f'public_keys = {{ "LAB/HQ" = "{key_of(X1).public}" }}',
    ),
}


def configuration(name: str, peer: str, mail: str) -> str:
    """The dxa.toml of one of the two sites."""
    organization, site = name.split("/")
    pem = key_of(name).pem().decode().replace("\n", "\\n")
    return f"""
[site]
organization = "{organization}"
name = "{site}"
[links.sites]
connector = "sitelink"
import_container = "Sites"
export_containers = ["Recipients", "MS Mail", "Sites"]
[links.sites.sitelink]
key = "text:{pem}"
patience = 0.0
[links.sites.peers."{peer}".sitelink]
public_key = "{key_of(peer).public}"
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Recipients", "MS Mail", "Sites"]
{mail}
"""


@attrs.define
class SiteThere:
    """One of the two sites, in its folder; its directory is kept in memory."""

    name: str
    folder: Path
    site: OpenSite

    @classmethod
    def build(cls, name: str, folder: Path, text: str, clock: Callable[[], float]) -> SiteThere:
        """The site with this configuration."""
        folder.mkdir(parents=True)
        types = HOST.address_types()
        store = Store.open("sqlite:///:memory:", MemoryHighWater(), create=True)
        store.types = types
        config = parse(text, folder / "dxa.toml", HOST.connectors(), types)
        site = OpenSite(folder=folder, config=config, host=HOST, store=store, types=types, clock=clock)
        return cls(name, folder, site)

    @property
    def admin(self) -> Administrator:
        """Its administrator."""
        return Administrator(agent=Agent(site=self.site))

    @property
    def shadow(self) -> Maildata:
        """Its shadow postoffice."""
        return Maildata(self.folder / "shadow", durable=False)

    def move(self) -> Outcome:
        """EXTERNAL at its shadow postoffice."""
        return external.run(self.shadow, self.site.clock, key=key_of(self.name))

    @property
    def between(self) -> Path:
        """Its copy of the folder of the site link."""
        return self.folder / "sitelink"

    def sync(self) -> CycleOutcome:
        """One cycle; what goes wrong in it is an error."""
        outcome = Agent(site=self.site).sync()
        assert [] == [error for link in outcome.links for error in link.errors]
        return outcome

    # -- its people ------------------------------------------------------------------------------------------------

    def add(self, mailbox: str, name: str) -> None:
        """Somebody comes."""
        address = Address("MS", f"{self.name}/{mailbox}")
        person = Recipient(kind=Kind.MAILBOX, container="Recipients", name=name, alias=mailbox, proxies=(address,))
        self.admin.add(person)

    def rename(self, mailbox: str, name: str) -> None:
        """Somebody gets another name."""
        self.admin.edit(self._id(mailbox), lambda person: attrs.evolve(person, name=name))

    def delete(self, mailbox: str) -> None:
        """Somebody goes."""
        self.admin.remove([self._id(mailbox)])

    def _id(self, mailbox: str) -> int:
        return next(each.id for each in self.site.store.directory.search(owner="") if each.alias == mailbox)

    # -- what is there ---------------------------------------------------------------------------------------------

    def people(self) -> list[Recipient]:
        """Everybody in its directory."""
        return list(self.site.store.directory.all())

    def held(self) -> dict[str, str]:
        """Everybody of others: names by address."""
        return {each.target.value: each.name for each in self.people() if each.target is not None}

    def approve(self) -> None:
        """Let everything through that guards hold."""
        for plan in self.admin.held():
            self.admin.approve(plan.id)


@attrs.define
class OfficeThere:
    """One of the two postoffices, and the programs that run there."""

    name: str
    folder: Path
    site: SiteThere
    clock: Callable[[], float]

    @classmethod
    def build(cls, name: str, folder: Path, site: SiteThere, clock: Callable[[], float]) -> OfficeThere:
        """The postoffice with a direct route to its site; to the directory server, if that is another, by way of it."""
        network, postoffice = name.split("/")
        po = tree.create(folder, network=network, postoffice=postoffice, durable=False)
        admin.add_postoffice(po, site.name, route=direct(str(site.shadow.root)))
        if site.name != X1:
            admin.add_postoffice(po, X1, route=indirect(site.name))
        admin.register_server(po, X1, types=("PCM",))
        return cls(name, folder, site, clock)

    @property
    def maildata(self) -> Maildata:
        """Its files."""
        return Maildata(self.folder, durable=False)

    def add(self, mailbox: str, name: str) -> None:
        """Somebody gets a mailbox."""
        admin.add_user(self.maildata, self.clock, NewUser(name=name, mailbox=mailbox))

    def rename(self, mailbox: str, name: str) -> None:
        """Somebody gets another name."""
        admin.change_user(self.maildata, self.clock, mailbox, name=name)

    def delete(self, mailbox: str) -> None:
        """Somebody goes."""
        admin.delete_user(self.maildata, self.clock, mailbox)

    def move(self) -> Outcome:
        """EXTERNAL."""
        return external.run(self.maildata, self.clock)

    def ask(self) -> None:
        """T1."""
        reqmain.transmit(self.maildata, self.clock)

    def take(self) -> Sequence[str]:
        """T3; returns the records that were refused."""
        received = reqmain.receive(self.maildata, self.clock)
        imported = importing.run_queue(self.maildata, self.clock)
        rebuild.rebuild(self.maildata, self.clock, force=True)
        return [str(reject) for reject in (*received.rejects, *imported.rejects)]

    def held(self) -> dict[str, str]:
        """Everybody of others: names by address."""
        with self.maildata.look() as files:
            lists = read_book(files, self.site.site.types)
        return {row.address: row.name for rows in lists.values() for row in rows.values()}

    def ways(self) -> dict[str, PostofficeRow]:
        """The postoffices that it knows, by name."""
        with self.maildata.look() as files:
            return {row.full: row for row in postoffices(files).values()}
