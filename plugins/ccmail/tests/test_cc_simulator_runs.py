import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dxa.config.secrets import Secret
from dxa.errors import LockedError, TransportError, UsageError
from dxa_ccmail.importfiles import DeleteLabel, DeleteRun, write_adds, write_deletes
from dxa_ccmail.record import Record
from dxa_ccmail.running import files
from dxa_ccmail.running.events import RunError
from dxa_ccmail.running.interface import Kind, Login, Mode, State
from dxa_ccmail.running.options import SimulatorOptions
from dxa_ccmail.running.simulated import SimulatedPrograms
from dxa_ccmail.simulator.behaviour import GOOD, Behaviour
from dxa_ccmail.simulator.office import Office, digest
from dxa_ccmail.simulator.state import FILE, PlayedOffice
from dxa_ccmail.titles import Title
from dxa_ccmail.undeliverable import read_undeliverable

ANN = Record("Doe, Ann", "L", cmts="Zimmer 4")


@pytest.fixture
def played(tmp_path: Path) -> PlayedOffice:
    """A post office with a user, a list and a password."""
    office = Office(name="PO1", password=digest("geheim"))
    office.upsert(ANN)
    office.lists["staff"] = Title("Staff", (b"  Doe, Ann",))
    return PlayedOffice.create(tmp_path / "po", office)


def programs(played: PlayedOffice, password: str = "geheim", name: str = "po1") -> SimulatedPrograms:
    """The programs over it."""
    options = SimulatorOptions(folder=str(played.folder))
    return SimulatedPrograms(options=options, login=Login(postoffice=name, password=Secret(password)), base=Path())


def behave(played: PlayedOffice, **given: Any) -> None:
    """Make it misbehave."""
    with played.edit() as office:
        office.behaviour = Behaviour(**given)


def failure(programs: SimulatedPrograms) -> tuple[int, int | None]:
    """Event and code with which EXPORT fails."""
    with pytest.raises(RunError) as error:
        programs.export()
    return error.value.event.number, error.value.code


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A post office comes back from its file as it was, with everything that can be set."""
    marking = DeleteLabel(label="Do", value="Remove", name_only=True)
    office = Office(name="Zoë's", version="8.5", code_page="cp437", marking=marking, password=digest("x"))
    office.behaviour = Behaviour(slow=1.5, refuse=("a*", "b"))
    office.upsert(Record("Ann", "L", "", "a\tb", ("name", b"X: \x81", "locn", "addr", "cmts")))
    office.boards["news"] = Title("News", (b"\xff",))

    assert office == PlayedOffice.create(tmp_path / "a", office).look()
    office.marking = DeleteRun(name_only=True)
    assert office == PlayedOffice.create(tmp_path / "b", office).look()
    with pytest.raises(UsageError, match="is a post office already"):
        PlayedOffice.create(tmp_path / "a", office)


def test_a_change_is_written_at_once(played: PlayedOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error leaves it as it was, and so does a look; the file says whose it is."""
    with suppress(ZeroDivisionError), played.edit() as office:
        office.delete("Doe, Ann")
        raise ZeroDivisionError
    assert ["po1", "doe, ann"] == list(played.look().entries)
    monkeypatch.setattr(files, "write", None)
    with played.edit():
        pass
    assert "dxa post office simulator 1, no file of cc:Mail" == json.loads((played.folder / FILE).read_text())["format"]


@pytest.mark.parametrize("text", ["", "[]", '{"format": "other"}', "{}"])
def test_a_file_that_is_none_of_ours(played: PlayedOffice, text: str) -> None:
    """It is reported by its name and not touched."""
    (played.folder / FILE).write_text(text)

    with pytest.raises(TransportError, match=r"CCPOMBOX\.SIM cannot be read"):
        played.look()
    with pytest.raises(TransportError, match=r"`dxa ccmail simulate init` makes a post office"):
        PlayedOffice(played.folder / "no").look()


def test_all_three_are_exported(played: PlayedOffice) -> None:
    """In this process nothing is written, and the counts are the program's own."""
    exported = programs(played).export()

    assert exported is not None
    assert b"Name: Doe, Ann\r\nLocn: L\r\nAddr: PO1\r\nCmts: Zimmer 4\r\n" in exported.files[Kind.DIRECTORY]
    assert {Kind.DIRECTORY: 2, Kind.LISTS: 1, Kind.BOARDS: 0} == exported.counts
    assert {".lock", FILE} == {path.name for path in played.folder.iterdir()}
    assert "dxa's stand-in for EXPORT; this is no Lotus program\n2 directory entries exported" in exported.console


def test_adds_and_deletes(played: PlayedOffice) -> None:
    """What was imported is there, or not any more; nothing at all runs nothing."""
    added = programs(played).import_(write_adds([Record("Bob", "r", "PO2"), Record("PO2", "P")]), Mode.ADD)
    deleted = programs(played).import_(write_deletes([ANN], DeleteRun()), Mode.DELETE)

    assert [(State.DONE, 0, b"")] * 2 == [(each.state, each.code, each.undeliverable) for each in (added, deleted)]
    assert ["po1", "po2", "bob"] == list(played.look().entries)
    assert State.NOTHING == programs(played).import_(b"", Mode.ADD).state


@pytest.mark.parametrize("mode", list(Mode))
def test_deletes_that_are_marked_in_the_record(played: PlayedOffice, mode: Mode) -> None:
    """Where a line tells a delete, the run does not matter, and a record without it is an add."""
    marking = DeleteLabel()
    with played.edit() as office:
        office.marking = marking
    data = write_deletes([ANN], marking) + write_adds([Record("Bob", "L")])
    programs(played).import_(data, mode)

    assert ["po1", "bob"] == list(played.look().entries)


@pytest.mark.cc("T40")
def test_refused_updates(played: PlayedOffice) -> None:
    """Code 5 comes with the refused records and their reasons, and all others are done."""
    bad = b"Name: Odd\r\nName: \r\nLocn: L\r\n"
    result = programs(played).import_(bad + write_adds([Record("Bob", "r", "PO9"), Record("Eve", "L")]), Mode.ADD)

    assert (5, True) == (result.code, result.applied)
    assert "eve" in played.look().entries
    assert [("Bob", "Addr 'PO9' begins with no known post office")] == [
        (row.name, row.reason) for row in read_undeliverable(result.undeliverable) if row.name == "Bob"
    ]
    assert b"Reason: a blank name\r\n" in result.undeliverable
    assert "3 undeliverable" in result.console


@pytest.mark.cc("T36")
def test_who_is_not_let_in(played: PlayedOffice) -> None:
    """Name, password, place, a lock, and a post office that is shut down have the codes of the originals."""
    assert (70, 3) == failure(programs(played, password="wrong"))
    assert (70, 3) == failure(programs(played, name="PO2"))
    assert (68, 1) == failure(programs(PlayedOffice(played.folder / "no")))
    with played.edit():
        assert (71, 4) == failure(programs(played))
    played.shut_down(True)
    assert (71, 4) == failure(programs(played))
    with pytest.raises(RunError, match=r"^\[62\] .*IMPORT process ended with error: 4\."):
        programs(played).import_(b"Name: X\r\n", Mode.ADD)
    played.shut_down(False)
    assert None is not programs(played).export()
    with pytest.raises(RunError, match=r"^\[59\] "):
        programs(played, password="wrong").import_(b"Name: X\r\n", Mode.ADD)


@pytest.mark.cc("T37")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"absent": True}, "left no CCMDIR.EXP"),
        ({"cut": 1}, "ends inside a line"),
        ({"cut": 500}, "the export is empty"),
        ({"export_code": 4}, "EXPORT ended with code 4"),
    ],
)
def test_misbehaviour_on_request(played: PlayedOffice, given: dict[str, Any], expected: str) -> None:
    """A run that goes wrong is a failure; the next one is good again."""
    behave(played, runs=1, **given)
    with pytest.raises(RunError, match=expected):
        programs(played).export()

    assert GOOD == played.look().behaviour
    assert None is not programs(played).export()


@pytest.mark.cc("T38")
def test_an_import_that_stops(played: PlayedOffice) -> None:
    """What was done before stays done."""
    data = write_adds([Record("A", "L"), Record("B", "L"), Record("C", "L")])
    behave(played, stop_after=2, runs=1)
    with pytest.raises(RunError) as error:
        programs(played).import_(data, Mode.ADD)
    assert (59, 1) == (error.value.event.number, error.value.code)
    assert ["po1", "doe, ann", "a", "b"] == list(played.look().entries)

    behave(played, import_code=4)
    with pytest.raises(RunError, match=r"^\[62\]"):
        programs(played).import_(data, Mode.ADD)
    assert "c" not in played.look().entries


def test_no_password_in_what_is_said(played: PlayedOffice) -> None:
    """A program that says how it was called does not give the password away."""
    behave(played, echo=True)
    exported = programs(played).export()

    assert exported is not None
    assert "/Npo1 /P*** /D" in exported.console
    assert "geheim" not in exported.console + (played.folder / FILE).read_text()


def test_two_at_once(played: PlayedOffice) -> None:
    """One of them is told that it is locked."""
    with played.edit(), pytest.raises(LockedError, match="the post office is locked by another process"), played.edit():
        pass


def test_nothing_waits(played: PlayedOffice) -> None:
    """What runs at once has no results later."""
    assert [(), ()] == [programs(played).results(), programs(played).warnings()]
    programs(played).settle(["x"])


def test_a_post_office_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With its folder, and with the command that makes one."""
    with pytest.raises(RunError, match=r"There is no post office in .*/nowhere; `dxa ccmail simulate init` makes one"):
        programs(PlayedOffice(tmp_path / "nowhere")).export()
