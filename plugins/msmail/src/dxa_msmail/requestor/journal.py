"""DIRSYNC.LOG and DSSERVER.LOG in their documented form (KB Q118447, Q149271, Q119017, Q148705)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import Enum

import attrs

from dxa.entry import Reject
from dxa_msmail.errors import message

#: So many lines with one number are written in one run; the rest is counted (KB Q296255, dx:T-176).
EACH = 100


class Level(Enum):
    """How bad it is. DSSERVER.LOG writes 1 and 2; its codes for the other two are not known."""

    STATUS = "Status"
    WARNING = "Warning"
    ERROR = "Error"
    FATAL = "Fatal"


@attrs.frozen
class Line:
    """One line of a log; number -1 is a text without one."""

    level: Level
    number: int
    text: str


@attrs.define
class Journal:
    """The lines of one run."""

    lines: list[Line] = attrs.field(factory=list)
    counts: Counter[int] = attrs.field(factory=Counter)

    def status(self, text: str, number: int = -1) -> None:
        """Something was done."""
        self.lines.append(Line(Level.STATUS, number, text))

    def warn(self, text: str, number: int = -1) -> None:
        """Something was left out; the run goes on."""
        self.counts[number] += 1
        if self.counts[number] <= EACH:
            self.lines.append(Line(Level.WARNING, number, text))

    def error(self, text: str, number: int = -1) -> None:
        """Something is lost or wrong, and the run mends it or goes on without it."""
        self.lines.append(Line(Level.ERROR, number, text))

    def fatal(self, text: str, number: int = -1) -> None:
        """The run ends here."""
        self.lines.append(Line(Level.FATAL, number, text))

    def rejects(self, rejects: Iterable[Reject]) -> None:
        """Records that could not be used."""
        for reject in rejects:
            where = f" (line {reject.line})" if reject.line else ""
            self.warn(f"{reject.reason}{where}", reject.code or -1)

    def finished(self) -> list[Line]:
        """All lines, with the counts of those that were too many."""
        more = [(number, count - EACH) for number, count in self.counts.items() if count > EACH]
        return [*self.lines, *(Line(Level.WARNING, number, f"{count} more of these") for number, count in more)]


def dirsync_log(lines: Iterable[Line], now: float) -> str:
    """The lines of DIRSYNC.LOG: ``03/22/94 15:43:45 | Warning[ 27] Alias already exists Doe, John D``."""
    return "".join(f"{_when(now)} | {line.level.value:<7}{_bracket(line)} {line.text}\r\n" for line in lines)


def _bracket(line: Line) -> str:
    return f"[{line.number:>3}]" if line.level is not Level.STATUS and line.number >= 0 else " " * 5


def dsserver_lines(lines: Iterable[Line], now: float) -> list[str]:
    """The lines of DSSERVER.LOG: ``03/22/94 15:43:45 | 1 105 12``; the reader looks the number's text up."""
    return [f"{_when(now)} | {_severity(line)} {line.number:>3} {_argument(line)}" for line in lines]


def _severity(line: Line) -> int:
    return 1 if line.level in (Level.STATUS, Level.WARNING) else 2


def _argument(line: Line) -> str:
    return line.text.removeprefix(message(line.number)).lstrip(" :") if line.number >= 0 else line.text


def _when(now: float) -> str:
    return f"{datetime.fromtimestamp(now):%m/%d/%y %H:%M:%S}"
