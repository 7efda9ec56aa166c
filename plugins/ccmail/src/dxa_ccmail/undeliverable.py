"""``.UND`` files: what IMPORT refused (its exit code 5, KB Q180641).

Their layout for entries of a directory is unknown. So the reader only looks for names: in lines with the label of a
name, or else the names that were sent, wherever they stand. What dxa's own stand-in for IMPORT writes is a record with
a line that says why.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from dxa_ccmail import codepage
from dxa_ccmail.exportwrite import write
from dxa_ccmail.names import fold
from dxa_ccmail.record import LABELS, Labels, Record
from dxa_ccmail.runs import CTRL_Z

REASON = "Reason"

_SPACE = re.compile(r"\s+")


class Refused(NamedTuple):
    """A name that a file tells as refused: where it stands, and what is said of it."""

    name: str
    line: int
    reason: str


def read_undeliverable(
    data: bytes, sent: Collection[str] = (), *, code_page: str = codepage.DEFAULT, labels: Labels = LABELS
) -> list[Refused]:
    """The names in a file, each once; with `sent` also those of them that stand in lines of another form.

    Nothing in it is an error: a byte outside the code page is shown as ``\\xNN``.
    """
    lines = codepage.shown(data.replace(CTRL_Z, b""), codepage.code_page(code_page)).splitlines()
    wanted = {fold(name): name for name in sorted(sent, key=len, reverse=True)}
    refused: dict[str, Refused] = {}
    current = ""
    for at, line in enumerate(map(str.strip, lines), 1):
        label, colon, value = (part.strip() for part in line.partition(":"))
        if colon and label.lower() == labels.name.lower() and value:
            current = fold(value)
            refused.setdefault(current, Refused(wanted.get(current, value), at, ""))
        elif colon and label.lower() == REASON.lower() and current:
            refused[current] = refused[current]._replace(reason=refused[current].reason or value)
        elif not current:
            for key in _named(line, wanted):
                refused.setdefault(key, Refused(wanted[key], at, line))
    return list(refused.values())


def write_undeliverable(
    refused: Iterable[tuple[Record, str]], *, code_page: str = codepage.DEFAULT, labels: Labels = LABELS
) -> bytes:
    """Refused records, each with its reason, in a form that is ours and that `read_undeliverable` reads."""
    return write((_with_reason(*one) for one in refused), code_page=code_page, labels=labels)


def _with_reason(record: Record, reason: str) -> Record:
    line = f"{REASON}: {_SPACE.sub(' ', reason)}".encode("ascii", "backslashreplace")
    return record._replace(layout=(*record.layout, line))


def _named(line: str, wanted: dict[str, str]) -> list[str]:
    """The keys of the names that stand in a line as a whole; they are tried longest first, so none inside another."""
    text, keys = fold(line), []
    for key in wanted:
        spot = re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) if key in text else None
        if spot:
            keys.append(key)
            text = f"{text[: spot.start()]}\n{text[spot.end() :]}"
    return keys
