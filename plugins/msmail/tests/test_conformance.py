"""dxa-msmail conforms to what dxa relies on: its server connector, its address types and its decoder."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

from dxa.address import AddressTypes
from dxa.connector import Connector, LinkContext, PeerInfo
from dxa.entry import Entry, Transaction, Verb, list_entry
from dxa.errors import TransportError
from dxa.testing import AddressSubject, ConnectorHarness, DecoderSubject, Skip
from dxa.testing.pytest_skin import address_type_suite, connector_suite, decoder_suite
from dxa_msmail import dirsyncbody, ffapi, importtext, plugin
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.dirsyncbody import Numbers, Place, Profile, Task
from dxa_msmail.envelope import STRICT_VERSION, Envelope, write_message
from dxa_msmail.folder import DiskFolder, MemoryFolder
from dxa_msmail.server import MsMailServer, ServerOptions
from dxa_msmail.subjects import request_subject

PEER, SITE = "LAB/PO1", "INSTITUTE/BERLIN"


@attrs.define
class BreakingFolder(MemoryFolder):
    """A folder that can be reached only so many times; a write that fails leaves half a file under a temporary name."""

    uses: int = -1

    def _use(self) -> None:
        if self.uses == 0:
            raise TransportError("the folder cannot be reached")
        self.uses -= 1

    def names(self) -> list[str]:
        self._use()
        return super().names()

    def read(self, name: str) -> bytes:
        self._use()
        return super().read(name)

    def write(self, name: str, data: bytes) -> None:
        self.files[f".{name}.tmp"] = data[: len(data) // 2]
        self._use()
        del self.files[f".{name}.tmp"]
        super().write(name, data)

    def remove(self, name: str) -> None:
        self._use()
        super().remove(name)

    def park(self, name: str, reason: str) -> None:
        self._use()
        super().park(name, reason)


class ServerHarness(ConnectorHarness):
    """A requestor that writes into one folder and reads from the other."""

    peer = PeerInfo(id="po1", name=PEER)
    version: str | None = None

    def __init__(self) -> None:
        self.types = AddressTypes(ADDRESS_TYPES)
        self.connector_type = plugin.dxa_connectors()[0]
        self.inbox: Any = BreakingFolder()
        self.outbox: Any = BreakingFolder()
        self.sent = 0

    def open(self) -> Connector:
        return MsMailServer(self.context(Path()), self.inbox, self.outbox)

    def context(self, folder: Path) -> LinkContext:
        return LinkContext(
            link="msmail",
            options=ServerOptions(),
            folder=folder,
            types=self.types,
            site=("Institute", "Berlin"),
            peers={PEER.casefold(): self.peer},
        )

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        address = self.types.parse(f"MS:{SITE if ours else PEER}/USER{n}")
        return Entry(self.types.key(address), "MS", self.types.list_of(address), name, address.value)

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        was = self.sent
        rows = [Transaction(was + 1, Verb.REPLACE, None, list_entry("MS", PEER))]
        rows += [Transaction(number, Verb.ADD, None, entry) for number, entry in enumerate(entries, was + 2)]
        self.sent = rows[-1].number
        lines = importtext.write(rows, numbered=True).splitlines(keepends=True)
        for at in spoiled:
            lines[at + 1] = lines[at + 1].replace(b"PCM:", b"PC?:")
        numbers = Numbers(req=self.sent, req_was=was, srv=0, imp=0, count=len(rows))
        profile = Profile(
            task=Task.UPDATEREQ,
            requestor=f"PCM:{PEER}",
            numbers=numbers,
            place=Place.INATTACHMENT,
            version=self.version,
        )
        envelope = Envelope(
            to=f"{SITE}/$SYSTEM",
            sender=f"{PEER}/$SYSTEM",
            subject=request_subject(numbers),
            file="REQUPDS.GLB",
            now=0,
        )
        self.inbox.write(f"m{was:06d}.msg", write_message(envelope, profile, lines))

    def delivered(self) -> Sequence[Entry]:
        held: list[Entry] = []
        for name in self.outbox.names():
            for attachment in ffapi.parse(self.outbox.read(name)).attachments:
                for row in dirsyncbody.read_transactions(attachment.data, types=self.types).transactions:
                    held = _applied(held, row)
        return held

    def fail(self, after: int = 0) -> None:
        self.inbox.uses = self.outbox.uses = after

    def heal(self) -> None:
        self.fail(-1)

    def waiting(self) -> bytes:
        return bytes(self.inbox.files[self.inbox.names()[-1]])

    def replace_waiting(self, data: bytes) -> None:
        self.inbox.files[self.inbox.names()[-1]] = data

    def drop(self, data: bytes) -> None:
        self.inbox.write("a000000.msg", data)

    def files(self) -> Iterable[str]:
        return [*self.outbox.files, *self.inbox.files]


def _applied(held: list[Entry], row: Transaction) -> list[Entry]:
    if row.verb is Verb.REPLACE:
        return [entry for entry in held if row.new is not None and entry.list != row.new.list]
    if row.verb is Verb.MODIFY:
        return [row.new if row.new and row.old and entry.key == row.old.key else entry for entry in held]
    kept = [entry for entry in held if row.old is None or entry.key != row.old.key]
    return [*kept, row.new] if row.new is not None else kept


class DiskHarness(ServerHarness):
    """The connector as it is registered, on folders of a disk."""

    def __init__(self) -> None:
        super().__init__()
        root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, shutil.rmtree, root)
        self.root, self.site = root, root / "site"
        self.inbox, self.outbox = (DiskFolder(self.site / "mail" / name) for name in ("in", "out"))

    def open(self) -> Connector:
        return self.connector_type.open(self.context(self.site))

    def fail(self, after: int = 0) -> None:
        raise Skip("the folders in memory fail; a disk cannot be made to")

    def waiting(self) -> bytes:
        raise Skip("what is damaged in memory is damaged in the same way on a disk")

    def files(self) -> Iterable[str]:
        return [os.path.relpath(path, self.site) for path in self.root.rglob("*") if path.is_file()]


class StrictHarness(ServerHarness):
    """A requestor of this project."""

    version = STRICT_VERSION


SAMPLES = {
    "MS": ("LAB/PO1/ANN", "Net/Po/$SYSTEM", "NETWORK010/POSTOFF010/MAILBOX010"),
    "PROFS": ("GATE/NODE/ANN",),
    "SNADS": ("GATE/NODE/ANN.B",),
    "OV": ("GATE/NODE/ANN",),
    "FAX": ("Ann Berg~Room 1~Lab~030 123-4", "Ann~~~1"),
    "MCI": ("Ann Berg EMS: X/1234567 MBX: ann",),
    "X400": ("/c=US/a=ATT/p=Lab/o=Berlin/s=Berg/g=Ann/",),
    "SMTP": ("ann@lab.example", "ann", "ann:lab:org"),
    "MHS": ("ann@host", "ann@host {net/po}"),
    "MSMAIL": ("Ann Berg@Server One",),
    "MSA": ("Ann Berg@Server One",),
}


def _files() -> Iterable[bytes]:
    harness = ServerHarness()
    harness.say([harness.entry(n, f"Person {n}") for n in range(3)], spoiled={1})
    message = harness.waiting()
    yield message
    yield ffapi.parse(message).body
    yield ffapi.parse(message).attachments[0].data
    yield b"A Ann                            PCM:LAB/PO1/ANN\r\n- Phone:/12\r\nX junk\r\n"


test_server = connector_suite(ServerHarness)
test_server_of_a_strict_requestor = connector_suite(StrictHarness)
test_server_on_a_disk = connector_suite(DiskHarness)
test_address_types = address_type_suite([AddressSubject(kind, SAMPLES[kind.name]) for kind in ADDRESS_TYPES])
test_decoder = decoder_suite(
    DecoderSubject(plugin.dxa_decoders()[0], tuple(_files()), types=AddressTypes(ADDRESS_TYPES))
)
