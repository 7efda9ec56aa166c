"""A site from a backup: checked first, then put in place so that a crash at any moment leaves the old site or no site.

dxa.toml is taken out first and put in last: without it the folder is no site, and no command works on half of one. What
was there before is moved aside and never removed.

The numbers of what was issued since the backup are not known to its database: it goes on above the high-water mark that
was here, or, where there is none, after a leap. As a requestor it always leaps: what it sent was not always part of the
mark. All peers are owed full lists, and what waited for them when the backup was made does not go out: it may have been
delivered long ago.
"""

from __future__ import annotations

import shutil
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from dxa.agent import archive
from dxa.agent.archive import Manifest
from dxa.agent.owing import owed
from dxa.agent.site import RESTORING, site_lock
from dxa.config import FILE_NAME
from dxa.dirsync import requestor
from dxa.errors import StoreError, UsageError
from dxa.store import FileHighWater, PeerRow, Store
from dxa.store.highwater import ASKED, asked

#: Where no mark tells what was issued, the numbers of the backup are this far below the next ones: more than any site
#: issues between two backups, and not a thousandth of what the protocol has.
LEAP = 1_000_000
#: What SQLite keeps beside a database.
_BESIDE = ("-wal", "-shm", "-journal")


@attrs.frozen(kw_only=True)
class Restored:
    """A site that was restored into `folder`; `aside` is where its files of before are, if there were any."""

    folder: Path
    manifest: Manifest
    aside: Path | None
    #: The next numbers are above these, by link.
    above: dict[str, int]
    #: The numbers were raised by a leap, for nothing told what had been issued since.
    leapt: bool
    #: How many peers are owed full lists.
    owed: int


def restore(file: Path, folder: Path, clock: Callable[[], float], *, force: bool = False) -> Restored:
    """Put a backup in place.

    Args:
        force: files that are there are moved aside; without it nothing is done when there are any.

    Raises:
        FormatError: the backup is damaged; nothing was changed.
        UsageError: there are files in the way.
        StoreError: its database is of a newer program, or something cannot be written.
    """
    manifest = archive.verify(file)
    if not force and (there := _in_the_way(folder, manifest)):
        few = ", ".join(there[:3]) + (" …" if len(there) > 3 else "")
        raise UsageError(f"{folder} has {few} already; with --force they are moved aside, into a folder of their own")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with site_lock(folder):
            return _Restoring(file, folder, clock()).run()
    except OSError as error:
        where = error.filename or folder
        raise StoreError(f"the restore was interrupted: {where}: {error.strerror or error}; run it again") from error


def _in_the_way(folder: Path, manifest: Manifest) -> list[str]:
    places = [FILE_NAME, *(member.place for member in manifest.members), *manifest.whole]
    return [place for place in dict.fromkeys(places) if (folder / place).exists()]


class _Restoring:
    """One restore, with the site locked."""

    def __init__(self, file: Path, folder: Path, now: float) -> None:
        self.file, self.folder, self.now = file, folder, now
        self.fresh = folder / RESTORING
        self.aside = _unused(folder / f"before-restore-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}")

    def run(self) -> Restored:
        shutil.rmtree(self.fresh, ignore_errors=True)
        self.fresh.mkdir(mode=0o700)
        manifest = archive.extract(self.file, self.fresh)
        known = self.known(manifest)
        count, above = self.prepare(manifest, known)
        self.swap(manifest)
        return Restored(
            folder=self.folder,
            manifest=manifest,
            aside=self.aside if self.aside.exists() else None,
            above=above,
            leapt=known is None,
            owed=count,
        )

    def known(self, manifest: Manifest) -> dict[str, int] | None:
        """The high-water mark that is here; None when it cannot be told."""
        path = self.folder / manifest.numbers
        try:
            return FileHighWater(path).all() if path.is_file() else None
        except StoreError:  # damaged
            return None

    def prepare(self, manifest: Manifest, known: dict[str, int] | None) -> tuple[int, dict[str, int]]:
        """Let the database that is not in place yet owe full lists, above all numbers that may have been issued."""
        numbers = FileHighWater(self.fresh / manifest.numbers)
        store = Store.open(f"sqlite:///{(self.fresh / manifest.database).absolute()}", numbers)
        try:
            above = {}
            issued = store.sequences()
            marks = known or {}
            for name, value in marks.items():
                if name.startswith(ASKED):
                    numbers.reserve(name, value, exact=True)
            sequences = {key.removeprefix("seq:") for key in marks if key.startswith("seq:")}
            for name in {*issued, *self.links(), *sequences}:
                highest = max(issued.get(name, 0), marks.get(f"seq:{name}", 0))
                above[name] = highest + (LEAP if known is None else 0)
                numbers.reserve(f"seq:{name}", above[name])
            rows = [attrs.evolve(_far_on(owed(row)), cursor="") for row in store.peers.all()]
            with store.transaction():
                # Whatever a cursor says, the peer may have told more since.
                store.peers.put(rows)
                for row in rows:
                    numbers.reserve(asked(row.id), row.asking.last, exact=True)
                    store.set_counter(f"in step:{row.id}", 0)
                    store.outbox.supersede(row.id)
        finally:
            store.close()
        for suffix in _BESIDE:
            (self.fresh / (manifest.database + suffix)).unlink(missing_ok=True)
        return len(rows), above

    def links(self) -> set[str]:
        """The links of the configuration, of which some may have issued their first number since."""
        text = (self.fresh / FILE_NAME).read_text(encoding="utf-8")
        return set(tomllib.loads(text).get("links", {}))

    def swap(self, manifest: Manifest) -> None:
        """Move what is there aside, and what was prepared in; dxa.toml is the first to go and the last to come."""
        places = [member.place for member in manifest.members if member.place not in (FILE_NAME, manifest.numbers)]
        beside = [manifest.database + suffix for suffix in _BESIDE]
        self.move_aside(FILE_NAME)
        # The numbers only ever go up, so their file takes the old one's place at once.
        self.keep_copy(manifest.numbers)
        if (self.fresh / manifest.numbers).exists():
            self.move_in(manifest.numbers)
        for place in [*manifest.whole, *places, *beside]:
            self.move_aside(place)
        for place in places:
            self.move_in(place)
        self.move_in(FILE_NAME)
        shutil.rmtree(self.fresh, ignore_errors=True)

    def move_aside(self, place: str) -> None:
        source = self.folder / place
        if source.exists() or source.is_symlink():
            target = self.aside / place
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            source.rename(target)
            archive.sync_folder(target.parent)
            archive.sync_folder(source.parent)

    def keep_copy(self, place: str) -> None:
        if (self.folder / place).is_file():
            (self.aside / place).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copy2(self.folder / place, self.aside / place)

    def move_in(self, place: str) -> None:
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.fresh / place).replace(target)
        archive.sync_folder(target.parent)


def _far_on(row: PeerRow) -> PeerRow:
    """As a requestor: above whatever was sent since the backup, so that the server takes each number of the export."""
    if row.asking == requestor.State():
        return row
    return attrs.evolve(row, asking=attrs.evolve(row.asking, last=row.asking.last + LEAP))


def _unused(path: Path) -> Path:
    return next(p for n in range(1000) if not (p := path.with_name(f"{path.name}{f'-{n}' if n else ''}")).exists())


def next_steps(restored: Restored) -> Sequence[str]:
    """What an administrator does after a restore."""
    steps = [f"put back {each}" for each in restored.manifest.left_out]
    steps += ["`dxa verify` looks at everything", "`dxa plan` shows what the first sync will do, then `dxa sync`"]
    if restored.owed:
        steps.append(
            "what peers have told since the backup is known to them alone: have each requestor export in full "
            "(`dxa status` names those whose numbers show it)"
        )
    if restored.aside is not None:
        steps.append(f"when all is well, remove {restored.aside}")
    return steps
