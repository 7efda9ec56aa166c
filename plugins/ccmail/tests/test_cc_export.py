from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dxa.entry import Reject
from dxa_ccmail.export import ExportReader, rejected_name
from dxa_ccmail.exportwrite import write
from dxa_ccmail.record import FIELDS, Found, Labels, Record
from dxa_ccmail.runs import batches

SAMPLE = (
    b"Name: PMDF\r\nLocn: P\r\nAddr:\r\nCmts:\r\n"
    b"Name: Doe, Jane\r\nLocn: r\r\nAddr: PMDF jdoe@foo.bar.com\r\nCmts: Room 43\r\n"
    b"\r\n\r\n\r\n"
    b"Name: Telco, Joe\r\nLocn: R\r\nAddr:\r\nCmts:\r\n"
)
RECORDS = [
    Record("PMDF", "P"),
    Record("Doe, Jane", "r", "PMDF jdoe@foo.bar.com", "Room 43"),
    Record("Telco, Joe", "R"),
]


def records(data: bytes, **settings: str) -> list[Record]:
    """The records of a text that has no rejects."""
    rows = list(ExportReader(**settings).read(data))
    assert [] == [row for row in rows if isinstance(row, Reject)]
    return [row.record for row in rows if isinstance(row, Found)]


def rejects(data: bytes, reader: ExportReader | None = None) -> list[tuple[int, str]]:
    """Line and reason of each reject."""
    return [(row.line, row.reason) for row in (reader or ExportReader()).read(data) if isinstance(row, Reject)]


def test_the_form_of_the_published_sample() -> None:
    """Four labelled lines are an entry, an empty value is the bare label, and blank lines mean nothing."""
    assert RECORDS == records(SAMPLE)


def test_the_place_of_each_record() -> None:
    """A record has the line number and the offset of its name."""
    rows = [row for row in ExportReader().read(SAMPLE) if isinstance(row, Found)]

    assert [1, 5, 12] == [row.line for row in rows]
    assert [SAMPLE.find(b"Name: " + row.record.name.encode()) for row in rows] == [row.offset for row in rows]


@pytest.mark.parametrize(
    "data",
    [
        SAMPLE.replace(b"\r\n", b"\n"),
        SAMPLE.replace(b"\r\n", b"\r\r\n"),
        SAMPLE + b"\x1a",
        SAMPLE + b"\x1a\x1a\x1a",
        b"\x1a" + SAMPLE,
        b"\r\n \r\n" + SAMPLE,
        SAMPLE.replace(b"Name", b"NAME").replace(b"Cmts", b"cmts"),
        SAMPLE.replace(b": ", b":"),
        SAMPLE.replace(b"Addr:\r\n", b"Addr: \r\n"),
        SAMPLE.replace(b"Name:", b"  Name :"),
        SAMPLE.replace(b"Name: Telco", b"name: Telco"),
        SAMPLE.removesuffix(b"\r\n"),
    ],
)
def test_other_spellings_of_the_same_file(data: bytes) -> None:
    """Line ends, Ctrl-Z, blank lines, the case of labels and blanks around them do not count."""
    assert RECORDS == records(data)


def test_labels_in_any_order() -> None:
    """Behind the name the labels may come in any order, and are written back in it."""
    data = b"Name: Doe, Jane\r\nCmts: Room 43\r\nAddr:\r\nLocn: L\r\n"

    assert [("Doe, Jane", "L", "", "Room 43")] == [record[:4] for record in records(data)]
    assert data == write(records(data))


def test_files_that_were_copied_together() -> None:
    """Two exports in one file are read as one, whatever stands between them."""
    assert [*RECORDS, *RECORDS] == records(SAMPLE + b"\x1a" + SAMPLE + b"\x1a")


@pytest.mark.parametrize(
    "name", ["http://lab.example: Doe", "Name: Doe", "a:", "doe@lab.example", '"Doe", Jane', "~ADE"]
)
def test_names_are_free_text(name: str) -> None:
    """A name may hold colons, labels and marks; nothing is escaped."""
    assert [Record(name, "L")] == records(f"Name: {name}\r\nLocn: L\r\nAddr:\r\nCmts:\r\n".encode("cp850"))


def test_the_code_page() -> None:
    """The bytes of names are those of the configured page."""
    line = b"Name: M\x81ller\r\nLocn: L\r\nAddr:\r\nCmts:\r\n"
    japanese = "Name: 表示\r\nLocn: L\r\nAddr:\r\nCmts:\r\n".encode("cp932")

    assert ["Müller"] == [record.name for record in records(line)]
    assert ["表示"] == [record.name for record in records(japanese, code_page="932")]


@pytest.mark.cc("T41")
def test_unknown_labels_are_kept_and_reported() -> None:
    """Lines that dxa does not know are kept to the byte, written back in their place, and named once."""
    data = (
        b"Name: Doe, Jane\r\nHidn: \x81 Y \r\nLocn: L\r\nAddr:\r\nCmts:\r\nLang: 1\r\n"
        b"Name: Roe, Richard\r\nLocn: L\r\nAddr:\r\nCmts:\r\nlang: 2\r\nno label here\r\n"
    )
    reader = ExportReader()
    read = [row.record for row in reader.read(data) if isinstance(row, Found)]

    assert ("name", b"Hidn: \x81 Y ", "locn", "addr", "cmts", b"Lang: 1") == read[0].layout
    assert {"hidn": 2, "lang": 6, "": 12} == reader.unknown
    assert data == write(read)


@pytest.mark.cc("T28", "T41")
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"Name:\r\nLocn: L\r\nAddr:\r\nCmts:\r\n", "a blank name"),
        (b"Name: \xa0\r\nLocn: L\r\nAddr:\r\nCmts:\r\n", "a blank name"),
        (b"Name: Bad\r\nAddr:\r\nCmts:\r\n", "a record without Locn"),
        (b"Name: Bad\r\nLocn: L\r\nLocn: L\r\nAddr:\r\nCmts:\r\n", "line 8: Locn stands twice"),
        (b"Name: B\x07d\r\nLocn: L\r\nAddr:\r\nCmts:\r\n", "Name: a control character"),
        (b"Name: Bad\r\nLocn: L\r\nAddr: \xff\r\nCmts:\r\n", "line 8: Addr: bytes FF outside the code page cp874"),
    ],
)
def test_a_malformed_record_is_quarantined(bad: bytes, reason: str) -> None:
    """A record that cannot be used is a reject with its line and reason, and the rest is read."""
    good = [b"Name: %s\r\nLocn: L\r\nAddr:\r\nCmts:\r\n" % name for name in (b"Ann", b"Zoe")]
    reader = ExportReader(code_page="874")
    rows = list(reader.read(b"\r\n" + good[0] + bad + good[1]))

    assert ["Ann", "Zoe"] == [row.record.name for row in rows if isinstance(row, Found)]
    assert [(6, reason)] == [(row.line, row.reason) for row in rows if isinstance(row, Reject)]


@pytest.mark.cc("T42")
def test_text_before_the_first_record() -> None:
    """What a program said and what got into the file is quarantined, and the records are read."""
    data = b"Exporting directory ...\r\n\r\n" + SAMPLE

    assert [(1, "text before the first Name")] == rejects(data)
    assert RECORDS == [row.record for row in ExportReader().read(data) if isinstance(row, Found)]


def test_the_name_in_a_reject() -> None:
    """The name of a damaged record can be told if its line is whole, so that nobody is deleted for the damage."""
    (row,) = ExportReader().read(b"Name: Doe, Jane\r\nAddr:\r\n")
    (other,) = ExportReader().read(b"Addr: Doe\r\n")

    assert isinstance(row, Reject)
    assert isinstance(other, Reject)
    assert ["Doe, Jane", ""] == [rejected_name(row), rejected_name(other)]


def test_other_labels() -> None:
    """How the labels are written is configuration."""
    labels = Labels(name="User", locn="Type", addr="Post", cmts="Note")
    data = write(RECORDS, labels=labels)

    assert data.startswith(b"User: PMDF\r\nType: P\r\nPost:\r\nNote:\r\n")
    assert RECORDS == [row.record for row in ExportReader(labels=labels).read(data) if isinstance(row, Found)]
    for bad in ({"name": "Na me"}, {"name": ""}, {"name": "Locn"}, {"cmts": "Änd"}):
        with pytest.raises(ValueError, match=r"label"):
            Labels(**bad)


LINES = st.sampled_from(
    [
        *(
            b"Name: Doe, Jane",
            b"Name: Roe",
            b"Name:",
            b"name: x",
            b" Name : y",
            b"Name:z",
            b"Name: \xff",
            b"\x1aName: w",
        ),
        *(
            b"Locn: L",
            b"Locn: r",
            b"Locn:",
            b"LOCN: P",
            b"Locn: Lr",
            b"Addr: PO1 fan",
            b"Addr:",
            b"Addr: ",
            b"Addr:  a",
        ),
        *(
            b"Cmts: text",
            b"Cmts:",
            b"Cmts: a: b",
            b"Cmts: \x07",
            b"Hidn: Y",
            b"free text",
            b"",
            b" ",
            b"\x1a",
            b"Cmts: \r",
        ),
    ]
)
FILES = st.lists(st.tuples(LINES, st.sampled_from([b"\r\n", b"\n"])), max_size=30).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(FILES, st.sampled_from(["850", "874"]))
@example(b"Name: \xff\r\nLocn: L\r\nAddr:\r\nCmts:\r\n", "850")
def test_the_quick_way_reads_as_the_slow_one(data: bytes, page: str) -> None:
    """Ordinary records and whole batches of them give what line by line gives."""
    quick, slow = ExportReader(code_page=page), ExportReader(code_page=page)

    assert list(slow._lines(data, 1, 0)) == list(quick.read(data))
    assert slow.unknown == quick.unknown
    for batch in batches(data, "Name"):
        plain = quick.plain(batch)
        if plain is not None:
            runs = [batch.begin + part + b"\n" for part in batch.parts]
            rows = [row for run in runs for row in slow._lines(run, 1, 0)]

            assert [row.record for row in rows if isinstance(row, Found)] == plain
            assert len(rows) == len(plain)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """The data in blocks."""
    return (data[at : at + size] for at in range(0, len(data), size))


@given(FILES, st.integers(1, 40))
def test_blocks_of_any_size_read_as_the_whole(data: bytes, size: int) -> None:
    """How a file is cut into blocks changes neither a record nor its place."""
    assert list(ExportReader().read(data)) == list(ExportReader().read(cut(data, size)))


def test_no_byte_is_lost_in_a_long_text_without_records() -> None:
    """A file of another kind is one reject, and reading it costs its length and not its square."""
    data = b"x" * 200_000

    assert [(1, "text before the first Name")] == rejects(data)
    (row,) = ExportReader().read(cut(data, 100))
    assert isinstance(row, Reject)
    assert data.decode() == row.raw


VALUES = st.text(st.characters(codec="cp850", exclude_categories=["Cc"])).filter(
    lambda text: text == text.strip("\x1a")
)
PARTS = st.permutations([*FIELDS[1:], b"Hidn: \x81", b"what is this"]).map(lambda parts: ("name", *parts))
RECORD = st.builds(
    Record,
    name=VALUES.filter(str.strip),
    locn=st.sampled_from("LlRrPpAaXq"),
    addr=VALUES,
    cmts=VALUES,
    layout=st.one_of(st.just(FIELDS), PARTS),
)


@given(st.lists(RECORD), st.booleans())
def test_what_is_written_is_read_again(given_records: list[Record], mark: bool) -> None:
    """Writing and reading are inverse, for records and for the bytes that are written, unknown lines included."""
    data = write(given_records, end_mark=mark)
    read = records(data)

    assert given_records == read
    assert data == write(read, end_mark=mark)
