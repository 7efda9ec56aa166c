"""Queues: records, bad ones, and their way to transactions and back."""

import struct
from binascii import crc_hqx

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import FormatError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.importlines import Template
from dxa_msmail.postoffice import layout, queue
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.queue import QueueRecord
from dxa_msmail.subjects import Numbers

TYPES = AddressTypes(ADDRESS_TYPES)
ANN = QueueRecord(7, 1_000, "A Ann\tPCM:NET/PO/ANN\r\n- Phone:/1")
BO = QueueRecord(8, 2_000, "D Bö\tPCM:NET/PO/BO")

CP850 = bytes(range(1, 256)).decode("cp850")
RECORDS = st.lists(
    st.builds(
        QueueRecord,
        st.integers(0, queue.HIGHEST),
        st.integers(0, 2**32 - 1),
        st.text(st.sampled_from(CP850), max_size=90),
    ),
    max_size=8,
)


def entry(name: str, fields: tuple[tuple[str, str], ...] = ()) -> Entry:
    """An entry of NET/PO."""
    return Entry(f"MS:net/po/{name.casefold()}", "MS", "NET/PO", name, f"NET/PO/{name.upper()}", fields)


# -- bytes ---------------------------------------------------------------------------------------------------------


def test_a_record_byte_by_byte() -> None:
    """A head of 24 bytes (CRC, its size, our mark, length, time, number), the text in code page 850, a NUL."""
    text = "D Bö\tPCM:NET/PO/BO".encode("cp850") + b"\0"
    rest = struct.pack("<H4sIIQ", 24, b"DXA1", len(text), 2_000, 8) + text

    assert struct.pack("<H", crc_hqx(rest, 0)) + rest == queue.write_queue([BO])


def test_the_documented_head_is_the_one_that_is_used() -> None:
    """The table on the format's page reads what `write_queue` writes."""
    data = queue.write_queue([BO])
    head = layout.decode(queue.QueueHead, data)

    assert (8, 2_000, 24, len(data) - 24) == (head.number, head.stamp, head.head, head.length)
    assert data[:24] == layout.encode(head)


@given(RECORDS)
def test_round_trip(records: list[QueueRecord]) -> None:
    """What is written is read, with every character of the code page; nothing is an empty file."""
    data = queue.write_queue(records)
    found = queue.read_queue(data)

    assert (records, []) == (found.records, found.bad)
    assert bool(records) == bool(data) == queue.is_queue(data)
    assert max((record.number for record in records), default=0) == found.last_number


def test_the_dummy_has_49_bytes() -> None:
    """KB Q133428: what an acknowledgement leaves of REQTRANS; PODIAG's has 60 (KB Q110496). Both only keep a number."""
    podiag = QueueRecord(17, 0, "# Dummy record installed by PODIAG.")

    assert 49 == len(queue.write_queue([queue.dummy(17, 0)]))
    assert 60 == len(queue.write_queue([podiag]))
    for record in (queue.dummy(17, 0), podiag):
        found = queue.read_queue(queue.write_queue([record]))
        assert 17 == found.last_number
        assert [] == queue.transactions(found.records, TYPES).transactions


@pytest.mark.parametrize(
    ("at", "data", "reason"),
    [
        (0, b"\0\0", "crc"),
        (2, b"\x19", "head"),
        (4, b"MAIL", "mark: expected b'DXA1'"),
        (8, b"\xff\xff", "length: expected 1 to the 19 bytes"),
        (8, b"\0\0\0\0", "length"),
        (16, b"\xff\xff\xff\xff", "crc"),
        (20, b"\xff\xff\xff\xff", "number: expected up to ten digits"),
        (24, b"A", "crc"),
    ],
)
def test_a_bad_record_ends_the_queue(at: int, data: bytes, reason: str) -> None:
    """It is reported with its place and what is wrong; the records before it count."""
    whole = bytearray(queue.write_queue([ANN, BO]))
    begin = len(queue.write_queue([ANN]))
    whole[begin + at : begin + at + len(data)] = data
    found = queue.read_queue(bytes(whole), "GLB/SRVTRANS.GLB")

    assert [ANN] == found.records
    assert [(1, begin)] == [(bad.index, bad.offset) for bad in found.bad]
    assert f"GLB/SRVTRANS.GLB: possible database corruption: record 1 at byte {begin}, {reason}" in found.bad[0].reason


@pytest.mark.parametrize("text", [b"# no end", b"# two\0ends\0"])
def test_a_text_without_its_end(text: bytes) -> None:
    """A text has one NUL, and that is its last byte, even when the checksum matches."""
    rest = struct.pack("<H4sIIQ", 24, b"DXA1", len(text), 0, 1) + text
    found = queue.read_queue(struct.pack("<H", crc_hqx(rest, 0)) + rest)

    assert (0, 0) == (found.bad[0].index, found.bad[0].offset)
    assert "text: expected one NUL, at its end" in found.bad[0].reason


@pytest.mark.dx("T-074")
@given(RECORDS, st.data())
def test_a_queue_cut_or_changed_anywhere(records: list[QueueRecord], data: st.DataObject) -> None:
    """Whatever happens to the bytes, the records before the damage are read, and no others are made up."""
    whole = queue.write_queue(records)
    at = data.draw(st.integers(0, len(whole)))
    changed = data.draw(st.sampled_from([whole[:at], whole[:at] + b"\x5a" + whole[at + 1 :]]))
    found = queue.read_queue(changed)
    sound = [n for n in range(len(records) + 1) if changed.startswith(queue.write_queue(records[:n]))][-1]

    assert records[:sound] == found.records
    assert bool(found.bad) == (len(queue.write_queue(found.records)) != len(changed))


@pytest.mark.parametrize(
    "record",
    [
        QueueRecord(1, 0, "A \N{SNOWMAN}"),
        QueueRecord(1, 0, "A\0B"),
        QueueRecord(-1, 0, "#"),
        QueueRecord(10**10, 0, "#"),
        QueueRecord(1, 2**32, "#"),
    ],
)
def test_what_does_not_fit(record: QueueRecord) -> None:
    """A character outside the code page, a NUL, a number of eleven digits: the record is named."""
    with pytest.raises(FormatError, match="record 1"):
        queue.write_queue([BO, record])


# -- files ---------------------------------------------------------------------------------------------------------


def test_files() -> None:
    """A missing queue is empty; appended records go to the end; the last number is the highest."""
    files = MemoryFiles()

    assert 0 == queue.last_number(files, queue.REQTRANS)
    assert [] == queue.append(files, queue.REQTRANS, [BO])
    assert [] == queue.append(files, queue.REQTRANS, [ANN])
    assert [BO, ANN] == queue.read_file(files, queue.REQTRANS).records
    assert 8 == queue.last_number(files, queue.REQTRANS)


def test_appending_behind_a_bad_record() -> None:
    """Nobody would ever read the new one there: it takes the bad one's place, which is reported."""
    files = MemoryFiles({queue.REQTRANS: queue.write_queue([ANN]) + b"rubble"})
    bad = queue.append(files, queue.REQTRANS, [BO])

    assert [1] == [each.index for each in bad]
    assert [ANN, BO] == queue.read_file(files, queue.REQTRANS).records


def test_the_header_of_resync() -> None:
    """KB Q119449: it names three numbers, and is a comment to whoever imports."""
    header = queue.resync_header(Numbers(imp=2, req=17, srv=80), 5)

    assert Numbers(imp=2, req=17, srv=80) == queue.resync_numbers(header)
    assert queue.resync_numbers(ANN) is None
    assert [] == queue.transactions([header], TYPES).rejects


# -- transactions --------------------------------------------------------------------------------------------------


def test_transactions_and_back() -> None:
    """Every verb and a template pass; a record holds all lines of its transaction, without the number."""
    rows = [
        Transaction(1, Verb.REPLACE, None, Entry("", "MS", "NET/PO", "", "")),
        Transaction(2, Verb.ADD, None, entry("Ann", (("Phone:", "1"),))),
        Transaction(3, Verb.MODIFY, entry("Ann"), entry("Anna", (("Phone:", "2"),))),
        Transaction(4, Verb.DELETE, entry("Bo"), None),
    ]
    template = Template(0, 0, "MS", "NET/PO", ("Phone:~1~2~A~~",))
    records = queue.queued(rows, 99, definitions=[template])
    found = queue.transactions(queue.read_queue(queue.write_queue(records)).records, TYPES)

    assert [1, 1, 2, 3, 4] == [record.number for record in records]
    assert {99} == {record.stamp for record in records}
    assert "M Ann\tPCM:NET/PO/ANN\r\n  Anna\tPCM:NET/PO/ANNA\r\n- Phone:/2" == records[3].text
    assert rows == [row._replace(raw="") for row in found.transactions]
    assert [("MS", "NET/PO", template.fields, 1)] == [(t.type, t.list, t.fields, t.line) for t in found.templates]
    assert [2, 3, 4, 5] == found.lines
    assert 4 == found.last_number


def test_without_templates() -> None:
    """Neither values nor definitions are queued for who wants none."""
    records = queue.queued([Transaction(2, Verb.ADD, None, entry("Ann", (("Phone:", "1"),)))], 0, templates=False)

    assert ["A Ann\tPCM:NET/PO/ANN"] == [record.text for record in records]
    assert [] == queue.queued([], 0)


@pytest.mark.parametrize("middle", ["X what", "12 A Cy\tPCM:N/P/CY", "A Cy\r\n0000000009 A Di\tPCM:N/P/DI", "", " "])
def test_a_record_that_cannot_be_used(middle: str) -> None:
    """It is a reject with its number and place; what stands in it is never a record of its own."""
    found = queue.transactions([ANN, QueueRecord(9, 0, middle), BO], TYPES)

    assert [7, 8] == [row.number for row in found.transactions]
    assert [1, 3] == found.lines
    assert [(9, 2)] == [(reject.number, reject.line) for reject in found.rejects]


@given(st.lists(st.text(st.sampled_from("ADMRT#-& \t\r\n:/~1aPCM\xa0\x0b\x1a"), max_size=40), max_size=6))
def test_a_record_says_the_same_alone_and_among_others(texts: list[str]) -> None:
    """Nothing that stands in one record has to do with another one."""
    records = [QueueRecord(n, 0, text) for n, text in enumerate(texts, 1)]
    found = queue.transactions(records, TYPES)
    alone = [queue.transactions([record], TYPES) for record in records]

    assert [row for one in alone for row in one.transactions] == found.transactions
    assert [t._replace(line=0) for one in alone for t in one.templates] == [t._replace(line=0) for t in found.templates]
    assert [n for n, one in enumerate(alone, 1) for _ in one.transactions] == found.lines
    assert [(n, r.number, r.code) for n, one in enumerate(alone, 1) for r in one.rejects] == [
        (r.line, r.number, r.code) for r in found.rejects
    ]


def test_line_ends_at_the_end_of_a_record() -> None:
    """They are no lines of their own, so the records behind keep their places."""
    records = [QueueRecord(1, 0, "D Ann\tPCM:N/P/ANN\r"), QueueRecord(2, 0, "D Cy\tPCM:N/P/CY\r\n\n"), BO]

    assert [1, 2, 3] == queue.transactions(records, TYPES).lines
