"""A directory that is played behind the two folders of a link: it exports itself, and imports what is left for it."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from dxa.errors import TransportError
from dxa_exchange import ldif, names
from dxa_exchange.directory import Add, Bad, Delete, Modify, Record, Rename
from dxa_exchange.dsml import dsml1, dsml2
from dxa_exchange.files.connector import FilesConnector
from dxa_exchange.files.folder import Folder, Waiting
from dxa_exchange.files.keeping import Archive
from dxa_exchange.files.state import State
from dxa_exchange.table55.columns import DEFAULT, MAILBOX, class_of
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.reader import TableReader, lines_of
from dxa_exchange.table55.snapshot import Snapshot
from dxa_exchange.table55.writer import Layout, write
from tests.cases.harness import SiteHarness

BASE = "dc=lab,dc=example"
SITE55 = "/o=Lab/ou=Berlin"
SYNC55 = f"{SITE55}/cn=Recipients/cn=Foreign"
#: What an administrator has exported: the program's own columns, and those that show dxa what it has written.
COLUMNS = (*DEFAULT, "Secondary-Proxy-Addresses", "Imported-From", "Title", "Department", "Phone number", "Notes")


@attrs.define
class Played:
    """The directory; `objects` are by the keys of their names."""

    inbox: Path
    outbox: Path
    exported: int = 0
    taken: list[str] = attrs.field(factory=list)

    def drop(self, data: bytes, name: str = "") -> Path:
        """Leave a file for dxa, newer than all before."""
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.exported += 1
        path = self.inbox / (name or f"{self.exported:05d}.{self.ending}")
        path.write_bytes(data)
        os.utime(path, ns=(self.exported * 10**9, self.exported * 10**9))
        return path

    @property
    def ending(self) -> str:
        """Of the names of exports."""
        return "txt"

    def waiting(self) -> list[Path]:
        """What dxa has left, in the order of names."""
        return sorted(self.outbox.iterdir()) if self.outbox.is_dir() else []

    def import_(self) -> list[str]:
        """Import what dxa has left; returns what was refused."""
        refused = []
        for path in self.waiting():
            self.taken.append(path.name)
            refused += self.take(path.read_bytes())
            path.unlink()
        return refused

    def take(self, data: bytes) -> list[str]:
        """Import one file."""
        raise NotImplementedError

    def export(self) -> bytes:
        """All of the directory."""
        raise NotImplementedError


@attrs.define
class Exchange(Played):
    """Exchange 5.5 with its Directory Import and Export."""

    there: Snapshot = attrs.field(factory=Snapshot)
    overwrite: bool = False
    columns: tuple[str, ...] = COLUMNS

    @property
    def ending(self) -> str:
        """Of the names of exports."""
        return "csv"

    def put(self, name: str, **cells: str | list[str]) -> None:
        """An administrator makes a mailbox; underscores in the names of columns are blanks."""
        named = {key.replace("__", "-").replace("_", " "): cell for key, cell in cells.items()}
        kind = str(named.pop("Obj-Class", MAILBOX))
        found = {
            "Obj-Class": [kind],
            "Directory Name": [name],
            "Obj-Container": [str(named.pop("Obj-Container", "Recipients"))],
            **{key: [cell] if isinstance(cell, str) else cell for key, cell in named.items()},
        }
        dn = f"{SITE55}/cn={found['Obj-Container'][0].replace('/cn=', '/cn=')}/cn={name}"
        self.there.objects[names.key(dn)] = Line(0, class_of(kind), Mode.UPDATE, Record(dn, found))  # type: ignore[arg-type]

    def drop_object(self, *wanted: str) -> None:
        """An administrator deletes objects by their directory names."""
        for key, line in list(self.there.objects.items()):
            if line.record.text("Directory Name") in wanted:
                del self.there.objects[key]

    def export(self) -> bytes:
        """See `Played`. Columns that are not exported are left out."""
        folded = {name.casefold() for name in self.columns}
        lines = []
        for line in self.there.objects.values():
            kept = {name: cell for name, cell in line.record.attributes.items() if name.casefold() in folded}
            lines.append(line._replace(record=Record(line.record.dn, kept)))
        return b"".join(write(lines, Layout(names=self.columns, code_page="utf-16")))

    def take(self, data: bytes) -> list[str]:
        """See `Played`."""
        lines, bads = lines_of(TableReader([data], base=SITE55))
        return [bad.reason for bad in (*bads, *self.there.apply_all(lines, overwrite=self.overwrite))]

    def texts(self, column: str, container: str = "") -> dict[str, list[str]]:
        """The values of a column, by display name; of all objects, or of those in a container."""
        return {
            line.record.text("Display Name"): line.record.texts(column)
            for line in self.there.objects.values()
            if not container or names.within(line.record.dn, container)
        }


@attrs.define
class Server(Played):
    """A server that is exported and changed by LDIF, or with `dsml` by DSML 1.0 and 2.0."""

    state: State = attrs.field(factory=State)
    dsml: bool = False

    @property
    def ending(self) -> str:
        """Of the names of exports."""
        return "xml" if self.dsml else "ldif"

    def export(self) -> bytes:
        """See `Played`."""
        return b"".join((dsml1 if self.dsml else ldif).write(self.state.records.values()))

    def take(self, data: bytes) -> list[str]:
        """See `Played`."""
        refused = []
        for item in (dsml2 if self.dsml else ldif).read([data]):
            key = names.key(item.dn) if isinstance(item, Delete | Modify) else ""
            if isinstance(item, Bad):
                refused.append(item.reason)
            elif isinstance(item, Add) and names.key(item.record.dn) in self.state.records:
                refused.append(f"{item.record.dn} is there")
            elif key and key not in self.state.records:
                refused.append(f"{key} is not there")
            elif isinstance(item, Add | Modify | Delete | Rename):
                list(self.state.change(item))
        return refused

    def put(self, name: str, mail: str, **attributes: str) -> Record:
        """An administrator makes a person."""
        found = {
            "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson"],
            "uid": [mail.partition("@")[0]],
            "cn": [name],
            "sn": [name],
            "mail": [mail],
            **{key: [value] for key, value in attributes.items()},
        }
        record = Record(f"uid={found['uid'][0]},ou=people,{BASE}", found)  # type: ignore[arg-type]
        self.state.put(record)
        return record


@attrs.define
class Uses:
    """How often the folders of a link can be reached; -1: always."""

    left: int = -1

    def use(self) -> None:
        """Once more."""
        if self.left == 0:
            raise TransportError("the folder cannot be reached")
        self.left -= 1


@attrs.define
class Unreliable(Folder):
    """A folder that can be reached only so many times."""

    uses: Uses = attrs.field(factory=Uses)

    def files(self) -> list[Waiting]:
        """See `Folder`."""
        self.uses.use()
        return Folder.files(self)

    def read(self, name: str) -> bytes:
        """See `Folder`."""
        self.uses.use()
        return Folder.read(self, name)

    def write(self, name: str, data: bytes) -> None:
        """See `Folder`."""
        self.uses.use()
        Folder.write(self, name, data)

    def move(self, name: str, target: Folder, called: str) -> None:
        """See `Folder`."""
        self.uses.use()
        Folder.move(self, name, target, called)


def unreliable(connector: FilesConnector, uses: Uses) -> None:
    """Let the folders of a connector be reached so many times only."""
    connector.inbox = Unreliable(connector.inbox.path, connector.inbox.configured, uses)
    connector.outbox = Unreliable(connector.outbox.path, connector.outbox.configured, uses)
    done = connector.archive.folder
    connector.archive = Archive(Unreliable(done.path, done.configured, uses), connector.archive.kept)


# -- a site ------------------------------------------------------------------------------------------------------------

CONFIG = f"""
[site]
organization = "LAB"
name = "HQ"
[addressing]
domain = "lab.example"
[addressing.templates]
SMTP = "{{alias}}@{{domain}}"
MS = "LAB/HQ/{{alias}}"

[links.ex]
connector = "exchange"
import_container = "Exchange"
export_containers = ["Staff", "Foreign"]
RULES
[links.ex.exchange]
write = "csv55"
quiet = 0
OPTIONS
[links.ex.exchange.table]
site = "{SITE55}"
TABLE
[links.ex.exchange.people]
dialect = "csv55"
sync_container = "{SYNC55}"

[links.mail]
connector = "msmail"
role = "server"
import_container = "Foreign"
export_containers = ["Staff", "Exchange"]
export_custom = {{manual = true, imported = true}}
export_fallback = true
[links.mail.peers."NET/PO1"]
no_password = true
"""


def config(rules: str = "", options: str = "", table: str = "") -> str:
    """A configuration; each text has further keys of its table, one on each line."""
    return CONFIG.replace("RULES", rules).replace("OPTIONS", options).replace("TABLE", table)


SERVER = f"""
[site]
organization = "LAB"
name = "HQ"
[addressing]
domain = "lab.example"
[addressing.templates]
SMTP = "{{alias}}@{{domain}}"

[links.ex]
connector = "exchange"
import_container = "Exchange"
export_containers = ["Staff"]
guards = {{shrink_count = 9, everything_count = 0}}
[links.ex.exchange]
write = "WRITE"
quiet = 0
[links.ex.exchange.people]
dialect = "generic"
sync_container = "ou=foreign,{BASE}"
"""


@attrs.define
class FilesSite(SiteHarness):
    """A site with a link `ex` to an Exchange organisation by files, and another to MS Mail postoffices."""

    ex: Exchange = attrs.field(init=False)
    sync_container: str = SYNC55

    def __attrs_post_init__(self) -> None:
        SiteHarness.__attrs_post_init__(self)
        self.ex = Exchange(self.folder / "exchange" / "in", self.folder / "exchange" / "out")

    @property
    def played(self) -> Played:
        """What stands behind the link."""
        return self.ex

    @property
    def connector(self) -> FilesConnector:
        """The connector of the link."""
        found = self.site.connector(self.site.config.link("ex"))
        assert isinstance(found, FilesConnector)
        return found

    def round(self, *, imports: bool = True) -> list[str]:
        """The directory exports itself, dxa runs, and what it leaves is imported; returns what was refused."""
        self.played.drop(self.played.export())
        self.sync()
        return self.played.import_() if imports else []

    def told(self) -> dict[str, str]:
        """The addresses of those whom the organisation has told of, by name."""
        return {each.name: str(each.target) for each in self.recipients() if each.owner and each.owner.startswith("ex")}

    def steps(self) -> list[str]:
        """The lines of the link in the last cycle's report."""
        (link,) = (each for each in self.last.links if each.link == "ex")
        return [text for _, text in link.events]

    @property
    def gone_out(self) -> dict[str, int]:
        """What was sent over the link in the last cycle, by verb."""
        (link,) = (each for each in self.last.links if each.link == "ex")
        return dict(link.sent)

    @property
    def foreign(self) -> dict[str, str]:
        """The targets of what dxa has made in the organisation, by display name."""
        return {name: cell[0] for name, cell in self.ex.texts("E-mail address", SYNC55).items()}


def make(folder: Path, text: str = "") -> FilesSite:
    """A site in a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return FilesSite(folder, text or config())


@attrs.define
class ServerSite(FilesSite):
    """A site with a link `ex` to a server by LDIF or DSML."""

    server: Server = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        FilesSite.__attrs_post_init__(self)
        self.server = Server(self.ex.inbox, self.ex.outbox)

    @property
    def played(self) -> Played:
        """See `FilesSite`."""
        return self.server

    @property
    def foreign(self) -> dict[str, str]:
        """The targets of what dxa has made in the server, by display name."""
        found = (each for each in self.server.state.records.values() if "ou=foreign" in each.dn)
        return {each.text("displayName"): each.text("labeledURI") for each in found}


def make_server(folder: Path, write: str = "ldif") -> ServerSite:
    """A site in a new folder, that writes in this format; with dsml2 the server speaks DSML."""
    folder.mkdir(parents=True, exist_ok=True)
    site = ServerSite(folder, SERVER.replace("WRITE", write))
    site.server.dsml = write.startswith("dsml")
    return site
