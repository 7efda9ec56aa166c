"""What is remembered of a file that was taken: its receipt while it waits, and its name where it is kept.

A kept file is called by its time, by what it was to the directory, and by its own name: ``0...17.full.people.csv``.
"""

from __future__ import annotations

import json
from enum import Enum
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
    """A file that was collected; `whole` when its size was told."""

    waiting: Waiting
    kept: Kept
    whole: bool

    def receipt(self) -> str:
        """A text that `read` understands."""
        return json.dumps([*self.waiting[:3], self.kept.value, self.whole])

    @classmethod
    def read(cls, receipt: str) -> Taken | None:
        """What the receipt says; None for a text that is none."""
        try:
            name, size, time, kept, whole = json.loads(receipt)
            return cls(Waiting(str(name), int(size), int(time), 0), Kept(kept), bool(whole))
        except (TypeError, ValueError):
            return None

    def kept_name(self) -> str:
        """Its name where it is kept."""
        return f"{self.waiting.time:020d}.{self.kept.value}{_WHOLE if self.whole else ''}.{self.waiting.name[-180:]}"


def kept_as(name: str) -> tuple[Kept, bool]:
    """What a kept file was, and whether its size was told."""
    time, _, rest = name.partition(".")
    kind = rest.partition(".")[0]
    try:
        return Kept(kind.removesuffix(_WHOLE)) if time.isdecimal() else Kept.NONE, kind.endswith(_WHOLE)
    except ValueError:
        return Kept.NONE, False
