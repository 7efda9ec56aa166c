"""What somebody who runs the programs writes behind an export, so that dxa knows that it is finished.

A line that is a number alone is EXPORT's exit code; it must be there. A line ``CCMDIR.EXP 4711`` gives the size of a
file in bytes, ``CCMDIR.EXP 4711 52`` also its number of entries; such lines stand before the exit code. All other lines
are what the program said. A batch file makes the smallest one: ``echo 0 > EXPORT.RC``. The form is ours.
"""

from __future__ import annotations

import re

import attrs

_NUMBER = re.compile(rb"\d{1,5}")
_SIZE = re.compile(rb"(\S+\.EXP)[ \t]+(\d+)(?:[ \t]+(\d+))?", re.IGNORECASE)


class NotYet(Exception):
    """What is there is not complete; the text says why, and is empty when nothing is there."""


@attrs.frozen
class Manifest:
    """The exit code of EXPORT, the sizes and numbers of entries by file name in upper case, and all other lines."""

    code: int
    sizes: dict[str, int] = attrs.field(factory=dict)
    counts: dict[str, int] = attrs.field(factory=dict)
    text: bytes = b""

    def size_of(self, name: str) -> int | None:
        """How many bytes the file has; None when the manifest does not say it."""
        return self.sizes.get(name.upper())

    def count_of(self, name: str) -> int | None:
        """How many entries the file has; None when the manifest does not say it."""
        return self.counts.get(name.upper())


def read_manifest(data: bytes, name: str) -> Manifest:
    """Raises `NotYet` while there is no exit code on a line that has ended."""
    code: int | None = None
    sizes, counts, rest = dict[str, int](), dict[str, int](), list[bytes]()
    for line in map(bytes.strip, _ended_lines(data)):
        if code is None and _NUMBER.fullmatch(line):
            code = int(line)
        elif found := _SIZE.fullmatch(line):
            file = found[1].decode("ascii", "replace").upper()
            sizes[file] = int(found[2])
            if found[3]:
                counts[file] = int(found[3])
        elif line:
            rest.append(line)
    if code is None:
        raise NotYet(f"{name} has no exit code yet")
    return Manifest(code, sizes, counts, b"\n".join(rest))


def exit_code(data: bytes) -> int | None:
    """The exit code in a file that somebody may still be writing; None while its line has not ended."""
    try:
        return read_manifest(data, "").code
    except NotYet:
        return None


def _ended_lines(data: bytes) -> list[bytes]:
    """The lines that have ended; DOS may have closed the file with Ctrl-Z."""
    return data.replace(b"\x1a", b"\n").split(b"\n")[:-1]
