"""Mail comes in through a Maildir, into which a mail server delivers.

The standard library's `mailbox.Maildir` lists the folder anew for every e-mail, and rewrites an e-mail to move it from
``new`` to ``cur``; here a list serves until it turns out to be old, and a move is a rename.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from dxa.errors import TransportError
from dxa.mail.interface import RefusedError


@attrs.define
class MaildirBox:
    """See `dxa.mail.interface.Mailbox`. A name is what stands before the ``:`` of a file's name; the folder must be
    there.
    """

    path: Path
    _files: dict[str, Path] = attrs.field(factory=dict, init=False)

    def names(self) -> list[str]:
        """See `Mailbox`: what lies in ``new`` goes to ``cur``, as for every reader of a Maildir."""
        new, cur = self._folders()
        try:
            for file in new.iterdir():
                if not file.name.startswith("."):
                    with suppress(FileNotFoundError):
                        file.rename(cur / (file.name if ":" in file.name else f"{file.name}:2,"))
            return self._list()
        except OSError as error:
            raise self._said("list", error) from None

    def reach(self) -> None:
        """Look whether it is there. Raises `RefusedError` where this user may not read and write it, else
        `TransportError`.
        """
        for folder in self._folders():
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise RefusedError(f"{folder} cannot be read and written by this user; mail is taken out of it")

    def _folders(self) -> tuple[Path, Path]:
        new, cur = self.path / "new", self.path / "cur"
        if not (new.is_dir() and cur.is_dir()):
            raise TransportError(
                f"{self.path} is no Maildir: it has no folders new and cur; is its disk mounted, and does the mail "
                "server deliver there?"
            )
        return new, cur

    def _list(self) -> list[str]:
        found = []
        with os.scandir(self.path / "cur") as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if not entry.name.startswith(".") and entry.is_file():
                        found.append((entry.stat().st_mtime_ns, entry.name.partition(":")[0], Path(entry.path)))
        self._files = {name: path for _, name, path in sorted(found)}
        return list(self._files)

    def read(self, name: str) -> bytes:
        """See `Mailbox`."""
        try:
            return self._found(name).read_bytes()
        except OSError as error:
            raise self._said(f"read {name} in", error) from None

    def _found(self, name: str) -> Path:
        """The file of that name, whatever flags another reader has given it meanwhile."""
        if name not in self._files or not self._files[name].exists():
            self._list()
        if name not in self._files:
            raise TransportError(f"cannot read {name}: it is not in {self.path} any more")
        return self._files[name]

    def remove(self, names: Sequence[str]) -> None:
        """See `Mailbox`."""
        try:
            if any(name not in self._files or not self._files[name].exists() for name in names):
                self._list()
            for name in names:
                if name in self._files:
                    self._files.pop(name).unlink(missing_ok=True)
        except OSError as error:
            raise self._said("remove mail from", error) from None

    def close(self) -> None:
        """See `Mailbox`: nothing is open."""

    def _said(self, what: str, error: OSError) -> TransportError:
        return TransportError(
            f"cannot {what} the Maildir {self.path}: {error.strerror or error}; the next run tries again"
        )
