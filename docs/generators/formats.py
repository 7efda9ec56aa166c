"""The files of a postoffice, byte by byte, from the tables that read and write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docs.generators.markdown import code, table
from dxa_msmail.postoffice import catalog, layout
from dxa_msmail.postoffice.catalog import KINDS, FileKind
from dxa_msmail.postoffice.layout import MARK

#: Files whose bytes behind the heads that the tables show are told in words, by their kinds' names.
IN_WORDS = {
    "queue": "Queues",
    "galindex": "The index of the global list",
    "galnetpo": "Addresses of any length",
    "gateway": "Addresses of any length",
    "group": "Groups and their members",
    "grpmem": "Groups and their members",
    "grp": "Groups and their members",
    "mem": "Groups and their members",
    "mbg": "Mailbags",
    "key": "Mailbags",
    "mai": "Letters",
    "att": "Letters",
    "p1": "Letters",
    "tpl": "Templates and their values",
    "inf": "Templates and their values",
    "log": "Logs",
    "seen": "The folder DXA",
    "served": "The folder DXA",
    "journal": "The folder DXA",
    "aside": "The folder DXA",
}


def files() -> str:
    """Every file with its size, and how its bytes are known."""
    rows = [(_names(kind), f"[{kind.title}](#{anchor(kind.title)})", kind.size, _known(kind)) for kind in KINDS]
    return table(("file", "what", "size in bytes", "bytes"), rows)


def records() -> str:
    """Every record of every file, byte by byte."""
    return "\n".join(f"### {kind.title}\n\n{_names(kind)}. {_intro(kind)}\n{_tables(kind)}" for kind in KINDS)


def _names(kind: FileKind) -> str:
    return ", ".join(map(code, kind.files))


def _known(kind: FileKind) -> str:
    words = ", ".join(basis.value for basis in kind.bases) or "unknown"
    return f"{words}; `DXA1`" if kind.is_marked else words


def _intro(kind: FileKind) -> str:
    more = f" [How it is put together](#{anchor(IN_WORDS[kind.name])})." if kind.name in IN_WORDS else ""
    return f"Size: {kind.size}. Source: {kind.source}.{more}\n"


def _tables(kind: FileKind) -> str:
    parts = []
    if isinstance(kind.head, int) and kind.head:
        parts.append(_head(kind))
    for record in kind.classes:
        spec = layout.layout_of(record)
        if len(kind.classes) > 1 or record in kind.parts:
            parts.append(f"**{spec.title}**, {spec.size} bytes:\n")
        rows = sorted([*_fields(record), *_gaps(record)])
        parts.append(table(("offset", "size", "field", "kind", "known", "source", "meaning"), (row[1] for row in rows)))
    return "\n".join(parts)


def _head(kind: FileKind) -> str:
    ours = "the mark `DXA1` when there is a record, else zeros" if kind.name == "group" else "zeros"
    return f"The first {kind.head} bytes are the chain of deleted records (KB Q77926). Ours have {ours}.\n"


def _fields(record: type[Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for name, spot in layout.layout_of(record).spots.items():
        doc = spot.doc if spot.kind != "mark" else f"`{MARK[: spot.size].decode()}`: dxa chose the layout"
        yield spot.at, (_place(spot.at), str(spot.size), code(name), spot.kind, spot.basis.value, spot.source, doc)


def _gaps(record: type[Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    known, why = ("ours", "not used") if catalog.marked(record) else ("unknown", "not published")
    for at, size in catalog.gaps(record):
        yield at, (_place(at), str(size), "", "", known, "", f"{why}: zeros in a new record, kept in an old one")


def _place(at: int) -> str:
    return f"0x{at:02X}"


def anchor(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
