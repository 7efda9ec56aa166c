"""A backup of a site: the database, the configuration, the numbers, and what links keep, as they are at one moment.

The caller holds the site's lock, so that no cycle runs meanwhile; who only reads is not held up.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import attrs

from dxa.agent import archive
from dxa.agent.archive import Manifest, Member
from dxa.agent.site import OpenSite
from dxa.config import FILE_NAME
from dxa.connector import Kept
from dxa.errors import StoreError, TransportError, UsageError
from dxa.store import Store

ENDING = ".dxa-backup"


@attrs.frozen(kw_only=True)
class Made:
    """A backup that was made."""

    file: Path
    manifest: Manifest


def back_up(site: OpenSite, target: Path, *, secrets: bool = False) -> Made:
    """Make a backup in the file `target`, which must not exist, or in a new file in the folder `target`.

    Args:
        secrets: the files that passwords and private keys stand in go along.

    Raises:
        UsageError: the file exists, or the site's own files lie outside of its folder.
        StoreError: the database is none that can be copied, or the file cannot be written.
    """
    file = target / _file_name(site) if target.is_dir() else target
    if file.exists():
        raise UsageError(f"{file} exists already; a backup takes no other file's place")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}")
    aside = file.with_name(f".{file.name}.new")
    shutil.rmtree(aside, ignore_errors=True)  # of one that was interrupted
    aside.mkdir(mode=0o700)
    try:
        manifest = _Copying(site, aside).run(secrets=secrets)
        archive.write(file, manifest, aside)
    except OSError as error:
        raise StoreError(f"no backup was made: {error.filename or file}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Made(file=file, manifest=manifest)


def _file_name(site: OpenSite) -> str:
    at = time.strftime("%Y%m%d-%H%M%S", time.gmtime(site.clock()))
    plain = "-".join("".join(c if c.isalnum() else "_" for c in name) for name in site.names)
    return f"{plain}-{at}{ENDING}"


class _Copying:
    """Copies everything into a folder aside, and notes what each file is."""

    def __init__(self, site: OpenSite, aside: Path) -> None:
        self.site, self.aside = site, aside
        self.folder = site.folder.absolute()
        self.members: dict[str, Member] = {}
        self.whole: list[str] = []
        self.left_out: list[str] = []

    def run(self, *, secrets: bool) -> Manifest:
        config, store = self.site.config, self.site.store
        database, numbers = self.own(store_file(store)), self.own(config.high_water)
        copy = self.aside / database
        copy.parent.mkdir(parents=True, exist_ok=True)
        store.backup(copy)
        self.note(database)
        # Behind the database: the numbers in it are never above those of the file.
        self.file(config.high_water, numbers)
        self.file(self.folder / FILE_NAME, FILE_NAME)
        for path in config.secret_files:
            self.secret(path, wanted=secrets)
        for link in config.links.values():
            for kept in link.connector.keeps(self.folder, link.name, link.options):
                self.kept(link.name, kept)
        return Manifest(
            program=version("dxa"),
            schema=store.schema,
            organization=config.organization,
            site=config.name,
            made_at=self.site.clock(),
            database=database,
            numbers=numbers,
            members=tuple(self.members.values()),
            whole=tuple(self.whole),
            highest=store.sequences(),
            left_out=tuple(self.left_out),
        )

    def own(self, path: Path) -> str:
        place = self.place(path)
        if place is None:
            raise UsageError(
                f"{path} lies outside of the site's folder {self.folder}, so a restore could not put it back beside "
                f"dxa.toml; move it there, and name it so in [site] of dxa.toml"
            )
        return place

    def place(self, path: Path) -> str | None:
        """Where the path lies in the site's folder; None when it lies elsewhere."""
        try:
            inside = path.absolute().resolve().relative_to(self.folder.resolve())
        except ValueError:
            return None
        return inside.as_posix()

    def secret(self, path: Path, *, wanted: bool) -> None:
        place = self.place(path)
        if not wanted:
            self.left_out.append(f"{place or path}: a secret (--secrets takes it along)")
        elif place is None:
            self.left_out.append(f"{path}: a secret that lies outside of the site's folder")
        else:
            self.file(path, place)

    def kept(self, link: str, kept: Kept) -> None:
        """What a link keeps, while nobody changes it."""
        path = self.folder / kept.path
        place = self.place(path)
        if not path.exists():
            return
        if place is None:
            self.left_out.append(f"{path}: link {link} keeps it outside of the site's folder; back it up with that")
            return
        with kept.hold():
            for file in _files(path):
                inside = self.place(file)
                if inside is None or file.is_symlink():
                    self.left_out.append(f"{file}: leads out of the site's folder")
                else:
                    self.file(file, inside)
        if kept.together and path.is_dir():
            self.whole.append(place)

    def file(self, path: Path, place: str) -> None:
        if place in self.members:
            return
        copy = self.aside / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            return  # it was taken away meanwhile, or there is none yet
        except PermissionError as error:
            raise TransportError(f"{path} cannot be read, so there is no backup: {error.strerror}") from error
        self.note(place)

    def note(self, place: str) -> None:
        self.members[place] = archive.measured(self.aside / place, place)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file() or path.is_symlink():
        yield path
        return
    for each in sorted(path.rglob("*")):
        if each.is_symlink() or each.is_file():
            yield each


def store_file(store: Store) -> Path:
    """The file of the site's database; raises `StoreError` for a database that is not dxa's to copy."""
    file = store.file
    if file is None:
        raise StoreError(f"only a SQLite database in a file is backed up by dxa; {store.advice}")
    return file
