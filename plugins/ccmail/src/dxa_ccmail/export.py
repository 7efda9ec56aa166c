"""The reader of directory exports (``CCMDIR.EXP``) and of everything that has the same form.

An ordinary record is taken apart by one regular expression. Every other run of lines goes through `_lines`, which
knows labels in any case and order, blank lines and unknown labels, and would read the ordinary one in the same way: a
test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

from dxa.bulk import made
from dxa.entry import Reject
from dxa.errors import FormatError
from dxa_ccmail import codepage
from dxa_ccmail.record import FIELDS, LABELS, Found, Labels, Layout, Record, fields_by_label
from dxa_ccmail.runs import CTRL_Z, Batch, batches, label_of, placed

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _ordinary(labels: Labels) -> str:
    """The lines of an ordinary record but for the end of the last one."""
    value = r"(?: ([^\x00-\x1f\x7f]*))?"
    name = rf"{labels.name}: ([^\x00-\x20\x7f][^\x00-\x1f\x7f]*)"
    return rf"{name}\r?\n{labels.locn}: ([A-Za-z])\r?\n{labels.addr}:{value}\r?\n{labels.cmts}:{value}"


class _Line(NamedTuple):
    """A line that is not blank: its number, the field of its label or an empty string, and its bytes."""

    at: int
    field: str
    raw: bytes

    @property
    def value(self) -> bytes:
        """What stands behind the colon, without the one blank that belongs to it."""
        return self.raw.partition(b":")[2].removeprefix(b" ")


class ExportReader:
    """Reads records and keeps count of what it does not know.

    `required` are the fields without which a record is malformed. `unknown` has each label that was met and that is
    none of the known ones, in lower case, with the line where it was first met; lines without a label stand under an
    empty one. They are reported, never fatal (KB Q176375).
    """

    def __init__(
        self,
        *,
        code_page: str = codepage.DEFAULT,
        labels: Labels = LABELS,
        required: Collection[str] = ("name", "locn"),
    ) -> None:
        self.code_page = codepage.code_page(code_page)
        self.labels = labels
        self.required = tuple(field for field in FIELDS if field in required)
        self.unknown: dict[str, int] = {}
        self._ordinary = re.compile(rb"%s[\r\n\x1a]*" % _ordinary(labels).encode("ascii"))
        self._plain = re.compile(rf"^{_ordinary(labels)}\r?\n", re.MULTILINE)
        self._fields = fields_by_label(labels)

    def fresh(self) -> ExportReader:
        """A reader with the same settings that has met nothing yet."""
        return ExportReader(code_page=self.code_page, labels=self.labels, required=self.required)

    def read(self, data: bytes | Iterable[bytes]) -> Iterator[Found | Reject]:
        """Every record of a file, which may come in blocks; a malformed one is a reject, and the rest goes on.

        A file that ends too early is not noticed here: see `dxa_ccmail.ending`.
        """
        for run in placed(batches(data, self.labels.name)):
            yield from self.parse(*run)

    def parse(self, raw: bytes, line: int = 1, offset: int = 0) -> Iterator[Found | Reject]:
        """The records of some whole lines, of which the first has that number and offset."""
        found = self._ordinary.fullmatch(raw)
        if found:
            name, locn, addr, cmts = found.groups(b"")
            page = self.code_page
            try:
                record = Record(name.decode(page), locn.decode(page), addr.decode(page), cmts.decode(page))
            except UnicodeDecodeError:
                record = Record("")
            if record.name.strip():
                yield Found(record, line, offset)
                return
        yield from self._lines(raw, line, offset)

    def plain(self, batch: Batch) -> list[Record] | None:
        """The records of the runs, when all of them are ordinary and without blank lines between them; else None."""
        if not batch.parts or not batch.begin:
            return None if batch.parts else []
        data = batch.begin + (b"\n" + batch.begin).join(batch.parts) + b"\n"
        try:
            text = data.decode(self.code_page)
        except UnicodeDecodeError:
            return None
        rows = self._plain.findall(text)
        # Each match takes four lines, so nothing stands between them when there are no more.
        if not len(rows) == len(batch.parts) == data.count(b"\n") / 4:
            return None
        columns = [*zip(*rows, strict=True)]
        return [*made(Record, *columns, repeat(FIELDS))] if all(map(str.strip, columns[0])) else None

    def _lines(self, raw: bytes, line: int, offset: int) -> Iterator[Found | Reject]:
        """The records of lines of any form."""
        group: list[_Line] = []
        start = offset
        for at, text in enumerate(raw.split(b"\n"), line):
            content = text.strip(b"\r" + CTRL_Z)
            if content.strip(b" \t"):
                field = self._field(content)
                if field == "name":
                    if group:
                        yield self._record(group, start)
                    group, start = [], offset
                elif not group:
                    start = offset
                group.append(_Line(at, field, content))
            offset += len(text) + 1
        if group:
            yield self._record(group, start)

    def _field(self, line: bytes) -> str:
        label, colon, _ = line.partition(b":")
        return self._fields.get(label.strip(b" \t").lower(), "") if colon else ""

    def _record(self, group: list[_Line], offset: int) -> Found | Reject:
        at = group[0].at
        try:
            return Found(self._checked(group), at, offset)
        except FormatError as error:
            raw = codepage.shown(b"\r\n".join(line.raw for line in group), self.code_page)
            where = f"line {error.line}: " if error.line != at else ""
            return Reject(0, at, raw, 0, f"{where}{error.reason}")

    def _checked(self, group: list[_Line]) -> Record:
        if group[0].field != "name":
            raise FormatError(f"text before the first {self.labels.name}", line=group[0].at)
        values: dict[str, str] = {}
        layout: list[str | bytes] = []
        for line in group:
            if not line.field:
                self._unknown(line)
                layout.append(line.raw)
            elif line.field in values:
                raise FormatError(f"{self._label(line.field)} stands twice", line=line.at)
            else:
                values[line.field] = self._decoded(line)
                layout.append(line.field)
        if not values["name"].strip():
            raise FormatError("a blank name", line=group[0].at)
        for field in self.required:
            if field not in values:
                raise FormatError(f"a record without {self._label(field)}", line=group[0].at)
        standard: Layout = tuple(layout)
        return Record(**values, layout=FIELDS if standard == FIELDS else standard)

    def _decoded(self, line: _Line) -> str:
        try:
            value = codepage.decode(line.value, self.code_page)
        except FormatError as error:
            raise FormatError(f"{self._label(line.field)}: {error.reason} {self.code_page}", line=line.at) from None
        # A comment is only ever shown and written back; what decides over entries has no room for a control character.
        if line.field != "cmts" and CONTROL.search(value):
            raise FormatError(f"{self._label(line.field)}: a control character", line=line.at)
        return value

    def _unknown(self, line: _Line) -> None:
        self.unknown.setdefault(label_of(line.raw).lower(), line.at)

    def _label(self, field: str) -> str:
        return str(getattr(self.labels, field))


def rejected_name(reject: Reject, labels: Labels = LABELS) -> str:
    """The name in a record that was rejected, as far as it can be read; ``""`` when there is none.

    Who compares two exports must not take an entry for deleted whose record is only damaged.
    """
    label, colon, value = reject.raw.partition("\r\n")[0].partition(":")
    return value.strip() if colon and label.strip().lower() == labels.name.lower() else ""
