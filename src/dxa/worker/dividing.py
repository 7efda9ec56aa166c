"""Inside the process that connectors' processes come from: it divides whenever the agent asks.

It has imported what all connectors need, no plugin, and knows nothing of the site: what a connector is given comes
through its own pipe.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import struct
from contextlib import suppress
from typing import Any, NamedTuple

#: What the agent is told of a process: whether this is its number or its status, and that.
TOLD = struct.Struct("<?i")
NUMBER, STATUS = False, True


class Place(NamedTuple):
    """What a new process serves: see `dxa.worker.serving.serve`."""

    pipe: int
    lifeline: int


def divide(control: socket.socket) -> Place | None:
    """Divide whenever the agent asks; returns in each new process, and here (None) when the agent asks no more."""
    gc.freeze()  # what was imported stays: nobody looks through it for cycles, which would copy it
    with _Nurse(control) as nurse:
        return nurse.run()


class _Nurse:
    """The process and its children, each with the socket that tells the agent of it.

    A child that has ended keeps its number until the agent wants to know nothing more of it: else a signal to it might
    reach another process.
    """

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[socket.socket, int] = {}
        self.ended: set[int] = set()
        #: Of whom nobody wants to know any more, until they have ended.
        self.forgotten: set[int] = set()
        self.woken, self.wakes = os.pipe()

    def __enter__(self) -> _Nurse:
        for end in (self.woken, self.wakes):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.wakes)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)
        return self

    def __exit__(self, *_: object) -> None:
        """Keep nothing: this process has ended its work, or is another one now."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self.woken)
        os.close(self.wakes)
        for each in (self.control, *self.children):
            each.close()

    def run(self) -> Place | None:
        while True:
            waited: list[Any] = [self.control, self.woken, *self.children]
            ready, _, _ = select.select(waited, [], [])
            if self.woken in ready:
                with suppress(BlockingIOError):
                    os.read(self.woken, 4096)
                self.tell_ended()
            for told in [each for each in ready if each in self.children]:
                self.forget(told)
            if self.control in ready:
                asked, files, _, _ = socket.recv_fds(self.control, 1, 3)
                if not asked:
                    return None
                place = self.divided(files)
                if place is not None:
                    return place

    def divided(self, files: list[int]) -> Place | None:
        """In the new process its place. Where none can be made the files are closed, and the agent sees that."""
        for file in files:
            os.set_inheritable(file, False)
        try:
            pipe, lifeline, said = files
            pid = os.fork()
        except (OSError, ValueError):  # too many processes, or too many open files
            for file in files:
                os.close(file)
            return None
        told = socket.socket(fileno=said)
        if pid:
            self.children[told] = pid
            os.close(pipe)
            os.close(lifeline)
            return None
        os.setsid()  # its end is the end of all programs that it runs
        with told, suppress(OSError):  # the agent may have ended by now
            told.sendall(TOLD.pack(NUMBER, os.getpid()))
        return Place(pipe, lifeline)

    def tell_ended(self) -> None:
        for told, pid in self.children.items():
            found = None if pid in self.ended else os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is not None:
                self.ended.add(pid)
                status = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
                with suppress(OSError):
                    told.sendall(TOLD.pack(STATUS, status))
        self.bury()

    def forget(self, told: socket.socket) -> None:
        """The agent has closed its end: it has waited for the end of the process, or has ended itself."""
        pid = self.children.pop(told)
        told.close()
        if pid not in self.ended:
            os.kill(pid, signal.SIGKILL)  # it may not lead its group yet
        with suppress(ProcessLookupError):  # what it has left behind when it ended by itself ends, too
            os.killpg(pid, signal.SIGKILL)
        self.ended.discard(pid)
        self.forgotten.add(pid)
        self.bury()

    def bury(self) -> None:
        """Give up the numbers of the forgotten that have ended; one that waits for a disk may end later."""
        self.forgotten = {pid for pid in self.forgotten if not os.waitpid(pid, os.WNOHANG)[0]}
