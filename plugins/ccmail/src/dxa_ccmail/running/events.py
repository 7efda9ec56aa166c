"""What EXPORT and IMPORT mean by their exit codes, with the numbers under which the original logged it.

KB Q181186 has 58 and 67, KB Q168465 and Q179072 59, 62, 68 and 71, KB Q166045 70, KB Q180641 63. The others follow
from them: 58 or 67 plus the code. KB Q190275 and Q294947 have 43 and 65.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

import attrs

from dxa.errors import TransportError

Level = Literal["information", "warning", "error"]

#: The executable or a file that it needs was not found.
NOT_FOUND = 43
#: EXPORT did not run, or left nothing that can be used.
NOT_RUN = 65
#: The disk is full, or nearly so.
NO_ROOM = 98

SUCCESS, REFUSED = 0, 5
LOCKED = 4


class Program(Enum):
    """The two programs; the value is the number of the event for their exit code 0."""

    EXPORT = 67
    IMPORT = 58


_MEANINGS = {
    (Program.EXPORT, 0): "success",
    (Program.EXPORT, 1): "the post office could not be reached: check version, name, password, path and rights",
    (Program.EXPORT, 3): "it is not configured correctly, or the post office cannot be reached",
    (Program.EXPORT, 4): "the post office is locked by another process, or shut down",
    (Program.IMPORT, 0): "success",
    (Program.IMPORT, 1): "it did not complete successfully",
    (Program.IMPORT, 4): "the post office is locked by another process, or shut down",
    (Program.IMPORT, 5): "some updates were refused",
}
_UNKNOWN = "no source says what this code means"
#: Text of a program that is quoted in a message; all of it is kept beside.
_QUOTED = 2000


@attrs.frozen
class Event:
    """Something that an administrator reads in a report: the original's number, and what happened."""

    number: int
    text: str
    level: Level = "error"

    def __str__(self) -> str:
        return f"[{self.number}] {self.text}"


class RunError(TransportError):
    """A program did not run, or not to a good end: nothing of it may be used, and the cycle ends.

    `code` is the exit code, None when there is none (not started, killed). `console` is what the program said, without
    the password. `receipt` is for `Programs.settle`, to take away what cannot be used; empty where nothing waits.
    """

    def __init__(self, event: Event, *, code: int | None = None, console: str = "", receipt: str = "") -> None:
        self.event, self.code, self.console, self.receipt = event, code, console, receipt
        super().__init__(f"{event}; the next run tries again")


def meaning(program: Program, code: int) -> str:
    """What an exit code says, in words."""
    return _MEANINGS.get((program, code), _UNKNOWN)


def ended(program: Program, code: int, console: str = "") -> Event:
    """The event for an exit code, with the program's own text where it is no success."""
    number = program.value + code if SUCCESS <= code <= REFUSED else failed(program, "").number
    text = f"{program.name} ended with code {code}: {meaning(program, code)}"
    if code == SUCCESS:
        return Event(number, text, "information")
    refused = program is Program.IMPORT and code == REFUSED
    return Event(number, text + quoted(console), "warning" if refused else "error")


def failed(program: Program, reason: str, console: str = "") -> Event:
    """The event for a program that did not run, or left nothing that can be used.

    The original has a number for EXPORT only; for IMPORT it is that of "did not complete".
    """
    number = NOT_RUN if program is Program.EXPORT else Program.IMPORT.value + 1
    return Event(number, f"{program.name} {reason}{quoted(console)}")


def quoted(console: str) -> str:
    """The end of what a program said, as a part of a sentence; empty when it said nothing."""
    text = " / ".join(filter(None, map(str.strip, console.splitlines())))
    shown = text if len(text) <= _QUOTED else f"… {text[-_QUOTED:]}"
    return f'. The program said: "{shown}"' if shown else ""
