"""A connector's process, seen from outside: started, asked, waited for as long as the allowance allow, and ended."""

from __future__ import annotations

import os
import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from typing import Any

from dxa.connector import Allowance
from dxa.worker.messages import Logged, Opening, Told, packed
from dxa.worker.nursery import PARTING, Nursery

#: How often the watch looks whether a time is over, in seconds.
WATCH = 0.1
#: So long it has at least until its connector is there, in seconds.
STARTING = 60.0
#: What it is asked for first, without words.
OPEN = "open"


class Gone(Exception):
    """The process is gone, by itself or because it passed a limit; the text says why."""


class _Unreadable(Exception):
    """What came is no message."""


def _unpacked(data: bytes) -> object:
    try:
        return pickle.loads(data)
    except Exception as error:  # what stands in the pipe decides what is called, and so what is raised
        raise _Unreadable(f"{type(error).__name__}: {error}") from error


class Process:
    """One process. Everything may raise `Gone`, and after that always does."""

    def __init__(
        self,
        opening: Opening,
        allowance: Allowance,
        nursery: Nursery,
        tell: Callable[[int, str], None],
        log: Callable[[int, str], None],
    ) -> None:
        self.allowance, self._tell, self._log = allowance, tell, log
        self._gone = ""
        self._due = 0.0
        self._why = ""
        self._ended = threading.Event()
        ours, theirs = Pipe()
        lifeline, self._lifeline = os.pipe()
        self._connection: Any = ours
        try:
            self._child = nursery.child(theirs.fileno(), lifeline)
        except OSError as error:
            ours.close()
            os.close(self._lifeline)
            raise Gone(f"its process cannot be started: {error.strerror or error}") from error
        finally:
            theirs.close()
            os.close(lifeline)
        threading.Thread(target=self._watch, daemon=True).start()
        with self._waiting(OPEN, time.monotonic() + max(allowance.call, STARTING)):
            self._connection.send_bytes(packed(opening))

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._child.pid

    def ask(self, message: object, what: str, until: float) -> Any:
        """The answer to a message, which must come before `until` (as `time.monotonic` has it)."""
        with self._waiting(what, until):
            self._connection.send_bytes(packed(message))
        return self.answer(what, until)

    def answer(self, what: str, until: float) -> Any:
        """The next answer; what the connector tells meanwhile is passed on, as much as an answer may be."""
        said = 0
        while True:
            with self._waiting(what, until):
                data = self._connection.recv_bytes(self.allowance.bytes)
                answer = _unpacked(data)
            match answer:
                case Told(number, text):
                    self._tell(number, text)
                case Logged(level, text):
                    self._log(level, text)
                case _:
                    return answer
            said += len(data)
            if said > self.allowance.bytes:
                self._gone = f"{what} has told more than {self._megabytes} MB before its answer"
                self.close()
                raise Gone(self._gone)

    def say(self, message: object) -> None:
        """A message without an answer; nothing is said to who is gone."""
        if not self._gone:
            with suppress(Gone), self._waiting("end", time.monotonic() + self.allowance.silence):
                self._connection.send_bytes(packed(message))

    def close(self) -> None:
        """End the process: by the end of its pipe, and if that is not enough, for good."""
        if self._ended.is_set():
            return
        self._gone = self._gone or "it has been closed"
        self._connection.close()
        try:
            self._child.wait(PARTING)
        except TimeoutError:
            self._child.kill()
        self._ended.set()
        self._child.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    @contextmanager
    def _waiting(self, what: str, until: float) -> Iterator[None]:
        """While the process is waited for; makes of every way to be gone one error."""
        if self._gone:
            raise Gone(self._gone)
        # A program that is starting says nothing yet.
        silence = max(self.allowance.silence, STARTING) if what == OPEN else self.allowance.silence
        silent = time.monotonic() + silence
        self._why = (
            f"{what} has said nothing for {silence:g} seconds"
            if silent <= until
            else f"{what} has taken more than {self.allowance.call:g} seconds"
        )
        self._due = min(silent, until)
        try:
            yield
        except (EOFError, OSError, _Unreadable) as error:
            self._gone = self._reason(what, error)
            self.close()
            raise Gone(self._gone) from None
        finally:
            self._due = 0.0

    @property
    def _megabytes(self) -> str:
        return f"{self.allowance.bytes / 2**20:g}"

    def _reason(self, what: str, error: Exception) -> str:
        if self._why.startswith("ended: "):
            return self._why.removeprefix("ended: ")
        if str(error) == "bad message length":
            return f"{what} has given more than {self._megabytes} MB at once"
        if isinstance(error, (EOFError, ConnectionError)):
            try:
                status = self._child.wait(PARTING)
                return f"its process ended during {what} (status {'unknown' if status is None else status})"
            except TimeoutError:
                return f"its process has closed its pipe during {what}"
        return f"{what} has given what cannot be read: {error}"

    def _watch(self) -> None:
        while not self._ended.wait(WATCH):
            if 0.0 < self._due < time.monotonic():
                self._why = f"ended: {self._why}"
                if not self._child.kill():
                    self._cut()
                return

    def _cut(self) -> None:
        """End the waiting for a process that does not even end when it is killed, as on a disk that is away."""
        with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)
