"""A backup as a file: a compressed tar whose first member, the manifest, names every other with size and checksum."""

from __future__ import annotations

import errno
import json
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

import attrs

from dxa.errors import FormatError, StoreError, UsageError

#: Raised when a manifest means something else.
FORMAT = 1
MANIFEST = "manifest.json"
#: What the names of the site's files begin with in the archive.
FILES = "files/"
_BLOCK = 1 << 20
#: What disks say that have no second names for a file, as those of memory sticks and of many servers.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
#: A manifest that is larger is none.
_LARGEST = 64 << 20


@attrs.frozen(kw_only=True)
class Member:
    """One file of a backup: its place, taken from the site's folder on, size in bytes, SHA-256 and mode."""

    place: str
    size: int
    sha256: str
    mode: int


@attrs.frozen(kw_only=True)
class Manifest:
    """What a backup is of, and every file in it.

    `database` and `numbers` are the places of the database and the high-water file. `whole` are places of folders that
    are one thing: files that are there and not in the backup do not stay. `highest` are the numbers issued by then.
    """

    format: int = FORMAT
    program: str
    schema: str
    organization: str
    site: str
    made_at: float
    database: str
    numbers: str
    members: tuple[Member, ...]
    whole: tuple[str, ...] = ()
    highest: Mapping[str, int] = attrs.field(factory=dict)
    #: What belongs to the site and is not in it, with the reason.
    left_out: tuple[str, ...] = ()


def measured(path: Path, place: str) -> Member:
    """What the manifest says of a file."""
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return Member(place=place, size=size, sha256=digest.hexdigest(), mode=path.stat().st_mode & 0o777)


def write(target: Path, manifest: Manifest, folder: Path) -> None:
    """Write the files of the manifest, which lie in `folder`, to a new file; a crash leaves none of that name.

    Raises `StoreError` when it cannot be written, or is there by now.
    """
    fresh = target.with_name(f".{target.name}.part")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3, format=tarfile.PAX_FORMAT) as tar:
                _add(tar, MANIFEST, BytesIO(_text(manifest)), len(_text(manifest)), manifest)
                for member in manifest.members:
                    with (folder / member.place).open("rb") as source:
                        _add(tar, FILES + member.place, source, member.size, manifest, member.mode)
            file.flush()
            os.fsync(file.fileno())
        _name(fresh, target)
        sync_folder(target.parent)
    except OSError as error:
        raise StoreError(f"{target}: the backup cannot be written: {error.strerror or error}") from error
    finally:
        fresh.unlink(missing_ok=True)


def _name(fresh: Path, target: Path) -> None:
    """Give a file its name, which no other file may have."""
    try:
        os.link(fresh, target)  # in contrast to a renamed file, it never takes another one's place
    except OSError as error:
        if error.errno not in _NO_LINKS or target.exists():
            raise
        fresh.rename(target)


def _text(manifest: Manifest) -> bytes:
    return json.dumps(attrs.asdict(manifest), indent=1, ensure_ascii=True).encode("ascii")


def _add(tar: tarfile.TarFile, name: str, source: IO[bytes], size: int, manifest: Manifest, mode: int = 0o600) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, int(manifest.made_at)
    tar.addfile(info, source)


def verify(archive: Path) -> Manifest:
    """The manifest of a backup of which every file is as it says; raises `FormatError` otherwise."""
    with _opened(archive) as (tar, manifest):
        _each(archive, tar, manifest, None)
    return manifest


def extract(archive: Path, folder: Path) -> Manifest:
    """Put the files of a backup into an empty folder, checked and durable; raises `FormatError`."""
    with _opened(archive) as (tar, manifest):
        _each(archive, tar, manifest, folder)
    return manifest


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    """The archive behind its manifest; whatever is wrong with it is a `FormatError` that names it."""
    try:
        with tarfile.open(archive, mode="r|gz") as tar:
            yield tar, _manifest(archive, tar)
    except FileNotFoundError:
        raise UsageError(f"there is no backup {archive}") from None
    except IsADirectoryError:
        raise UsageError(f"{archive} is a folder; a backup is one file, as `dxa backup` writes it") from None
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise FormatError(f"the backup is damaged or ends too early: {error}", source=str(archive)) from error
    except OSError as error:
        if error.filename is not None:
            raise
        raise FormatError(f"the backup is damaged: {error}", source=str(archive)) from error


def _manifest(archive: Path, tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    source = None if first is None or first.name != MANIFEST or first.size > _LARGEST else tar.extractfile(first)
    if source is None:
        raise FormatError("is no backup of dxa: its first part is not the manifest", source=str(archive))
    try:
        values: dict[str, Any] = json.loads(source.read())
        if values.get("format") != FORMAT:
            raise FormatError("format", source=str(archive), expected=str(FORMAT), got=str(values.get("format")))
        members = tuple(Member(**member) for member in values["members"])
        manifest = Manifest(**{**values, "members": members, **_tuples(values, "whole", "left_out")})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(f"the manifest cannot be read: {error}", source=str(archive)) from error
    for place in [*(member.place for member in members), *manifest.whole, manifest.database, manifest.numbers]:
        if not _inside(place):
            raise FormatError("a place outside of the site's folder", source=str(archive), got=place)
    return manifest


def _tuples(values: Mapping[str, Any], *names: str) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(values.get(name, ())) for name in names}


def _inside(place: str) -> bool:
    steps = PurePosixPath(place).parts
    return bool(steps) and not place.startswith("/") and ".." not in steps and "\x00" not in place


def _each(archive: Path, tar: tarfile.TarFile, manifest: Manifest, folder: Path | None) -> None:
    wanted = {member.place: member for member in manifest.members}
    while (info := tar.next()) is not None:
        member = wanted.pop(info.name.removeprefix(FILES), None)
        source = tar.extractfile(info) if member is not None and info.isreg() else None
        if member is None or source is None:
            raise FormatError("a part that the manifest does not name", source=str(archive), got=info.name)
        _copy(archive, source, member, folder)
    if wanted:
        few = ", ".join(list(wanted)[:3])
        raise FormatError(f"the backup lacks {len(wanted)} of its files: {few}", source=str(archive))


def _copy(archive: Path, source: IO[bytes], member: Member, folder: Path | None) -> None:
    digest, size = sha256(), 0
    with _target(folder, member) as target:
        while block := source.read(_BLOCK):
            digest.update(block)
            size += len(block)
            if target is not None:
                target.write(block)
    found = f"{size} bytes, sha256 {digest.hexdigest()}"
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise FormatError(
            f"{member.place} is not what was backed up",
            source=str(archive),
            expected=f"{member.size} bytes, sha256 {member.sha256}",
            got=found,
        )


@contextmanager
def _target(folder: Path | None, member: Member) -> Iterator[IO[bytes] | None]:
    if folder is None:
        yield None
        return
    path = folder / member.place
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fchmod(file.fileno(), member.mode)
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """What was renamed in the folder is durable when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
