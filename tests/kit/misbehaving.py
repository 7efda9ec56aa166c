"""A plugin that goes wrong in every way that a connector can, to be put into a site's folder of plugins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from dxa.address import AddressType
from dxa.config.secrets import Secret
from dxa.connector import ConnectorType, Holds, LinkContext, Outcome, Parcel, Phase, Report, Result, Traits, Wish
from dxa.dirsync.messages import Request
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import AddressError, TransportError
from dxa.hookspecs import hookimpl

PEOPLE = ("Ann", "Bo")


class _Text(str):
    """A text of a plugin's own kind."""


class _Unreadable:
    """Can be packed, and not be unpacked."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return int, ("no number",)


@attrs.frozen(kw_only=True)
class Options:
    """What the connector does wrong, and when."""

    mood: str = attrs.field(default="well", metadata={"doc": "what goes wrong"})
    secret: Secret | None = attrs.field(default=None, metadata={"doc": "what nobody may see"})


class _Speechless(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


class Moody:
    """Two people; what dxa gives is written into a file beside the configuration."""

    def __init__(self, context: LinkContext) -> None:
        self.context, self.mood = context, context.options.mood
        self.file = context.folder / f"{context.link}.given"
        if self.mood == "dies at the start":
            os._exit(7)
        if self.mood == "takes threads":
            for _ in range(4):
                threading.Thread(target=self._chatter, daemon=True).start()
        if self.mood == "fails at the start":
            raise ValueError("not today")

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        self.context.tell(67, f"reading {self.context.link}")
        self.context.log.warning("a line for the log")
        print("chatter that belongs nowhere")
        match self.mood:
            case "shows its secret":
                secret = self.context.options.secret
                self.context.tell(2, f"{secret} is {secret.reveal()}")
            case "raises":
                raise KeyError("lost")
            case "cannot reach":
                raise TransportError("the server is away")
            case "hangs":
                time.sleep(600)
            case "never ends":
                while True:
                    yield self._report([])
            case "tells all":
                yield self._report([], raw=os.urandom(5_000_000))
            case "dies":
                yield self._report([])
                os._exit(9)
            case "no report":
                yield "a list of people"  # type: ignore[misc]
            case "wrong inside":
                yield self._report([Transaction(0, Verb.ADD, None, self._entry(5))])  # type: ignore[arg-type]
            case "ends badly":
                try:
                    yield self._report([])
                    yield self._report([])
                finally:
                    raise ValueError("not that early")
            case "runs a program":
                with subprocess.Popen(["sleep", "600"]) as program:
                    (self.context.folder / "one.program").write_text(f"{program.pid}", encoding="ascii")
            case "leaves the process":
                sys.exit(3)
            case "cannot be packed":
                yield self._report([], title=lambda: "no text")
            case "cannot be unpacked":
                yield self._report([], title=_Unreadable())
            case "wrong lists":
                yield self._report([], types="MOOD")
            case "no list of transactions":
                yield self._report(None)  # type: ignore[arg-type]
            case "number too large":
                yield self._report([Transaction(2**70, Verb.ADD, None, self._entry("Ann"))])
            case "no text for a name":
                yield self._report([Transaction(0, Verb.ADD, None, self._entry(("Ann",)))])  # type: ignore[arg-type]
            case "no raw text":
                yield self._report([Transaction(0, Verb.ADD, None, self._entry("Ann"), 5)])  # type: ignore[arg-type]
            case "half an entry":
                yield self._report([Transaction(0, Verb.ADD, None, tuple.__new__(Entry, ("MOOD:ann", "MOOD")))])
            case "an add of nobody":
                yield self._report([Transaction(0, Verb.ADD, None, None)])
            case "a delete of somebody new":
                yield self._report([Transaction(0, Verb.DELETE, None, self._entry("Ann"))])
            case "an odd reject":
                yield self._report([], rejects=[Reject(0, 1, "", 0, None)])  # type: ignore[arg-type]
            case "an odd request":
                yield self._report([], request=Request(r="1", was=0, s=0, i=0))  # type: ignore[arg-type]
            case "cannot say what":
                raise _Speechless
            case "tells no text":
                self.context.tell(1, ["no", "text"])  # type: ignore[arg-type]
            case "tells without end":
                while True:
                    self.context.tell(1, "so " * 10_000)
            case "logs what is no line":
                self.context.log.warning("%s and %s", "one")
            case "writes on":
                given = [Transaction(0, Verb.ADD, None, self._entry("Ann"))]
                yield self._report(given)
                given[:] = ["no transaction"]  # type: ignore[list-item]
                return
            case "texts of its own":
                yield self._report([Transaction(0, Verb.ADD, None, self._entry(_Text("A\0nn")))])
            case "divides and dies":
                if child := os.fork():
                    (self.context.folder / "one.program").write_text(f"{child}", encoding="ascii")
                    os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(600)
            case "divides and both answer":
                if not os.fork():
                    raise ValueError("from the other one")
                os.wait()
            case "no character":
                yield self._report([Transaction(0, Verb.ADD, None, self._entry("\udc80"))])
        yield self._report([Transaction(0, Verb.ADD, None, self._entry(name)) for name in self._people()])

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        if self.mood == "deliver dies":
            os._exit(9)
        with self.file.open("a", encoding="utf-8") as file:
            for transaction in parcel.transactions():
                file.write(f"{transaction.verb.value} {transaction.side.name}\n")
                yield Outcome(result=Result.DONE, key=transaction.side.key)
        yield 5 if self.mood == "no outcome" else Outcome(result=Result.DONE)  # type: ignore[misc]

    def settle(self, receipts: Sequence[str]) -> None:
        if self.mood == "settle raises":
            raise OSError(28, "No space left on device")

    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        return [AddressError("not him", got=e.name) if e.name == "Nemo" else e for e, _ in wishes]

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        self.context.tell(1, f"{phase.value} {os.getpid()} {self.context.now():.0f}")

    def _chatter(self) -> None:
        for number in range(8):
            self.context.tell(3, f"{number}" * 40_000)

    def _report(self, transactions: Sequence[Transaction], **more: Any) -> Report:
        return Report(
            sender=self.context.link, receipt="", lists=frozenset({("", "")}), transactions=transactions, **more
        )

    def _people(self) -> list[str]:
        return [f"{name} of {self.context.link}" for name in PEOPLE]

    def _entry(self, name: str) -> Entry:
        return Entry(f"MOOD:{str(name).casefold()}", "MOOD", "", name, str(name))


@hookimpl
def dxa_connectors() -> list[ConnectorType]:
    """The moody connector."""
    traits = Traits(types=("MOOD",), holds=Holds.PROVEN)
    return [ConnectorType(name="moody", summary="goes wrong", traits=traits, open=Moody, options=Options)]


@hookimpl
def dxa_address_types() -> list[AddressType]:
    """The type of its addresses."""
    return [AddressType(name="MOOD", check=str, shape=str)]
