"""Where connectors' processes come from: one process that has imported what all of them need, and divides for each.

This is the agent's end; `dividing` is what the process does.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress

from dxa.worker.dividing import NUMBER, STATUS, TOLD

#: So long a process has to end by itself, in seconds.
PARTING = 2.0


class Nursery:
    """The process that others come from; it starts when it is needed first, and anew where it has ended."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def child(self, pipe: int, lifeline: int) -> Child:
        """A new process that serves these open files (`dxa.worker.serving.serve`); raises `OSError`."""
        ours, theirs = socket.socketpair()
        with theirs:
            files = [pipe, lifeline, theirs.fileno()]
            try:
                try:
                    socket.send_fds(self._asked(), [b"+"], files)
                except ConnectionError:  # somebody has ended it
                    self.close()
                    socket.send_fds(self._asked(), [b"+"], files)
            except OSError:
                ours.close()
                raise
        return Child(ours, self)

    def kill(self) -> None:
        """End it for good; those that have come from it go on."""
        if self._running is not None:
            self._running.kill()

    def close(self) -> None:
        """End it; no more processes are needed, or there will be another one."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._running is not None:
            try:
                self._running.wait(PARTING)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait()
            self._running = None

    def _asked(self) -> socket.socket:
        if self._control is None:
            ours, theirs = socket.socketpair()
            try:
                # -P: what lies in the current folder is no module of the connector's. A session of its own: an
                # interrupt at the keyboard is the agent's business.
                self._running = subprocess.Popen(
                    [sys.executable, "-P", "-m", "dxa.worker", str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=2,
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
            finally:
                theirs.close()
            self._control = ours
        return self._control


class Child:
    """One process that has come from a nursery; its number is its own until `close`."""

    def __init__(self, told: socket.socket, nursery: Nursery) -> None:
        self._told, self._nursery = told, nursery
        self._reading = threading.Lock()
        self._known: dict[bool, int] = {}
        self._lost = False

    @property
    def pid(self) -> int:
        """Its number in the system; 0 where it has never come to be, or not within `PARTING`."""
        with suppress(TimeoutError):
            return self._asked(NUMBER, PARTING) or 0
        return 0

    def wait(self, timeout: float | None = None) -> int | None:
        """Its status, as `subprocess` has it, when it has ended; None when nobody knows. Raises `TimeoutError`."""
        return self._asked(STATUS, timeout)

    def kill(self) -> bool:
        """End it and all programs that it runs; whether it has ended within `PARTING`, or nobody knows of it."""
        if pid := self.pid:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        else:
            self._nursery.kill()  # it does not answer
        with suppress(TimeoutError):
            self.wait(PARTING)
            return True
        return False

    def close(self) -> None:
        """Nobody asks for it any more."""
        self._told.close()

    def _asked(self, what: bool, timeout: float | None) -> int | None:
        with self._reading:  # the watch may ask at the same time
            self._told.settimeout(timeout) if self._told.fileno() >= 0 else None
            while not (what in self._known or STATUS in self._known or self._lost):
                data = b""
                with suppress(ConnectionError):
                    data = self._told.recv(TOLD.size, socket.MSG_WAITALL)
                if len(data) < TOLD.size:
                    self._lost = True
                else:
                    kind, value = TOLD.unpack(data)
                    self._known[kind] = value
            return self._known.get(what)
