"""Files of many records of one kind, as one sequence for each field: the fast way to read and write 100,000 of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import CODE_PAGE, MARK, Spot

#: The encoding of texts that are only compared, copied and sorted: each byte as one character of the same number.
BYTES = "latin-1"


def read_columns(
    cls: type[Any], data: bytes, source: str, *, head: int = 0, encoding: str = CODE_PAGE
) -> dict[str, Sequence[Any]]:
    """The fields of all records of a file, each as one sequence; raises `FormatError` 40.

    Texts as `BYTES` are several times as fast to read, write, compare and sort as those of the code page. Records
    without a check are written again from their columns alone, so any byte is refused in them that dxa does not write.
    """
    layout.check_size(cls, data, source=source, head=head)
    table = layout.layout_of(cls)
    columns: dict[str, Sequence[Any]] = dict.fromkeys(table.spots, ())
    # Not a memoryview: CPython 3.11's collector crashes on one in a cycle while iter_unpack holds its buffer.
    rows = layout.packer(cls)[0].iter_unpack(data[head:])
    columns.update(zip(table.spots, zip(*rows, strict=True), strict=False))
    if len(data) == head:
        return columns
    try:
        return {name: _values(columns[name], spot, encoding, bool(table.check)) for name, spot in table.spots.items()}
    except FormatError:
        look = layout.decode if table.check else layout.decode_plain
        for at in range(head, len(data), table.size):
            look(cls, data, source=source, at=at)  # says where it is
        raise


def _values(cells: Sequence[Any], spot: Spot, encoding: str, lenient: bool) -> Sequence[Any]:
    """The values of one field; raises `FormatError`, which does not say where, for what dxa does not write."""
    if spot.kind == "mark" and cells.count(MARK[: spot.size]) != len(cells):
        raise FormatError("not our mark")
    if spot.kind == "flag":
        if max(cells) > 1 and not lenient:
            raise FormatError("neither yes nor no")
        return list(map(bool, cells))
    if spot.kind != "text":
        return cells
    texts = texts_of([cell.partition(b"\0")[0] for cell in cells] if lenient else cells, encoding)
    if not lenient and max(map(len, texts)) >= spot.size:
        raise FormatError("no NUL at the end of a text")
    return texts


def write_columns(cls: type[Any], columns: Mapping[str, Sequence[Any]], *, encoding: str = CODE_PAGE) -> bytes:
    """A file of records from their fields, all but the mark; raises `FormatError` for what does not fit."""
    form, fields = layout.packer(cls)
    spots = layout.layout_of(cls).spots
    cells: dict[str, Iterable[Any]] = {**columns, "mark": repeat(MARK[: spots["mark"].size])}
    try:
        for name, spot in spots.items():
            if spot.kind == "text":
                cells[name] = cells_of(columns[name], spot.size, encoding)
        return b"".join(map(form.pack, *(cells[name] for name in fields)))
    except (FormatError, UnicodeEncodeError, struct.error):
        # One of them does not fit; this way is slower and says which.
        if encoding == BYTES:
            columns = {name: [*map(_shown, column)] for name, column in columns.items()}
        return layout.encode_all(
            cls(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)
        )


def _shown(value: Any) -> Any:
    return value.encode(BYTES).decode(CODE_PAGE) if isinstance(value, str) else value


def texts_of(cells: Sequence[bytes], encoding: str) -> list[str]:
    """A column of texts without the NULs behind them: decoding all at once is several times as fast as one by one.

    Raises `FormatError`, which does not say where, when something else stands behind a NUL.
    """
    texts = b"\0".join([cell.rstrip(b"\0") for cell in cells]).decode(encoding).split("\0")
    if len(texts) != len(cells):
        raise FormatError("bytes behind the end of a text", expected="a text with nothing but NULs behind it")
    return texts


def cells_of(texts: Sequence[str], size: int, encoding: str) -> Sequence[bytes]:
    """The same as bytes, all shorter than `size`; raises `FormatError`, which does not say which is not."""
    if not texts:
        return ()
    cells = "\0".join(texts).encode(encoding).split(b"\0")
    if len(cells) != len(texts) or max(map(len, cells)) >= size:
        raise FormatError("text does not fit")
    return cells
