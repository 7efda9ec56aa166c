"""The journal of a change (`dxa_msmail.postoffice.commit`): what is still to be done once it stands, as text.

::

    dxa journal 2 8D0C76B2                                          the CRC-32 of what follows
    rename 5A6F00120000.NEW 0BD69BD8 E93A1F02 GLB/MASTER.GLB        aside, before, after, file
    remove - 7B8B8D0C - P1/00000062.P1
    raise - - - GLB/FLAG.GLB
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from dxa.errors import FormatError
from dxa_msmail.postoffice.layout import corrupt

#: What stands for a file that there is not.
NONE = "-"

_HEAD = "dxa journal 2"
_PRINT = "([0-9A-F]{8}|-)"
# No part of a name leads out of the postoffice.
_NAME = r"((?:(?!\.{1,2}(?:/|\Z))[^/]+(?:/|\Z))+(?<!/))"
_MOVE = re.compile(
    rf"(rename) ([0-9A-F]{{12,}}\.NEW) {_PRINT} ([0-9A-F]{{8}}) {_NAME}"
    rf"|(remove) (-) {_PRINT} (-) {_NAME}|(raise) (-) (-) (-) {_NAME}"
)


class Move(NamedTuple):
    """What is to be done to a file: `source` is renamed to it, it is removed, or its counter raised (FLAG.GLB).

    `before` and `after` are the `print_of` its bytes, so that whoever goes on can tell whether somebody else was there.
    """

    verb: str
    source: str
    before: str
    after: str
    name: str


def print_of(data: bytes | None) -> str:
    """The CRC-32 of bytes, eight hexadecimal digits; `NONE` without a file."""
    return NONE if data is None else f"{zlib.crc32(data):08X}"


def read_journal(data: bytes, source: str) -> list[Move]:
    """The steps; raises `FormatError` 40 when the check does not match or a line is no step."""
    head, end, body = data.partition(b"\n")
    expected = _head(body)
    if head != expected or not end:
        raise corrupt(source, 0, "check", repr(expected), repr(head))
    at, moves = len(head) + 1, []
    for line in body.splitlines(keepends=True):
        moves.append(_move(line, source, at))
        at += len(line)
    return moves


def write_journal(moves: Iterable[Move]) -> bytes:
    """The bytes of a journal; raises `FormatError` for what is no step."""
    lines = [" ".join(move) for move in moves]
    for line in lines:
        if _parsed(line) is None:
            raise FormatError("no step", field="step", expected="rename, remove or raise with a file's name", got=line)
    body = "".join(f"{line}\n" for line in lines).encode()
    return _head(body) + b"\n" + body


def _head(body: bytes) -> bytes:
    return f"{_HEAD} {print_of(body)}".encode()


def _move(line: bytes, source: str, at: int) -> Move:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = ""
    move = _parsed(text[:-1]) if text.endswith("\n") else None
    if move is None:
        raise corrupt(source, at, "step", "rename, remove or raise with the name of a file", repr(line))
    return move


def _parsed(line: str) -> Move | None:
    found = _MOVE.fullmatch(line) if line.isprintable() else None
    return Move(*filter(None, found.groups())) if found else None
