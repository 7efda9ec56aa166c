"""What plays the other side of MS Mail's server in its conformance tests: a requestor that writes and reads."""

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
from dxa.testing import ConnectorHarness, FaultyDisk, Skip
from dxa_msmail import dirsyncbody, ffapi, importtext, plugin
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.dirsyncbody import Numbers, Place, Profile, Task
from dxa_msmail.envelope import Envelope, write_message
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
        root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, shutil.rmtree, root)
        self.root, self.site = root, root / "site"

    def open(self) -> Connector:
        return MsMailServer(self.context(self.site), self.inbox, self.outbox)

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

    def below(self) -> list[str]:
        """All files that are on the disk, as seen from the site's folder."""
        return [os.path.relpath(path, self.site) for path in self.root.rglob("*") if path.is_file()]

    def files(self) -> Iterable[str]:
        return [*self.outbox.files, *self.inbox.files]


class OnDisk(ServerHarness):
    """The connector as it is registered, on folders of a disk."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = FaultyDisk(self.site)
        self.inbox, self.outbox = (DiskFolder(self.site / "mail" / name) for name in ("in", "out"))

    def open(self) -> Connector:
        return self.connector_type.open(self.context(self.site))

    def fail(self, after: int = 0) -> None:
        self.disk.fail(after)

    def heal(self) -> None:
        self.disk.heal()

    def waiting(self) -> bytes:
        raise Skip("what is damaged in memory is damaged in the same way on a disk")

    def files(self) -> Iterable[str]:
        return self.below()


def _applied(held: list[Entry], row: Transaction) -> list[Entry]:
    if row.verb is Verb.REPLACE:
        return [entry for entry in held if row.new is not None and entry.list != row.new.list]
    if row.verb is Verb.MODIFY:
        return [row.new if row.new and row.old and entry.key == row.old.key else entry for entry in held]
    kept = [entry for entry in held if row.old is None or entry.key != row.old.key]
    return [*kept, row.new] if row.new is not None else kept
