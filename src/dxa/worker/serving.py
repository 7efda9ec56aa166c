"""Inside a connector's process: open the connector, and do what the agent asks until it asks no more."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import attrs

import dxa.errors
from dxa.bulk import no_collector
from dxa.connector import Connector, LinkContext, Parcel
from dxa.errors import DxaError, PluginError, worded
from dxa.host import Host
from dxa.ledger.answer import Content
from dxa.worker.messages import Call, Drop, Items, Logged, Next, Opened, Opening, Raised, Value, packed, told

#: Methods that give many values one after the other.
STREAMS = frozenset({"collect", "deliver"})
#: Methods that some connectors have.
OFFERS = frozenset({"passed", "acknowledge", "taken", "shape", "examine", "back_types"})
#: So many contents that parcels share are kept, on both sides of the pipe.
CONTENTS = 4
_SENDING = threading.Lock()


@attrs.define
class Clock:
    """The agent's time: what it said last, and what has passed since."""

    said: float
    at: float = attrs.field(factory=time.monotonic)

    def set(self, now: float) -> None:
        """The agent says what time it is."""
        self.said, self.at = now, time.monotonic()

    def now(self) -> float:
        """Seconds since 1970."""
        return self.said + time.monotonic() - self.at


class Contents:
    """The contents of parcels by key, the last few; what is put in on one side is there on the other."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Content] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def put(self, content: Content) -> None:
        """Keep a content; the one that was put in first goes when there are too many."""
        self._kept[content.key] = content
        while len(self._kept) > CONTENTS:
            self._kept.popitem(last=False)

    def get(self, key: str) -> Content:
        """The content of that key."""
        return self._kept[key]


class _Log(logging.Handler):
    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = Logged(record.levelno, self.format(record))
        except Exception:  # as all handlers do: a line that cannot be made ends nothing
            self.handleError(record)
        else:
            _send(self.connection, line)


def serve(connection: Connection, lifeline: int) -> None:
    """Serve the agent at the other end of the pipe; ends when it is gone."""
    # The agent decides what a signal to all of them means; the end of the lifeline is the end of the agent. Programs
    # that the connector runs do not inherit this, as they would `SIG_IGN`.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)
    threading.Thread(target=_outlive_nobody, args=(lifeline,), daemon=True).start()
    log = logging.getLogger("dxa")
    handler = _Log(connection)
    log.addHandler(handler)
    try:
        opening: Opening = pickle.loads(connection.recv_bytes())
    except (EOFError, OSError):
        return
    _keep_from_children(connection, lifeline, handler)
    log.setLevel(opening.level)
    clock = Clock(opening.now)
    try:
        with no_collector():
            connector = open_connector(opening, clock, connection)
        offers = frozenset(name for name in OFFERS if hasattr(connector, name))
        opened = Opened(offers - {"back_types"}, getattr(connector, "back_types", frozenset()))
    except Exception as error:
        _send(connection, _raised(error))
        return
    _send(connection, opened)
    server = Server(connector, clock)
    while True:
        try:
            message = pickle.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        with no_collector():
            answer = server.answer(message)
            del message
            if answer is not None:
                _answer(connection, answer)
            del answer


def open_connector(opening: Opening, clock: Clock, connection: Connection) -> Connector:
    """The connector, with nothing in its context but its own link."""
    host = Host(folder=opening.plugins, selection=opening.selection)
    kind = host.connector(opening.connector)
    if kind is None:
        errors = "; ".join(info.error for info in host.found() if info.error)
        raise PluginError(opening.connector, f"is not there in a process of its own{f': {errors}' if errors else ''}")
    options, peers, own_lists, peer_lists = pickle.loads(opening.rest)
    context = LinkContext(
        link=opening.link,
        role=opening.role,
        options=options,
        folder=opening.folder,
        types=host.address_types(),
        site=opening.site,
        peers=peers,
        now=clock.now,
        tell=lambda number, text: _send(connection, told(number, text)),
        log=logging.getLogger(f"dxa.links.{opening.link}"),
        own_lists=own_lists,
        peer_lists=peer_lists,
    )
    return kind.open(context)


class Server:
    """Does what one message asks."""

    def __init__(self, connector: Connector, clock: Clock) -> None:
        self.connector, self.clock = connector, clock
        self.contents = Contents()
        self.streams: dict[int, Iterator[Any]] = {}
        self.number = 0

    def answer(self, message: Call | Next | Drop) -> Value | Items | Raised | None:
        """The answer; what is raised is one, too."""
        try:
            match message:
                case Call(method, arguments, now):
                    self.clock.set(now)
                    return Value(self.call(method, arguments))
                case Next(number, most, now):
                    self.clock.set(now)
                    return self.following(number, most)
                case Drop(number):
                    self.drop(number)
        except Exception as error:
            return _raised(error)
        return None

    def call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """What the method gives, or the number of the stream that it begins."""
        if method == "content":
            self.contents.put(*arguments)
            return None
        if method == "deliver":
            arguments = (self._whole(*arguments),)
        given = getattr(self.connector, method)(*arguments)
        if method not in STREAMS:
            return list(given) if method in ("shape", "examine") else None
        self.number += 1
        self.streams[self.number] = iter(given)
        return self.number

    def following(self, number: int, most: int) -> Items:
        """The next values of a stream; one whose end was met, or that raised, is forgotten."""
        stream = self.streams.pop(number)
        items = tuple(islice(stream, most))
        if len(items) < most:
            return Items(items, True)
        self.streams[number] = stream
        return Items(items, False)

    def drop(self, number: int) -> None:
        """End a stream as the end of a generator's user does; what is raised then nobody waits for."""
        close = getattr(self.streams.pop(number, None), "close", None)
        if close is not None:
            try:
                close()
            except Exception as error:
                logging.getLogger("dxa").warning("the end of a call raised %s", _raised(error).text)

    def _whole(self, parcel: Parcel) -> Parcel:
        """The parcel with the content that it stands for."""
        key = parcel.content.key
        return attrs.evolve(parcel, content=self.contents.get(key)) if key in self.contents else parcel


def _raised(error: Exception) -> Raised:
    logging.getLogger("dxa").debug("the connector raised this", exc_info=error)
    if isinstance(error, DxaError):
        known = next(kind for kind in type(error).__mro__ if vars(dxa.errors).get(kind.__name__) is kind)
        return Raised(known.__name__, str(error))
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in place)
    return Raised("", f"{worded(error)}{where}")


def _answer(connection: Connection, answer: object) -> None:
    """Send an answer; one that cannot be packed is the connector's error."""
    try:
        data = packed(answer)
    except Exception as error:  # whatever the values raise
        data = packed(Raised("", f"{worded(error)}; so what it gave cannot leave its process"))
    _send_bytes(connection, data)


def _send(connection: Connection, message: object) -> None:
    _send_bytes(connection, packed(message))


def _send_bytes(connection: Connection, data: bytes) -> None:
    try:
        with _SENDING:  # threads of the connector may log at any time
            connection.send_bytes(data)
    except OSError:
        os._exit(1)


def _keep_from_children(connection: Connection, lifeline: int, handler: logging.Handler) -> None:
    """What the connector divides into speaks with nobody, and does not hold the pipe open when this process is gone."""

    def in_child() -> None:
        _SENDING.release()
        logging.getLogger("dxa").removeHandler(handler)
        connection.close()
        os.close(lifeline)

    os.register_at_fork(before=_SENDING.acquire, after_in_parent=_SENDING.release, after_in_child=in_child)


def _outlive_nobody(lifeline: int) -> None:
    """End at once, with all programs that were begun here, when the agent has ended: nobody holds the site's lock."""
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)
