"""Twins of connectors, transports and disks in which things go wrong where a test wants them to.

A schedule says at which use which `Fault` happens: ``{3: Fault.LOSE}``. `dxa.testing.strategies.schedules` draws them.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

import attrs

from dxa.connector import Connector, Outcome, Parcel, Report
from dxa.errors import TransportError
from dxa.testing.transport import Transport


class Fault(Enum):
    """What goes wrong with one message, report or parcel."""

    #: It never arrives, and nobody is told.
    LOSE = "lose"
    #: It arrives when the next one but one does, or by `catch_up`.
    DELAY = "delay"
    #: It arrives twice.
    DOUBLE = "double"
    #: It arrives behind the next one.
    REORDER = "reorder"
    #: Its second half is missing.
    TRUNCATE = "truncate"
    #: `TransportError`, and it does not arrive.
    FAIL = "fail"
    #: It arrives, and whoever sent it is told that it failed.
    UNSURE = "unsure"
    #: The process ends after it has arrived.
    CRASH = "crash"
    #: It arrives, after a while.
    SLOW = "slow"


class Crash(BaseException):
    """The process ends here; like its end, no connector catches it."""


Schedule = Mapping[int, Fault]


def at_every_step(attempt: Callable[[int], bool], most: int = 1000) -> int:
    """Call ``attempt(1)``, ``attempt(2)``, … until one says that nothing failed; returns how many did.

    Raises `AssertionError` when something still fails at step `most`.
    """
    for at in range(1, most + 1):
        if not attempt(at):
            return at - 1
    raise AssertionError(f"something fails at step {most} still")


@attrs.define
class FaultyConnector:
    """A connector that fails at its n-th step (from 1; 0: never), and at every later one while it is not mended.

    Steps are: before each report and after the last, before and after each delivery, before and after each settling.
    So it also fails when the effect is there and nobody has been told. `steps` counts them. `error` makes what is
    raised: `Crash` for the end of the process. `pause` is called at every step with `seconds`: a slow peer.
    """

    connector: Connector
    fail_at: int = 0
    steps: int = 0
    error: Callable[[str], BaseException] = TransportError
    seconds: float = 0.0
    pause: Callable[[float], None] = lambda _seconds: None

    def mend(self) -> None:
        """Fail no more."""
        self.fail_at = 0

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """See `Connector`."""
        reports = self.connector.collect(since)
        self._step("collect")
        for report in reports:
            yield report
            self._step("collect")

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """See `Connector`."""
        self._step(f"deliver {parcel.id}")
        outcomes = list(self.connector.deliver(parcel))
        self._step(f"deliver {parcel.id}")
        yield from outcomes

    def settle(self, receipts: Sequence[str]) -> None:
        """See `Connector`."""
        self._step("settle")
        self.connector.settle(receipts)
        self._step("settle")

    def _step(self, what: str) -> None:
        self.steps += 1
        if self.seconds:
            self.pause(self.seconds)
        if self.fail_at and self.steps >= self.fail_at:
            raise self.error(f"{what}: made to fail at step {self.steps}")


@attrs.define
class FaultyTransport:
    """A transport on which things go wrong with the messages that are written, by the number of the message (from 1).

    A doubled message has a second name, so that it is another file or e-mail. `pause` is called for a slow one.
    """

    transport: Transport
    schedule: Schedule = attrs.field(factory=dict)
    pause: Callable[[float], None] = lambda _seconds: None
    seconds: float = 1.0
    written: int = 0
    #: What has not arrived yet: after how many further messages it does, its name and bytes.
    _late: list[tuple[int, str, bytes]] = attrs.field(factory=list, init=False)

    def write(self, name: str, data: bytes) -> None:
        """See `Transport`."""
        self.written += 1
        fault = self.schedule.get(self.written)
        if fault is Fault.FAIL:
            raise TransportError(f"made to fail at message {self.written}")
        wait = {Fault.DELAY: 3, Fault.REORDER: 2}.get(fault) if fault else None
        if wait:
            self._late.append((self.written + wait - 1, name, data))
        elif fault is not Fault.LOSE:
            if fault is Fault.SLOW:
                self.pause(self.seconds)
            self.transport.write(name, data[: len(data) // 2] if fault is Fault.TRUNCATE else data)
            if fault is Fault.DOUBLE:
                self.transport.write(f"2-{name}", data)
        self._arrive(self.written)
        if fault is Fault.CRASH:
            self.transport.flush()
            raise Crash(f"made to end at message {self.written}")
        if fault is Fault.UNSURE:
            self.transport.flush()
            raise TransportError(f"message {self.written} arrived, and this is not known")

    def _arrive(self, now: int) -> None:
        for late in [each for each in self._late if each[0] <= now]:
            self._late.remove(late)
            self.transport.write(late[1], late[2])

    def catch_up(self) -> None:
        """What is late arrives now."""
        for _, name, data in self._late:
            self.transport.write(name, data)
        self._late.clear()
        self.transport.flush()

    def flush(self) -> None:
        """See `Transport`."""
        self.transport.flush()

    def names(self) -> list[str]:
        """See `Transport`."""
        return self.transport.names()

    def read(self, name: str) -> bytes:
        """See `Transport`."""
        return self.transport.read(name)

    def remove(self, name: str) -> None:
        """See `Transport`."""
        self.transport.remove(name)


#: The disks that count their uses now. One that is forgotten counts no more.
_COUNTING: WeakSet[FaultyDisk] = WeakSet()
_HOOKS = ExitStack()


@attrs.define(eq=False)
class FaultyDisk:
    """The disk below a folder, which can be used so many times and then gives errors, until `heal`.

    Uses are calls that open, write, synchronise, list, rename, remove and look at files, as `os` and `io` have them.
    What had been done before stays, as after the end of a process or on a full disk. For one thread.
    """

    folder: Path
    left: int = -1

    def fail(self, after: int = 0) -> None:
        """So many uses go well from now on."""
        if not _COUNTING:
            _watch()
        self.left = after
        _COUNTING.add(self)

    def heal(self) -> None:
        """The disk can be used again."""
        _COUNTING.discard(self)
        if not _COUNTING:
            _HOOKS.close()

    def use(self, path: str) -> None:
        """Something is done with this path; raises `OSError` when it lies there and no use is left."""
        if not Path(path).is_relative_to(self.folder):
            return
        if self.left == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        self.left -= 1


def _watch() -> None:
    """Let the disks see what is done with files from now on."""
    _HOOKS.close()
    for name in ("open", "replace", "rename", "unlink", "remove", "mkdir", "scandir", "listdir"):
        _HOOKS.enter_context(patch(f"os.{name}", _of_path(getattr(os, name))))
    for name in ("write", "fsync"):
        _HOOKS.enter_context(patch(f"os.{name}", _of_handle(getattr(os, name))))
    opened = _of_path(io.open)
    for module in (builtins, io):
        _HOOKS.enter_context(patch.object(module, "open", opened))


def _used(path: str) -> None:
    for disk in list(_COUNTING):
        disk.use(path)


def _of_path(original: Callable[..., Any]) -> Callable[..., Any]:
    def used(path: Any = ".", *given: Any, **named: Any) -> Any:
        if isinstance(path, (str, os.PathLike)):
            _used(os.fspath(path))
        return original(path, *given, **named)

    return used


def _of_handle(original: Callable[..., Any]) -> Callable[..., Any]:
    def used(handle: Any, *given: Any) -> Any:
        number = handle if isinstance(handle, int) else handle.fileno()
        _used(str(Path(f"/proc/self/fd/{number}").readlink()))
        return original(handle, *given)

    return used
