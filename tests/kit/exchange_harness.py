"""Directories behind two folders, for the conformance kit: Exchange 5.5 by its tables, and a server by LDIF."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import attrs

from dxa.address import AddressTypes
from dxa.connector import Connector, LinkContext, PeerInfo
from dxa.entry import Entry
from dxa.host import Host
from dxa.testing import ConnectorHarness
from dxa_exchange import names
from dxa_exchange.directory import Record
from dxa_exchange.files.connector import FilesConnector
from dxa_exchange.files.options import FilesOptions, TableOptions
from dxa_exchange.people.codec import People
from dxa_exchange.people.options import PeopleOptions
from dxa_exchange.people.reader import Person
from dxa_exchange.table55.line import Line, Mode
from tests.labs.exchange_files import BASE, SITE55, SYNC55, Exchange, Played, Server, Uses, unreliable

SITE = ("Lab", "Berlin")
HOST = Host()
TYPES: AddressTypes = HOST.address_types()
CONNECTOR = HOST.connectors()["exchange"]


#: Files of a directory are large.
EXCUSES = {"what_is_settled_can_be_looked_up": "the last full file is kept in the link's folder, with those behind it"}


class FilesHarness(ConnectorHarness):
    """A directory behind two folders; `make` adds one of its own people to it."""

    peer = PeerInfo(id="ex/ex", name="ex")
    options: ClassVar[FilesOptions]
    played: Played
    #: What any of these has been asked for, by key.
    asked: ClassVar[dict[str, Entry]] = {}

    def __init__(self) -> None:
        self.types = TYPES
        self.connector_type = CONNECTOR
        root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, shutil.rmtree, root)
        self.root, self.site = root, root / "site"
        self.uses = Uses()
        #: The records of the directory's own people, by key.
        self.made: dict[str, Record] = {}
        self.people = People(self.options.people, types=TYPES, site=SITE)

    def open(self) -> Connector:
        if self.played.waiting():
            assert [] == self.played.import_()
            self.played.drop(self.played.export())
        context = LinkContext(
            link="ex", options=self.options, folder=self.site, types=TYPES, site=SITE, peers={"ex": self.peer}
        )
        connector = FilesConnector(context)
        unreliable(connector, self.uses)
        return connector

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        if ours:
            found = self.ours(n, name)
        else:
            record = self.record(n, name)
            found = self.meant(record)
            self.made[found.key] = record
        self.asked[found.key] = found
        return found

    def ours(self, n: int, name: str) -> Entry:
        """Somebody of other systems, as it is shown here."""
        address = TYPES.parse(f"SMTP:user{n}@far.example")
        bare = Entry(TYPES.key(address), "SMTP", TYPES.list_of(address), name, address.value)
        dn = self.people.dn(bare, lambda _key: False)
        return self.meant(self.people.write(bare, dn).record)

    def record(self, n: int, name: str) -> Record:
        """Somebody of the directory's own."""
        raise NotImplementedError

    def meant(self, record: Record) -> Entry:
        """The entry that an object is."""
        found = self.people.read(record, names.to_ldap(record.dn) if self.people.marked(record) else "")
        assert isinstance(found, Person), found
        return found.entry

    def objects(self) -> dict[str, Record]:
        """What the directory has."""
        raise NotImplementedError

    def own(self, records: Iterable[Record]) -> None:
        """The directory's own people are these."""
        raise NotImplementedError

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        self.own(self.made[entry.key] for entry in entries)
        data = self.played.export()
        for at in spoiled:
            data = self.spoil(data, self.made[entries[at].key])
        self.played.drop(data)

    def spoil(self, data: bytes, record: Record) -> bytes:
        """An export in which that object cannot be read."""
        raise NotImplementedError

    def delivered(self) -> Sequence[Entry]:
        self.played.import_()
        found = [self.meant(record) for record in self.objects().values() if self.people.marked(record)]
        # What is delivered back to where it came from is shaped before.
        told = [self.asked.get(entry.key, entry) for entry in found]
        return [want if want.name == entry.name else entry for want, entry in zip(told, found, strict=True)]

    def fail(self, after: int = 0) -> None:
        self.uses.left = after

    def heal(self) -> None:
        self.uses.left = -1

    def _last(self) -> Path:
        return max(self.played.inbox.iterdir(), key=lambda path: path.stat().st_mtime_ns)

    def waiting(self) -> bytes:
        return self._last().read_bytes()

    def replace_waiting(self, data: bytes) -> None:
        self._last().write_bytes(data)

    def drop(self, data: bytes) -> None:
        os.utime(self.played.drop(data, "00000.first"), ns=(1, 1))

    def files(self) -> Iterable[str]:
        return [os.path.relpath(path, self.site) for path in self.root.rglob("*") if path.is_file()]


class TableHarness(FilesHarness):
    """Exchange 5.5."""

    asked: ClassVar[dict[str, Entry]] = {}
    options = FilesOptions(
        write="csv55",
        quiet=0.0,
        table=TableOptions(site=SITE55),
        people=PeopleOptions(dialect="csv55", sync_container=SYNC55),
    )

    def __init__(self) -> None:
        super().__init__()
        self.played: Exchange = Exchange(self.site / "exchange" / "in", self.site / "exchange" / "out")

    def record(self, n: int, name: str) -> Record:
        container = f"{SITE55}/cn=Recipients"
        cells = {
            "Obj-Class": ["Mailbox"],
            "Directory Name": [f"p{n}"],
            "Obj-Container": [container],
            "Display Name": [name],
            "E-mail Addresses": [f"SMTP:p{n}@lab.example", f"MS:LAB/PO1/P{n}"],
        }
        return Record(f"{container}/cn=p{n}", cells)  # type: ignore[arg-type]

    def objects(self) -> dict[str, Record]:
        return {key: line.record for key, line in self.played.there.objects.items()}

    def own(self, records: Iterable[Record]) -> None:
        there = self.played.there.objects
        for key, record in self.objects().items():
            if not self.people.marked(record):
                del there[key]
        there.update((names.key(record.dn), Line(0, "Mailbox", Mode.UPDATE, record)) for record in records)

    def spoil(self, data: bytes, record: Record) -> bytes:
        name = record.text("Directory Name")
        return data.replace(f",{name},".encode("utf-16-le"), f",{name},,".encode("utf-16-le"))


class LdifHarness(FilesHarness):
    """A server that is reached by LDIF."""

    asked: ClassVar[dict[str, Entry]] = {}
    options = FilesOptions(
        write="ldif",
        quiet=0.0,
        people=PeopleOptions(dialect="generic", sync_container=f"ou=foreign,{BASE}"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.played: Server = Server(self.site / "exchange" / "in", self.site / "exchange" / "out")

    def record(self, n: int, name: str) -> Record:
        found = {
            "objectClass": ["top", "person", "inetOrgPerson"],
            "uid": [f"p{n}"],
            "cn": [name],
            "displayName": [name],
            "sn": [name],
            "mail": [f"p{n}@lab.example"],
        }
        return Record(f"uid=p{n},ou=people,{BASE}", found)  # type: ignore[arg-type]

    def objects(self) -> dict[str, Record]:
        return dict(self.played.state.records)

    def own(self, records: Iterable[Record]) -> None:
        there = self.played.state.records
        for key, record in self.objects().items():
            if not self.people.marked(record):
                del there[key]
        there.update((names.key(record.dn), record) for record in records)

    def spoil(self, data: bytes, record: Record) -> bytes:
        return data.replace(f"dn: {record.dn}".encode(), b"dn: nobody")


class DsmlHarness(LdifHarness):
    """A server that is reached by DSML: documents come in, batches go out."""

    asked: ClassVar[dict[str, Entry]] = {}
    options = attrs.evolve(LdifHarness.options, write="dsml2")

    def __init__(self) -> None:
        super().__init__()
        self.played.dsml = True

    def spoil(self, data: bytes, record: Record) -> bytes:
        return data.replace(f'dn="{record.dn}"'.encode(), b'dn="nobody"')
