"""Letters that cannot be read: what belongs to them, what is kept of them, and when they can go.

A letter's attachments have the numbers behind its own, so they are known although nothing tells their names.
"""

from __future__ import annotations

from collections.abc import Container

from dxa.errors import FormatError, TransportError
from dxa_msmail.postoffice import mailbag
from dxa_msmail.postoffice.commit import OWN
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.mailfiles import att_name, mai_name, p1_name, read_mai

#: Where letters lie that nobody can use, each with the reason.
BAD = f"{OWN}/BAD"
#: The folders of letters: a letter is in that of the last digit of its name (KB Q108027).
_FOLDERS = tuple(f"MAI/MA{digit:X}" for digit in range(16))


def keep(change: Changing, name: str, stem: str) -> None:
    """Keep the files of a letter in `BAD`: ``name.MAI``, ``name.P1``, and attachments as ``name.AT0`` and so on."""
    parts = {".MAI": mai_name(stem), ".P1": p1_name(stem)}
    if change.read(parts[".MAI"]) is None:
        return
    parts |= {f".AT{n}": att_name(attached) for n, attached in enumerate(attachments(change, stem))}
    for suffix, part in parts.items():
        data = change.read(part)
        if data is not None:
            change.write(f"{BAD}/{name}{suffix}", data)


def release(change: Changing, stem: str) -> None:
    """Remove the files of a letter whose head cannot be read, those of which `BAD` has a copy.

    Nobody can tell how many mailbags have it: as long as one has, or could have, nothing is removed.
    """
    if not _lies_somewhere(change, stem):
        _remove_kept(change, [mai_name(stem), p1_name(stem), *map(att_name, attachments(change, stem))])


def release_attachments(change: Changing, stem: str) -> None:
    """The same for the attachments alone, of a letter whose head can be read and nothing else."""
    _remove_kept(change, list(map(att_name, attachments(change, stem))))


def attachments(files: Files, stem: str) -> list[str]:
    """The stems of a letter's attachments: those that it names, or else those behind it that no other letter names.

    None where another letter cannot be read either, for they could be that one's.
    """
    named = _named(files, mai_name(stem))
    if named is not None:
        return named
    found: list[str] = []
    while files.read(att_name(following := f"{int(stem, 16) + len(found) + 1:08X}")) is not None:
        found.append(following)
    return found if found and _nobodys(files, set(found), except_for=mai_name(stem)) else []


def _named(files: Files, name: str) -> list[str] | None:
    try:
        return [reference.stem for reference in read_mai(files.read(name), name).attachments]
    except FormatError:
        return None


def _nobodys(files: Files, stems: Container[str], *, except_for: str) -> bool:
    names = (f"{folder}/{name}" for folder in _FOLDERS for name in files.names(folder))
    others = (_named(files, name) for name in names if name != except_for)
    return all(named is not None and not any(each in stems for each in named) for named in others)


def _lies_somewhere(files: Files, stem: str) -> bool:
    try:
        bags = [name.removesuffix(".MBG") for name in files.names("MBG") if name.endswith(".MBG")]
        return any(header.stem == stem for bag in bags for _, header in mailbag.headers(files, bag))
    except (FormatError, TransportError):
        return True


def _remove_kept(change: Changing, names: list[str]) -> None:
    kept = {change.read(f"{BAD}/{name}") for name in change.names(BAD)}
    for name in names:
        data = change.read(name)
        if data is not None and data in kept:
            change.remove(name)
