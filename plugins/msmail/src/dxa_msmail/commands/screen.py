"""What the commands print: lines that fit 80 columns, tables, JSON."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dxa.dirsync.messages import Reply
    from dxa.entry import Reject

WIDTH = 80

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: The option of everything that lists something.
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def say(text: str) -> None:
    """A line, folded where it is too long to be read; paths and words stay whole."""
    line = _CONTROL.sub("?", text)
    click.echo(fill(line, width(), break_long_words=False, break_on_hyphens=False) if len(line) > width() else line)


def lines(text: str) -> None:
    """Lines that have their shape already."""
    for line in text.splitlines():
        click.echo(_CONTROL.sub("?", line))


def width() -> int:
    """How wide a line may be."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def put_json(value: Any) -> None:
    """One JSON document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; a column whose name begins with ``#`` holds numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in columns:
        name = column.removeprefix("#")
        drawn.add_column(name, justify="left" if name == column else "right", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_CONTROL.sub("?", str(cell))) for cell in row))
    console = Console(file=sys.stdout, width=width(), markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(drawn)
    if title:
        say(f"{title}:")
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n") + "\n")


# -- what synchronization shows ------------------------------------------------------------------------------------


def many(count: int, one: str, more: str = "") -> str:
    """``1 letter``, ``2 letters``."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"


def age(seconds: float) -> str:
    """How old something is: ``45 s``, ``12 min``, ``3 h``, ``2 d``."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def cell(value: Any) -> str:
    """A value as people read it in a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def counted(counts: Mapping[str, int]) -> str:
    """What transactions did, by their codes: ``2 deleted, 1 added``."""
    replaced = "list replaced" if counts.get("R") == 1 else "lists replaced"
    words = {"R": replaced, "D": "deleted", "M": "modified", "A": "added"}
    return ", ".join(f"{counts[code]} {word}" for code, word in words.items() if counts.get(code)) or "nothing new"


def numbers(reply: Reply) -> dict[str, int]:
    """The numbers of an answer, for JSON."""
    return {"r": reply.r, "s": reply.s, "was": reply.was, "i": reply.i}


def plain_rejects(rejects: Iterable[Reject]) -> list[dict[str, Any]]:
    """What was left out, for JSON."""
    return [{"line": r.line, "code": r.code, "reason": r.reason, "text": r.raw} for r in rejects]


def show_rejects(title: str, rejects: Sequence[Reject]) -> None:
    """A table of what was left out; nothing when nothing was."""
    if rejects:
        table(title, ("#line", "#error", "reason"), [(r.line or "", r.code or "", r.reason) for r in rejects])
