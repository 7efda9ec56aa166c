import pytest

from dxa.entry import Reject
from dxa_ccmail.export import ExportReader
from dxa_ccmail.exportwrite import write
from dxa_ccmail.listing import Sort, listed
from dxa_ccmail.lookup import read_all
from dxa_ccmail.offices import PostOffices
from dxa_ccmail.record import Record

OFFICES = PostOffices(["PMDF", "PO2", "Hub 1"])


@pytest.mark.parametrize(
    ("record", "sort", "office", "fan", "free"),
    [
        (Record("Doe, Jane", "L"), Sort.USER, "HOME", "", ""),
        (Record("Doe, Jane", "L", "PO2"), Sort.USER, "PO2", "", ""),
        (Record("Doe, Jane", "l", "po2"), Sort.USER, "PO2", "", ""),
        (Record("Doe, Jane", "r", "PMDF jdoe@foo.bar.com"), Sort.USER, "PMDF", "jdoe@foo.bar.com", ""),
        (Record("Telco, Joe", "R"), Sort.USER, "HOME", "", ""),
        (Record("Unexpected, Sally", "R", "s@f.edu at PMDF"), Sort.USER, "HOME", "", "s@f.edu at PMDF"),
        (Record("Nick", "A", "Doe, Jane"), Sort.ALIAS, "HOME", "", "Doe, Jane"),
        (Record("Nick", "a", "PO2 Doe, Jane"), Sort.ALIAS, "PO2", "Doe, Jane", ""),
        (Record("PMDF", "P"), Sort.POST_OFFICE, "", "", ""),
        (Record("PO3", "p", "hub 1"), Sort.POST_OFFICE, "Hub 1", "", ""),
    ],
)
def test_the_meaning_of_the_codes(record: Record, sort: Sort, office: str, fan: str, free: str) -> None:
    """All eight codes are told apart by their case; an Addr is a post office and its alias name, or free text."""
    found = listed(record, OFFICES, "HOME")

    assert (sort, office, fan, free, "") == (found.sort, found.post_office, found.fan, found.free, found.problem)


@pytest.mark.parametrize("code", ["l", "r", "p", "L"])
def test_names_of_the_system(code: str) -> None:
    """A name with a tilde is no recipient, whatever code it has; as a post office it stays one."""
    found = listed(Record("~ADE_Mailbox", code), OFFICES, "HOME")

    assert (Sort.POST_OFFICE if code == "p" else Sort.SYSTEM) is found.sort
    assert "" == found.problem


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (Record("Doe, Jane", "X"), "unknown Locn 'X'"),
        (Record("Doe, Jane", ""), "unknown Locn ''"),
        (Record("Doe, Jane", "r", "NOWHERE jdoe"), "Addr 'NOWHERE jdoe' begins with no known post office"),
        (Record("Doe, Jane", "l"), "no Addr"),
    ],
)
def test_a_record_that_cannot_be_used_says_why(record: Record, problem: str) -> None:
    """An unknown code and an unknown post office are told, and the record is not lost."""
    assert problem == listed(record, OFFICES, "HOME").problem
    assert record is listed(record, OFFICES, "HOME").record


@pytest.mark.cc("T02")
def test_a_name_stands_in_a_directory_once() -> None:
    """Of two entries whose names differ in case only the first counts, and the other is reported."""
    rows = [Record("Doe, Jane", "r", "PO2"), Record("DOE, JANE", "L"), Record("PO2", "P")]
    found = read_all(write(rows), ExportReader())

    assert {"doe, jane": rows[0], "po2": rows[2]} == found.entries
    assert [
        Reject(0, 5, "DOE, JANE · L · ", 0, "the name 'DOE, JANE' stands in the export twice, first on line 1")
    ] == found.twice
