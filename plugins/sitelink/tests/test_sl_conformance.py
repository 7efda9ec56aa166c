"""dxa-sitelink conforms to what dxa relies on: its connector, in memory and on a disk, and its decoder."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import attrs

from dxa.address import AddressTypes
from dxa.config.secrets import Secret
from dxa.connector import Connector, LinkContext, PeerInfo
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import TransportError
from dxa.testing import ConnectorHarness, DecoderSubject, FaultyDisk, Skip
from dxa.testing.pytest_skin import connector_suite, decoder_suite
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_sitelink import lines, plugin
from dxa_sitelink.connector import SiteLink
from dxa_sitelink.folder import DiskFolder, Folder
from dxa_sitelink.messages import Batch, Status, Way, read_batch
from dxa_sitelink.options import LinkOptions
from dxa_sitelink.reading import Peer, opened
from dxa_sitelink.sites import FileName, read_name, tag
from tests.worlds.linkedsite import Copies, key_of

PEER, SITE = "LAB/PO1", "INSTITUTE/BERLIN"
#: The people of whom the peer tells come from a site behind it.
THIRD = "LAB/PO2"
WAY = Way(sender=PEER, to=SITE, link="main")


@attrs.define
class BreakingFolder:
    """A folder that can be reached only so many times."""

    files: dict[str, bytes] = attrs.field(factory=dict)
    uses: int = -1

    def _use(self) -> None:
        if self.uses == 0:
            raise TransportError("the folder cannot be reached")
        self.uses -= 1

    def names(self) -> list[str]:
        self._use()
        return sorted(self.files)

    def read(self, name: str) -> bytes | None:
        self._use()
        return self.files.get(name)

    def modified(self, name: str) -> float:
        return float("-inf")

    def write(self, name: str, data: bytes) -> None:
        self._use()
        self.files[name] = data

    def remove(self, name: str) -> None:
        self._use()
        self.files.pop(name, None)


class LinkHarness(ConnectorHarness):
    """Another site that writes into the same folder."""

    consumes = False
    compress = False

    def __init__(self) -> None:
        self.types = AddressTypes(ADDRESS_TYPES)
        self.connector_type = plugin.dxa_connectors()[0]
        options = {"public_key": str(key_of(PEER).public), "unsigned": False}
        self.peer = PeerInfo(id="po1", name=PEER, options=options)
        self.shared: Folder = BreakingFolder()
        self.breaking = self.shared
        self.sent = 0

    def open(self) -> Connector:
        return SiteLink(self.context(Path()), self.shared, Copies())

    def context(self, folder: Path) -> LinkContext:
        return LinkContext(
            link="sites",
            options=LinkOptions(key=Secret(key_of(SITE).pem().decode()), compress=self.compress),
            folder=folder,
            types=self.types,
            site=("Institute", "Berlin"),
            peers={PEER.casefold(): self.peer},
        )

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        address = self.types.parse(f"MS:{SITE if ours else PEER}/USER{n}")
        fields = () if ours else ((lines.SITE, THIRD),)
        return Entry(self.types.key(address), "MS", self.types.list_of(address), name, address.value, fields)

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        first = self.sent + 1
        adds = [Transaction(number, Verb.ADD, None, entry) for number, entry in enumerate(entries, first + 1)]
        self.sent = first + len(adds)
        count, body = lines.write(adds, full=first, site=PEER, to=SITE)
        rows = body.splitlines(keepends=True)
        for at in spoiled:
            rows[at + 1] = rows[at + 1].replace(b'"MS"', b'"MS')
        self.put(self.sent, Batch(number=self.sent, was=0, ack=0, full=True, count=count, body=b"".join(rows)))

    def put(self, number: int, batch: Batch) -> None:
        data = batch.seal(WAY, key_of(PEER), compress=self.compress)
        self.shared.write(str(FileName(tag(PEER), tag(SITE), "main", number)), data)

    def delivered(self) -> Sequence[Entry]:
        held: list[Entry] = []
        for data in self.batches(tag(SITE)):
            batch = read_batch(opened(data, WAY.back(), key_of(SITE).public))
            found = lines.read(batch.body, self.types, lambda _entry: False)
            assert ([], []) == (found.rejects, found.remarks)
            for row in found.transactions:
                held = _applied(held, row)
        here = (lines.SITE, "Institute/Berlin")
        return [entry._replace(fields=tuple(f for f in entry.fields if f != here)) for entry in held]

    def batches(self, sender: str) -> Iterable[bytes]:
        for name in self.shared.names():
            found = read_name(name)
            if found is not None and found.sender == sender and found.number is not None:
                yield self.shared.read(name) or b""

    def fail(self, after: int = 0) -> None:
        assert isinstance(self.breaking, BreakingFolder)
        self.breaking.uses = after

    def heal(self) -> None:
        self.fail(-1)

    def waiting(self) -> bytes:
        return list(self.batches(tag(PEER)))[-1]

    def replace_waiting(self, data: bytes) -> None:
        self.shared.write(str(FileName(tag(PEER), tag(SITE), "main", self.sent)), data)

    def drop(self, data: bytes) -> None:
        self.shared.write(str(FileName(tag(PEER), tag(SITE), "main", 0)), data)
        self.shared.write(str(FileName(tag(PEER), tag(SITE), "main", None)), data)

    def files(self) -> Iterable[str]:
        return self.shared.names()


def _applied(held: list[Entry], row: Transaction) -> list[Entry]:
    if row.verb is Verb.REPLACE:
        return []
    if row.verb is Verb.MODIFY:
        return [row.new if row.new and row.old and entry.key == row.old.key else entry for entry in held]
    kept = [entry for entry in held if row.old is None or entry.key != row.old.key]
    return [*kept, row.new] if row.new is not None else kept


class DiskHarness(LinkHarness):
    """The connector as it is registered, on a folder of a disk; its batches are compressed."""

    compress = True

    def __init__(self) -> None:
        super().__init__()
        root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, shutil.rmtree, root)
        self.root, self.site = root, root / "site"
        self.disk = FaultyDisk(self.site)
        self.shared = DiskFolder(self.site / "sitelink", create=True)

    def open(self) -> Connector:
        return self.connector_type.open(self.context(self.site))

    def fail(self, after: int = 0) -> None:
        self.disk.fail(after)

    def heal(self) -> None:
        self.disk.heal()

    def waiting(self) -> bytes:
        raise Skip("what is damaged in memory is damaged in the same way on a disk")

    def files(self) -> Iterable[str]:
        return [os.path.relpath(path, self.site) for path in self.root.rglob("*") if path.is_file()]


def _files() -> Iterable[bytes]:
    for harness in (LinkHarness(), DiskHarness()):
        harness.say([harness.entry(n, f"Person {n}") for n in range(3)], spoiled={1})
        yield list(harness.batches(tag(PEER)))[-1]
    yield Status(ack=3, sent=4, types=("MS",)).seal(WAY, key_of(PEER))
    yield Status(ack=3, sent=4, types=("MS",)).seal(WAY, None)


def test_the_kits_peer_is_the_one_of_the_configuration() -> None:
    """The harness signs as the configured peer does, so that what is refused is refused for another reason."""
    harness = LinkHarness()
    harness.say([harness.entry(1, "Ann")])

    peer = Peer.of(harness.peer, SITE, "main")
    assert read_batch(peer.opened(harness.waiting())).full


test_link = connector_suite(LinkHarness)
test_link_on_a_disk = connector_suite(DiskHarness)
test_decoder = decoder_suite(DecoderSubject(plugin.dxa_decoders()[0], tuple(_files())))
