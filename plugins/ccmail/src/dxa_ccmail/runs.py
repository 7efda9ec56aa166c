"""Text of labelled lines cut into runs: from one line with the starting label to the next.

A run holds one whole record or, where the starting label is suddenly spelled in another case, several. Both files of
a comparison are cut in the same way, so equal runs say equal things, whoever stands before and after them.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

#: DOS's end of a file; a program that copies files together may leave one in the middle.
CTRL_Z = b"\x1a"
#: Batches have about this size, so that they stay in the processor's cache from one step to the next.
BLOCK = 1 << 20

_LABEL = re.compile(rb"[ \t]*([A-Za-z][A-Za-z0-9 _#/-]{0,31}?)[ \t]*:")


class Batch(NamedTuple):
    """Runs that follow each other: each is `begin`, one of the `parts`, and a line feed.

    `begin` is the label with its colon, or nothing for what stands before the first label.
    """

    begin: bytes
    parts: list[bytes]


class Run(NamedTuple):
    """Some whole lines, the line number of the first and its offset."""

    raw: bytes
    line: int
    offset: int


def label_of(line: bytes) -> str:
    """The label of a line as it is written; ``""`` when nothing in front of a colon looks like one."""
    found = _LABEL.match(line)
    return found[1].decode("ascii") if found else ""


def placed(text: Iterable[Batch], line: int = 1, offset: int = 0) -> Iterator[Run]:
    """The runs of all batches of a text with their places in it, the first of which is given."""
    for begin, parts in text:
        for part in parts:
            raw = begin + part + b"\n"
            yield Run(raw, line, offset)
            line += raw.count(b"\n")
            offset += len(raw)


def batches(data: bytes | Iterable[bytes], label: str) -> Iterator[Batch]:
    """The runs of a text, which may come in blocks of any size, in batches of about a block."""
    waiting: list[bytes] = []
    size = needed = 0
    mark = b""
    for block in (data,) if isinstance(data, bytes) else data:
        waiting.append(block)
        size += len(block)
        if size < needed:
            continue
        text = b"".join(waiting)
        mark = mark or _mark_of(text, label)
        rest = yield from _whole(text, mark)
        # A run that does not end is joined again when it has doubled, so that it costs its length and not its square.
        needed = 2 * size if len(rest) == size else 0
        waiting, size = [rest], len(rest)
    if text := b"".join(waiting).rstrip(CTRL_Z).removesuffix(b"\n"):
        begin = mark[1:] if mark and text.startswith(mark[1:]) else b""
        yield Batch(begin, [text[len(begin) :]])


def _whole(text: bytes, mark: bytes) -> Generator[Batch, None, bytes]:
    """What stands before the first label, and all runs but the last one, which may go on: it is returned."""
    if not mark:
        return text
    begin = mark[1:]
    at = 0 if text.startswith(begin) else text.find(mark) + 1
    if at > 1:
        yield Batch(b"", [text[: at - 1]])
    last = max(at, text.rfind(mark) + 1)
    while at < last:
        start = at + len(begin)
        cut = text.rfind(mark, start - 1, at + BLOCK) if at + BLOCK < last else last - 1
        if cut < 0:
            cut = text.find(mark, start - 1)
        yield Batch(begin, text[start:cut].split(mark))
        at = cut + 1
    return text[at:]


@lru_cache(maxsize=16)
def _start(label: str) -> re.Pattern[bytes]:
    return re.compile(rb"^[ \t\x1a]*(" + re.escape(label.encode()) + rb")[ \t]*:", re.IGNORECASE | re.MULTILINE)


def _mark_of(text: bytes, label: str) -> bytes:
    """What cuts the text: a line feed, the starting label as it is first spelled there, a colon; empty without one."""
    found = _start(label).search(text)
    return b"\n" + found[1] + b":" if found else b""
