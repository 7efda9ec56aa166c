"""What the tests of the command line share: a site that is driven by commands, and a foreign world of peers in memory.

`World` is a plugin with a connector that has many peers and numbers (`post`), a decoder and a command, so that these
tests need no installed plugin.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import AddressType
from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.connector import ConnectorType, Decoder, Holds, LinkContext, Outcome, Parcel, Report, Result, Scene, Traits
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Reject, Transaction, Verb, list_entry
from dxa.errors import FormatError, TransportError
from dxa.hookspecs import hookimpl
from dxa.host import Host
from dxa.memory import Memory, MemorySystem

#: 2026-11-02 12:00 UTC, where these tests begin.
NOW = 1_793_620_800.0
HOUR, DAY = 3_600.0, 86_400.0

MEMORY_LINK = """
[links.mem]
connector = "memory"
import_container = "Foreign/Mem"
export_containers = ["Recipients"]
"""
POST_LINK = """
[links.post]
connector = "post"
import_container = "Foreign/Post"
export_containers = ["Recipients"]
"""


ASKED_LINK = """
[links.asked]
connector = "asked"
import_container = "Foreign/Asked"
export_containers = ["Recipients"]
"""


@attrs.frozen
class Completed:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Its output without blanks at the ends of lines, and without empty lines."""
        return [line.rstrip() for line in self.out.splitlines() if line.strip()]


@attrs.define
class Driver:
    """A site and the commands that drive it; `now` is what its clock shows."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    world: World = attrs.field(factory=lambda: World())
    memory: Memory = attrs.field(factory=Memory)
    now: float = NOW
    host: Host = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.host = Host(extra={"world": self.world}, memory=self.memory, discover=False)

    def __call__(self, *arguments: str) -> Completed:
        """Run one command on the site."""
        return self.bare("-C", str(self.folder), *arguments)

    def bare(self, *arguments: str) -> Completed:
        """Run one command as it is given."""
        self.capsys.readouterr()
        status = run(arguments, Session(clock=lambda: self.now, host=self.host))
        printed = self.capsys.readouterr()
        return Completed(status, printed.out, printed.err)

    def configure(self, text: str) -> None:
        """Append to the configuration."""
        path = self.folder / "dxa.toml"
        path.write_text(path.read_text("utf-8") + text, "utf-8")

    def replace(self, old: str, new: str) -> None:
        """Change the configuration."""
        path = self.folder / "dxa.toml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    @property
    def system(self) -> MemorySystem:
        """The system behind the link ``mem``."""
        return self.memory.system()


class Server:
    """A server that dxa asks, in memory: what it answers next, and what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Report] = []
        self.asked: list[Parcel] = []

    def answer(self, *entries: Entry, s: int, i: int = 1, r: int = 0) -> None:
        """Everything that the server has, as the answer with the number `s`."""
        adds = [Transaction(n, Verb.ADD, None, each, f"{n} A {each.name}") for n, each in enumerate(entries, 1)]
        reply = Reply(r=r, s=s, was=0, i=i)
        self.answers.append(Report(sender="asked", receipt=f"answer {s}", transactions=adds, reply=reply))

    def collect(self, _since: Mapping[str, str]) -> Iterator[Report]:
        """Answers that wait."""
        yield from list(self.answers)

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Take a request."""
        self.asked.append(parcel)
        yield Outcome(result=Result.POSTED)

    def settle(self, receipts: Sequence[str]) -> None:
        """Forget what has been taken."""
        self.answers = [report for report in self.answers if report.receipt not in receipts]


class World:
    """Peers that quote numbers, in memory; a plugin of the tests."""

    def __init__(self) -> None:
        self.server = Server()
        self.waiting: list[Report] = []
        self.delivered: list[Parcel] = []
        self.failing = ""
        self.interrupted = False

    def ask(self, peer: str, *names: str, r: int, was: int, s: int, i: int = 1, **report: Any) -> None:
        """A request of a peer, with an add for each name, numbered from `was` + 1."""
        adds = [
            Transaction(was + n, Verb.ADD, None, entry(peer, name), f"{was + n} A {name}")
            for n, name in enumerate(names, 1)
        ]
        request = Request(r=r, was=was, s=s, i=i, last=was + len(adds) or r)
        self.waiting.append(
            Report(
                sender=peer,
                receipt=f"{peer}-{len(self.waiting)}-{r}",
                title=f"{peer} - Req R={r} (was {was}), S={s}",
                raw=f"request of {peer}\n".encode(),
                transactions=adds,
                request=request,
                **report,
            )
        )

    def collect(self, _since: Mapping[str, str]) -> Iterator[Report]:
        """Everything that waits."""
        if self.interrupted:
            raise KeyboardInterrupt
        yield from list(self.waiting)

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Take a parcel, or fail."""
        if self.failing:
            raise TransportError(self.failing)
        self.delivered.append(parcel)
        yield Outcome(result=Result.POSTED)

    def settle(self, receipts: Sequence[str]) -> None:
        """Forget what has been taken."""
        self.waiting = [report for report in self.waiting if report.receipt not in receipts]

    @hookimpl
    def dxa_address_types(self) -> list[AddressType]:
        """The type ``PO``, whose lists are post offices."""

        def check(text: str) -> str:
            if text.count("/") != 2:
                raise FormatError("an address is NET/PO/NAME", got=text)
            return text

        return [AddressType(name="PO", check=check, list_of=lambda value: value.rpartition("/")[0], shape=str)]

    @hookimpl
    def dxa_connectors(self) -> list[ConnectorType]:
        """The connectors ``post`` and ``asked``."""

        def open_(_context: LinkContext) -> World:
            return self

        def parse(raw: str, _types: object) -> list[Transaction]:
            peer, _, name = raw.partition(" A ")
            return [Transaction(0, Verb.ADD, None, entry(peer, name), raw)]

        traits = Traits(types=("PO",), holds=Holds.QUOTED, many_peers=True)
        asked = Traits(types=("PO",), holds=Holds.QUEUED)

        def site_lists(site: tuple[str, str], _options: object) -> frozenset[tuple[str, str]]:
            return frozenset({("PO", "/".join(site).casefold())})

        return [
            ConnectorType(
                name="post", summary="peers in memory", traits=traits, open=open_, parse=parse, site_lists=site_lists
            ),
            ConnectorType(
                name="asked",
                summary="a server in memory",
                traits=asked,
                open=lambda _context: self.server,
                site_lists=site_lists,
            ),
        ]

    @hookimpl
    def dxa_decoders(self) -> list[Decoder]:
        """The format ``lines``: ``! text`` is a bad record."""

        def decode(data: bytes) -> Iterator[dict[str, Any]]:
            yield {"kind": "file", "size": len(data)}
            for line, text in enumerate(data.decode("utf-8").splitlines(), 1):
                if text.startswith("!"):
                    yield {"kind": "reject", "line": line, "code": 16, "reason": "unknown record type", "text": text}
                else:
                    yield {
                        "kind": "transaction",
                        "line": line,
                        "verb": "add",
                        "name": text,
                        "address": f"PO:A/B/{text}",
                    }

        return [Decoder(name="lines", sniff=lambda data: data.startswith(b"request of"), decode=decode)]

    @hookimpl
    def dxa_commands(self) -> list[tuple[str, str]]:
        """A command that works and one that cannot be loaded."""
        return [("greet", "tests.cli.driver:greet"), ("lost", "tests.cli.nowhere:lost")]

    @hookimpl
    def dxa_demo_scenes(self) -> list[Scene]:
        """One short scene."""

        def play(stage: Any) -> None:
            stage.heading("A link")
            stage.edit_config(MEMORY_LINK)
            stage.say("Somebody appears.")
            stage.dxa("sync")
            stage.table("Seen", ["name", "#n"], [("Ann", 1)])
            assert 0 == stage.dxa("status", "--json", shown=False).json["peers"][0]["pending"]
            stage.hint("dxa plugins", "what there is")
            (stage.folder / "played").write_text("yes")

        return [Scene(name="short", order=1, play=play)]


def entry(peer: str, name: str) -> Entry:
    """An entry of a peer's own list."""
    address = f"{peer}/{name.upper().replace(' ', '')[:10]}"
    return Entry(f"PO:{address.casefold()}", "PO", peer, name, address)


def bad(raw: str, reason: str = "unknown record type", code: int = 16) -> Reject:
    """A record that could not be read."""
    return Reject(0, 3, raw, code, reason)


def replace_all(peer: str) -> Transaction:
    """A replace of a peer's own list."""
    return Transaction(0, Verb.REPLACE, None, list_entry("PO", peer))


def _greet() -> Any:
    import click

    @click.command()
    @click.argument("name")
    def greet_(name: str) -> None:
        """Greet somebody."""
        if name == "nobody":
            raise FormatError("nobody is there", source="a file", line=7, code=12)
        click.echo(f"Hello, {name}.")

    return greet_


greet = _greet()
