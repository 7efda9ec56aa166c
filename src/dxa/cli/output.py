"""What commands show: tables that fit 80 columns, JSON, times and counts.

Colours and progress are for terminals only. What peers have sent is shown without control characters, so that no
name can steer a terminal.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType
    from rich.text import Text

WIDTH = 80
#: Blanks between columns.
GAP = 2
NOTHING = "–"
NEWLINE = "\n"

#: A cell: text, a number, or None for what does not apply. A column whose name begins with ``#`` holds numbers.
Cell = str | int | None

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with control characters written out; line ends and tabs stay."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def say(text: str = "") -> None:
    """Text on standard output, each line folded to the width; what follows a fold is indented like its line."""
    _write("\n".join(_folded(line, sys.stdout) for line in printable(text).split("\n")))


def raw(text: str) -> None:
    """Text that has its shape already."""
    _write(text)


def heading(text: str) -> None:
    """A heading with a line below it."""
    emphasize(text)
    emphasize("=" * len(text))


def emphasize(text: str) -> None:
    """A line that stands out on a terminal."""
    from rich.text import Text

    _write(drawing(Text(printable(text), style="bold"), sys.stdout))


def warn(text: str) -> None:
    """Text on standard error: a terminal gets its lines folded, what follows a fold indented; a pipe whole ones."""
    text = printable(text)
    if sys.stderr.isatty():
        text = "\n".join(_folded(line, sys.stderr, hang=2) for line in text.split("\n"))
    _write(text, err=True)


def write_json(value: Any) -> None:
    """One JSON document on standard output."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    click.echo(text)


def write_json_line(value: Any) -> None:
    """One JSON value on a line of its own; always ASCII, so that raw values survive any terminal."""
    click.echo(json.dumps(value))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A table on standard output, no wider than the terminal, or than 80 columns where there is none."""
    _write(render(title, columns, rows, sys.stdout))


def render(title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], stream: TextIO) -> str:
    """The table as text for that stream, with a blank line behind it."""
    from rich import box
    from rich.table import Table

    cells = [[_cell(value) for value in row] for row in rows]
    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    heads = [_text(column.removeprefix("#")) for column in columns]
    whole = _whole([max(map(len, column)) for column in zip(heads, *cells, strict=True)])
    for number, column in enumerate(columns):
        name = column.removeprefix("#")
        justify: Literal["left", "right"] = "left" if name == column else "right"
        drawn.add_column(_text(name), justify=justify, overflow="fold", no_wrap=number in whole)
    for row in cells:
        drawn.add_row(*row)
    heading = f"{printable(title)}\n" if title else ""
    return f"{heading}{drawing(drawn, stream).strip(NEWLINE)}\n"


def _whole(widths: Sequence[int]) -> set[int]:
    """The columns that are never folded: all but the widest if that leaves it some room, else the narrowest ones."""
    order = sorted(range(len(widths)), key=lambda number: widths[number])
    if sum(widths[number] + GAP for number in order[:-1]) <= WIDTH - 22:
        return set(order[:-1])
    whole, used = set[int](), 0
    for number in order:
        used += widths[number] + GAP
        if used <= WIDTH // 2:
            whole.add(number)
    return whole


def drawing(renderable: RenderableType, stream: TextIO) -> str:
    """Anything that rich can draw, as text without blanks at line ends."""
    target = console(stream)
    with target.capture() as captured:
        target.print(renderable)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def width(stream: TextIO) -> int:
    """How wide a line may be: the terminal's width, or 80 columns where there is none."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if stream.isatty() else WIDTH


def console(stream: TextIO) -> Console:
    """A console of rich for that stream: colours on a terminal only, and none if NO_COLOR is set."""
    from rich.console import Console

    return Console(file=stream, width=width(stream), markup=False, emoji=False, highlight=False)


def pairs(rows: Iterable[tuple[str, Cell]]) -> None:
    """Names and values below each other."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(_text(name), _cell(value))
    _write(drawing(grid, sys.stdout))


def bullets(title: str, lines: Iterable[str]) -> None:
    """A title and lines below it, folded so that they stay apart; nothing when there are no lines."""
    lines = list(lines)
    if not lines:
        return
    from rich.padding import Padding
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row("-", _text(line))
    _write(f"{printable(title)}:\n{drawing(Padding(grid, (0, 0, 0, 2)), sys.stdout)}")


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Callable[[str, str], None]]:
    """A line on standard error that says what is being done, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda _link, _what: None
        return
    with console(sys.stderr).status("starting") as status:
        yield lambda link, what: status.update(printable(f"{link}: {what}"))


# -- values --------------------------------------------------------------------------------------------------------


def when(seconds: float | None) -> str:
    """A time of day where dxa runs."""
    return NOTHING if seconds is None else datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def ago(seconds: float | None) -> str:
    """An age in its largest unit: ``3 d``."""
    if seconds is None:
        return NOTHING
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 change``, ``2 changes``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _folded(line: str, stream: TextIO, *, hang: int = 0) -> str:
    limit = width(stream)
    if len(line) <= limit:
        return line
    indent = line[: len(line) - len(line.lstrip())] + " " * hang
    return fill(
        line, limit, initial_indent="", subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _cell(value: Cell) -> Text:
    return _text(NOTHING if value is None else str(value))


def _text(text: str) -> Text:
    from rich.text import Text

    return Text(printable(text))


def _write(text: str, *, err: bool = False) -> None:
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=err, color=True)
