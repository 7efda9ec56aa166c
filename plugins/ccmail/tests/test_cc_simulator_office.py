import pytest

from dxa.entry import Reject
from dxa.errors import UsageError
from dxa_ccmail.export import ExportReader
from dxa_ccmail.importfiles import Action, Instruction
from dxa_ccmail.record import Found, Record
from dxa_ccmail.simulator import office as office_module
from dxa_ccmail.simulator.behaviour import GOOD, Behaviour
from dxa_ccmail.simulator.cmdline import Call, parse
from dxa_ccmail.simulator.office import Office, Order, Refusal, digest
from dxa_ccmail.titles import Title, read_titles


def filled(*records: Record, **given: str) -> Office:
    """A post office with these entries and a remote one."""
    office = Office(name="PO1", **given)  # type: ignore[arg-type]
    assert [""] * (len(records) + 1) == [office.upsert(each) for each in (Record("PO2", "P"), *records)]
    return office


def names(office: Office, order: Order = Order.PROPADD) -> str:
    """The names in an export, in its order."""
    return " ".join(record.name for record in office.directory(order))


def test_names_are_unique_in_any_case_and_across_post_offices() -> None:
    """KB Q237588: one name is one entry, whoever is at home where; the last one told counts."""
    office = filled(Record("Smith, Jimmy", "L"))
    office.upsert(Record("SMITH, jimmy", "r", "PO2"))

    assert ["PO1", "PO2", "SMITH, jimmy"] == [record.name for record in office.entries.values()]
    assert Record("SMITH, jimmy", "r", "PO2") == office.entries["smith, jimmy"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (Record("X", "Q"), "unknown Locn 'Q'"),
        (Record("X"), "unknown Locn ''"),
        (Record("X", "r", "PO9 x"), "Addr 'PO9 x' begins with no known post office"),
        (Record("X", "l"), "Addr '' begins with no known post office"),
        (Record("X", "a", "PO9"), "Addr 'PO9' begins with no known post office"),
        (Record("PO3", "p", "PO9"), "Addr 'PO9' begins with no known post office"),
        (Record("X[1]", "L"), "a name with [ or ]"),
        (Record("po2", "L"), "the name belongs to a post office"),
        (Record("Ann", "P"), "the name belongs to a mailbox"),
        (Record("Zoë ☃", "L"), "character U+2603 outside the code page, in Name of 'Zoë ☃'"),
    ],
)
def test_what_is_refused(record: Record, expected: str) -> None:
    """An entry that cannot be is refused with a reason, and the directory stays as it was."""
    office = filled(Record("Ann", "L"))
    before = dict(office.entries)

    assert expected == office.upsert(record)
    assert before == office.entries


@pytest.mark.cc("T29")
def test_brackets_are_a_matter_of_the_version() -> None:
    """KB Q232687: it is Import 8 that does not take them."""
    assert "" == filled(version="DB6").upsert(Record("X[1]", "L"))


def test_a_directory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is room for so many entries, and changes need none."""
    monkeypatch.setattr(office_module, "ENTRIES", 3)
    office = filled(Record("Ann", "L"))

    assert "the directory is full: 3 entries" == office.upsert(Record("Bob", "L"))
    assert "" == office.upsert(Record("ann", "L", cmts="more"))


def test_post_offices_are_known_when_they_are_there() -> None:
    """Who is behind a post office needs its entry first; who goes before it leaves it free to be deleted."""
    office = filled(Record("PO3", "p", "PO2"), Record("Ann", "r", "PO3 ann"))

    assert "there are entries behind this post office" == office.delete("PO3")
    assert "there are entries behind this post office" == office.delete("po2")
    assert ["", "", ""] == [office.delete(name) for name in ("ann", "PO3", "PO2")]
    assert "Addr 'PO2' begins with no known post office" == office.upsert(Record("Ann", "r", "PO2"))
    assert "it is this post office itself" == office.delete("PO1")
    assert "there is no entry of this name" == office.delete("Ann")


def test_the_order_of_exports() -> None:
    """P, then p, users of all codes, aliases; each group by name or, without ADD, as it came."""
    office = filled(
        Record("Zoe", "L"),
        Record("al", "a", "PO2"),
        Record("Ann", "r", "PO2"),
        Record("PO0", "p", "PO2"),
        Record("bob", "R"),
    )

    assert "PO1 PO2 PO0 Ann bob Zoe al" == names(office)
    assert "PO1 PO2 PO0 Zoe Ann bob al" == names(office, Order.PROP)
    assert "al Ann bob PO0 PO1 PO2 Zoe" == names(office, Order.PLAIN)


def test_local_users_have_an_address_when_they_are_propagated() -> None:
    """An export for propagation carries the home of local users, a plain one does not."""
    office = filled(Record("Ann", "L"))

    assert ["PO1", ""] == [office.directory(order)[-1].addr for order in (Order.PROP, Order.PLAIN)]
    assert "" == office.entries["ann"].addr


def test_exports_can_be_read() -> None:
    """What is exported says the same to our readers, unknown lines among it."""
    odd = Record("Ann", "r", "PO2 ann", "Größe", ("name", b"Lang: fr", "locn", "addr", "cmts"))
    office = filled(odd)
    office.lists["staff"] = Title("Staff", (b"  Ann",))
    rows = list(ExportReader().read(office.export_directory()))

    assert [Record("PO1", "P"), Record("PO2", "P"), odd] == [row.record for row in rows if isinstance(row, Found)]
    assert [Title("Staff", (b"  Ann",))] == read_titles(office.export_titles(office.lists))
    assert b"" == office.export_titles(office.boards)


def test_an_import_does_what_it_can() -> None:
    """Refused and malformed records do not stop the others."""
    office = filled(Record("Ann", "L"))
    nobody, bad = Record("Nobody", layout=("name",)), Reject(0, 9, "Name:", 0, "a blank name")
    office.behaviour = Behaviour(refuse=("ev*",))
    eve = Record("Eve", "L")
    rows = [
        Instruction(Action.DELETE, Record("ANN"), 1),
        Instruction(Action.DELETE, nobody, 2),
        bad,
        Instruction(Action.UPSERT, eve, 3),
        Instruction(Action.UPSERT, Record("Bob", "L"), 4),
    ]
    refused = [Refusal(nobody, "there is no entry of this name"), Refusal(eve, "refused on request")]

    assert (2, refused, [bad]) == office.import_(rows)
    assert ["po1", "po2", "bob"] == list(office.entries)


def test_behaviour_lasts_for_some_runs() -> None:
    """After so many runs everything is good again; without a number it lasts."""
    twice = Behaviour(cut=1, runs=2)

    assert Behaviour(cut=1, runs=1) == twice.after_a_run()
    assert GOOD == twice.after_a_run().after_a_run()
    assert Behaviour(cut=1) == Behaviour(cut=1).after_a_run()


def test_who_may_come_in() -> None:
    """The name counts in any case, the password as it is; it is not kept."""
    office = Office(name="PO1", password=digest("Geheim"))

    assert [True, False, False] == [
        office.admits("po1", "Geheim"),
        office.admits("po1", "geheim"),
        office.admits("PO2", "Geheim"),
    ]
    assert "Geheim" not in office.password
    assert Office(name="PO1").admits("PO1", "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/NPO1|/Pgeheim|/D/srv/po|/DIRECTORY/PROPADD|/@X.EXP|/BATCH", "DIRECTORY PROPADD BATCH"),
        ("/npo1|/pgeheim|/d/srv/po|/directory|/PROPADD|/@X.EXP", "DIRECTORY PROPADD"),
        ("PO1|geheim|/srv/po|X.EXP|DIRECTORY/PROP", "DIRECTORY PROP"),
        ("PO1|geheim|/srv/po|/tmp/X.EXP|/LISTS", "LISTS"),
    ],
)
def test_command_lines(line: str, expected: str) -> None:
    """Both forms that sources show are read; a path may begin with a slash as options do."""
    call = parse(line.split("|"))

    assert frozenset(expected.split()) == call.words
    assert ("PO1", "geheim", "/srv/po") == (call.postoffice.upper(), call.password, call.path)
    assert call.file.endswith("X.EXP")
    assert "geheim" not in repr(call)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/NPO1", "/DIRECTORY is missing"),
        ("/NPO1|/DIRECTORY|/X1", "unknown option /X1"),
        ("PO1|a|b|c|d|DIRECTORY", "with options, not both"),
        ("PO1|/DIRECTORY|/@X", "with options, not both"),
    ],
)
def test_command_lines_that_cannot_be_meant(line: str, expected: str) -> None:
    """What is wrong is said."""
    with pytest.raises(UsageError, match=expected):
        parse(line.split("|"))


def test_what_a_call_asks_for() -> None:
    """Kind, mode and order follow from the words."""
    calls = [Call(words=frozenset(words.split())) for words in ("DIRECTORY", "DIRECTORY DELETE PROP", "BOARDS PROPADD")]

    assert ["directory", "directory", "boards"] == [call.kind.value for call in calls]
    assert ["add", "delete", "add"] == [call.mode.value for call in calls]
    assert [Order.PLAIN, Order.PROP, Order.PROPADD] == [call.order for call in calls]
