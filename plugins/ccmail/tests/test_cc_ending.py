import random

import pytest

from dxa.errors import FormatError
from dxa_ccmail.ending import check_end
from dxa_ccmail.export import ExportReader
from dxa_ccmail.exportwrite import write
from dxa_ccmail.record import FIELDS, Found, Layout, Record


def export(size: int, layout: Layout = FIELDS, blank: bytes = b"") -> bytes:
    """An export of about that many bytes, whose values have any length."""
    chance, rows, length = random.Random(4), [], 0
    while length < size:
        addr, cmts = "PO1 " + "a" * chance.randrange(20), "c" * chance.randrange(40) * chance.randrange(2)
        row = write([Record(f"User{len(rows)}, {'x' * chance.randrange(9)}", "r", addr, cmts, layout)])
        rows.append(row + blank * chance.randrange(3))
        length += len(rows[-1])
    return b"".join(rows)


def refused(data: bytes) -> bool:
    """Whether the export is told to be cut."""
    try:
        check_end(data)
    except FormatError:
        return True
    return False


def boundaries(data: bytes) -> set[int]:
    """Where a file may end without a record being cut: behind each record, and each blank line after it."""
    ends, at = set[int](), 0
    for row in ExportReader().read(data):
        assert isinstance(row, Found)
        ends.add(row.offset)
    for line in data.splitlines(keepends=True):
        at += len(line)
        if not line.strip():
            ends |= {at - len(line), at}
    return (ends | {len(data)}) - {0}


LAYOUTS = [(FIELDS, b""), (FIELDS, b"\r\n"), ((*FIELDS, b"Lang: 1", b"Hidn: N"), b"")]


@pytest.mark.cc("T37")
@pytest.mark.parametrize(("layout", "blank"), LAYOUTS)
def test_every_cut_in_the_last_part_is_found(layout: Layout, blank: bytes) -> None:
    """Of all files that are the beginning of an export, exactly those that end with a record are taken."""
    data = export(8_000, layout, blank)
    whole = boundaries(data)
    cuts = range(len(data) - 4_096, len(data) + 1)

    assert [end for end in cuts if end not in whole] == [end for end in cuts if refused(data[:end])]


@pytest.mark.cc("T37")
def test_every_cut_at_the_beginning_is_found() -> None:
    """A file of a few records is no exception: the first record must have all fields."""
    data = export(600)
    whole = boundaries(data)

    assert [end for end in range(601) if end not in whole] == [end for end in range(601) if refused(data[:end])]


@pytest.mark.sweep
@pytest.mark.cc("T37")
@pytest.mark.parametrize(("layout", "blank"), LAYOUTS)
def test_every_cut_of_a_long_export_is_found(layout: Layout, blank: bytes) -> None:
    """The same for every byte of 200 kB behind the first record, which nothing can be compared with."""
    data = export(200_000, layout, blank)
    whole = boundaries(data)
    cuts = range(min(whole), len(data) + 1)

    assert [end for end in cuts if end not in whole] == [end for end in cuts if refused(data[:end])]


@pytest.mark.cc("T37")
@pytest.mark.parametrize("data", [b"", b"\r\n", b"\x1a", b" \r\n\x1a", b"no export at all\r\n"])
def test_an_export_without_a_record_is_refused(data: bytes) -> None:
    """An empty list must not delete everybody."""
    assert refused(data)


def test_ctrl_z_ends_a_line() -> None:
    """A file that ends with Ctrl-Z was written to its end, whether the last line has its CR LF or not."""
    data = write([Record("Ann", "L", cmts="x")])

    assert not refused(data + b"\x1a")
    assert not refused(data.removesuffix(b"\r\n") + b"\x1a")
    assert refused(data.removesuffix(b"Cmts: x\r\n") + b"\x1a")


def test_labels_that_some_records_have() -> None:
    """A last record may lack what only some others have, and may have a label of its own."""
    one, other = Record("Ann", "L"), Record("Bob", "L", layout=(*FIELDS, b"Hidn: Y"))

    assert not refused(write([one, other, one]))
    assert not refused(write([one, other]))
    assert not refused(write([one, one._replace(layout=(*FIELDS, b"odd line"))]))
    assert refused(write([other, other._replace(layout=FIELDS)]))


def test_what_is_told_of_a_cut() -> None:
    """The error says where the file ends, what is there, and what should be."""
    data = write([Record("Ann", "L"), Record("Bob", "L", "PO1")])
    with pytest.raises(FormatError) as line:
        check_end(data[:-3])
    with pytest.raises(FormatError) as record:
        check_end(data[: -len("Cmts:\r\n")])

    assert f"offset {len(data) - 3}: the export ends inside a line: expected CR LF, got 'Cmts'" == str(line.value)
    assert "the export ends inside a record: expected cmts, got '3 lines, the last of them addr'" in str(record.value)
