"""The conformance kit on the connector: what dxa relies on, each rule as a test."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import vobject

from dxa.address import Address, AddressTypes
from dxa.connector import Connector, LinkContext, PeerInfo
from dxa.entry import Entry
from dxa.standard import STANDARD
from dxa.testing import ConnectorHarness, Skip
from dxa.testing.pytest_skin import connector_suite
from dxa_vcard import plugin
from dxa_vcard.connector import Options


class Harness(ConnectorHarness):
    """Plays the system: a fresh folder, and what its own people do in it."""

    peer = PeerInfo(id="link", name="link")
    consumes = False

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp())
        weakref.finalize(self, shutil.rmtree, self.place)
        self.folder = self.place / "cards"
        self.folder.mkdir()
        self.types = AddressTypes(STANDARD)
        self.connector_type = plugin.dxa_connectors()[0]

    def open(self) -> Connector:
        return self.connector_type.open(
            LinkContext(
                link="link",
                options=Options(),
                folder=self.place,
                types=self.types,
                site=("Lab", "Berlin"),
            )
        )

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        address = Address("SMTP", f"{'dxa' if ours else 'own'}{n}@lab.example")
        return Entry(self.types.key(address), "SMTP", "", name, address.value)

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        for file in self.folder.glob("own-*.vcf"):
            file.unlink()
        for n, entry in enumerate(entries):
            card = vobject.vCard()
            card.add("fn").value = entry.name
            card.add("n").value = vobject.vcard.Name(family=entry.name)
            card.add("email").value = entry.address
            text = card.serialize()
            file = self.folder / f"own-{n:06d}.vcf"
            file.write_text(text[:-15] if n in spoiled else text, encoding="utf-8")

    def delivered(self) -> Sequence[Entry]:
        cards = [vobject.readOne(file.read_text(encoding="utf-8")) for file in self.folder.glob("dxa-*.vcf")]
        found = [(Address("SMTP", card.email.value), card.fn.value) for card in cards]
        return [Entry(self.types.key(address), "SMTP", "", name, address.value) for address, name in found]

    def fail(self, after: int = 0) -> None:
        if after:
            raise Skip("a folder is away as a whole")
        self.folder.rename(self.folder.with_name("away"))

    def heal(self) -> None:
        away = self.folder.with_name("away")
        if away.exists():
            away.rename(self.folder)

    def files(self) -> Iterable[str]:
        return [str(file.relative_to(self.place)) for file in self.place.rglob("*") if file.is_file()]


test_connector = connector_suite(Harness)
