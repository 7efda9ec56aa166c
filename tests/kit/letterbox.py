"""A small connector of the quoting kind that keeps every rule, made to be broken in one place by a subclass.

A letter is a heading with the number of its records, the records as JSON, one in a line, and an end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar

import attrs

from dxa.address import Address, AddressType, AddressTypes
from dxa.connector import (
    ConnectorType,
    Feed,
    Holds,
    LinkContext,
    Outcome,
    Parcel,
    ParcelKind,
    PeerInfo,
    Report,
    Result,
    Traits,
)
from dxa.entry import Entry, Reject, Transaction, Verb, list_entry
from dxa.errors import AddressError, FormatError, TransportError
from dxa.testing import ConnectorHarness

HEAD = re.compile(r"LETTER ([0-9]+)")
PEER = "po1"


def check(text: str) -> str:
    """``po/user``, the postoffice in small letters."""
    if not re.fullmatch(r"[!-.0-~]+/[!-.0-~]+", text):
        raise AddressError("not po/user", got=text, code=1)
    po, _, user = text.partition("/")
    return f"{po.lower()}/{user}"


BOX = AddressType(name="BOX", check=check, list_of=lambda value: value.partition("/")[0])
TYPES = AddressTypes([BOX])


@attrs.define(eq=False)
class Box:
    """Two folders in memory that can be reached so many times."""

    inbox: dict[str, bytes] = attrs.field(factory=dict)
    outbox: dict[str, bytes] = attrs.field(factory=dict)
    done: set[str] = attrs.field(factory=set)
    uses: int = -1

    def use(self) -> None:
        if self.uses == 0:
            raise TransportError("the box is locked")
        self.uses -= 1

    def names(self) -> list[str]:
        self.use()
        return sorted(self.inbox)

    def read(self, name: str) -> bytes:
        self.use()
        return self.inbox[name]

    def write(self, name: str, data: bytes) -> None:
        self.use()
        self.outbox[name] = data

    def remove(self, name: str) -> None:
        self.use()
        self.inbox.pop(name, None)


def record(transaction: Transaction) -> str:
    """A line."""
    old, new = ([side.name, side.address or side.list] if side else None for side in (transaction.old, transaction.new))
    return json.dumps([transaction.verb.value, old, new])


def parse(line: str, types: AddressTypes = TYPES) -> list[Transaction]:
    """What a line says; raises FormatError."""
    try:
        verb, *sides = json.loads(line)
        if verb == "R":
            return [Transaction(0, Verb.REPLACE, None, list_entry("BOX", sides[1][1]), line)]
        old, new = (side and entry_of(*side) for side in sides)
        return [Transaction(0, Verb(verb), old, new, line)]
    except (ValueError, TypeError, IndexError, AddressError) as error:
        raise FormatError(f"no record: {error}", got=line) from None


def entry_of(name: str, address: str) -> Entry:
    """The entry; raises AddressError."""
    value = check(address)
    return Entry(TYPES.key(Address("BOX", value)), "BOX", BOX.list_of(value), name, value)


def letter(lines: Iterable[str]) -> bytes:
    """A letter of these records."""
    rows = list(lines)
    return "\n".join([f"LETTER {len(rows)}", *rows, "END\n"]).encode()


@attrs.frozen(kw_only=True)
class Options:
    color: str = attrs.field(default="red", metadata={"doc": "color of the box"})
    password: str = attrs.field(default="", metadata={"doc": "password of the box"})


class Letterbox:
    """The connector. Each method that a subclass breaks does one thing."""

    def __init__(self, box: Box, context: LinkContext) -> None:
        self.box, self.context = box, context

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for name in self.box.names():
            yield self.report(name, self.box.read(name))

    def report(self, name: str, data: bytes) -> Report:
        lines = self.text(data).split("\n")
        head = HEAD.fullmatch(lines[0])
        if head is None:
            return Report(sender="", receipt=name, raw=data, fault=Reject(0, 1, lines[0], 0, "no letter"))
        ended = lines[-2:] == ["END", ""]
        transactions, rejects = self.records(lines[1:-2] if ended else lines[1:])
        return Report(
            sender=PEER,
            receipt=self.receipt(name),
            raw=data,
            complete=ended and len(transactions) + len(rejects) == int(head[1]),
            lists=frozenset({("BOX", PEER)}),
            transactions=transactions,
            rejects=rejects,
        )

    def text(self, data: bytes) -> str:
        return data.decode("utf-8", "replace")

    def receipt(self, name: str) -> str:
        return name

    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good: list[Transaction] = []
        bad: list[Reject] = []
        for at, line in enumerate(lines, 2):
            try:
                good += parse(line)
            except FormatError as error:
                bad.append(Reject(0, at, line, 0, str(error)))
        return good, bad

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        if parcel.kind is ParcelKind.NOTICE:
            self.put(parcel, [])
            return
        rows = list(self.rows(parcel))
        bad = [row for row in rows if row.new and row.verb is not Verb.REPLACE and not row.new.name.strip()]
        self.put(parcel, [self.line(row) for row in rows if row not in bad])
        yield Outcome(result=Result.POSTED)
        yield from (Outcome(result=Result.REFUSED, key=row.new.key, reason="no name") for row in bad if row.new)

    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        return parcel.transactions()

    def line(self, row: Transaction) -> str:
        return record(row)

    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        self.box.write(self.file(parcel.id), letter(lines))

    def file(self, id_: str) -> str:
        return f"{blake2b(id_.encode(), digest_size=8).hexdigest()}.letter"

    def settle(self, receipts: Sequence[str]) -> None:
        for name in filter(None, receipts):
            self.box.remove(name)


TRAITS = Traits(types=("BOX",), holds=Holds.QUOTED, feeds=frozenset({Feed.FULL}), many_peers=True)
LETTERBOX = ConnectorType(
    name="letterbox",
    summary="letters in a box",
    traits=TRAITS,
    open=lambda context: Letterbox(Box(), context),
    site_lists=lambda site, _options: frozenset({("BOX", site[1].casefold())}),
    options=Options,
    parse=parse,
)


class LetterHarness(ConnectorHarness):
    """The kit's side of the letterbox; `connector` is the class to try."""

    connector: ClassVar[type[Letterbox]] = Letterbox
    connector_type = LETTERBOX
    types = TYPES
    peer = PeerInfo(id="1", name=PEER)
    secrets = ("hunter2",)

    def __init__(self) -> None:
        self.box = Box()

    def open(self) -> Letterbox:
        options = Options(password=self.secrets[0])
        context = LinkContext(link="link", options=options, folder=Path(), types=TYPES, site=("Lab", "Berlin"))
        return self.connector(self.box, context)

    def entry(self, n: int, name: str, *, ours: bool = False) -> Entry:
        return entry_of(name, f"{'berlin' if ours else PEER}/user{n}")

    def say(self, entries: Sequence[Entry], spoiled: Collection[int] = ()) -> None:
        rows = [record(Transaction(0, Verb.ADD, None, entry)) for entry in entries]
        lines = [row[1:] if at in spoiled else row for at, row in enumerate(rows)]
        self.box.inbox[f"m{len(self.box.inbox):04d}"] = letter(lines)

    def delivered(self) -> Sequence[Entry]:
        held: list[Entry] = []
        rows = [row for data in self.box.outbox.values() for row in data.decode().split("\n")[1:-2]]
        for row in (each for line in rows for each in parse(line)):
            if row.verb is Verb.REPLACE and row.new:
                held = [entry for entry in held if entry.list != row.new.list]
                continue
            if row.old and row.old in held:
                held.remove(row.old)
            held += [row.new] if row.new else []
        return held

    def fail(self, after: int = 0) -> None:
        self.box.uses = after

    def heal(self) -> None:
        self.box.uses = -1

    def waiting(self) -> bytes:
        return self.box.inbox[max(self.box.inbox)]

    def replace_waiting(self, data: bytes) -> None:
        self.box.inbox[max(self.box.inbox)] = data

    def drop(self, data: bytes) -> None:
        self.box.inbox["a"] = data

    def files(self) -> Iterable[str]:
        return list(self.box.outbox)


class Knowing(Letterbox):
    """Every letter has an identity."""

    def report(self, name: str, data: bytes) -> Report:
        return attrs.evolve(super().report(name, data), identity=f"{PEER} {name}")


class KnowingHarness(LetterHarness):
    connector = Knowing
