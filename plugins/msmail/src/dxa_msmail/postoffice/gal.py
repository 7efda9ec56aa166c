"""The global address list: built from all lists of the postoffice, read, and searched.

KB Q86375, Q96060. `galsources` says what it is made of, `galset` what its files look like, `galindex` how names are
sorted and found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import attrs

from dxa.errors import AddressError
from dxa_msmail.addresses import ADDRESS_TYPES, MS
from dxa_msmail.postoffice import galset, layout
from dxa_msmail.postoffice.accessrecords import ACCESS, AccessRecord
from dxa_msmail.postoffice.accessrecords import columns as columns_of
from dxa_msmail.postoffice.columns import BYTES
from dxa_msmail.postoffice.galindex import GALINDEX, search
from dxa_msmail.postoffice.galset import FILES, GAL, GALNETPO, SIZE, Rows, lowered
from dxa_msmail.postoffice.galsources import Problem, Sources
from dxa_msmail.postoffice.grouprecords import GROUP as GROUP_GLB
from dxa_msmail.postoffice.grouprecords import read_groups
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.names import EXTERNAL, GROUP, LOCAL, NmeRecord
from dxa_msmail.postoffice.shelves import from_database

__all__ = [
    "FILES",
    "GAL",
    "GALINDEX",
    "GALNETPO",
    "GalEntry",
    "GalFiles",
    "Problem",
    "build",
    "find",
    "read_gal",
    "rebuild",
]

_NAME = layout.layout_of(NmeRecord).spots["name"]
#: Types whose addresses are equal in more ways than those of case.
_FOLDS = {f"{kind.name.lower()}:": kind.fold for kind in ADDRESS_TYPES if kind.fold is not str.casefold}

_PREFIXES = tuple(_FOLDS)


@attrs.frozen
class GalFiles:
    """The files of the global list by name, how many names there are, and what was wrong with the lists."""

    files: dict[str, bytes]
    count: int
    problems: tuple[Problem, ...] = ()


class GalEntry(NamedTuple):
    """A name of the global list with its address and its kind (LOCAL, EXTERNAL or GROUP).

    The address of a local user or group is that of this postoffice, and empty for one that is gone since the rebuild.
    """

    name: str
    type: str
    address: str
    kind: int


def build(files: Files) -> GalFiles:
    """The global list as it should be now; the same lists give the same bytes.

    Of names with one address the first counts, in the order of `Sources.parts`. Raises `FormatError` 40 and
    `TransportError` when nobody can tell which lists there are.
    """
    sources = Sources(files)
    rows = _unique(Rows.joined(sources.parts()))
    return GalFiles(galset.write_set(rows), len(rows), tuple(sources.problems))


def rebuild(change: Changing) -> GalFiles:
    """Write what has changed of the global list, all of it in this change; raises as `build`."""
    built = build(change)
    for name, data in built.files.items():
        if change.read(name) != data:
            change.write(name, data)
    return built


def _unique(rows: Rows) -> Rows:
    keys = _keys(rows)
    if len(set(keys)) == len(keys):
        return rows
    first = {key: n for n, key in reversed(list(enumerate(keys)))}
    return rows.only([first[key] == n for n, key in enumerate(keys)])


def _keys(rows: Rows) -> list[str]:
    """Equal addresses have equal keys."""
    keys = lowered(rows.texts)
    for n, kind in enumerate(rows.kinds):
        if kind != EXTERNAL:  # groups without members share a number
            keys[n] = f"user {rows.numbers[n]}" if kind == LOCAL else f"group {n}"
    for n in [n for n, key in enumerate(keys) if key.startswith(_PREFIXES)]:
        prefix = keys[n].partition(":")[0] + ":"
        keys[n] = prefix + _folded(rows.texts[n][len(prefix) :], _FOLDS[prefix])
    return keys


def _folded(text: str, fold: Callable[[str], str]) -> str:
    address = text.encode(BYTES).decode(CODE_PAGE)
    try:
        return fold(address)
    except AddressError:
        return address  # nobody checked it on its way into the file


# -- reading -------------------------------------------------------------------------------------------------------


def read_gal(files: Files) -> list[GalEntry]:
    """All names in their order; none when the list was never built. Raises `FormatError` 40 when it is damaged."""
    return _entries(files, galset.read_set(files))


def find(files: Files, prefix: str) -> list[GalEntry]:
    """The names in which words, one behind the other, begin with those of the prefix, in the order of the list.

    Case, accents and punctuation do not count (see `galindex`); a blank prefix finds all, a list that was never built
    has nobody. Raises `FormatError` 40.
    """
    names = files.read(GAL)
    if names is None:
        return []
    layout.check_size(NmeRecord, names, source=GAL)
    at = slice(_NAME.at, _NAME.at + _NAME.size)
    offsets = sorted(search(files.read(GALINDEX) or b"", names, SIZE, at, prefix))
    found = b"".join(names[offset : offset + SIZE] for offset in offsets)
    return _entries(files, galset.read_some(files, found))


def _entries(files: Files, rows: Rows) -> list[GalEntry]:
    names, texts = ([text.encode(BYTES).decode(CODE_PAGE) for text in column] for column in (rows.names, rows.texts))
    own = _own_addresses(files) if any(kind != EXTERNAL for kind in rows.kinds) else {}
    entries = []
    for name, text, kind, number, tid in zip(names, texts, rows.kinds, rows.numbers, rows.tids, strict=True):
        type_, _, address = text.partition(":")
        if kind != EXTERNAL:
            type_, address = MS.name, own.get((kind, number if kind == LOCAL else tid), "")
        else:
            address = from_database(type_, address)
        entries.append(GalEntry(name, MS.name if type_ == "PCM" else type_, address, kind))
    return entries


def _own_addresses(files: Files) -> dict[tuple[int, int], str]:
    """The addresses of this postoffice's users by hexid, and of its groups by tuple id."""
    users = columns_of(AccessRecord, files.read(ACCESS) or b"", ACCESS)
    found = {
        (LOCAL, int(hexid, 16)): mailbox
        for hexid, mailbox, active in zip(users["hexid"], users["mailbox"], users["active"], strict=True)
        if active
    }
    if files.read(GROUP_GLB) is not None:
        found |= {(GROUP, group.tid): group.address for group, _ in read_groups(files) if not group.deleted}
    here = name_of(files)
    return {key: f"{here}/{mailbox}" for key, mailbox in found.items()}
