"""Changes of many files that happen together or not at all, whatever ends the process.

Every new file is written aside in our corner and made durable. Then a journal beside them says which of them go where:
its appearance is the commit point. Then the files are renamed into their places, and the journal is removed. Whoever
takes the lock next finishes what a journal says.

A journal also knows what each file was before. If one of them is something else by now, the postoffice has been
restored from a backup, or changed by a program that does not know of us: nothing is done then, for one half of each
would be the result. Logs are added to without the lock, so they may differ.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from dxa.disk import sync_folder
from dxa.errors import FormatError, TransportError
from dxa_msmail.postoffice.disk import Found, Step, put, said
from dxa_msmail.postoffice.journal import NONE, Move, print_of, read_journal, write_journal

#: Our own corner of the tree: new files on their way into place, the journal, digests of the mail that was taken.
OWN = "DXA"
FLAG = "GLB/FLAG.GLB"
JOURNAL = f"{OWN}/JOURNAL"

_CHECK = "`dxa msmail postoffice check`"


@attrs.define
class Commit:
    """Commits changes of the postoffice in the folder `root`; the caller holds its lock."""

    root: Path
    durable: bool
    step: Step

    def write(self, found: Found, new: Mapping[str, bytes | None], is_held: Callable[[], bool]) -> None:
        """Write and remove (None) files, in this order. Raises `TransportError`; then nothing has been changed, or the
        next one who takes the lock finishes it.
        """
        if not new:
            return
        with said(f"write to {self.root}"):
            own = found.place(JOURNAL).parent
            try:
                self._make_folders([own, *{found.place(name).parent for name in new}])
                moves = self._write_aside(found, new)
                if not is_held():
                    raise TransportError(f"{FLAG} of {self.root} was replaced meanwhile; nothing is changed, try again")
                if len(moves) > 1:
                    self._write_journal(own, moves)
                self._finish(found, moves)
            except (OSError, TransportError):
                self._clear(own)
                raise

    def recover(self) -> None:
        """Finish or forget what an interrupted change has left behind (dx:T-193)."""
        found = Found(self.root)
        if not found.names(OWN):
            return
        journal = found.path(JOURNAL)
        with said(f"write to {self.root}"):
            if journal is not None:
                moves = _read(journal)
                _require_fit(found, moves, journal)
                self._finish(found, moves)
            self._clear(found.place(JOURNAL).parent)

    # -- before the commit point -----------------------------------------------------------------------------------

    def _make_folders(self, folders: Sequence[Path]) -> None:
        """Have all folders, and the right to write into them: behind the commit point it would be too late."""
        for folder in folders:
            for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
                self.step(f"make {missing.name}")
                missing.mkdir(exist_ok=True)
                if self.durable:
                    sync_folder(missing.parent)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    def _write_aside(self, found: Found, new: Mapping[str, bytes | None]) -> list[Move]:
        """Write the new files into our corner; returns what is to be done with them."""
        own = found.place(JOURNAL).parent
        # Names that no other change has: what of it comes back after a loss of power, must not be taken for another's.
        token = os.urandom(4).hex().upper()
        moves = []
        for n, (name, data) in enumerate(new.items()):
            before = print_of(found.read(name))
            if data is None:
                moves.append(Move("remove", NONE, before, NONE, name))
                continue
            source = f"{token}{n:04X}.NEW"
            put(own / source, data, durable=self.durable, step=self.step, like=found.path(name))
            moves.append(Move("rename", source, before, print_of(data), name))
        if any(name.startswith("NME/") for name in new):
            moves.append(Move("raise", NONE, NONE, NONE, FLAG))
        if self.durable:
            sync_folder(own)
        return moves

    def _write_journal(self, own: Path, moves: Sequence[Move]) -> None:
        new = own / "JOURNAL.NEW"
        put(new, write_journal(moves), durable=self.durable, step=self.step)
        self.step("rename JOURNAL")
        new.rename(own / "JOURNAL")
        if self.durable:
            sync_folder(own)

    def _clear(self, own: Path) -> None:
        """Remove what was written aside, unless a journal says that it is still needed."""
        if (own / "JOURNAL").exists() or not own.is_dir():
            return
        for path in sorted(own.iterdir()):
            if path.name.upper().endswith(".NEW"):
                self.step(f"remove {path.name}")
                path.unlink(missing_ok=True)

    # -- behind it -------------------------------------------------------------------------------------------------

    def _finish(self, found: Found, moves: Sequence[Move]) -> None:
        """Do what has not been done yet, then remove the journal.

        That its removal is durable need not be waited for: the next change makes it so before it moves anything, and
        until then there is nothing left to be done.
        """
        folders: dict[Path, None] = {}
        for move in moves:
            target, source = found.place(move.name), found.place(f"{OWN}/{move.source}")
            folders[target.parent] = None
            self.step(f"{move.verb} {move.name}")
            if move.verb == "remove":
                target.unlink(missing_ok=True)
            elif move.verb == "raise":
                _raise(target)
            elif source.exists():  # else it has been renamed before the crash
                target.parent.mkdir(parents=True, exist_ok=True)
                self._move(source, target)
        if self.durable:
            for folder in folders:
                sync_folder(folder)
        journal = found.place(JOURNAL)
        if journal.exists():
            self.step("remove JOURNAL")
            journal.unlink()

    def _move(self, source: Path, target: Path) -> None:
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            # A folder of the postoffice that lies on another disk: its readers see no half of a file, either.
            copy = target.with_name(f"{target.name}.NEW")
            put(copy, source.read_bytes(), durable=self.durable, step=self.step, like=source)
            copy.rename(target)
            source.unlink()


def _raise(path: Path) -> None:
    """KB Q77926: FLAG.GLB changes when lists change. Two bytes in place, for the file is the lock."""
    with path.open("r+b", buffering=0) as file:
        count = int.from_bytes(file.read(2), "little")
        file.seek(0)
        file.write(((count + 1) & 0xFFFF).to_bytes(2, "little"))


def _read(journal: Path) -> list[Move]:
    try:
        return read_journal(journal.read_bytes(), JOURNAL)
    except FormatError as error:
        raise TransportError(
            f"{journal} is damaged: {error}. Nobody can tell what it was to change; restore the postoffice from a "
            f"backup, or remove the file and have {_CHECK} look at the rest"
        ) from None


def _require_fit(found: Found, moves: Sequence[Move], journal: Path) -> None:
    """Raise `TransportError` when files are neither what they were before the change nor what they should become."""
    strange = [move.name for move in moves if not _fits(found, move)]
    if strange:
        raise TransportError(
            f"{journal} says what an interrupted change has still to do, but {', '.join(strange)} have been changed by "
            "somebody else since. After a restore from a backup remove the journal, and what was restored counts; else "
            f"restore a backup. Then have {_CHECK} look at it"
        )


def _fits(found: Found, move: Move) -> bool:
    if move.verb == "raise" or move.name.startswith("LOG/"):
        return True
    now = print_of(found.read(move.name))
    if move.verb == "remove":
        return now in (move.before, NONE)
    new = found.read(f"{OWN}/{move.source}")
    return now == move.after if new is None else print_of(new) == move.after and now in (move.before, move.after)
