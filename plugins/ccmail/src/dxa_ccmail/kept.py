"""The last export, kept to compare the next one with, and the cursor that the store has of it.

A kept file is called by the digest of its bytes, and the cursor names that digest: so the file that is compared is
always the one that the store knows, whatever a crash or a restored backup has left in the folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import attrs

from dxa.connector import Fault
from dxa.disk import TEMPORARY, trying
from dxa.errors import TransportError
from dxa_ccmail.running import files

#: Raised when a cursor means something else: one that is not known asks for everything.
VERSION = 2
SUFFIX = ".exp"

_DIGEST = re.compile("[0-9a-f]{64}")
#: Files are compared in pieces of this size, which stay in the processor's cache.
_BLOCK = 1 << 18


def _strings(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


@attrs.frozen(kw_only=True)
class Cursor:
    """What the store knows of the last export that it has taken.

    `rules` and `titles` are digests of what decides over the meaning of records beside the post offices; of these
    `offices` has the names, and `owned` those that dxa made. With `whole` the next other export must be read whole.
    `ours`, `theirs` and `records` count what the export has, `lists` and `boards` are its titles. `before` are digests
    of exports before that one, the latest last.
    """

    digest: str
    rules: str = ""
    titles: str = ""
    offices: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    owned: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    whole: bool = False
    ours: int = 0
    theirs: int = 0
    records: int = 0
    before: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    lists: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    boards: tuple[str, ...] = attrs.field(default=(), converter=_strings)

    def __str__(self) -> str:
        return json.dumps([VERSION, *attrs.astuple(self)], separators=(",", ":"))


def read_cursor(text: str) -> Cursor | None:
    """The cursor, if it is one that was written here."""
    fields = [field.name for field in attrs.fields(Cursor)]
    try:
        version, *values = json.loads(text)
        if version != VERSION or not _DIGEST.fullmatch(values[0]):
            return None
        return Cursor(**dict(zip(fields, values, strict=True)))
    except (ValueError, TypeError, IndexError):
        return None


def digest_of(data: bytes) -> str:
    """The name of an export."""
    return sha256(data).hexdigest()


@attrs.define
class Kept:
    """The folder where exports are kept. It holds the last one, and until the next `tidy` the one before.

    What a file has is made sure of once; as long as its size and time stay the same, it is not reckoned again.
    """

    folder: Path
    _known: dict[str, tuple[int, int]] = attrs.field(factory=dict, init=False)

    def put(self, data: bytes) -> str:
        """Keep an export; returns its digest."""
        digest = digest_of(data)
        path = self._path(digest)
        files.make_folder(self.folder)
        with trying(f"keep the export in {path}"):
            temporary = path.with_suffix(TEMPORARY)
            temporary.write_bytes(data)
            temporary.replace(path)
            self._known[digest] = files.stamp(path)
        return digest

    def is_same(self, digest: str, data: bytes) -> bool:
        """Whether these are the bytes that are kept."""
        path = self._path(digest)
        with trying(f"read {path}"):
            if not path.is_file() or path.stat().st_size != len(data):
                return False
            if self._known.get(digest) == files.stamp(path):
                return _equals(path, data)
        return digest_of(data) == digest

    def read(self, digest: str) -> bytes | None:
        """The export with that digest; None when it is not there, or is another one by now."""
        path = self._path(digest)
        with trying(f"read {path}"):
            if not path.is_file():
                return None
            stamp = files.stamp(path)
            data = path.read_bytes()
        if self._known.get(digest) != stamp and digest_of(data) != digest:
            return None
        self._known[digest] = stamp
        return data

    def latest(self) -> str:
        """The digest of the export that was kept last; empty without one."""
        with trying(f"look at {self.folder}"):
            found = [path for path in files.matching(self.folder, f"*{SUFFIX}") if _DIGEST.fullmatch(path.stem)]
            return max(found, key=lambda path: path.stat().st_mtime_ns).stem if found else ""

    def faults(self) -> Iterator[Fault]:
        """What of the folder cannot be used; without what is kept the next export is read as a whole."""
        try:
            wrong = [path for path in files.matching(self.folder, f"*{SUFFIX}") if self.read(path.stem) is None]
        except TransportError as error:
            yield Fault(where=str(self.folder), text=str(error), warning=True)
            return
        for path in wrong:
            text = f"{path.name} is not the export that it was; the next export is read as a whole"
            yield Fault(where=str(self.folder), text=text, warning=True)

    def tidy(self, digest: str) -> None:
        """Remove what was kept but this one; nothing happens when this one is not there."""
        if not _DIGEST.fullmatch(digest) or not self._path(digest).is_file():
            return
        for path in files.matching(self.folder, f"*{SUFFIX}"):
            if path.stem != digest:
                files.remove(path)

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest}{SUFFIX}"


def _equals(path: Path, data: bytes) -> bool:
    at = 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            if not data.startswith(block, at):
                return False
            at += len(block)
    return at == len(data)
