"""Whole files: headers, code pages, lines that are put aside, and writing."""

import codecs
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa.testing import DecoderSubject
from dxa.testing.pytest_skin import decoder_suite
from dxa_exchange.directory import Bad, Record
from dxa_exchange.table55 import dump, errfile
from dxa_exchange.table55.columns import REMOTE
from dxa_exchange.table55.events import Event
from dxa_exchange.table55.form import Form
from dxa_exchange.table55.header import header
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.reader import TableReader, lines_of, read
from dxa_exchange.table55.writer import Layout, columns_of, write

EXPORT = (
    b"Obj-Class,First Name,Last name,Display Name,Alias Name,Directory Name,E-mail Addresses,Obj-Container\r\n"
    b'Mailbox,Ann,Berg,"Berg, Ann",annb,AnnB,SMTP:ann@lab.example%MS:LAB/PO1/ANN,Recipients\r\n'
    b'Remote,J\xf6rg,,J\xf6rg #2,joerg,Joerg,"SMTP:j\\%x@lab.example",/o=Lab/ou=Berlin/cn=Recipients/cn=Far\r\n'
    b"dl,,,All,all,All,,\r\n"
)


def lines(data: bytes, **settings: str) -> list[Line]:
    """The objects of a file without bad lines."""
    found, bads = lines_of(TableReader([data], **settings))
    assert [] == list(bads)
    return list(found)


def bads(data: bytes, **settings: str) -> list[Bad]:
    """What was put aside."""
    return list(lines_of(TableReader([data], **settings))[1])


def test_an_export() -> None:
    """Each line is an object, with its class, its place, and the cells that are not empty."""
    found = lines(EXPORT, base="/o=Lab/ou=Berlin")

    assert [(2, "Mailbox"), (3, "Remote"), (4, "DL")] == [(line.number, line.kind) for line in found]
    assert [
        "/o=Lab/ou=Berlin/cn=Recipients/cn=AnnB",
        "/o=Lab/ou=Berlin/cn=Recipients/cn=Far/cn=Joerg",
        "/o=Lab/ou=Berlin/cn=Recipients/cn=All",
    ] == [line.record.dn for line in found]
    assert {
        "Obj-Class": ["Mailbox"],
        "First Name": ["Ann"],
        "Last name": ["Berg"],
        "Display Name": ["Berg, Ann"],
        "Alias Name": ["annb"],
        "Directory Name": ["AnnB"],
        "E-mail Addresses": ["SMTP:ann@lab.example", "MS:LAB/PO1/ANN"],
        "Obj-Container": ["Recipients"],
    } == found[0].record.attributes
    assert ["SMTP:j%x@lab.example"] == found[1].record.values("E-mail Addresses")
    assert "Jörg #2" == found[1].record.text("display name")
    assert {Mode.UPDATE} == {line.mode for line in found}


def test_modes_blanks_and_names_of_the_schema() -> None:
    """As ADC wrote them (KB Q324080): blanks behind commas, any case; raw names are known as well."""
    data = (
        b"Obj-Class, Mode, Common-Name, Proxy-Addresses\r\nmailbox, delete, Ann, \r\n"
        b"Remote-Address,CREATE,Bob,a:b%c:d\r\nDistribution-List,,Crew,\r\nPublic-Folder,modify,Dust,\r\n"
    )

    assert [
        ("Mailbox", Mode.DELETE),
        ("Remote", Mode.CREATE),
        ("DL", Mode.UPDATE),
        ("Public-Folder", Mode.MODIFY),
    ] == [(line.kind, line.mode) for line in lines(data)]
    assert ["a:b", "c:d"] == lines(data)[1].record.values("proxy-addresses")


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE), ("utf-8", codecs.BOM_UTF8)],
)
def test_unicode_is_recognised(encoding: str, mark: bytes) -> None:
    """By its mark, in pieces of any size; a demanded code page is refused then (208)."""
    text = "Obj-Class,Directory Name,Display Name\r\nMailbox,Ann,Ån\u0a0a Ђ😀\r\n"
    data = mark + text.encode(encoding)
    for size in (1, 2, 3, 1000):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        reader = TableReader(pieces)
        assert ["Ån\u0a0a Ђ😀"] == [line.record.text("Display Name") for line in reader if isinstance(line, Line)]
        assert (encoding, True) == (reader.encoding, reader.ended)
    with pytest.raises(FormatError) as error:
        TableReader([data], code_page="1252")
    assert Event.CODE_PAGE == error.value.code


def test_code_pages() -> None:
    """A file without a mark is in the configured page; a line that is not stands aside with its bytes."""
    data = b"Obj-Class,Directory Name\r\nMailbox,\xc4nn\r\nMailbox,\x81nn\r\nMailbox,Bob\r\n"
    found, put_aside = lines_of(read([data]))

    assert ["Änn", "Bob"] == [line.record.text("Directory Name") for line in found]
    assert [(3, r"Mailbox,\x81nn")] == [(bad.line, bad.raw) for bad in put_aside]
    assert "bytes 81 outside the code page" in put_aside[0].reason
    assert ["Дnn", "Ѓnn", "Bob"] == [line.record.text("Directory Name") for line in lines(data, code_page="1251")]
    japanese = "Obj-Class,Directory Name\r\nMailbox,表示\r\n".encode("cp932")
    assert ["表示"] == [line.record.text("Directory Name") for line in lines(japanese, code_page="932")]


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (b"", "an empty file"),
        (b"Mode,Obj-Class", "another first column"),
        (b"Obj-Class,Directory Name,Mode", "a misplaced column"),
        (b"Obj-Class,Directory Name,,", "a column without a name"),
        (b"Obj-Class,Alias Name,alias name", "a column that is there twice"),
        (b'Obj-Class,"Alias Name', "a quote is not closed on its line"),
        (b"\x00\x01\x02", "control character U+0000"),
    ],
)
def test_headers_that_cannot_be_used(head: bytes, text: str) -> None:
    """Without a header no line means anything, so the whole file is refused, by name."""
    with pytest.raises(FormatError) as error:
        TableReader([head + b"\r\n" if head else b""])

    assert text in error.value.reason
    assert 1 == error.value.line


def test_a_header_shows_its_own_separator() -> None:
    """It counts more than what is configured (KB Q152472)."""
    reader = TableReader([b"Obj-Class;Directory Name\r\nMailbox;Ann, B\r\n"])

    assert ";" == reader.header.form.column
    assert ["Ann, B"] == [line.record.text("Directory Name") for line in reader if isinstance(line, Line)]


def test_one_bad_line_never_stops_the_others() -> None:
    """It is put aside with its line, field, event and what to do."""
    data = (
        b"Obj-Class,Mode,Directory Name,Display Name,Obj-Container\r\n"
        b"Mailbox,Create,Ann\r\n"
        b"Mailbox,Replace,Ann,,\r\n"
        b",Create,Ann,,\r\n"
        b"Mailbox,Create,,Ann,\r\n"
        b"\r\n"
        b"Mailbox,Create,A\x00nn,,\r\n"
        b"Mailbox,Create,Ann,,/Recipients\r\n"
        b"Mailbox,Create,Ann,\\Ann,\r\n"
    )
    found, put_aside = lines_of(read([data]))

    assert [
        (2, "", 291),
        (3, "Mode", 0),
        (4, "Obj-Class", 0),
        (5, "Directory Name", 0),
        (7, "", 0),
        (8, "Obj-Container", 0),
    ] == [(bad.line, bad.field, bad.code) for bad in put_aside]
    assert "missing are Display Name, Obj-Container" in put_aside[0].reason
    assert "Excel" in put_aside[0].reason
    assert [(9, [("Display Name", 168)])] == [
        (line.number, [(each.field, each.code) for each in line.warnings]) for line in found
    ]


def test_pointers_to_side_files_are_told() -> None:
    """They are kept as they stand (156); other values with such signs are just values."""
    data = b"Obj-Class,Directory Name,Notes\r\nMailbox,Ann,#NOTES.TXT(120)\r\nMailbox,Bob,#1 (2)\r\n"
    found = lines(data)

    assert [[("Notes", 156)], []] == [[(each.field, each.code) for each in line.warnings] for line in found]
    assert "#NOTES.TXT(120)" == found[0].record.text("Notes")


def test_a_file_that_was_cut() -> None:
    """A last line without an end is told, for half of it may be missing."""
    reader = TableReader([EXPORT[:-9]])
    list(reader)

    assert not reader.ended


def test_dos_ends_and_blank_lines() -> None:
    """Ctrl-Z, LF alone and blank lines change nothing."""
    for data in (EXPORT + b"\x1a", EXPORT.replace(b"\r\n", b"\n"), b"\r\n" + EXPORT.replace(b"\r\n", b"\r\n\r\n")):
        assert [line.record for line in lines(EXPORT)] == [line.record for line in lines(data)]


# -- writing -----------------------------------------------------------------------------------------------------------


def line(name: str, mode: Mode = Mode.CREATE, **cells: list[str]) -> Line:
    """A custom recipient."""
    attributes = {"Directory Name": [name], **{key.replace("_", " "): cell for key, cell in cells.items()}}
    return Line(0, REMOTE, mode, Record("", attributes))


def test_a_file_of_changes() -> None:
    """The class first, the mode second, and only the columns that are needed."""
    items = [line("Ann", Display_Name=["Berg, Ann"], **{"E-mail address": ["SMTP:ann@x"]}), line("Bob", Mode.DELETE)]
    layout = Layout(names=columns_of(items))

    assert (
        b"Obj-Class,Mode,Directory Name,Obj-Container,Display Name,E-mail address\r\n"
        b'Remote,Create,Ann,,"Berg, Ann",SMTP:ann@x\r\n'
        b"Remote,Delete,Bob,,,\r\n"
    ) == b"".join(write(items, layout))


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"Display_Name": ["Ж"]}, "", 167),
        ({"Display_Name": ["a\0b"]}, "Display Name", 0),
        ({"Display_Name": [""]}, "Display Name", 0),
        ({"Title": ["Boss"]}, "Title", 0),
    ],
)
def test_what_a_file_cannot_hold(cells: dict[str, list[str]], field: str, code: int) -> None:
    """It is an error with the line and the object, and never a question mark."""
    items = [line("Ann"), line("Bob", **cells)]
    with pytest.raises(FormatError) as error:
        list(write(items, Layout(names=("Obj-Class", "Directory Name", "Display Name"))))

    assert (3, field, code) == (error.value.line, error.value.field, error.value.code)
    assert "(Bob)" in error.value.reason


def test_unicode_is_written_with_its_mark() -> None:
    """So that the program knows it without being told."""
    data = b"".join(
        write(
            [line("Ann", Display_Name=["Ж"])],
            Layout(names=("Obj-Class", "Directory Name", "Display Name"), code_page="utf-16"),
        )
    )

    assert data.startswith(codecs.BOM_UTF16_LE)
    assert ["Ж"] == [each.record.text("Display Name") for each in lines(data)]


NAMES = ("Obj-Class", "Mode", "Directory Name", "Obj-Container", "Display Name", "E-mail Addresses", "Members")
TEXT = st.text(
    st.characters(codec="cp1252", exclude_categories=["Cc"]) | st.sampled_from('\r\n,%"\\ '), min_size=1, max_size=10
)
NAME = TEXT.filter(str.strip)


@st.composite
def items(draw: st.DrawFn) -> Line:
    """Any line."""
    cells = {"Obj-Class": ["Mailbox"], "Directory Name": [draw(NAME)]}
    for name in ("Display Name", "E-mail Addresses", "Members"):
        many = draw(st.lists(TEXT, max_size=3 if name != "Display Name" else 1))
        cells.update({name: many} if many else {})
    return Line(0, "Mailbox", draw(st.sampled_from(Mode)), Record("", cells))


@given(st.lists(items(), max_size=4), st.sampled_from(["", "utf-16", "utf-8"]), st.sampled_from([",", ";", "\t"]))
def test_what_is_written_is_read_again(some: list[Line], page: str, separator: str) -> None:
    """Names with commas, quotes, line ends, blanks and marks survive in every code page."""
    layout = Layout(names=NAMES, form=Form(column=separator), code_page=page)
    data = b"".join(write(some, layout))
    found, put_aside = lines_of(read([data], code_page="" if page == "utf-16" else page))

    assert [] == put_aside
    assert [(each.mode, dict(each.record.attributes)) for each in some] == [
        (each.mode, dict(each.record.attributes)) for each in found
    ]


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_bytes_are_lines_or_put_aside(rows: list[bytes]) -> None:
    """Nothing that stands in a file stops reading it."""
    data = b"\r\n".join([b"Obj-Class,Mode,Directory Name,E-mail Addresses", *rows])
    found, put_aside = lines_of(read([data]))

    assert len(found) + len(put_aside) <= 1 + sum(row.count(b"\n") + 1 for row in rows)


# -- headers, refused lines, dump --------------------------------------------------------------------------------------


def test_the_default_header() -> None:
    """The 13 columns that the program writes itself, in its order and spelling (KB Q188628)."""
    assert (
        "Obj-Class,First Name,Last name,Display Name,Alias Name,Directory Name,Primary Windows NT Account,Home-Server,"
        "E-mail address,E-mail Addresses,Members,Obj-Container,Hide from AB"
    ) == ",".join(header(""))


def test_headers_by_class_and_purpose() -> None:
    """An import has a mode and nothing that can be exported only; an export must have no mode (KB Q179050)."""
    assert ("Obj-Class", "Mode", "Directory Name", "Obj-Container") == header("Remote", "identity", purpose="import")
    assert "Home-Server" not in header("Remote")
    assert "Target-Address" in header("Remote-Address", raw=True)
    assert {"Member of", "Imported-From", "USN-Changed"} <= {*header("DL", "all")}
    assert not {"Member of", "Imported-From", "USN-Changed"} & {*header("DL", "all", purpose="import")}
    assert "Mode" not in header("DL", "all")
    with pytest.raises(ValueError, match="expected Mailbox, Remote, DL"):
        header("Container")


def test_refused_lines_can_be_mended_and_imported() -> None:
    """The header and the lines as they were, in a file with the next free name (KB Q152440)."""
    data = EXPORT.replace(b",Recipients\r\n", b"\r\n")
    reader = TableReader([data])
    _, put_aside = lines_of(reader)

    assert data[: data.index(b"Remote")] == errfile.write(reader.header.text, put_aside)
    assert "people.err" == errfile.error_name("people.csv", [])
    assert "people.e02" == errfile.error_name("people.csv", ["PEOPLE.ERR", "people.e01", "people.e03"])
    assert [True, True, False] == [errfile.is_error_name(name) for name in ("a.ERR", "a.e12", "a.csv")]


test_decoder = decoder_suite(DecoderSubject(dump.decoder(), (EXPORT, EXPORT.decode("cp1252").encode("utf-16"))))


@pytest.mark.parametrize(
    ("data", "known"),
    [
        (EXPORT, True),
        (b'"obj-class";Mode', True),
        (codecs.BOM_UTF16_LE + "Obj-Class,Mode".encode("utf-16-le"), True),
        (codecs.BOM_UTF8 + b"Obj-Class", True),
        (b"Obj-Classes,Mode", False),
        (b"dn: cn=Ann", False),
        (b"", False),
    ],
)
def test_files_are_known_by_their_header(data: bytes, known: bool) -> None:
    """Whatever their encoding."""
    assert known is dump.sniff(data)


def rows(data: bytes) -> Iterator[dict[str, object]]:
    """What `dxa dump` shows."""
    return dump.decoder().decode(data)


def test_dump() -> None:
    """A row for the header, each object, each warning and each line put aside; passwords are not shown."""
    data = (
        b"Obj-Class,Directory Name,NT-Password,E-mail Addresses\r\nMailbox,Ann,secret,a:b%c:d\r\n"
        b"Mailbox,B\\ob,,\r\nMailbox,secret\r\nMailbox,Cy,,"
    )
    found = list(rows(data))

    assert ["header", "object", "object", "warning", "reject", "object", "warning"] == [row["kind"] for row in found]
    assert ["NT-Password"] == found[0]["unknown"]
    assert {
        "Obj-Class": ["Mailbox"],
        "Directory Name": ["Ann"],
        "NT-Password": ["***"],
        "E-mail Addresses": ["a:b", "c:d"],
    } == found[1]["attributes"]
    assert (3, 168) == (found[3]["line"], found[3]["code"])
    assert (4, 291) == (found[4]["line"], found[4]["code"])
    assert "secret" not in str(found)
    assert ["error"] == [row["kind"] for row in rows(b"Obj-Class,,\r\n")]
