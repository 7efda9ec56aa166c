from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa_msmail.ffapi import LINE_ENDS, Attachment, External, MailMessage, is_message, line_end, parse, parse_all, write

REQUEST = MailMessage(
    to=("CSI:net/po/$system",),
    sender="CSI:macnet/macpo/manager",
    subject="Directory Exchange Profile",
    date="1994-04-04",
    time="09:12",
    priority="5",
    body=b"[DIRSYNC]\r\n",
    attachments=(Attachment("REQTRANS.TXT", b"\x00\r\n1"), Attachment("EMPTY.LOG", b"")),
)
FILE = (
    b"VERSION:3.00\r\nTO:CSI:net/po/$system\r\nFROM:CSI:macnet/macpo/manager\r\nDATE:1994-04-04\r\nTIME:09:12\r\n"
    b"SUBJECT:Directory Exchange Profile\r\nPRIORITY:5\r\nATTACHMENTS:REQTRANS.TXT 4\r\nATTACHMENTS:EMPTY.LOG 0\r\n"
    b"TEXT:11\r\n[DIRSYNC]\r\n\x00\r\n1"
)


def error_of(data: bytes) -> FormatError:
    """The error that a file raises."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    return caught.value


def test_a_file_both_ways() -> None:
    """KB Q118785: headers, then exactly the bytes that they announce."""
    assert FILE == write(REQUEST)
    assert REQUEST == parse(FILE)


@pytest.mark.parametrize("end", LINE_ENDS)
def test_line_ends(end: bytes) -> None:
    """KB Q85055: CR, LF or CR LF, chosen on writing and recognised on reading; body bytes are never touched."""
    data = write(REQUEST, end=end)

    assert (end, REQUEST) == (line_end(data), parse(data))
    assert data == write(parse(data), end=line_end(data))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (b"FAX:Ann^0DOslo^0DLab^0D604^0d", "FAX:Ann\rOslo\rLab\r604\r"),  # KB Q94410
        (b"MCI:John Doe^0D EMS:MCI Mail^0D MBX:1", "MCI:John Doe\r EMS:MCI Mail\r MBX:1"),
        (b"net/po/$system", "net/po/$system"),  # KB Q106623
    ],
)
def test_addresses(text: bytes, address: str) -> None:
    """KB Q94410: ^0D is a carriage return inside an address, in TO (repeatable) and FROM."""
    message = parse(b"TO:a\rto:" + text + b"\rFrom:" + text + b"\rTEXT:0\r")

    assert (("a", address), address) == (message.to, message.sender)
    assert message == parse(write(message, end=b"\r"))


def test_golden_token() -> None:
    """KB Q107096: no VERSION, blanks after the colons, the body shorter than a line."""
    text = (
        "TO: *SPECIAL(PROFLIST)\r\nFROM: $SPECIAL GATENET/PROFS30\r\nDATE: 05-14-93\r\nTIME: 09:01\r\n"
        "SUBJECT: Download Profs Names File for: TESTNODE\r\nPRIORITY: 3\r\nTEXT: 2\r\n\r\n"
    )
    message = parse(text.encode())

    assert (("*SPECIAL(PROFLIST)",), "$SPECIAL GATENET/PROFS30", b"\r\n") == (message.to, message.sender, message.body)
    assert ("05-14-93", "3", "3.00") == (message.date, message.priority, message.version)


def test_a_body_that_begins_with_a_blank_line() -> None:
    """KB Q98209: the blank line belongs to the body and its size."""
    assert b"\r\nHi" == parse(b"TO:a\r\nFROM:b\r\nTEXT:4\r\n\r\nHi").body


def test_external_files_are_references() -> None:
    """KB Q118785: XATTACH and XTEXT name files, which are not opened here."""
    data = b"TO:a\r\nFROM:b\r\nXATTACH:00000001.ATT list of users\r\nXATTACH:B.ATT\r\nXTEXT:BODY.TXT\r\n"
    message = parse(data)

    assert (External("00000001.ATT", "list of users"), External("B.ATT")) == message.externals
    assert ("BODY.TXT", b"") == (message.text_file, message.body)
    assert b"VERSION:3.00\r\n" + data == write(message)


@pytest.mark.parametrize("name", ["../x", "a/b", "C:\\AUTOEXEC.BAT", "\\\\srv\\x", "C:x", "..", ""])
@pytest.mark.parametrize("header", ["XATTACH:{}", "XTEXT:{}", "ATTACHMENTS:{} 0"])
def test_a_path_is_refused(name: str, header: str) -> None:
    """A file name with a path could reach any file of the reader."""
    error = error_of(f"TO:a\r\nFROM:b\r\n{header.format(name)}\r\nTEXT:0\r\n".encode())

    assert "a name without a path" == error.expected
    with pytest.raises(FormatError):
        write(attrs.evolve(REQUEST, attachments=(Attachment(name, b""),)))


def test_unknown_headers_are_kept() -> None:
    """What dxa does not know is written again as it came."""
    data = b"VERSION:3.00\nTO:a\nFROM:b\nX-Trace:1:2\nTEXT:0\n"

    assert (("X-Trace", "1:2"),) == parse(data).extra
    assert data == write(parse(data), end=b"\n")


@pytest.mark.parametrize(
    ("data", "field", "expected", "got"),
    [
        (b"TO:a\r\nFROM:b\r\nTEXT:5\r\nHi", "TEXT", "5 bytes after the headers", "2 bytes"),
        (b"TO:a\r\nFROM:b\r\nATTACHMENTS:A 3\r\nTEXT:2\r\nHi12", "A", "5 bytes after the headers", "4 bytes"),
        (b"TO:a\r\nFROM:b\r\nTEXT:five\r\n", "TEXT", "a number of bytes", "five"),
        (b"TO:a\r\nFROM:b\r\nTEXT:-5\r\n", "TEXT", "a number of bytes", "-5"),
        (b"TO:a\r\nFROM:b\r\nTEXT:1\x1d\r\n", "TEXT", "1 bytes after the headers", "0 bytes"),
        (b"TO:a\r\nFROM:b\r\nATTACHMENTS:A\r\nTEXT:5\r\n", "ATTACHMENTS", "a name without a path", ""),
        (b"TO:a\r\nFROM:b\r\nFROM:c\r\nTEXT:0\r\n", "FROM", "b", "c"),
        (b"FROM:b\r\nTEXT:0\r\n", "TO", "TO:address", "none"),
        (b"TO:a\r\nTEXT:0\r\n", "FROM", "FROM:address", "none"),
        (b"TO:a\r\nFROM:b\r\n", "TEXT", "TEXT or XTEXT", "the end of the file"),
        (b"", "TEXT", "TEXT or XTEXT", "the end of the file"),
        (b"TO:a\r\nhello\r\n", "", "HEADER:value", "hello"),  # KB Q85055 #144
    ],
)
def test_a_broken_file_tells_expected_and_got(data: bytes, field: str, expected: str, got: str) -> None:
    """Sizes that do not fit, and headers that are missing or broken."""
    error = error_of(data)

    assert (field, expected, got) == (error.field, expected, got) == (error.field, error.expected, error.got)


def test_bytes_after_the_end_are_reported() -> None:
    """They are kept, and written again; a reader can tell that a size may be wrong."""
    message = parse(FILE + b"\x1a")

    assert b"\x1a" == message.trailing
    assert FILE + b"\x1a" == write(message)


def test_several_messages_in_one_file() -> None:
    """KB Q87223: a file contains messages."""
    other = attrs.evolve(REQUEST, body=b"", attachments=(), trailing=b"\x1a")

    assert [REQUEST, other] == list(parse_all(FILE + write(other)))


@pytest.mark.parametrize(
    ("data", "answer"), [(FILE, True), (b"\r\nTo:a\r", True), (b"Hello: x", False), (b"[DIRSYNC]", False), (b"", False)]
)
def test_telling_a_message_file(data: bytes, answer: bool) -> None:
    """By its first header."""
    assert answer == is_message(data)


@pytest.mark.parametrize(
    "change",
    [{"subject": "a\r\nTO:b"}, {"sender": "a\nTO:b"}, {"to": ("a\nb",)}, {"subject": "Ж"}, {"text_file": "BODY.TXT"}],
)
def test_what_cannot_be_written(change: dict[str, Any]) -> None:
    """No value becomes another header; a body is inside or outside."""
    with pytest.raises(FormatError):
        write(attrs.evolve(REQUEST, **change))


TEXT = st.text(st.characters(codec="cp850", exclude_categories=["Cc"]), min_size=1, max_size=20)
LINE = TEXT.map(str.strip).filter(bool)
NAME = st.text("ABC.123", min_size=1, max_size=12).filter(lambda name: name.strip("."))
MESSAGES = st.builds(
    MailMessage,
    to=st.lists(LINE, min_size=1, max_size=3).map(tuple),
    sender=LINE,
    subject=st.just("") | TEXT,
    date=st.just("") | LINE,
    time=st.just("") | LINE,
    body=st.binary(max_size=30),
    attachments=st.lists(st.builds(Attachment, NAME, st.binary(max_size=30)), max_size=3).map(tuple),
    externals=st.lists(st.builds(External, NAME, st.just("") | NAME), max_size=2).map(tuple),
    extra=st.lists(st.tuples(st.just("X-Trace"), TEXT), max_size=2).map(tuple),
    trailing=st.binary(max_size=5),
)


@given(MESSAGES, st.sampled_from(LINE_ENDS))
def test_round_trip(message: MailMessage, end: bytes) -> None:
    """Both ways, with any bytes in body and attachments."""
    data = write(message, end=end)

    assert message == parse(data)
    assert data == write(parse(data), end=line_end(data))


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_parser(data: bytes) -> None:
    """Whatever comes is a message or a `FormatError`."""
    try:
        parse(data)
    except FormatError as error:
        assert error.reason  # noqa: PT017


def test_a_file_of_ldif_is_no_message() -> None:
    """Both may begin with a version; only LDIF names an object behind it."""
    assert not is_message(b"version: 1\n\ndn: cn=ann,dc=lab\ncn: ann\n")
    assert is_message(b"VERSION: 3.00\r\nTO: MS:NET/PO/ANN\r\n")
