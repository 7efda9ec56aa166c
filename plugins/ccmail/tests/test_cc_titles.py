import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.entry import Reject
from dxa.errors import FormatError
from dxa_ccmail.titles import Title, TitleLayout, read_titles, write_titles


def test_labelled_titles_with_their_members() -> None:
    """A title begins at its label, and everything below it is kept as it came."""
    data = b"Name: Sales\r\nMember: Doe, Jane\r\n  PO1 \x81\r\n\r\nNAME: All hands\r\n\x1a"

    assert [
        Title("Sales", (b"Member: Doe, Jane", b"  PO1 \x81")),
        Title("All hands"),
    ] == read_titles(data)
    assert [(1, 0), (5, 43)] == [(title.line, title.offset) for title in read_titles(data) if isinstance(title, Title)]


def test_titles_without_labels() -> None:
    """In a file without any label each line that is not indented is a title."""
    assert [Title("Sales", (b"\tDoe, Jane",)), Title("All hands: 1")] == read_titles(
        b"Sales\n\tDoe, Jane\nAll hands: 1\n"
    )


def test_labels_are_configuration() -> None:
    """Other labels begin a title when the layout says so."""
    layout = TitleLayout(labels=("List", "Board"))

    assert [Title("Sales", (b"Name: x",)), Title("Social")] == read_titles(
        b"List: Sales\r\nName: x\r\nboard: Social\r\n", layout=layout
    )


@pytest.mark.parametrize("data", [b"", b"\r\n\x1a", b" \n"])
def test_no_titles(data: bytes) -> None:
    """A post office without lists has an empty file, which is no error."""
    assert [] == read_titles(data)


@pytest.mark.cc("T28", "T41")
def test_a_damaged_title_is_quarantined() -> None:
    """Text before the first title, blank titles and undecodable ones are rejects; the rest is read."""
    data = b"EXPORT 6.0\r\nName: Good\r\nName: \r\nName: \xff\r\nName: Last\r\n"
    rows = read_titles(data, code_page="874")

    assert ["Good", "Last"] == [row.name for row in rows if isinstance(row, Title)]
    assert [(1, "text before the first title"), (3, "a title that is blank or has a control character")] == [
        (row.line, row.reason) for row in rows if isinstance(row, Reject)
    ][:2]
    assert ["bytes FF outside the code page"] == [row.reason for row in rows if isinstance(row, Reject)][2:]


NAMES = st.text(st.characters(codec="cp850", exclude_categories=["Cc", "Z"]), min_size=1)


@given(st.lists(st.builds(Title, NAMES, st.lists(NAMES.map(lambda name: f" {name}".encode("cp850"))).map(tuple))))
def test_what_is_written_is_read_again(titles: list[Title]) -> None:
    """Our own form is read as it was written."""
    assert titles == read_titles(write_titles(titles))


@pytest.mark.parametrize("name", ["", "a\r\nb", "€"])
def test_titles_that_cannot_be_written(name: str) -> None:
    """A title must stand on one line and in the code page."""
    with pytest.raises(FormatError):
        write_titles([Title(name)])
