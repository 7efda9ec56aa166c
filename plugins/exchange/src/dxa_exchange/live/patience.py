"""A server that cannot be reached is tried again, a few times and later each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import attrs

from dxa_exchange.live.errors import ConnectionLost
from dxa_exchange.live.interface import Directory

T = TypeVar("T")

#: Seconds before the second attempt; twice as many before each further one.
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0


@attrs.define
class Patience:
    """Makes connections, and makes them anew when they are lost; `sleep` waits so many seconds."""

    connect: Callable[[], Directory]
    sleep: Callable[[float], None]
    attempts: int = 3
    _open: Directory | None = None

    def run(self, work: Callable[[Directory], T]) -> T:
        """Do something that may be begun again from the start.

        Raises:
            ConnectionLost: when it was lost in the last attempt, too.
        """
        wait = FIRST_WAIT
        for left in reversed(range(self.attempts)):
            try:
                return work(self.directory())
            except ConnectionLost:
                self.close()
                if not left:
                    raise
                self.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
        raise AssertionError("there is at least one attempt")

    def directory(self) -> Directory:
        """The connection; a new one when there is none."""
        if self._open is None:
            self._open = self.connect()
        return self._open

    def close(self) -> None:
        """End the connection; the next use makes a new one."""
        if self._open is not None:
            self._open.close()
            self._open = None
