"""Reads a file as it comes, line by line; a line that cannot be read never stops the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from dxa.errors import FormatError
from dxa_exchange.directory import Bad, Record, Values
from dxa_exchange.table55 import columns
from dxa_exchange.table55.columns import COLUMNS, Column, Columns, class_of
from dxa_exchange.table55.encoding import Lines, Text
from dxa_exchange.table55.events import Event, advice
from dxa_exchange.table55.form import Form
from dxa_exchange.table55.line import MODES, Line, Mode, path
from dxa_exchange.table55.quoting import Splitter


@attrs.frozen(kw_only=True)
class Header:
    """The first line: the columns as they are named there, and the separator that it shows."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    form: Form
    text: str

    @property
    def has_mode(self) -> bool:
        """Whether lines say what is to be done; without, the file is an export, or updates."""
        return len(self.names) > 1 and self.names[1].casefold() == columns.MODE.casefold()

    def unknown(self, table: Columns = COLUMNS) -> list[str]:
        """Names that the table of columns lacks; they are read as columns of one value."""
        return [name for name in self.names if table.find(name) is None]


class TableReader:
    """The objects of a file, in their order.

    Args:
        chunks: its bytes, in pieces of any size.
        form: separators; the column separator that the header shows counts more (KB Q152472).
        code_page: of a file that is not Unicode; named, it refuses one that is (208). Empty is cp1252.
        base: see `dxa_exchange.table55.line.path`.
        container: likewise.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        *,
        form: Form | None = None,
        code_page: str = "",
        base: str = "",
        container: str = "Recipients",
        table: Columns = COLUMNS,
    ) -> None:
        self._lines = Lines(chunks, code_page)
        self._rows = iter(self._lines)
        self._base, self._container = base, container
        self._header = read_header(self._rows, form or Form(), table)
        self._splitter = Splitter(self._header.form, self._header.columns)
        self._has_mode = self._header.has_mode

    @property
    def header(self) -> Header:
        """The first line."""
        return self._header

    @property
    def encoding(self) -> str:
        """The codec of the file."""
        return self._lines.encoding

    @property
    def ended(self) -> bool:
        """Whether the last line that was read had an end; a file that was cut may have none."""
        return self._lines.ended

    def __iter__(self) -> Iterator[Line | Bad]:
        for row in self._rows:
            if row.fault is not None:
                yield bad(row.fault, row)
            elif row.text.strip():
                try:
                    yield self._read(row)
                except FormatError as error:
                    yield bad(error, row)

    def _read(self, row: Text) -> Line:
        header = self._header
        cells, dropped = self._splitter.split(row.text)
        found: dict[str, Values] = {name: [*cell] for name, cell in zip(header.names, cells, strict=True) if cell}
        mode = Mode.UPDATE
        if self._has_mode:
            mode = _mode("".join(cells[1]))
            found.pop(header.names[1], None)
        kind = class_of("".join(cells[0]))
        if not kind:
            raise FormatError(
                "an object without a class", field=columns.CLASS, expected="Mailbox, Remote, DL ...", got=""
            )
        record = Record("", found)
        record = record._replace(dn=path(record, self._base, self._container))
        warnings = tuple(self._dropped(row, name) for name in dropped)
        if "#" in row.text and ")" in row.text:
            warnings += tuple(_pointers(row, record))
        return Line(row.line, kind, mode, record, row.text, warnings)

    def _dropped(self, row: Text, name: str) -> Bad:
        reason = f"a backslash was dropped{advice(Event.BACKSLASH)}"
        return Bad(row.line, name, reason, row.text, int(Event.BACKSLASH))


#: How migration files point to a secondary file; that Directory Import does it likewise is a guess.
_POINTER = re.compile(r"#[^#() ]+\([0-9]+\)")


def _pointers(row: Text, record: Record) -> Iterator[Bad]:
    for name in record.attributes:
        found = next(filter(_POINTER.fullmatch, record.texts(name)), "")
        if found:
            reason = f"{found!r} seems to point to a side file{advice(Event.SIDE_FILE)}"
            yield Bad(row.line, name, reason, row.text, int(Event.SIDE_FILE))


def read(chunks: Iterable[bytes], *, form: Form | None = None, code_page: str = "") -> Iterator[Line | Bad]:
    """The objects of a file; see `TableReader`. Raises `FormatError` for a header that cannot be used."""
    yield from TableReader(chunks, form=form, code_page=code_page)


def bad(error: FormatError, row: Text) -> Bad:
    """A line that was put aside."""
    detail = f": expected {error.expected}, got {error.got!r}" if error.expected else ""
    return Bad(row.line, error.field, f"{error.reason}{detail}{advice(error.code)}", row.text, int(error.code))


def read_header(rows: Iterator[Text], form: Form, table: Columns) -> Header:
    """The first line that is not blank.

    Raises:
        FormatError: when ``Obj-Class`` is not its first name, ``Mode`` is elsewhere than second, or a name is missing
            or twice there.
    """
    row = next((row for row in rows if row.text.strip() or row.fault), None)
    if row is None:
        raise FormatError("an empty file", line=1, field="header", expected=f"{columns.CLASS} first", got="")
    if row.fault is not None:
        raise row.fault
    form = _shown(row.text, form)
    names = _names(row, form)
    if names[0].casefold() != columns.CLASS.casefold():
        raise _wrong(row, "another first column", names[0], f"{columns.CLASS} first")
    seen: dict[str, int] = {}
    for at, name in enumerate(names):
        if not name:
            raise _wrong(row, "a column without a name", f"column {at + 1}", "a name; take empty columns away")
        if seen.setdefault(name.casefold(), at) != at:
            raise _wrong(row, "a column that is there twice", name, "each column once")
    if seen.get(columns.MODE.casefold(), 1) != 1:
        raise _wrong(row, "a misplaced column", columns.MODE, f"{columns.MODE} second")
    return Header(names=names, columns=tuple(map(table.get, names)), form=form, text=row.text)


def _shown(text: str, form: Form) -> Form:
    """The form with the column separator that stands behind the first name."""
    rest = text.strip().removeprefix(form.quote)
    behind = rest[len(columns.CLASS) :].removeprefix(form.quote).lstrip(" ")[:1]
    if not rest.casefold().startswith(columns.CLASS.casefold()) or behind in ("", form.column, "-"):
        return form
    try:
        return attrs.evolve(form, column=behind)
    except ValueError:
        return form


def _names(row: Text, form: Form) -> tuple[str, ...]:
    unnamed = [Column(header=f"column {at + 1}", schema="") for at in range(row.text.count(form.column) + 1)]
    try:
        cells = Splitter(form, unnamed).split(row.text).values
    except FormatError as error:
        raise FormatError(
            error.reason, line=row.line, field="header", expected=error.expected, got=error.got, code=error.code
        ) from None
    return tuple("".join(cell).strip() for cell in cells)


def _wrong(row: Text, reason: str, got: str, expected: str) -> FormatError:
    return FormatError(reason, line=row.line, field="header", expected=expected, got=got)


def _mode(text: str) -> Mode:
    """What is to be done; an empty cell updates."""
    if not text.strip():
        return Mode.UPDATE
    try:
        return MODES[text.strip().casefold()]
    except KeyError:
        words = ", ".join(mode.value for mode in Mode)
        raise FormatError("an unknown mode", field=columns.MODE, expected=words, got=text) from None


def lines_of(items: Iterable[Line | Bad]) -> tuple[Sequence[Line], Sequence[Bad]]:
    """What was read, and what was put aside."""
    lines, bads = list[Line](), list[Bad]()
    for item in items:
        lines.append(item) if isinstance(item, Line) else bads.append(item)
    return lines, bads
