"""What a file is by its content, and what stands in it, whatever its format."""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Iterator
from enum import Enum

import attrs

from dxa.errors import FormatError
from dxa_exchange import ldif
from dxa_exchange.directory import Bad, Change, Record
from dxa_exchange.files.options import TableOptions
from dxa_exchange.ldif.lines import blocks
from dxa_exchange.table55 import columns, dump, errfile
from dxa_exchange.table55.line import Line
from dxa_exchange.table55.reader import TableReader
from dxa_exchange.table55.snapshot import is_deleted

Item = Record | Change | Line | Bad


class Content(Enum):
    """What a file tells: objects as they are, what has changed, or what was refused of a file of ours."""

    OBJECTS = "objects"
    CHANGES = "changes"
    REFUSED = "refused"


@attrs.frozen(kw_only=True)
class Parsed:
    """A file that was read.

    `items` are in their order, each with its line (0: unknown); none of them is after the place where a file that is
    not `complete` was cut off. `counted` says that a cut would have been noticed. `columns` are the attributes that
    the file can tell (None: any).
    """

    content: Content
    items: list[tuple[int, Item]]
    complete: bool = True
    counted: bool = False
    columns: frozenset[str] | None = None
    remarks: tuple[str, ...] = ()
    #: What could not be read of a table, as a file that can be mended (KB Q152440).
    refused: bytes = b""


def parse(name: str, data: bytes, table: TableOptions, *, files: bool, whole: bool = False) -> Parsed:
    """What stands in a file.

    Args:
        files: the directory speaks the dialect of Directory Import/Export files.
        whole: its size was told, so nothing of it is missing.

    Raises:
        FormatError: for a file that cannot be read as a whole.
    """
    if not data.strip():
        raise FormatError("an empty file, which tells nothing", source=name)
    if dump.sniff(data):
        _check_dialect(name, files, "a Directory Import/Export file", "csv55 or raw55")
        found = _table(data, table, whole)
        if errfile.is_error_name(name):
            return attrs.evolve(found, content=Content.REFUSED)
    else:
        _check_known(name, data)
        _check_dialect(name, not files, "no Directory Import/Export file", "ex55, ad or generic")
        found = _of_markup(name, data) if _is_markup(data) else _ldif(data, whole)
    return attrs.evolve(found, complete=True, counted=True) if whole else found


def _check_dialect(name: str, fits: bool, what: str, wanted: str) -> None:
    if not fits:
        raise FormatError(f"{what}; people.dialect has to be {wanted}", source=name)


def _text(data: bytes) -> str:
    """The beginning of a file as text, whatever its encoding."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return data[2:2002].decode(encoding, "replace")
    return data[:1000].removeprefix(codecs.BOM_UTF8).decode("latin-1")


# -- tables --------------------------------------------------------------------------------------------------------


def _table(data: bytes, options: TableOptions, whole: bool) -> Parsed:
    reader = TableReader(
        [data],
        form=options.form(options.generation()),
        code_page=options.code_page,
        base=options.site,
        container=options.container,
    )
    items: list[tuple[int, Item]] = []
    remarks: list[str] = []
    for item in reader:
        items.append((item.line if isinstance(item, Bad) else item.number, item))
        if isinstance(item, Line):
            remarks += (f"line {warning.line}, {warning.field}: {warning.reason}" for warning in item.warnings)
    if not reader.ended and not whole and items:
        # Half of its last cell may be missing.
        items.pop()
    lines = [item for _, item in items if isinstance(item, Line)]
    bads = [item for _, item in items if isinstance(item, Bad)]
    tombs = columns.DELETED.casefold() in map(str.casefold, reader.header.names)
    changes = reader.header.has_mode or (tombs and bool(lines) and all(is_deleted(line.record) for line in lines))
    return Parsed(
        content=Content.CHANGES if changes else Content.OBJECTS,
        items=items,
        complete=reader.ended,
        columns=frozenset(name.casefold() for name in reader.header.names),
        remarks=tuple(remarks),
        refused=errfile.write(reader.header.text, bads, page=reader.encoding) if bads else b"",
    )


# -- LDIF ----------------------------------------------------------------------------------------------------------


def _check_known(name: str, data: bytes) -> None:
    """Whether it is XML, or LDIF, which is known by its first line; else it is nothing."""
    first = next((line for line in _text(data).splitlines() if line.strip() and not line.startswith("#")), "")
    if not _is_markup(data) and not first.casefold().startswith(("version:", "dn:", "search:")):
        raise FormatError(
            "of no known format", source=name, expected="Directory Import/Export, LDIF or DSML", got=first[:80]
        )


def _ldif(data: bytes, whole: bool) -> Parsed:
    items: list[tuple[int, Item]] = list(ldif.located([data]))
    cut = 0 if whole or data.endswith((b"\n\n", b"\n\r\n")) else _unclosed(data)
    # A record without a blank line behind it may have lost its last lines.
    kept = [(line, item) for line, item in items if not cut or line < cut or isinstance(item, Bad)]
    changes = any(not isinstance(item, Record | Bad) for _, item in items)
    return Parsed(content=Content.CHANGES if changes else Content.OBJECTS, items=kept, complete=len(kept) == len(items))


def _unclosed(data: bytes) -> int:
    """The line of a last block with no blank line behind it; 0 when there is none."""
    (last,) = deque(blocks([data]), maxlen=1) or (None,)
    return last.line if last is not None and not last.closed else 0


# -- DSML ----------------------------------------------------------------------------------------------------------


def _is_markup(data: bytes) -> bool:
    return _text(data).lstrip("\ufeff \t\r\n").startswith("<")


def _of_markup(name: str, data: bytes) -> Parsed:
    root = re.search(r"<(?:[\w.-]+:)?(dsml|directory-entries|batchRequest|batchResponse)\b", _text(data))
    if root is None:
        raise FormatError("XML that is no DSML", source=name, expected="dsml, batchRequest or batchResponse")
    items: list[tuple[int, Item]] = list(_located(data, second=root[1].startswith("batch")))
    content = Content.OBJECTS
    if root[1] == "batchRequest":
        content = Content.CHANGES
    elif root[1] == "batchResponse" and not any(isinstance(item, Record) for _, item in items):
        # The answer to changes of ours. That a search has found nothing is not believed.
        content = Content.REFUSED
    # What is broken off ends in something that cannot be read.
    broken = bool(items) and isinstance(items[-1][1], Bad) and content is not Content.REFUSED
    return Parsed(content=content, items=items, complete=not broken, counted=True)


def _located(data: bytes, *, second: bool) -> Iterator[tuple[int, Item]]:
    # XML is only needed by those who have it.
    if second:
        from dxa_exchange.dsml import dsml2

        yield from dsml2.located([data])
    else:
        from dxa_exchange.dsml import dsml1

        yield from dsml1.located([data])
