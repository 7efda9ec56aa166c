"""What the commands print: lines that fit 80 columns, tables, JSON."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any

import click

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


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_CONTROL.sub("?", str(cell))) for cell in row))
    console = Console(file=sys.stdout, width=width(), markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(drawn)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n") + "\n")


def many(count: int, one: str, more: str = "") -> str:
    """``1 entry``, ``2 entries``."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"
