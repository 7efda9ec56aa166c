r"""Cells of a line: split, unescaped, and written again, as Exchange 4.0 and as 5.x do it.

5.x quotes a whole cell and escapes a value separator (``"v\%1%v,2"``); 4.0 quotes each value (``"v%1"%"v,2"``), which
5.x still reads (5.0 release notes, 7.4). ``\\`` is a backslash, ``\r`` and ``\n`` are CR and LF (KB Q165394); another
backslash is dropped with warning 168 (KB Q184532). ``""`` inside quotes is a quote (seen in migration files).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from dxa.errors import FormatError
from dxa_exchange.table55.columns import Column
from dxa_exchange.table55.events import Event
from dxa_exchange.table55.form import Form


class Cells(NamedTuple):
    """The values of each cell of a line (none in an empty one), and the columns in which a backslash was dropped."""

    values: list[list[str]]
    dropped: list[str]


class Splitter:
    """Splits the lines of one file."""

    def __init__(self, form: Form, columns: Sequence[Column]) -> None:
        self.form = form
        column, value, quote = map(re.escape, (form.column, form.value, form.quote))
        quoted = rf"{quote}(?:[^{quote}]++|{quote}{quote})*+{quote}"
        end = rf"\ *+(?={column}|$)"
        plain = rf"(?!{quote})(?:\\[^{column}]|[^{column}{value}\\]|\\(?={column}|$))*+"
        segment = rf"(?:{quoted}|{plain})"
        flags = re.DOTALL
        self._single = re.compile(rf"\ *+(?:({quoted}){end}|(?!{quote})([^{column}]*+))", flags)
        self._multi = re.compile(rf"\ *+({segment}(?:{value}{segment})*+){end}", flags)
        self._segment = re.compile(rf"({quoted})|({plain})(?={value}|$)", flags)
        self._quoted = re.compile(quoted, flags)
        self._part = re.compile(rf"(?:[^\\{value}]|\\.|\\$)*+", flags)
        self._columns = columns
        self._many = [column.multi for column in columns]

    def split(self, line: str) -> Cells:
        """The cells of a line without its end.

        Raises:
            FormatError: when a cell's quotes do not close, or there are more or fewer cells than columns (291).
        """
        if self.form.quote not in line and "\\" not in line:
            return self._plain(line)
        values: list[list[str]] = []
        dropped: list[str] = []
        at, size = 0, len(line)
        for column in self._columns:
            if at > size:
                raise self._count(len(values))
            at, cell, lone = self._cell(line, at, column)
            values.append(cell)
            if lone:
                dropped.append(column.header)
            at += 1
        if at <= size:
            raise self._count(len(values) + line.count(self.form.column, at) + 1)
        return Cells(values, dropped)

    def _plain(self, line: str) -> Cells:
        """The cells of a line in which nothing is quoted or escaped; most lines are such."""
        texts = line.split(self.form.column)
        if len(texts) != len(self._columns):
            raise self._count(len(texts))
        mark = self.form.value
        return Cells(
            [
                ([value for value in text.split(mark) if value] if many else [text])
                if (text := each.lstrip(" "))
                else []
                for each, many in zip(texts, self._many, strict=True)
            ],
            [],
        )

    def _cell(self, line: str, at: int, column: Column) -> tuple[int, list[str], bool]:
        match = (self._multi if column.multi else self._single).match(line, at)
        if match is None:
            raise self._unclosed(line, at, column)
        if column.multi:
            cell, lone = self._several(match[1])
        else:
            cell, lone = self._one(match, column)
        return match.end(), cell, lone

    def _one(self, match: re.Match[str], column: Column) -> tuple[list[str], bool]:
        text = self._open(match[1]) if match[1] is not None else match[2]
        if not text:
            return [], False
        if "\\" not in text:
            return [text], False
        if column.account:
            return [text.replace("\\\\", "\\")], False
        value, lone = unescape(text, "")
        return [value], lone

    def _several(self, raw: str) -> tuple[list[str], bool]:
        if not raw:
            return [], False
        whole = self._quoted.fullmatch(raw)
        if whole is None:
            parts = [self._open(match[1]) if match[1] else match[2] for match in self._segment.finditer(raw)]
        elif self.form.generation == 4:
            parts = [self._open(raw)]
        else:
            parts = self._parts(self._open(raw))
        done = [unescape(part, self.form.value) for part in parts if part]
        return [value for value, _ in done if value], any(lone for _, lone in done)

    def _parts(self, text: str) -> list[str]:
        """The values of a cell, still escaped."""
        if "\\" not in text:
            return text.split(self.form.value)
        return [match[0] for match in self._part.finditer(text)]

    def _open(self, quoted: str) -> str:
        """What stands between the quotes."""
        quote = self.form.quote
        return quoted[1:-1].replace(quote + quote, quote)

    def _unclosed(self, line: str, at: int, column: Column) -> FormatError:
        text = line[at:].lstrip(" ")
        opened = self._quoted.match(text)
        rest = text[opened.end() :] if opened else text
        reason = "text behind the closing quote" if opened else "a quote is not closed on its line"
        expected = f"{self.form.column!r} or the line's end behind it" if opened else f"{self.form.quote!r}"
        if opened and rest.startswith(self.form.value) and not column.multi:
            reason = "several values in a column that has one"
        return FormatError(reason, field=column.header, expected=expected, got=rest[:60])

    def _count(self, got: int) -> FormatError:
        missing = self._columns[got:]
        lost = f"; missing are {', '.join(each.header for each in missing)}" if missing else ""
        return FormatError(
            f"a line has as many fields as the header{lost}",
            expected=f"{len(self._columns)} fields",
            got=f"{got} fields",
            code=Event.FIELD_COUNT,
        )


_ESCAPES = {"\\": "\\", "r": "\r", "n": "\n"}
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


def unescape(text: str, separator: str) -> tuple[str, bool]:
    """The value that a text stands for, and whether a backslash was dropped."""
    if "\\" not in text:
        return text, False
    lone = False

    def one(match: re.Match[str]) -> str:
        nonlocal lone
        known = _ESCAPES.get(match[1])
        if known is None and not (separator and match[1] == separator):
            lone = True
        return match[1] if known is None else known

    return _ESCAPE.sub(one, text), lone


def escape(value: str, separator: str = "") -> str:
    """A value as it stands in a cell, but for quotes; `separator` is escaped as well."""
    text = value.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
    return text.replace(separator, f"\\{separator}") if separator else text


class Joiner:
    """Writes the lines of one file."""

    def __init__(self, form: Form, columns: Sequence[Column]) -> None:
        self.form = form
        self._columns = columns
        self._cells: list[Callable[[Sequence[str], Column], str]] = [
            (self._several4 if form.generation == 4 else self._several5) if column.multi else self._one
            for column in columns
        ]

    def join(self, values: Sequence[Sequence[str]]) -> str:
        """A line without its end.

        Raises:
            FormatError: for a value that the form cannot hold, or several values in a column that has one.
        """
        cells = zip(self._cells, values, self._columns, strict=True)
        return self.form.column.join([write(cell, column) if cell else "" for write, cell, column in cells])

    def _one(self, cell: Sequence[str], column: Column) -> str:
        if len(cell) > 1:
            raise FormatError("a column with one value", field=column.header, expected="one", got=f"{len(cell)} values")
        value = cell[0]
        if self.form.generation == 4 and self.form.value in value:
            # 4.0 cut such a value at the first separator (5.0 release notes, 7.4).
            raise FormatError(
                "Exchange 4.0 cuts this value; choose another value separator",
                field=column.header,
                expected=f"no {self.form.value!r}",
                got=value,
            )
        if column.account and ("\r" in value or "\n" in value):
            raise FormatError("an account with a line end", field=column.header, expected="DOMAIN\\user", got=value)
        return self._quote(escape(value))

    def _several5(self, cell: Sequence[str], _column: Column) -> str:
        text = self.form.value.join([escape(value, self.form.value) for value in cell])
        blank = any(value != value.strip(" ") for value in cell)
        return self._quote(text, always=blank)

    def _several4(self, cell: Sequence[str], _column: Column) -> str:
        texts = [escape(value) for value in cell]
        special = any(self.form.value in text or self._needs(text) for text in texts)
        return self.form.value.join([self._quote(text, always=special) for text in texts])

    def _needs(self, text: str) -> bool:
        return self.form.column in text or self.form.quote in text or text[:1] == " " or text[-1:] == " "

    def _quote(self, text: str, *, always: bool = False) -> str:
        quote = self.form.quote
        if not always and not self._needs(text):
            return text
        return f"{quote}{text.replace(quote, quote + quote)}{quote}"
