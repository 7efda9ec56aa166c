"""The agent's end: a connector that hands every call on to its process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import attrs

import dxa.errors
from dxa.connector import Allowance, Connector, LinkContext, Outcome, Parcel, Report
from dxa.discovery import Selection
from dxa.errors import DxaError, PluginError, worded
from dxa.ledger.answer import Content
from dxa.worker.messages import Call, Drop, Items, Next, Opening, Raised, Value, packed
from dxa.worker.nursery import Nursery
from dxa.worker.process import OPEN, STARTING, Gone, Process
from dxa.worker.serving import Contents

#: So many outcomes come at once; reports come one by one, for each may be a whole directory.
OUTCOMES = 500

P = TypeVar("P")


class RemoteConnector:
    """See `dxa.connector.Connector`. The process starts at `prepare`, or else at the first call, which waits for it.

    Where it is gone, every call is the plugin's error, until `renew`. Methods beyond those of every connector are there
    when `offered` has been asked.
    """

    def __init__(
        self,
        opening: Opening,
        allowance: Allowance,
        nursery: Nursery,
        *,
        clock: Callable[[], float],
        tell: Callable[[int, str], None],
        log: Callable[[int, str], None],
    ) -> None:
        self._opening, self._allowance, self._nursery = opening, allowance, nursery
        self._clock, self._tell, self._log = clock, tell, log
        self.back_types: frozenset[str] = frozenset()
        self._opened, self._contents = False, Contents()
        self._gone: DxaError | None = None
        self._running: Process | None = None

    @classmethod
    def of(
        cls,
        context: LinkContext,
        connector: str,
        allowance: Allowance,
        nursery: Nursery,
        selection: Selection,
        plugins: Path | None,
    ) -> RemoteConnector:
        """The connector of a link, found in its process, which comes from the nursery, as it was found here.

        Raises `PluginError` where its options cannot go there.
        """
        opening = Opening(
            connector=connector,
            link=context.link,
            role=context.role,
            folder=context.folder,
            site=context.site,
            selection=selection,
            plugins=plugins,
            rest=_rest(context, connector),
            now=context.now(),
            level=context.log.getEffectiveLevel(),
        )
        return cls(opening, allowance, nursery, clock=context.now, tell=context.tell, log=context.log.log)

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """See `Connector`."""
        return self._stream("collect", (dict(since),), 1, self._allowance.items)

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """See `Connector`. A content that several parcels share goes over once."""
        content = parcel.content
        # An outcome for each entry, which a modify has two of, and one for the whole.
        limit = 2 * content.count(parcel.own) + 1
        if content.key and content.segments:
            if content.key not in self._contents:
                self._call("content", content)
                self._contents.put(Content(content.key, ()))  # only now: it is there
            parcel = attrs.evolve(parcel, content=Content(content.key, ()))
        yield from self._stream("deliver", (parcel,), OUTCOMES, limit)

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Connector`."""
        self._call("settle", list(receipts))

    @property
    def pid(self) -> int:
        """The process's number in the system."""
        return self._process.pid

    def renew(self) -> None:
        """Take a new process where the last one is gone: a cycle begins."""
        if self._gone:
            self.close()
            self._opened, self._contents = False, Contents()
            self._gone = None

    def prepare(self) -> None:
        """Let the process start, so that those of several links start together."""
        self._running = self._running or self._started()

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def open(self) -> None:
        """Wait until the connector is there, and know what it offers."""
        if self._opened:
            return
        try:
            answer = self._answered(
                OPEN, lambda: self._process.answer(OPEN, max(self._until(), time.monotonic() + STARTING))
            )
        except DxaError as error:
            self._gone = error
            raise
        self._opened = True
        self.back_types = answer.back_types
        for method in answer.offers:
            setattr(self, method, partial(self._call, method))

    # -- how -------------------------------------------------------------------------------------------------------

    @property
    def _process(self) -> Process:
        self.prepare()
        assert self._running is not None
        return self._running

    def _started(self) -> Process:
        try:
            opening = self._opening._replace(now=self._clock())
            return Process(opening, self._allowance, self._nursery, self._tell, self._log)
        except Gone as reason:
            raise PluginError(self._opening.connector, str(reason)) from None

    def _until(self) -> float:
        return time.monotonic() + self._allowance.call

    def _call(self, method: str, *arguments: Any) -> Any:
        self.open()
        call = Call(method, arguments, self._clock())
        answer = self._answered(method, lambda: self._process.ask(call, method, self._until()))
        if not isinstance(answer, Value):
            self._lose(f"{method} has been answered with a {type(answer).__name__}")
        return answer.value

    def _stream(self, method: str, arguments: tuple[Any, ...], most: int, limit: int) -> Iterator[Any]:
        """The values of a call that gives many, `most` at a time; the process makes them when they are asked for.

        The time that the agent takes between them is not the connector's.
        """
        number = self._call(method, *arguments)
        process, left, count, done = self._process, self._allowance.call, 0, False
        try:
            while not done:
                step = Next(number, most, self._clock())
                began = time.monotonic()
                answer = self._answered(method, partial(process.ask, step, method, began + left))
                left -= time.monotonic() - began
                if not isinstance(answer, Items):
                    self._lose(f"{method} has been answered with a {type(answer).__name__}")
                items, done = answer.items, answer.last
                count += len(items)
                if count > limit:
                    self._lose(f"{method} has given more than {limit} values")
                yield from items
        except GeneratorExit:
            if not done:
                process.say(Drop(number))  # to this one alone: it may be closed, or have a successor by now
            raise

    def _answered(self, method: str, ask: Callable[[], Any]) -> Any:
        """The answer, unless it is that something was raised: that is raised here."""
        if self._gone:
            raise self._gone
        try:
            answer = ask()
        except Gone as reason:
            self._lose(str(reason))
        if isinstance(answer, Raised):
            raise self._error(method, answer)
        return answer

    def _lose(self, reason: str) -> NoReturn:
        self._gone = PluginError(self._opening.connector, reason)
        self.close()
        raise self._gone

    def _error(self, method: str, raised: Raised) -> DxaError:
        kind = vars(dxa.errors).get(raised.kind)
        if not (isinstance(kind, type) and issubclass(kind, DxaError)):
            return PluginError(self._opening.connector, f"{method} raised {raised.text}")
        error = kind.__new__(kind)
        Exception.__init__(error, raised.text)
        return error


def _rest(context: LinkContext, connector: str) -> bytes:
    try:
        return packed((context.options, dict(context.peers), context.own_lists, context.peer_lists))
    except Exception as error:  # whatever its values raise
        advice = "its class must stand in a module, and its values be plain"
        raise PluginError(connector, f"its options cannot go to its process: {worded(error)}; {advice}") from error


def prepare(connector: Connector) -> None:
    """Let a connector's process start, if it has one of its own."""
    if isinstance(connector, RemoteConnector):
        connector.prepare()


def offered(connector: Connector, protocol: Callable[..., P]) -> P | None:
    """The connector as one that does what only some do (a protocol of `dxa.connector`); None where it does not."""
    if isinstance(connector, RemoteConnector):
        connector.open()
    return connector if isinstance(connector, protocol) else None  # type: ignore[arg-type, return-value]
