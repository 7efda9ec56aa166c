"""The reference connector: address lists that live in this process.

`Memory` is registered by the same hooks as any plugin. It keeps its systems by name, so that whoever holds it can look
at a system and change it behind dxa's back; the option ``name`` of a link says which system the link connects to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import attrs

from dxa.address import AddressType
from dxa.connector import ConnectorType, Feed, Holds, LinkContext, Outcome, Parcel, Report, Result, Traits
from dxa.entry import Entry, Fields, Transaction, Verb
from dxa.errors import AddressError, TransportError
from dxa.hookspecs import hookimpl
from dxa.options import option

TYPE = "MEM"


def check_address(text: str) -> str:
    """Any text but an empty one or one with control characters."""
    if not text or not text.isprintable():
        raise AddressError("an address in memory is text without control characters", got=text)
    return text


def shape_address(text: str) -> str:
    """The text without what an address may not hold."""
    return check_address("".join(char for char in text if char.isprintable()).strip())


def key_of(address: str) -> str:
    """The key of the entry with this address."""
    return f"{TYPE}:{address.casefold()}"


@attrs.define
class MemorySystem:
    """A foreign system: its address list, and what a test wants of it.

    `entries` are by key; `marked` are the keys of those that dxa wrote. `shown` cuts reports after so many entries,
    noticeably or not. `failing` is the reason why the system cannot be reached now.
    """

    entries: dict[str, Entry] = attrs.field(factory=dict)
    marked: set[str] = attrs.field(factory=set)
    log: list[Transaction] = attrs.field(factory=list)
    outcomes: dict[str, list[Outcome]] = attrs.field(factory=dict)
    settled: list[str] = attrs.field(factory=list)
    shown: int | None = None
    noticed: bool = True
    failing: str = ""

    def put(self, name: str, address: str, fields: Fields = ()) -> None:
        """The system's own people add or modify an entry; a mark that it bears stays."""
        self.write(key_of(address), Entry(key_of(address), TYPE, "", name, address, fields))

    def delete(self, address: str) -> None:
        """The system's own people delete an entry, whoever wrote it."""
        self.write(key_of(address), None)

    def truncate(self, shown: int | None, *, noticed: bool = True) -> None:
        """Cut reports after so many entries; None shows all again."""
        self.shown, self.noticed = shown, noticed

    def write(self, key: str, entry: Entry | None) -> None:
        """Put an entry into the list, or take it out, and log what happened."""
        old = self.entries.pop(key, None)
        if entry is not None:
            self.entries[key] = entry
            self.log.append(Transaction(0, Verb.MODIFY if old else Verb.ADD, old, entry))
        elif old is not None:
            self.marked.discard(key)
            self.log.append(Transaction(0, Verb.DELETE, old, None))

    def apply(self, transaction: Transaction) -> Outcome:
        """What dxa wants; entries that are not its own are refused."""
        if transaction.verb is Verb.REPLACE:
            for key in sorted(self.marked):
                self.write(key, None)
            return Outcome(result=Result.DONE)
        old, new = (key_of(side.address) if side else "" for side in (transaction.old, transaction.new))
        key = new or old
        if foreign := sorted(({old, new} & self.entries.keys()) - self.marked):
            return Outcome(result=Result.REFUSED, key=key, reason=f"{foreign[0]} was not written by dxa")
        if old != new:
            self.write(old, None)
        if transaction.new is not None and self.entries.get(key) != (entry := transaction.new._replace(key=key)):
            self.write(key, entry)
            self.marked.add(key)
        return Outcome(result=Result.DONE, key=key)


@attrs.frozen(kw_only=True)
class Options:
    """``[links.NAME.memory]``."""

    name: str = option("name of the system inside this process", "memory")
    feed: Literal["full", "changes"] = option("its reports: full or changes only", "full")


@attrs.frozen
class MemoryConnector:
    """One link's connection to a system; the link is its only peer."""

    system: MemorySystem
    context: LinkContext

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """The whole list, or what has changed since the peer's cursor."""
        self.reach()
        system, peer = self.system, self.context.link
        head, cursor = len(system.log), next(iter(since.values()), "")
        receipt = f"{peer}:{len(system.settled)}:{head}"
        report = Report(sender=peer, receipt=receipt, cursor=str(head), marked=frozenset(system.marked))
        if self.context.options.feed == "changes" and cursor.isdecimal() and int(cursor) <= head:
            if changes := system.log[int(cursor) :]:
                yield attrs.evolve(report, transactions=changes)
            return
        shown = list(system.entries.values())[: system.shown]
        cut = len(shown) < len(system.entries)
        adds = [Transaction(0, Verb.ADD, None, entry) for entry in shown]
        whole = attrs.evolve(report, transactions=adds, lists=frozenset({(TYPE, "")}), counted=system.noticed)
        yield attrs.evolve(whole, complete=not (cut and system.noticed))

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Apply a parcel once, however often it comes."""
        self.reach()
        if parcel.id not in self.system.outcomes:
            self.system.outcomes[parcel.id] = [self.system.apply(each) for each in parcel.transactions()]
        yield from self.system.outcomes[parcel.id]

    def settle(self, receipts: Sequence[str]) -> None:
        """Note what has been committed."""
        self.system.settled += [receipt for receipt in receipts if receipt not in self.system.settled]

    def reach(self) -> None:
        """Raise when the system cannot be reached."""
        if self.system.failing:
            raise TransportError(f"memory system {self.context.options.name}: {self.system.failing}")


@attrs.define(eq=False)
class Memory:
    """The plugin ``memory``: its hooks, and its systems by name."""

    systems: dict[str, MemorySystem] = attrs.field(factory=dict)

    def system(self, name: str = "memory") -> MemorySystem:
        """The system of that name; it is made, empty, when it is first asked for."""
        return self.systems.setdefault(name, MemorySystem())

    @hookimpl
    def dxa_address_types(self) -> list[AddressType]:
        """The type ``MEM``."""
        return [AddressType(name=TYPE, check=check_address, shape=shape_address, templates=True)]

    @hookimpl
    def dxa_connectors(self) -> list[ConnectorType]:
        """The connector ``memory``."""
        traits = Traits(types=(TYPE,), holds=Holds.PROVEN, feeds=frozenset(Feed))
        about = "an address list in this process, for tests and as an example"
        return [ConnectorType(name="memory", summary=about, traits=traits, options=Options, open=self.open)]

    def open(self, context: LinkContext) -> MemoryConnector:
        """The connector of a link."""
        return MemoryConnector(self.system(context.options.name), context)
