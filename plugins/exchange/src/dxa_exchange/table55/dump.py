"""Directory Import/Export files for ``dxa dump``."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from dxa.connector import Decoder
from dxa.errors import FormatError
from dxa_exchange.directory import Bad
from dxa_exchange.table55 import columns
from dxa_exchange.table55.encoding import UTF16
from dxa_exchange.table55.line import Line
from dxa_exchange.table55.reader import TableReader

_FIRST = columns.CLASS.casefold()


def decoder() -> Decoder:
    """The decoder of these files."""
    return Decoder(name="exchange-table", sniff=sniff, decode=decode)


def sniff(data: bytes) -> bool:
    """Whether the bytes begin with the header of such a file."""
    head = data[:200]
    encoding = UTF16 if head.startswith(codecs.BOM_UTF16_LE) else "latin-1"
    if head.startswith(codecs.BOM_UTF16_BE):
        encoding = "utf-16-be"
    text = head.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace").lstrip("\ufeff\"' \r\n").casefold()
    behind = text[len(_FIRST) : len(_FIRST) + 1]
    return text.startswith(_FIRST) and not behind.isalnum()


def decode(data: bytes) -> Iterator[dict[str, Any]]:
    """A row for the header, for each object, each line put aside, and the end when it is missing."""
    try:
        reader = TableReader([data])
    except FormatError as error:
        yield {"kind": "error", "line": error.line, "code": int(error.code), "reason": str(error)}
        return
    header = reader.header
    yield {
        "kind": "header",
        "columns": list(header.names),
        "unknown": header.unknown(),
        "separator": header.form.column,
        "encoding": reader.encoding,
    }
    secret = any(map(_is_secret, header.names))
    for item in reader:
        yield from _bad(item, secret) if isinstance(item, Bad) else _object(item)
    if not reader.ended:
        yield {"kind": "warning", "code": 0, "reason": "the last line has no end; was the file cut?"}


def _is_secret(name: str) -> bool:
    return "password" in name.casefold()


def _bad(item: Bad, secret: bool) -> Iterator[dict[str, Any]]:
    row = {"kind": "reject", "line": item.line, "field": item.field, "code": item.code, "reason": item.reason}
    yield row if secret else {**row, "raw": item.raw}


def _object(line: Line) -> Iterator[dict[str, Any]]:
    shown = {name: ["***"] if _is_secret(name) else list(cell) for name, cell in line.record.attributes.items()}
    yield {
        "kind": "object",
        "line": line.number,
        "class": line.kind,
        "mode": line.mode.value,
        "dn": line.record.dn,
        "attributes": shown,
    }
    for warning in line.warnings:
        yield {
            "kind": "warning",
            "line": warning.line,
            "field": warning.field,
            "code": warning.code,
            "reason": warning.reason,
        }
