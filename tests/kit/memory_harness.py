"""The kit's side of the memory connector."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import ClassVar

import attrs

from dxa.address import AddressTypes
from dxa.connector import Connector, ConnectorType, LinkContext, PeerInfo
from dxa.entry import Entry
from dxa.errors import TransportError
from dxa.memory import TYPE, Memory, MemorySystem, Options, key_of
from dxa.testing import ConnectorHarness, Skip


@attrs.define
class BreakingSystem(MemorySystem):
    """A system that can be written to only so many times."""

    writes: int = -1

    def write(self, key: str, entry: Entry | None) -> None:
        """Write, or fail."""
        if self.writes == 0:
            raise TransportError("the memory system went away")
        self.writes -= 1
        super().write(key, entry)


class MemoryHarness(ConnectorHarness):
    consumes = False
    feed: ClassVar[str] = "full"
    peer = PeerInfo(id="link", name="link")

    def __init__(self) -> None:
        self.system = BreakingSystem()
        memory = Memory({"memory": self.system})
        self.types = AddressTypes(memory.dxa_address_types())
        self.connector_type: ConnectorType = memory.dxa_connectors()[0]

    def open(self) -> Connector:
        options = Options(feed=self.feed)  # type: ignore[arg-type]
        return self.connector_type.open(
            LinkContext(link="link", options=options, folder=Path(), types=self.types, site=("Lab", "Berlin"))
        )

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        address = f"{'dxa' if ours else 'own'}{n}"
        return Entry(key_of(address), TYPE, "", name, address, (("Room", f"{n}"),))

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        if spoiled:
            raise Skip("records in memory are values, which cannot be spoiled")
        for key in self.system.entries.keys() - self.system.marked - {entry.key for entry in entries}:
            self.system.write(key, None)
        for entry in entries:
            self.system.put(entry.name, entry.address, entry.fields)

    def delivered(self) -> Sequence[Entry]:
        return [self.system.entries[key] for key in self.system.marked]

    def fail(self, after: int = 0) -> None:
        self.system.failing, self.system.writes = ("" if after else "made to fail"), after or -1

    def heal(self) -> None:
        self.system.failing, self.system.writes = "", -1

    def size(self) -> int:
        return len(self.system.entries)

    def truncate(self, at: int) -> None:
        self.system.truncate(at)


class MemoryOfChanges(MemoryHarness):
    feed = "changes"
