"""What Dispatch remembers from one poll to the next, and what a poll has done."""

from __future__ import annotations

import attrs

from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.process import ProcessEntry
from dxa_msmail.programs.dispatch.nsda import Ended

#: After so many seconds what has failed is tried again, at first and at last; twice as long each time in between.
RETRY, LONGEST_RETRY = 60.0, 900.0


@attrs.define
class Patience:
    """For how long something that has failed is left alone, and what was told of it (dx:T-177)."""

    text: str = ""
    tries: int = 0
    until: float = 0.0

    def hold(self, text: str, now: float) -> bool:
        """It has failed once more; returns whether that is news."""
        news = text != self.text
        self.text, self.tries = text, self.tries + 1
        self.until = now + min(RETRY * 2 ** min(self.tries - 1, 16), LONGEST_RETRY)
        return news

    def release(self) -> bool:
        """It has worked; returns whether it had not before."""
        held = bool(self.text)
        self.text, self.tries, self.until = "", 0, 0.0
        return held

    def is_waiting(self, now: float) -> bool:
        """Whether it is still left alone; a clock that was set back ends that."""
        return self.until - LONGEST_RETRY <= now < self.until


@attrs.frozen(kw_only=True)
class Ran:
    """A process that was run: at which postoffice, when it was due (0: not by the schedule), and how it ended."""

    postoffice: str
    command: str
    due: int
    ended: Ended


@attrs.define(kw_only=True)
class Polled:
    """What a poll has done.

    `missed` are processes that missed their windows: postoffice, command, when they were due. `moved` counts letters,
    `troubles` are what went wrong and was not told before.
    """

    ran: list[Ran] = attrs.field(factory=list)
    missed: list[tuple[str, str, int]] = attrs.field(factory=list)
    moved: int = 0
    troubles: list[str] = attrs.field(factory=list)


@attrs.define
class Office:
    """A postoffice, and what is known of it from one poll to the next; it has no name until it could be read.

    `had` are entries, by ID and time, that have had their turn while it could not be stored what follows.
    """

    po: Maildata
    name: str = ""
    entries: tuple[ProcessEntry, ...] = ()
    request: float | None = None
    patience: Patience = attrs.field(factory=Patience)
    answers: Patience = attrs.field(factory=Patience)
    had: dict[tuple[int, int], ProcessEntry] = attrs.field(factory=dict)
