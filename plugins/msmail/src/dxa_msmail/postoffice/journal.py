"""The journal of a change (`dxa_msmail.postoffice.maildata`): what is still to be done once it stands, as text.

::

    dxa journal 1 8D0C76B2                       the CRC-32 of what follows
    rename 00000000.NEW GLB/MASTER.GLB
    remove P1/00000062.P1
    raise GLB/FLAG.GLB
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

from dxa.errors import FormatError
from dxa_msmail.postoffice.layout import corrupt

_HEAD = "dxa journal 1"
# No part of a name leads out of the postoffice.
_NAME = r"(?:(?!\.{1,2}(?:/|\Z))[^\s/]+(?:/|\Z))+(?<!/)"
_STEP = re.compile(rf"rename [0-9A-F]{{8}}\.NEW {_NAME}|remove {_NAME}|raise {_NAME}")


def read_journal(data: bytes, source: str) -> list[str]:
    """The steps, one in a line; raises `FormatError` 40 when the check does not match or a line is no step."""
    head, _, body = data.partition(b"\n")
    expected = _head(body)
    if head != expected:
        raise corrupt(source, 0, "check", repr(expected), repr(head))
    at, lines = len(head) + 1, []
    for line in body.splitlines(keepends=True):
        lines.append(_step(line, source, at))
        at += len(line)
    return lines


def _head(body: bytes) -> bytes:
    return f"{_HEAD} {zlib.crc32(body):08X}".encode()


def _step(line: bytes, source: str, at: int) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = ""
    if not text.endswith("\n") or not _STEP.fullmatch(text[:-1]):
        raise corrupt(source, at, "step", "rename, remove or raise with the name of a file", repr(line))
    return text[:-1]


def write_journal(lines: Iterable[str]) -> bytes:
    """The bytes of a journal; raises `FormatError` for a line that is no step."""
    steps = list(lines)
    for step in steps:
        if not _STEP.fullmatch(step):
            raise FormatError("no step", field="step", expected="rename, remove or raise", got=step)
    body = "".join(f"{step}\n" for step in steps).encode()
    return _head(body) + b"\n" + body
