"""Whether each file of a postoffice is what it should be: its size, its records, their marks and checks.

What the files say of each other is looked at in `dxa_msmail.postoffice.references`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import attrs

from dxa.errors import DxaError, FormatError
from dxa_msmail.postoffice import (
    catalog,
    dirsyncconf,
    galindex,
    grouprecords,
    identity,
    inf,
    layout,
    mailfiles,
    names,
    process,
    queue,
    seen,
    served,
    templates,
)
from dxa_msmail.postoffice.columns import BYTES, read_columns
from dxa_msmail.postoffice.mailbag import MOST, Header
from dxa_msmail.postoffice.maildata import Files


@attrs.frozen
class Problem:
    """What is wrong with a file, and the byte at which it was found (-1: the file as a whole)."""

    file: str
    offset: int
    text: str

    def __str__(self) -> str:
        where = f", offset {self.offset}" if self.offset >= 0 else ""
        return f"{self.file}{where}: {self.text}"


#: Says what is wrong with the bytes of a file of that name.
Look: TypeAlias = Callable[[Files, str, bytes], Iterable[Problem]]


def problem_of(error: DxaError, file: str) -> Problem:
    """The problem that an error tells; the text does not repeat the file."""
    if not isinstance(error, FormatError):
        return Problem(file, -1, str(error))
    bare = FormatError(error.reason, field=error.field, expected=error.expected, got=error.got, code=error.code)
    return Problem(file, error.offset, str(bare))


# -- ways to look at a file ----------------------------------------------------------------------------------------


def _one(cls: type[Any]) -> Look:
    """A file that is one record."""

    def look(files: Files, name: str, _data: bytes) -> Iterator[Problem]:
        try:
            identity.read_one(cls, files, name)
        except FormatError as error:
            yield problem_of(error, name)

    return look


def _many(cls: type[Any], *, head: int = 0, most: int = 0) -> Look:
    """A file of records behind a head: each bad one is a problem, and bytes that are no whole record."""

    def look(files: Files, name: str, data: bytes) -> Iterator[Problem]:
        spec = layout.layout_of(cls)
        # Those without a check are written from their fields alone, and read as strictly.
        decode = layout.decode_plain if spec.mark and not spec.check else layout.decode
        yield from _sized(spec.size, head=head, most=most)(files, name, data)
        if _is_fast_and_good(cls, data, head):
            return
        for at in range(head, len(data) - spec.size + 1, spec.size):
            try:
                decode(cls, data, source=name, at=at)
            except FormatError as error:
                yield problem_of(error, name)

    return look


def _is_fast_and_good(cls: type[Any], data: bytes, head: int) -> bool:
    """Whether one quick look at many records without checks finds nothing."""
    spec = layout.layout_of(cls)
    if spec.check or not spec.mark:
        return not spec.check
    try:
        read_columns(cls, data, "", head=head, encoding=BYTES)
    except FormatError:
        return False
    return True


def _sized(size: int, *, head: int = 0, most: int = 0) -> Look:
    """A file of so many bytes for each record, which are not looked at, behind a head."""

    def look(_files: Files, name: str, data: bytes) -> Iterator[Problem]:
        rest = len(data) - head
        if rest < 0 or rest % size:
            expected = f"{head} + n × {size} bytes" if head else f"n × {size} bytes"
            error = layout.corrupt(name, len(data) - rest % size, "size", expected, f"{len(data)} bytes")
            yield problem_of(error, name)
        elif most and rest // size > most:
            error = layout.corrupt(name, head + most * size, "size", f"up to {most} records", str(rest // size))
            yield problem_of(error, name)

    return look


def _codec(read: Callable[[bytes, str], object]) -> Look:
    """A file that one function reads as a whole."""

    def look(_files: Files, name: str, data: bytes) -> Iterator[Problem]:
        try:
            read(data, name)
        except FormatError as error:
            yield problem_of(error, name)

    return look


def _stored(read: Callable[[Files], object]) -> Look:
    """A file that is read by the function of its module."""

    def look(files: Files, name: str, _data: bytes) -> Iterator[Problem]:
        try:
            read(files)
        except FormatError as error:
            yield problem_of(error, name)

    return look


def _queue(_files: Files, name: str, data: bytes) -> Iterator[Problem]:
    return (Problem(name, bad.offset, bad.reason.removeprefix(f"{name}: ")) for bad in queue.read_queue(data, name).bad)


def _usr(files: Files, name: str, data: bytes) -> Iterator[Problem]:
    if not data:  # KB Q119018, dx:T-241
        yield Problem(name, 0, "it is empty, and a list without names has one record; have it imported in full")
        return
    problems = list(_many(names.UsrRecord)(files, name, data))
    yield from problems or _codec(names.usr_columns)(files, name, data)


def _server(files: Files, name: str, _data: bytes) -> Iterator[Problem]:
    """Its own bytes, and whether MSTTRANS.GLB is the one that belongs to it."""
    try:
        there = served.read_served(files)
    except FormatError as error:
        yield problem_of(error, name)
        return
    if there is not None and zlib.crc32(files.read(queue.MSTTRANS) or b"") != there.master:
        yield Problem(name, -1, f"{queue.MSTTRANS} is not as it was left; requestors will get everything anew")


def _template(_files: Files, name: str, data: bytes) -> Iterator[Problem]:
    template = templates.parse(data)
    for line in template.bad:
        yield Problem(name, -1, f"line {line} is no field, or one too many: {template.lines[line - 1]!r}")


def _values(files: Files, name: str, _data: bytes) -> Iterator[Problem]:
    stem = name.partition("/")[2].removesuffix(".INF")
    stored = inf.read_values(files, stem, templates.read_template(files, stem))
    if stored.error:
        yield problem_of(stored.error, name)


def _letter(folder: str, read: Callable[[bytes, str], object]) -> Look:
    """A MAI or ATT: it lies where the last digit of its name says (KB Q108027)."""

    def look(files: Files, name: str, data: bytes) -> Iterator[Problem]:
        stem, place = name.rpartition("/")[2].partition(".")[0], name.split("/")[1]
        if place != f"{folder}{stem[-1]}":
            yield Problem(name, -1, f"it belongs into {folder}{stem[-1]}, where alone it is looked for")
        yield from _codec(read)(files, name, data)

    return look


def _temporary(_files: Files, name: str, _data: bytes) -> Iterator[Problem]:
    yield Problem(
        name, -1, "left behind by an interrupted program; when none is running, remove it: the next one may stop at it"
    )


# -- which file is looked at how -----------------------------------------------------------------------------------

#: What a look at the records of `catalog` is not enough for. KB Q122750, Q112301, Q119018, Q134228 and Q148364 name the
#: temporary files.
LOOKS: tuple[tuple[str, Look], ...] = (
    (
        r"GLB/(I(USRTRAN|NMETRAN|GWTRANS)|SRVUPDS|REQUPDS|TMPTRANS|SORT.{1,4}|ILOCAL|INDEX|GALTMP|GALINDE\$)\.GLB",
        _temporary,
    ),
    (r"USR/IMPORT\.USR|INF/IMPORT\.INF|NME/(TMP0000.|TMPACC2|TMPGRP|GAL\$)\.NME", _temporary),
    (r"GLB/SRVCONF\.GLB", _stored(dirsyncconf.read_srvconf)),
    (r"GLB/PROCESS\.GLB", _stored(process.read_process)),
    (r"GLB/(REQ|MST|SRV|USR|NME|GW)TRANS\.GLB|GLB/RESYNC\.GLB", _queue),
    (r"GLB/GROUP\.GLB", _stored(grouprecords.read_groups)),
    (r"GLB/GALINDEX\.GLB", _codec(lambda data, _name: galindex.read_index(data))),
    (rf"GLB/(GALNETPO|{'|'.join(names.GATEWAY_LISTS)})\.GLB", _codec(names.read_addresses)),
    (r"GRP/.*\.GRP", _sized(8)),
    (r"MEM/.*\.MEM", _codec(grouprecords.read_mem)),
    (r"USR/.*\.USR", _usr),
    (r"TPL/.*\.TPL", _template),
    (r"INF/.*\.INF", _values),
    (r"MBG/.*\.MBG", _many(Header, most=MOST)),
    (r"MAI/MA./.*\.MAI", _letter("MA", mailfiles.read_mai)),
    (r"ATT/AT./.*\.ATT", _letter("AT", mailfiles.read_att)),
    (r"P1/.*\.P1", _codec(mailfiles.read_p1)),
    (re.escape(seen.SEEN), _stored(seen.taken)),
    (re.escape(served.SERVED), _server),
)
_PATTERNS = tuple((re.compile(pattern), look) for pattern, look in LOOKS)


def look_at(files: Files, name: str) -> Iterator[Problem]:
    """What is wrong with one file; nothing with one that nobody knows."""
    look = next((look for pattern, look in _PATTERNS if pattern.fullmatch(name)), None) or _records(name)
    if look is None:
        return
    try:
        data = files.read(name)
        yield from () if data is None else look(files, name, data)
    except DxaError as error:
        yield problem_of(error, name)


def _records(name: str) -> Look | None:
    """The look at a file that is nothing but records."""
    kind = catalog.find(name)
    if kind is None or kind.record is None:
        return None
    single = kind.size == f"{layout.layout_of(kind.record).size} bytes"
    return _one(kind.record) if single else _many(kind.record, head=kind.head_size)
