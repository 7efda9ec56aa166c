"""A whole export read at once: its records by name, and small questions about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import attrs

from dxa.entry import Reject
from dxa_ccmail.ending import TAIL
from dxa_ccmail.export import ExportReader
from dxa_ccmail.listing import repeated
from dxa_ccmail.names import fold
from dxa_ccmail.record import Found, Record, by_name
from dxa_ccmail.runs import Batch, batches, placed


@attrs.frozen(kw_only=True)
class Read:
    """The records by folded name, in the order of the file.

    `rejects` are those that cannot be read, `twice` those whose name stands there already, `unknown` the labels that
    nobody knows with the line where each was met first.
    """

    entries: Mapping[str, Record]
    rejects: Sequence[Reject] = ()
    twice: Sequence[Reject] = ()
    unknown: Mapping[str, int] = attrs.field(factory=dict)

    @property
    def count(self) -> int:
        """How many records there are, readable or not."""
        return len(self.entries) + len(self.rejects) + len(self.twice)


def read_all(data: bytes, reader: ExportReader) -> Read:
    """All records of an export."""
    parts = list(batches(data, reader.labels.name))
    return _plain(parts, reader) or _careful(parts, reader.fresh())


def _plain(parts: Sequence[Batch], reader: ExportReader) -> Read | None:
    """The records, if all of them are ordinary ones with different names."""
    entries: dict[str, Record] = {}
    count = 0
    for batch in parts:
        plain = reader.plain(batch)
        if plain is None:
            return None
        entries |= by_name(plain)
        count += len(plain)
    return Read(entries=entries) if len(entries) == count else None


def _careful(parts: Sequence[Batch], reader: ExportReader) -> Read:
    entries: dict[str, Found] = {}
    rejects, twice = list[Reject](), list[Reject]()
    for run in placed(parts):
        for row in reader.parse(*run):
            if isinstance(row, Reject):
                rejects.append(row)
            elif (first := entries.setdefault(fold(row.record.name), row)) is not row:
                twice.append(repeated(row, first.line))
    records = {key: found.record for key, found in entries.items()}
    return Read(entries=records, rejects=rejects, twice=twice, unknown=dict(reader.unknown))


def names_in(data: bytes, reader: ExportReader) -> Iterator[str]:
    """The names of all records, also of those that cannot be read otherwise."""
    label = re.escape(reader.labels.name.encode("ascii"))
    # The second pattern is for labels in another case or place, and much slower.
    quick = re.findall(rb"^%s: ([^\r\n]*)" % label, data, re.MULTILINE)
    if len(quick) < data.lower().count(reader.labels.name.lower().encode("ascii") + b":"):
        quick = re.findall(rb"^[ \t\x1a]*%s[ \t]*:([^\r\n]*)" % label, data, re.MULTILINE | re.IGNORECASE)
    for name in quick:
        yield name.decode(reader.code_page, "backslashreplace").strip()


def last_names(data: bytes, reader: ExportReader) -> list[str]:
    """The folded names of the last records, as far as they can be read."""
    tail = data[-TAIL:]
    rows = reader.fresh().read(tail[tail.find(b"\n") + 1 :] if len(tail) < len(data) else tail)
    return [fold(row.record.name) for row in rows if isinstance(row, Found)]
