"""A bag: a folder in which two postoffices leave letters for each other, each letter a file (`sealed`).

The folder may be shared, or whatever moves files brings them from one place to the other. A file's name says from whom
to whom it goes, so that any number of postoffices, and a site link, can have one folder. A file appears whole; the one
who takes it removes it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

import attrs

from dxa.disk import sync_folder, write_whole
from dxa.errors import TransportError
from dxa_msmail.folder import file_name
from dxa_msmail.postoffice.disk import Step, said
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networkrecords import PostofficeRow, name_key

SUFFIX = ".eml"
#: Larger files are not read, so that nobody fills the memory with one.
LARGEST = 1 << 30
#: What nobody has taken out of a bag for so many seconds is told (dx:T-249).
OLD = 86_400.0


def tag(name: str) -> str:
    """A postoffice as a part of file names: readable, and another one for every other postoffice."""
    return file_name(name_key(name), "")


@attrs.frozen(kw_only=True)
class Bag:
    """The folder `path` as the postoffice `own` sees it, which shares it with `other` (both ``NET/PO``).

    What cannot be reached raises `TransportError` that names it.
    """

    path: Path
    own: str
    other: str
    durable: bool = True
    step: Step = lambda _what: None

    @classmethod
    def of(cls, po: Maildata, own: str, row: PostofficeRow) -> Bag:
        """The bag that the route of a postoffice names."""
        return cls(path=po.root / row.route.path, own=own, other=row.full, durable=po.durable, step=po.step)

    # -- looking -------------------------------------------------------------------------------------------------------

    def left(self) -> list[str]:
        """Our letters that nobody has taken yet, the oldest first."""
        return self._names(f"{tag(self.own)}.{tag(self.other)}.")

    def come(self) -> list[str]:
        """The letters for us, the oldest first."""
        return self._names(f"{tag(self.other)}.{tag(self.own)}.")

    def _names(self, prefix: str) -> list[str]:
        with said(f"list the bag {self.path}"):
            try:
                names = os.listdir(self.path)  # noqa: PTH208 - names are all that is wanted, and many
            except FileNotFoundError:
                raise TransportError(
                    f"there is no bag {self.path}; is the disk or share mounted that it lies on? Make the folder if it "
                    "is new"
                ) from None
        return sorted(name for name in names if name.startswith(prefix) and name.endswith(SUFFIX))

    def forgotten(self, now: float) -> tuple[int, float]:
        """How many of our letters nobody has taken, and the age of the oldest; none while all of them are young."""
        names = self.left()
        age = self.age(names[0], now) if names else 0.0
        return (len(names), age) if age > OLD else (0, 0.0)

    def age(self, name: str, now: float) -> float:
        """How many seconds ago a file was written; 0 for one that is gone, or that nobody may look at."""
        try:
            return now - (self.path / name).stat().st_mtime
        except OSError:
            return 0.0

    def read(self, name: str) -> bytes | None:
        """All bytes of a file; None when it is gone."""
        path = self.path / name
        with said(f"read {path}"):
            try:
                # A link or a pipe that somebody put there must lead nowhere, and must not make the program wait.
                handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                return None
            with os.fdopen(handle, "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
                    raise TransportError(f"{path} is no file of at most {LARGEST} bytes; remove it")
                return file.read()

    # -- changing ------------------------------------------------------------------------------------------------------

    def name(self, stem: str, identity: str) -> str:
        """What the letter that is known by this `identity` is called in the bag; names have the order of the stems."""
        return f"{tag(self.own)}.{tag(self.other)}.{stem.lower()}-{identity[:16]}{SUFFIX}"

    def put(self, name: str, data: bytes) -> None:
        """Put a file there, whole; its bytes are durable, its name is with `flush`."""
        self.step(f"write {name}")
        with said(f"write {self.path / name}"):
            write_whole(self.path / name, data, sync=False)

    def remove(self, names: Iterable[str]) -> None:
        """Take files away; nothing happens for those that are gone already."""
        for name in names:
            self.step(f"remove {name}")
            with said(f"remove {self.path / name}"):
                (self.path / name).unlink(missing_ok=True)

    def flush(self) -> None:
        """What was put and removed is durable when this returns."""
        if self.durable:
            with said(f"write to {self.path}"):
                sync_folder(self.path)
