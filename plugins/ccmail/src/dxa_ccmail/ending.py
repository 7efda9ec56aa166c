"""Whether an export ends where a record ends.

Nothing in the format says how many records there are, so a file that was cut shows it only by how it ends. A cut
inside a record is found here. One between two records is not to be seen in the file: who compares it with the export
before finds entries missing all at its end (`dxa_ccmail.rawdiff`, and `Found.offset` for others).
"""

from __future__ import annotations

from collections.abc import Sequence

from dxa.errors import FormatError
from dxa_ccmail.record import LABELS, Labels, fields_by_label
from dxa_ccmail.runs import CTRL_Z, label_of

#: How much of the end is looked at: enough for a hundred records to compare the last one with.
TAIL = 16_384


def check_end(data: bytes, labels: Labels = LABELS) -> None:
    """Whether a file ends with a whole record; only its last `TAIL` bytes are looked at.

    The last line must be ended, and the last record must have what all others have; one that is alone must have all
    fields.

    Raises:
        FormatError: when the file is empty or was cut, with the offset of its end.
    """
    size = len(data)
    tail = data[-TAIL:]
    text = tail.rstrip(CTRL_Z)
    if not text.strip():
        raise FormatError("the export is empty", offset=size)
    if len(text) == len(tail) and not text.endswith(b"\n"):
        got = tail[tail.rfind(b"\n") + 1 :].decode("ascii", "backslashreplace")
        raise FormatError("the export ends inside a line", offset=size, expected="CR LF", got=got)
    _check_record(_records(text, fields_by_label(labels), whole=len(tail) == size), labels, size)


def _check_record(records: Sequence[Sequence[str]], labels: Labels, end: int) -> None:
    if not records:
        raise FormatError("the export holds no record", offset=end, expected=labels.name)
    *others, last = records
    fields = fields_by_label(labels)
    missing = (set.intersection(*map(set, others)) if others else {key.decode() for key in fields}) - set(last)
    # A label that others have, but never as their last, is followed by more; one that nobody else has may be the last.
    endings = {record[-1] for record in others}
    goes_on = last[-1] not in endings and any(last[-1] in record for record in others)
    if missing or goes_on:
        got = f"{len(last)} lines, the last of them {last[-1] or 'without a label'}"
        expected = ", ".join(sorted(missing or endings))
        raise FormatError("the export ends inside a record", offset=end, expected=expected, got=got)


def _records(text: bytes, fields: dict[bytes, str], *, whole: bool) -> list[list[str]]:
    """The labels of the records at the end, in lower case; the first record of a part of a file may lack its begin."""
    records: list[list[str]] = []
    for line in text.split(b"\n"):
        content = line.strip(b"\r\x1a \t")
        if not content:
            continue
        key = label_of(content).lower()
        if fields.get(key.encode()) == "name":
            records.append([])
        if records:
            records[-1].append(key)
    return records if whole or len(records) < 2 else records[1:]
