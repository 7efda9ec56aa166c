"""Files of a postoffice on a disk: found whatever the case of their names, locked, written in full or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dxa.errors import FormatError, LockedError, TransportError
from dxa_msmail.errors import message as error_text

#: What tests are told before each write, rename and removal, so that they can end the process there.
Step = Callable[[str], None]

_LOCKED = 91
#: After so many seconds a lock that somebody else holds is looked at again: at first, and at last.
_PAUSE, _LONGEST_PAUSE = 0.002, 0.05


@contextmanager
def said(what: str) -> Iterator[None]:
    """Say the file and the operating system's own reason (dx:T-188, T-196)."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        name = f" ({error.filename})" if error.filename else ""
        raise TransportError(f"cannot {what}: {reason}{name}; the next run tries again") from None


# -- finding -------------------------------------------------------------------------------------------------------


class Found:
    """Where files are, whatever the case of their names; a folder is listed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[Path, Mapping[str, str]] = {}
        self._places: dict[str, Path] = {}

    def path(self, name: str) -> Path | None:
        """The file's own path, None when there is no such file."""
        path = self.place(name)
        return path if path.name in self._list(path.parent).values() else None

    def place(self, name: str) -> Path:
        """The path of the file that is there, or where a new one goes.

        Raises `FormatError` 40 for a name that would lead out of the postoffice, or that no file can have.
        """
        if name not in self._places:
            parent, slash, part = name.rpartition("/")
            if part in ("", ".", "..") or not part.isprintable():
                raise FormatError(error_text(40), field="file name", expected="a name", got=name, code=40)
            folder = self.place(parent) if slash else self.root
            self._places[name] = folder / self._list(folder).get(part.upper(), part)
        return self._places[name]

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        path = self.place(name)
        with said(f"read {path}"):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def names(self, folder: str) -> list[str]:
        """See `Files`."""
        return sorted(self._list(self.place(folder)))

    def _list(self, folder: Path) -> Mapping[str, str]:
        if folder not in self._listed:
            names: dict[str, str] = {}
            with said(f"list {folder}"), suppress(FileNotFoundError, NotADirectoryError):
                for actual in os.listdir(folder):  # noqa: PTH208 - names are all that is wanted, and many
                    upper = actual.upper()
                    if upper in names:
                        both = f"{names[upper]} and {actual}"
                        raise TransportError(f"{folder} has {both}, which are one name to MS Mail; remove one of them")
                    names[upper] = actual
            self._listed[folder] = names
        return self._listed[folder]


# -- locking -------------------------------------------------------------------------------------------------------


@contextmanager
def held(find: Callable[[], Path], flags: int, kind: int, patience: float) -> Iterator[int]:
    """The file that `find` names, opened with these flags and locked (``fcntl.LOCK_EX``, ``LOCK_SH``).

    Raises `LockedError` 91 when somebody else holds it for more than `patience` seconds, `TransportError`.
    """
    until = time.monotonic() + patience
    while True:
        path = find()
        with said(f"open {path}"):
            handle = os.open(path, flags, 0o666)
        try:
            with _turn(path.parent, until):
                _wait(handle, kind, path, until)
            # While we waited the file may have been replaced, and a lock on what is gone locks nobody out.
            if is_at(handle, path):
                yield handle
                return
        finally:
            os.close(handle)


@contextmanager
def _turn(folder: Path, until: float) -> Iterator[None]:
    """Whoever waits for a lock lets nobody past, so that many who only look cannot keep out one who has to write.

    A matter of fairness alone: where folders cannot be locked, or after the patience has run out, it goes without.
    """
    with ExitStack() as stack:
        with suppress(OSError, TransportError, LockedError):
            gate = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, gate)
            _wait(gate, fcntl.LOCK_EX, folder, until)
        yield


def is_at(handle: int, path: Path) -> bool:
    """Whether an open file is still the one that has this name."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _wait(handle: int, kind: int, path: Path, until: float) -> None:
    pause = _PAUSE
    with said(f"lock {path}"):
        while True:
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= until:
                    hint = "wait until it is done, and try again"
                    raise LockedError(f"[{_LOCKED}] {error_text(_LOCKED)}: {path} is held; {hint}") from None
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


# -- writing -------------------------------------------------------------------------------------------------------


def put(path: Path, data: bytes, *, durable: bool, step: Step, like: Path | None = None) -> None:
    """Write a new file, with the rights of the one that it is to replace (`like`)."""
    step(f"write {path.name}")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        if like is not None:
            _give_rights(handle, like.stat())
        # In two parts, so that a test can end the process in between.
        write_all(handle, data[: len(data) // 2])
        step(f"go on with {path.name}")
        write_all(handle, data[len(data) // 2 :])
        if durable:
            os.fsync(handle)
    finally:
        os.close(handle)


def write_all(handle: int, data: bytes) -> None:
    """Write all of it, however often the system takes a part only."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _give_rights(handle: int, wanted: os.stat_result) -> None:
    have = os.fstat(handle)
    if (have.st_uid, have.st_gid) != (wanted.st_uid, wanted.st_gid):
        with suppress(PermissionError):  # only the system's administrator may give files away
            os.fchown(handle, wanted.st_uid, wanted.st_gid)
    os.fchmod(handle, stat.S_IMODE(wanted.st_mode))
