"""The writer of records: CR LF at the end of each line, ``Label: value``, ``Label:`` when the value is empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dxa.errors import FormatError
from dxa_ccmail import codepage
from dxa_ccmail.export import CONTROL
from dxa_ccmail.record import FIELDS, LABELS, Labels, Record
from dxa_ccmail.runs import CTRL_Z

LINE_END = b"\r\n"


def write(
    records: Iterable[Record], *, code_page: str = codepage.DEFAULT, labels: Labels = LABELS, end_mark: bool = False
) -> bytes:
    """The canonical text of the records, which `dxa_ccmail.export` reads as the same records.

    With `end_mark` a Ctrl-Z stands at the end. Unknown lines are written as they were read.

    Raises:
        FormatError: when a value cannot stand on one line or in the code page, with the name of the record.
    """
    text = b"".join(blocks(records, code_page=code_page, labels=labels))
    return text + CTRL_Z if end_mark else text


def blocks(records: Iterable[Record], *, code_page: str = codepage.DEFAULT, labels: Labels = LABELS) -> Iterator[bytes]:
    """The same text record by record; raises `FormatError` as `write` does."""
    page = codepage.code_page(code_page)
    names = {field: str(getattr(labels, field)) for field in FIELDS}
    for record in records:
        if not record.name.strip():
            raise FormatError("a record without a name", field=names["name"], got=record.name)
        yield b"".join(_lines(record, page, names))


def _lines(record: Record, page: str, names: dict[str, str]) -> Iterator[bytes]:
    fields = set(record.layout)
    for part in (*record.layout, *(field for field in FIELDS if field not in fields and getattr(record, field))):
        if isinstance(part, bytes):
            yield part + LINE_END
        else:
            yield _line(record, part, page, names[part]) + LINE_END


def _line(record: Record, field: str, page: str, label: str) -> bytes:
    value = str(getattr(record, field))
    broken = {"\r", "\n", "\x1a"} & set(value) if field == "cmts" else CONTROL.search(value)
    if broken:
        raise FormatError(f"a control character in {label} of {record.name!r}", field=label, got=value)
    try:
        return codepage.encode(f"{label}: {value}" if value else f"{label}:", page)
    except FormatError as error:
        reason = f"{error.reason}, in {label} of {record.name!r}"
        raise FormatError(reason, field=label, expected=page, got=value) from None
