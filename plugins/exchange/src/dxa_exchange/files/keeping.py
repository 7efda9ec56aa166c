"""What is remembered of a file that was taken: its receipt while it waits, and its name where it is kept.

A kept file is called by its time, by what it was to the directory, and by its own name: ``0...17.full.people.csv``.
Beside these stand copies of the files that dxa has written, and what could not be read of tables (``.err``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from hashlib import blake2b
from typing import NamedTuple

import attrs

from dxa_exchange.files.folder import Folder, Waiting
from dxa_exchange.table55.errfile import error_name

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


#: So many copies of written files are kept at least: a parcel that comes again is known by them.
COPIES = 100


@attrs.frozen
class Archive:
    """The folder of files that were taken; `kept` is how many of them stay."""

    folder: Folder
    kept: int

    def names(self) -> list[str]:
        """The names of files that were taken, oldest first, with those of refused lines."""
        return sorted(each.name for each in self.folder.files() if not each.name.startswith(SENT))

    def since_full(self) -> Iterator[tuple[str, Known]]:
        """The last full export and the changes behind it, by which the directory is known."""
        names = self.names()
        for name in names[self._last_full(names) :]:
            known = kept_as(name)
            if known.kept is not Kept.NONE:
                yield name, known

    def last_end(self) -> str:
        """What stands for the last object of the last full export; empty when there was none."""
        names = self.names()
        return kept_as(names[self._last_full(names)]).end if names else ""

    def _last_full(self, names: list[str]) -> int:
        return max((at for at, name in enumerate(names) if kept_as(name).kept is Kept.FULL), default=0)

    def take(self, taken: Taken, inbox: Folder, refused: bytes) -> None:
        """Move a file here, and leave what could not be read of it beside it, if there is any."""
        name = taken.kept_name()
        if refused:
            known = taken.waiting._replace(name=error_name(taken.waiting.name, ()))
            self.folder.write(Taken(known, Kept.NONE, False).kept_name(), refused)
        inbox.move(taken.waiting.name, self.folder, name)

    def was_sent(self, name: str) -> bool:
        """Whether a copy of that file is here."""
        return f"{SENT}{name}" in {each.name for each in self.folder.files()}

    def copy(self, name: str, data: bytes) -> None:
        """Keep a copy of a file that was written."""
        self.folder.write(f"{SENT}{name}", data)

    def prune(self) -> None:
        """Remove the oldest files, but none by which the directory is known."""
        names = self.names()
        spare = min(len(names) - self.kept, self._last_full(names))
        sent = sorted(each.name for each in self.folder.files() if each.name.startswith(SENT))
        for name in (*names[: max(0, spare)], *sent[: max(0, len(sent) - max(COPIES, self.kept))]):
            self.folder.remove(name)
