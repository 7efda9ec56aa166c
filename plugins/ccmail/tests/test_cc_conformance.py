"""dxa-ccmail conforms to what dxa relies on: its connector over a post office that is played, and its address type."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import attrs

from dxa.address import Address, AddressTypes
from dxa.connector import Connector, Fault, LinkContext, PeerInfo
from dxa.entry import Entry
from dxa.errors import TransportError
from dxa.testing import AddressSubject, ConnectorHarness
from dxa.testing.pytest_skin import address_type_suite, connector_suite
from dxa_ccmail import plugin
from dxa_ccmail.connector import CcMailConnector
from dxa_ccmail.findings import Titles
from dxa_ccmail.importfiles import read_import
from dxa_ccmail.names import fold
from dxa_ccmail.options import CcMailOptions
from dxa_ccmail.profile import Profile
from dxa_ccmail.record import LOCAL, Record
from dxa_ccmail.running import checks, outputs
from dxa_ccmail.running.events import REFUSED, SUCCESS, Program, ended
from dxa_ccmail.running.interface import Exported, Imported, Kind, Mode, State
from dxa_ccmail.simulator.office import Office
from dxa_ccmail.undeliverable import write_undeliverable

HOME, SITE = "PO1", "Berlin"
#: Names as in `dxa.testing.NAMES`, but for brackets and quotation marks, which no address of cc:Mail has.
NAMES = (
    *("Anna Berg", "Müller, Jörg", "Anna O'Neil", "Semi;colon|bar", "Slash/back\\slash", "Equal=sign:colon", "#hash"),
    *("-dash", "user@host (Lab) {y}", "100% & <more>", "Éva Çelik-Ñandú", "McDonald, I", "N" * 30, "Sales at Night"),
)


@attrs.define
class PlayedPrograms:
    """EXPORT and IMPORT over a post office in memory that can be reached only so many times."""

    office: Office
    uses: int = -1
    #: What is exported in place of what is there.
    data: bytes | None = None

    def use(self) -> None:
        """Once more."""
        if self.uses == 0:
            raise TransportError("the post office cannot be reached")
        self.uses -= 1

    def bytes(self) -> bytes:
        """What is exported."""
        return self.office.export_directory() if self.data is None else self.data

    def faults(self) -> Sequence[Fault]:
        """See `Programs`; in memory nothing can be wrong."""
        return ()

    def export(self) -> Exported | None:
        """See `Programs`."""
        self.use()
        if wrong := outputs.problem(Kind.DIRECTORY, self.bytes()):
            raise checks.not_run(Program.EXPORT, wrong)
        return Exported(files={Kind.DIRECTORY: self.bytes()}, event=ended(Program.EXPORT, SUCCESS))

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """See `Programs`."""
        self.use()
        if not data:
            return Imported(mode=mode, state=State.NOTHING)
        rows = read_import(data, self.office.marking, delete_run=mode is Mode.DELETE)
        _, refused, _ = self.office.import_(rows)
        self.use()
        code = REFUSED if refused else SUCCESS
        text = write_undeliverable((each.record, each.reason) for each in refused)
        event = ended(Program.IMPORT, code)
        return Imported(mode=mode, state=State.DONE, code=code, event=event, undeliverable=text)

    def results(self) -> Sequence[Imported]:
        """See `Programs`."""
        return ()

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Programs`."""

    def warnings(self) -> Sequence[str]:
        """See `Programs`."""
        return ()


class OfficeHarness(ConnectorHarness):
    """A post office whose own people are local users."""

    peer = PeerInfo(id="cc/cc", name="cc")
    consumes = False
    names: ClassVar[Sequence[str]] = NAMES
    options = CcMailOptions(post_office=HOME)
    #: What any of these has been asked for, by key.
    asked: ClassVar[dict[str, Entry]] = {}

    def __init__(self) -> None:
        self.types = AddressTypes(plugin.dxa_address_types())
        self.connector_type = plugin.dxa_connectors()[0]
        self.programs = PlayedPrograms(Office(name=HOME))
        root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, shutil.rmtree, root)
        self.root, self.site = root, root / "site"
        #: The names in cc:Mail of the entries of its own that the kit has asked for, by key.
        self.called: dict[str, str] = {}

    @property
    def profile(self) -> Profile:
        """What is configured."""
        return Profile(
            LinkContext(
                link="cc",
                options=self.options,
                folder=self.site,
                types=self.types,
                site=("Lab", SITE),
                peers={"cc": self.peer},
            )
        )

    def open(self) -> Connector:
        return CcMailConnector(self.profile.context, self.programs)

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        if ours:
            # Names are unique whatever their post office, so the two sides cannot have the same ones.
            address = f"Alias {n} at {SITE}"
            return Entry(self.types.key(Address("CCMAIL", address)), "CCMAIL", SITE, f"{name}*", address)
        entry = self.meant(Record(name, LOCAL))
        assert entry is not None
        self.asked[entry.key], self.called[entry.key] = entry, name
        return entry

    def meant(self, record: Record) -> Entry | None:
        """The entry that a record of the post office is."""
        entries = {fold(HOME): Record(HOME, "P"), **self.programs.office.entries}
        return self.profile.meaning_of(entries, Titles()).told(record).entry

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        office = self.programs.office
        for key in [key for key, record in office.entries.items() if record.locn == LOCAL]:
            del office.entries[key]
        records = [Record(self.called[entry.key], LOCAL) for entry in entries]
        for record in records:
            assert "" == office.upsert(record)
        self.programs.data = None
        if spoiled:
            data = office.export_directory()
            for at in spoiled:
                good = f"Name: {records[at].name}\r\nLocn: {LOCAL}\r\n".encode(office.code_page)
                data = data.replace(good, good.replace(b"Locn", b"Lost"))
            self.programs.data = data

    def delivered(self) -> Sequence[Entry]:
        found = [record for record in self.programs.office.entries.values() if record.locn not in (LOCAL, "P", "p")]
        entries = [entry for record in found if (entry := self.meant(record))]
        # What is delivered back to where it came from is shaped before: only name and address of it are written.
        asked = [self.asked.get(entry.key, entry) for entry in entries]
        return [told if told.name == entry.name else entry for told, entry in zip(asked, entries, strict=True)]

    def fail(self, after: int = 0) -> None:
        self.programs.uses = after

    def heal(self) -> None:
        self.programs.uses = -1

    def waiting(self) -> bytes:
        return self.programs.bytes()

    def replace_waiting(self, data: bytes) -> None:
        self.programs.data = data

    def files(self) -> Iterable[str]:
        return [os.path.relpath(path, self.site) for path in self.root.rglob("*") if path.is_file()]


class SecondaryHarness(OfficeHarness):
    """A link whose recipients have the names of cc:Mail in their primary addresses, and deletes marked by a line."""

    options = CcMailOptions(post_office=HOME, secondary=True, delete_marking="label")
    asked: ClassVar[dict[str, Entry]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.programs.office.marking = self.options.marking()


SAMPLES = ("Jane Doe at PO1", "Doe, Jane at Site 1", "#Social", "#Social at PO5", "Sales at Night at PO1")

test_connector = connector_suite(OfficeHarness)
test_connector_with_secondary_addresses = connector_suite(SecondaryHarness)
test_address_type = address_type_suite([AddressSubject(kind, SAMPLES) for kind in plugin.dxa_address_types()])
