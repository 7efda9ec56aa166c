import pytest

from dxa.errors import FormatError
from dxa_ccmail.exportwrite import blocks, write
from dxa_ccmail.record import Record


def test_the_canonical_form() -> None:
    """Each line is label, colon, blank and value, ended by CR LF; an empty value is the bare label."""
    text = write([Record("Brady, Sally", "r", "SITE1 Brady, Sally"), Record("Müller", "L")])

    assert (
        b"Name: Brady, Sally\r\nLocn: r\r\nAddr: SITE1 Brady, Sally\r\nCmts:\r\n"
        b"Name: M\x81ller\r\nLocn: L\r\nAddr:\r\nCmts:\r\n"
    ) == text
    assert text + b"\x1a" == write(
        [Record("Brady, Sally", "r", "SITE1 Brady, Sally"), Record("Müller", "L")], end_mark=True
    )


def test_record_by_record() -> None:
    """A file can be written in blocks, one record each."""
    rows = [Record("Ann", "L"), Record("Bob", "L")]

    assert [write([row]) for row in rows] == list(blocks(rows))


def test_values_that_the_layout_does_not_name() -> None:
    """A comment that is added to a record without one is written behind the rest."""
    assert b"Name: Ann\r\nLocn: L\r\nCmts: new\r\n" == write([Record("Ann", "L", cmts="new", layout=("name", "locn"))])


@pytest.mark.cc("T28")
@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Record("Ann €", "L"), r"U\+20AC outside the code page, in Name of 'Ann €'"),
        (Record("Ann", "L", cmts="€"), r"in Cmts of 'Ann'"),
        (Record("Ann\r\nLocn: P", "L"), "control character in Name"),
        (Record("Ann", "L", cmts="a\nb"), "control character in Cmts of 'Ann'"),
        (Record(" ", "L"), "without a name"),
    ],
)
def test_what_cannot_be_written_is_refused(record: Record, reason: str) -> None:
    """A value outside the code page or over two lines is an error that names the entry; nothing is put in its place."""
    with pytest.raises(FormatError, match=reason):
        write([record])
