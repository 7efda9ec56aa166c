import pytest

from dxa_ccmail.record import Record
from dxa_ccmail.undeliverable import Refused, read_undeliverable, write_undeliverable


@pytest.mark.cc("T40")
def test_our_own_form() -> None:
    """A record with the reason below it is read as its name and reason."""
    data = write_undeliverable([(Record("Doe, Jane", "r", "SITE1"), "name is\r\nin use"), (Record("Roe", "L"), "")])

    assert [Refused("Doe, Jane", 1, "name is in use"), Refused("Roe", 6, "")] == read_undeliverable(data)


@pytest.mark.cc("T40")
def test_names_in_any_text() -> None:
    """Names that were sent are found where they stand as a whole, the longest first, in the spelling that was sent."""
    data = b"Cannot update DOE, JANE ANN at SITE1\nUpdate of Roe: refused.\nUnrelated Roebuck\n\x1a"

    assert [
        Refused("Doe, Jane Ann", 1, "Cannot update DOE, JANE ANN at SITE1"),
        Refused("Roe", 2, "Update of Roe: refused."),
    ] == read_undeliverable(data, ["Roe", "Doe, Jane", "Doe, Jane Ann", "Buck"])


@pytest.mark.cc("T28", "T40")
def test_nothing_in_it_is_an_error() -> None:
    """Binary text is read as far as it can be, and without a name it refuses nobody."""
    assert [] == read_undeliverable(b"\x00\xff\xfe\r\n\x1a", ["Doe, Jane"], code_page="874")
    assert [] == read_undeliverable(b"")


def test_a_name_is_told_once() -> None:
    """Two records of one name are one refusal, with the first reason."""
    data = b"Name: Roe\r\nReason: one\r\nName: ROE\r\nReason: two\r\n"

    assert [Refused("Roe", 1, "one")] == read_undeliverable(data, ["Roe"])
