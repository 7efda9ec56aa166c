import pytest

from dxa.entry import Reject
from dxa_ccmail.importfiles import (
    MARKINGS,
    Action,
    DeleteLabel,
    DeleteMarking,
    DeleteRun,
    Instruction,
    read_import,
    write_adds,
    write_deletes,
)
from dxa_ccmail.record import FIELDS, Record

SITE = Record("SITE1", "P", cmts="MSExchangeCCMC EX1")
BEHIND = Record("SITE2", "p", "SITE1", "MSExchangeCCMC EX1")
SALLY = Record("Brady, Sally", "r", "SITE1 Brady, Sally")
ANN = Record("Ames, Ann", "r", "SITE2 Ames, Ann", "Room 1", (*FIELDS, b"Hidn: N"))
NICK = Record("Nick", "a", "SITE1 Brady, Sally")
ALL = [NICK, SALLY, BEHIND, ANN, SITE]
WAYS = [DeleteRun(), DeleteRun(name_only=True), DeleteLabel(), DeleteLabel(label="Del", value="Y", name_only=True)]


def names(data: bytes) -> list[str]:
    """The names in a file, in its order."""
    return [line.removeprefix("Name: ") for line in data.decode("cp850").splitlines() if line.startswith("Name:")]


def test_the_order_of_adds_and_deletes() -> None:
    """Post offices come before users and these before aliases; deletes come the other way round."""
    expected = ["SITE1", "SITE2", "Ames, Ann", "Brady, Sally", "Nick"]

    assert expected == names(write_adds(ALL))
    assert expected[::-1] == names(write_deletes(ALL, DeleteRun()))


@pytest.mark.cc("T02")
@pytest.mark.parametrize("way", WAYS)
def test_nothing_to_do_is_an_empty_file(way: DeleteMarking) -> None:
    """Without changes both files are empty."""
    assert (b"", b"") == (write_adds([], end_mark=True), write_deletes([], way, end_mark=True))


def test_the_same_changes_make_the_same_file() -> None:
    """The order in which changes come does not show."""
    assert write_adds(ALL) == write_adds(ALL[::-1])


@pytest.mark.parametrize("way", WAYS)
def test_deletes_are_read_as_deletes(way: DeleteMarking) -> None:
    """In each way of marking what was written for deletion is read so, run as that way wants it."""
    data = write_deletes(ALL, way)
    told = list(read_import(data, way, delete_run=way.needs_delete_run))

    assert [Action.DELETE] * 5 == [row.action for row in told if isinstance(row, Instruction)]
    assert names(data) == [row.record.name for row in told if isinstance(row, Instruction)]


@pytest.mark.parametrize("way", WAYS)
def test_adds_are_read_as_adds(way: DeleteMarking) -> None:
    """A file of adds is nothing else in any way of marking, and has the records whole."""
    told = list(read_import(write_adds(ALL), way, delete_run=False))

    assert [(Action.UPSERT, record) for record in (SITE, BEHIND, ANN, SALLY, NICK)] == [
        row[:2] for row in told if isinstance(row, Instruction)
    ]


def test_the_two_ways_of_marking() -> None:
    """A plain record in a file of its own, or a line in the record, behind its name and taken away when it is read."""
    plain = b"Name: Brady, Sally\r\nLocn: r\r\nAddr: SITE1 Brady, Sally\r\nCmts:\r\n"
    marked = plain.replace(b"Locn", b"Action: Delete\r\nLocn")

    assert plain == write_deletes([SALLY], DeleteRun())
    assert marked == write_deletes([SALLY], DeleteLabel())
    assert b"Name: Brady, Sally\r\n" == write_deletes([SALLY], DeleteRun(name_only=True))
    assert [Instruction(Action.DELETE, SALLY, 1)] == list(read_import(marked, DeleteLabel(), delete_run=False))
    assert {"run", "label"} == MARKINGS.keys()


def test_a_mark_is_configuration() -> None:
    """Label and value of the line are read in any case; a label that is none is refused."""
    way = DeleteLabel(label="Del", value="Yes", name_only=True)

    assert b"Name: Brady, Sally\r\nDel: Yes\r\n" == write_deletes([SALLY], way)
    assert [Action.DELETE, Action.UPSERT] == [
        row.action
        for row in read_import(b"Name: A\r\nDEL: yes\r\nName: B\r\nLocn: L\r\nDel: no\r\n", way, delete_run=False)
        if isinstance(row, Instruction)
    ]
    with pytest.raises(ValueError, match="cannot be a label"):
        DeleteLabel(label="No: way")


def test_what_import_cannot_use() -> None:
    """An add needs a Locn, a delete only its name; what is malformed is a reject, and the rest is read."""
    data = b"Name: A\r\nName:\r\nName: B\r\nLocn: L\r\n"
    adds, deletes = (list(read_import(data, DeleteRun(), delete_run=mode)) for mode in (False, True))

    assert [(1, "a record without Locn"), (2, "a blank name")] == [
        (row.line, row.reason) for row in adds if isinstance(row, Reject)
    ]
    assert ["A", "B"] == [row.record.name for row in deletes if isinstance(row, Instruction)]
