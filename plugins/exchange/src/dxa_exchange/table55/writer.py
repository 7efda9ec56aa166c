"""Writes a file: a header, and a line for each object."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence

import attrs

from dxa.errors import FormatError
from dxa_exchange.directory import Record
from dxa_exchange.table55 import columns
from dxa_exchange.table55.columns import COLUMNS, Columns
from dxa_exchange.table55.encoding import DEFAULT, UTF16, code_page, encode
from dxa_exchange.table55.form import Form
from dxa_exchange.table55.line import Line
from dxa_exchange.table55.quoting import Joiner

END = "\r\n"


def _page(name: str) -> str:
    return code_page(name or DEFAULT)


@attrs.frozen(kw_only=True)
class Layout:
    """How a file is written: its columns, separators and code page (``utf-16`` writes Unicode with its mark).

    Raises:
        ValueError: for an unknown code page.
    """

    names: tuple[str, ...]
    form: Form = attrs.field(factory=Form)
    code_page: str = attrs.field(default=DEFAULT, converter=_page)
    table: Columns = COLUMNS

    @property
    def has_mode(self) -> bool:
        """Whether lines say what is to be done."""
        return columns.MODE in self.names


def write(lines: Iterable[Line], layout: Layout) -> Iterator[bytes]:
    """The bytes of a file, a line at a time.

    Raises:
        FormatError: for an object that the file cannot hold, with the line that it would have: a value for which there
            is no column, several values in a column of one, characters that the code page lacks (167).
    """
    joiner = Joiner(layout.form, [layout.table.get(name) for name in layout.names])
    mark = codecs.BOM_UTF16_LE if layout.code_page == UTF16 else b""
    yield mark + encode(header_text(layout) + END, layout.code_page)
    for number, line in enumerate(lines, 2):
        yield _line(line, number, layout, joiner)


def write_line(line: Line, layout: Layout, number: int = 0) -> bytes:
    """One line alone, as `write` has it; to try whether a file can hold an object."""
    return _line(line, number, layout, Joiner(layout.form, [layout.table.get(name) for name in layout.names]))


def header_text(layout: Layout) -> str:
    """The header without its end."""
    single = [attrs.evolve(layout.table.get(name), multi=False) for name in layout.names]
    return Joiner(layout.form, single).join([[name] for name in layout.names])


def columns_of(lines: Iterable[Line], *, mode: bool = True) -> tuple[str, ...]:
    """The columns that hold everything of some lines, the usual ones first."""
    names: dict[str, str] = {name.casefold(): name for name in _first(mode)}
    for line in lines:
        for name in line.record.attributes:
            names.setdefault(name.casefold(), name)
    return tuple(names.values())


def _first(mode: bool) -> Sequence[str]:
    return (columns.CLASS, *([columns.MODE] if mode else []), columns.DIRECTORY_NAME, columns.CONTAINER)


def _line(line: Line, number: int, layout: Layout, joiner: Joiner) -> bytes:
    try:
        text = joiner.join(list(_cells(line, layout)))
        return encode(text + END, layout.code_page)
    except FormatError as error:
        name = line.record.text(columns.DIRECTORY_NAME) or line.record.dn
        raise FormatError(
            f"{error.reason} ({name})",
            line=number,
            field=error.field,
            expected=error.expected,
            got=error.got,
            code=error.code,
        ) from None


def _cells(line: Line, layout: Layout) -> Iterator[Sequence[str]]:
    found = {name.casefold(): (name, values) for name, values in line.record.attributes.items()}
    for name in layout.names:
        folded = name.casefold()
        _, values = found.pop(folded, ("", []))
        if folded == columns.CLASS.casefold():
            yield [line.kind]
        elif folded == columns.MODE.casefold():
            yield [line.mode.value]
        else:
            yield _texts(name, values)
    for name, values in found.values():
        if values and name.casefold() != columns.CLASS.casefold():
            raise FormatError(
                "a value for which there is no column", field=name, expected=", ".join(layout.names), got=str(values[0])
            )


def _texts(name: str, values: Sequence[str | bytes]) -> Sequence[str]:
    for value in values:
        if not isinstance(value, str):
            raise FormatError("a value that is no text", field=name, expected="text", got=value.hex())
        if any(char < " " and char not in "\t\r\n" for char in value):
            raise FormatError("a control character", field=name, expected="text", got=value)
        if not value:
            raise FormatError(
                "an empty value, which would mean nothing", field=name, expected="text, or no value", got=""
            )
    return values  # type: ignore[return-value]


def of_record(record: Record) -> str:
    """The class of a record that has a column of classes; ``Mailbox`` when it has none."""
    return columns.class_of(record.text(columns.CLASS)) or columns.MAILBOX
