"""Makes the header of a file: what HEADER.EXE did, which had to run on a server (KB Q156885, Q160184)."""

from __future__ import annotations

from typing import Literal

from dxa_exchange.table55 import columns
from dxa_exchange.table55.columns import COLUMNS, Columns

Level = Literal["identity", "default", "all"]
Purpose = Literal["export", "import"]


def header(
    kind: str, level: Level = "default", *, purpose: Purpose = "export", raw: bool = False, table: Columns = COLUMNS
) -> tuple[str, ...]:
    """The names of the columns for a class.

    Args:
        kind: a class of recipients under any of its names, or "" for all of them.
        level: what only names an object; what the program itself writes; or all that the table knows.
        purpose: an import has ``Mode``, which spoils an export (KB Q179050), and no columns that are export only.
        raw: names of the schema, as raw mode wants them.

    Raises:
        ValueError: for a class that is no recipient.
    """
    wanted = columns.class_of(kind)
    if wanted and wanted not in columns.CLASSES.values():
        known = ", ".join(dict.fromkeys(columns.CLASSES.values()))
        raise ValueError(f"no class of recipients: {kind!r}; expected {known}")
    further = (column.header for column in table if column.header not in columns.DEFAULT)
    names = {
        "identity": (columns.DIRECTORY_NAME, columns.CONTAINER),
        "default": columns.DEFAULT,
        "all": (*columns.DEFAULT, *further),
    }[level]
    found: list[str] = []
    for column in map(table.get, names):
        fits = not wanted or wanted in column.kinds
        if fits and column.header not in (columns.CLASS, columns.MODE) and (purpose == "export" or column.importable):
            found.append(column.schema if raw else column.header)
    first = [columns.CLASS, *([columns.MODE] if purpose == "import" else [])]
    return (*first, *found)
