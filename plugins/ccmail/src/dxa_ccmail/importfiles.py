"""Import files: ``CCMDIR.IMP`` with what is added or changed, ``CCMDEL.IMP`` with what is deleted.

They have the form of an export: Lotus tells administrators to export, edit the text, and import it again (Domino 6
Administrator help, cc:Mail MTA and ADE). IMPORT adds an entry or changes the one of that name. Deletes have a file and
a run of their own, before the adds (KB Q295753).

No source says how a delete is marked, so that is a strategy, chosen in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple, Protocol

import attrs

from dxa.entry import Reject
from dxa_ccmail import codepage
from dxa_ccmail.export import ExportReader
from dxa_ccmail.exportwrite import write
from dxa_ccmail.names import fold
from dxa_ccmail.record import LABELS, Found, Labels, Layout, Record, rank
from dxa_ccmail.runs import label_of


class Action(Enum):
    """What IMPORT does with a record."""

    UPSERT = "upsert"
    DELETE = "delete"


class Instruction(NamedTuple):
    """One record of an import file and what is to be done with it."""

    action: Action
    record: Record
    line: int


class DeleteMarking(Protocol):
    """How a delete is told from an add."""

    @property
    def needs_delete_run(self) -> bool:
        """Whether IMPORT must be run in a mode of its own for the file of deletes."""

    def mark(self, record: Record) -> Record:
        """The record as it stands in the file of deletes."""

    def read(self, record: Record, *, delete_run: bool) -> tuple[Action, Record]:
        """What a record of an import file asks for, and the record without the mark."""


def _bare(record: Record) -> Record:
    """The record with its name only: what a delete must have at least."""
    return Record(record.name, layout=("name",))


@attrs.frozen(kw_only=True)
class DeleteRun:
    """Deletes are plain records in a file for an IMPORT run in delete mode; the likelier answer to an open question.

    With `name_only` a record has no other line than its name.
    """

    name_only: bool = False
    needs_delete_run: bool = attrs.field(default=True, init=False)

    def mark(self, record: Record) -> Record:
        """The record itself: its file is the mark."""
        return _bare(record) if self.name_only else record

    def read(self, record: Record, *, delete_run: bool) -> tuple[Action, Record]:
        """A delete in a run of deletes."""
        return (Action.DELETE if delete_run else Action.UPSERT), record


def _plain_label(_instance: object, attribute: attrs.Attribute[str], value: str) -> None:
    if label_of(f"{value}:".encode()) != value:
        raise ValueError(f"{attribute.name}: {value!r} cannot be a label")


@attrs.frozen(kw_only=True)
class DeleteLabel:
    """A delete is told by a line inside the record, behind its name; its label and value are configuration."""

    label: str = attrs.field(default="Action", validator=_plain_label)
    value: str = "Delete"
    name_only: bool = False
    needs_delete_run: bool = attrs.field(default=False, init=False)

    def mark(self, record: Record) -> Record:
        """The record with the line that deletes it."""
        line = f"{self.label}: {self.value}".encode("ascii")
        layout = ("name",) if self.name_only else record.layout
        return (_bare(record) if self.name_only else record)._replace(layout=(layout[0], line, *layout[1:]))

    def read(self, record: Record, *, delete_run: bool) -> tuple[Action, Record]:
        """A delete where the line stands, in whatever run."""
        marks = [part for part in record.layout if isinstance(part, bytes) and self._is_mark(part)]
        if not marks:
            return Action.UPSERT, record
        layout: Layout = tuple(part for part in record.layout if part not in marks)
        return Action.DELETE, record._replace(layout=layout)

    def _is_mark(self, line: bytes) -> bool:
        value = line.partition(b":")[2].strip().decode("ascii", "backslashreplace")
        return label_of(line).lower() == self.label.lower() and value.lower() == self.value.lower()


#: The ways of marking that a configuration can name.
MARKINGS: dict[str, type[DeleteRun] | type[DeleteLabel]] = {"run": DeleteRun, "label": DeleteLabel}


def in_order(records: Iterable[Record]) -> list[Record]:
    """Post offices, then users, then aliases, by name in each group, so that nothing names what is not there yet."""
    return sorted(records, key=lambda record: (rank(record), fold(record.name)))


def write_adds(
    records: Iterable[Record], *, code_page: str = codepage.DEFAULT, labels: Labels = LABELS, end_mark: bool = False
) -> bytes:
    """The text of ``CCMDIR.IMP``; without records it is empty. Raises `FormatError` as the writer of exports does."""
    ordered = in_order(records)
    return write(ordered, code_page=code_page, labels=labels, end_mark=end_mark) if ordered else b""


def write_deletes(
    records: Iterable[Record],
    marking: DeleteMarking,
    *,
    code_page: str = codepage.DEFAULT,
    labels: Labels = LABELS,
    end_mark: bool = False,
) -> bytes:
    """The text of ``CCMDEL.IMP``: in the reverse order, aliases first; raises `FormatError`."""
    ordered = [marking.mark(record) for record in reversed(in_order(records))]
    return write(ordered, code_page=code_page, labels=labels, end_mark=end_mark) if ordered else b""


def read_import(
    data: bytes | Iterable[bytes],
    marking: DeleteMarking,
    *,
    delete_run: bool,
    code_page: str = codepage.DEFAULT,
    labels: Labels = LABELS,
) -> Iterator[Instruction | Reject]:
    """What an import file asks for, record by record, as a program reads it that is run for deletes or not.

    A record to be added must have a Locn; one to be deleted needs its name only.
    """
    reader = ExportReader(code_page=code_page, labels=labels, required=("name",))
    for row in reader.read(data):
        yield _instruction(row, marking, delete_run, labels) if isinstance(row, Found) else row


def _instruction(row: Found, marking: DeleteMarking, delete_run: bool, labels: Labels) -> Instruction | Reject:
    action, record = marking.read(row.record, delete_run=delete_run)
    if action is Action.UPSERT and not record.locn:
        return Reject(0, row.line, record.name, 0, f"a record without {labels.locn}")
    return Instruction(action, record, row.line)
