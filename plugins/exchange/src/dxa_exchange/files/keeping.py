"""What is remembered of a file that was taken: its receipt while it waits, and its name where it is kept.

A kept file is called by its time, by what it was to the directory, and by its own name: ``0...17.full.people.csv``.
"""

from __future__ import annotations

import json
from enum import Enum
from hashlib import blake2b
from typing import NamedTuple

from dxa_exchange.files.folder import Waiting

#: What the names of copies of our own files begin with; those of files that were taken begin with a number.
SENT = "sent-"
_WHOLE = "-whole"


class Kept(Enum):
    """What a file was: all of the directory, changes of it, or nothing that it is known by."""

    FULL = "full"
    PART = "part"
    NONE = "none"


class Taken(NamedTuple):
    """A file that was collected; `whole` when its size was told, `end` stands for the last object of a full export."""

    waiting: Waiting
    kept: Kept
    whole: bool
    end: str = ""

    def receipt(self) -> str:
        """A text that `read` understands."""
        return json.dumps([*self.waiting[:3], self.kept.value, self.whole, self.end])

    @classmethod
    def read(cls, receipt: str) -> Taken | None:
        """What the receipt says; None for a text that is none."""
        try:
            name, size, time, kept, whole, end = json.loads(receipt)
            return cls(Waiting(str(name), int(size), int(time), 0), Kept(kept), bool(whole), str(end))
        except (TypeError, ValueError):
            return None

    def kept_name(self) -> str:
        """Its name where it is kept."""
        kept = f"{self.kept.value}{_WHOLE if self.whole else ''}{f'-{self.end}' if self.end else ''}"
        return f"{self.waiting.time:020d}.{kept}.{self.waiting.name[-180:]}"


class Known(NamedTuple):
    """What the name of a kept file says; see `Taken`."""

    kept: Kept
    whole: bool
    end: str


def kept_as(name: str) -> Known:
    """What a kept file was."""
    time, _, rest = name.partition(".")
    kind, *more = rest.partition(".")[0].split("-")
    whole = _WHOLE[1:] in more
    try:
        kept = Kept(kind) if time.isdecimal() else Kept.NONE
    except ValueError:
        kept = Kept.NONE
    return Known(kept, whole, next((each for each in more if each != _WHOLE[1:]), ""))


def end_of(name: str) -> str:
    """A text that stands for the object of that name."""
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
