"""The connector of live directories conforms to what dxa relies on, over a server that is played."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import ClassVar

import attrs

from dxa.address import AddressTypes
from dxa.connector import Connector, LinkContext, PeerInfo
from dxa.entry import Entry
from dxa.host import Host
from dxa.testing import ConnectorHarness
from dxa.testing.pytest_skin import connector_suite
from dxa_exchange import names
from dxa_exchange.directory import Record
from dxa_exchange.live.connector import LdapConnector
from dxa_exchange.live.options import ContainerOptions, LdapOptions
from dxa_exchange.people.codec import People
from dxa_exchange.people.options import PeopleOptions
from dxa_exchange.people.reader import Person
from tests.servers.fake import PlayedDirectory

SITE = ("Lab", "Berlin")
HOST = Host()
TYPES: AddressTypes = HOST.address_types()
CONNECTOR = HOST.connectors()["ldap"]
BASE, SYNC, PEOPLE = "o=Lab", "ou=foreign,o=Lab", "ou=people,o=Lab"


class PlayedHarness(ConnectorHarness):
    """A directory with people of its own, and dxa's contacts."""

    peer = PeerInfo(id="ldap/ldap", name="ldap")
    consumes = False
    exchange55 = False
    people_options = PeopleOptions(dialect="generic", sync_container=SYNC)
    #: What any of these has been asked for, by key.
    asked: ClassVar[dict[str, Entry]] = {}

    def __init__(self) -> None:
        self.types, self.connector_type = TYPES, CONNECTOR
        self.directory = PlayedDirectory(BASE, self.exchange55)
        for dn in (SYNC, PEOPLE):
            self.directory.put(dn, {"objectClass": ["organizationalUnit"]})
        self.people = People(attrs.evolve(self.people_options, bases=(PEOPLE,)), types=TYPES, site=SITE)
        #: The records of the directory's own people, by key.
        self.made: dict[str, Record] = {}

    def open(self) -> Connector:
        options = LdapOptions(containers=(ContainerOptions(base=PEOPLE),), people=self.people_options)
        context = LinkContext(
            link="ldap", options=options, folder=Path(), types=TYPES, site=SITE, peers={"ldap": self.peer}
        )
        return LdapConnector(context, lambda _server: self.directory, lambda _seconds: None)

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        if ours:
            address = TYPES.parse(f"SMTP:user{n}@far.example")
            bare = Entry(TYPES.key(address), "SMTP", TYPES.list_of(address), name, address.value)
            record = self.people.write(bare, self.people.dn(bare, lambda _key: False)).record
        else:
            record = self.record(n, name)
        found = self.meant(record)
        self.made[found.key] = record
        self.asked[found.key] = found
        return found

    def record(self, n: int, name: str) -> Record:
        """Somebody of the directory's own."""
        found = {"objectClass": ["top", "person", "inetOrgPerson"], "cn": [name], "displayName": [name], "sn": [name]}
        return Record(f"uid=p{n},{PEOPLE}", {**found, "mail": [f"p{n}@lab.example"]})  # type: ignore[dict-item]

    def meant(self, record: Record) -> Entry:
        """The entry that an object is."""
        found = self.people.read(record, names.key(record.dn))
        assert isinstance(found, Person), found
        return found.entry

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        stay = {names.key(self.made[entry.key].dn) for entry in entries}
        for record in self.directory.live():
            if names.within(record.dn, PEOPLE) and names.key(record.dn) not in {names.key(PEOPLE), *stay}:
                self.directory.delete(record.dn)
        for at, entry in enumerate(entries):
            record = self.made[entry.key]
            values = {name: record.texts(name) for name in record.attributes}
            self.directory.put(record.dn, {**values, **({"mail": ["@"]} if at in spoiled else {})})

    def delivered(self) -> Sequence[Entry]:
        found = [self.meant(record) for record in self.directory.live() if self.people.marked(record)]
        told = [self.asked.get(entry.key, entry) for entry in found]
        # Its anchor here is its name in the directory, and another display name makes another one of that.
        return [
            want if want.name == entry.name else entry._replace(anchor=want.anchor)
            for want, entry in zip(told, found, strict=True)
        ]

    def fail(self, after: int = 0) -> None:
        self.directory.left = after

    def heal(self) -> None:
        self.directory.left = -1


class Exchange55Harness(PlayedHarness):
    """The same over the LDAP of Exchange 5.5."""

    exchange55 = True
    people_options = PeopleOptions(dialect="ex55", sync_container=SYNC)
    asked: ClassVar[dict[str, Entry]] = {}

    def record(self, n: int, name: str) -> Record:
        """A mailbox."""
        found = {"objectClass": ["top", "person", "organizationalPerson"], "rdn": [f"p{n}"], "cn": [name]}
        return Record(f"cn=p{n},{PEOPLE}", {**found, "mail": [f"p{n}@lab.example"]})  # type: ignore[dict-item]


test_connector = connector_suite(PlayedHarness)
test_connector_over_exchange_5_5 = connector_suite(
    Exchange55Harness,
    excuses={"nothing_is_told_twice": "the last change is read again: it shows that the server was not put back"},
)
