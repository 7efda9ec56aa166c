"""What lines do to objects, and whole files to one another."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa_exchange.directory import Record, Value
from dxa_exchange.table55 import checks, values
from dxa_exchange.table55.events import Event
from dxa_exchange.table55.form import Generation
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.reader import lines_of, read
from dxa_exchange.table55.snapshot import Snapshot, difference
from dxa_exchange.table55.values import apply
from dxa_exchange.table55.writer import Layout, columns_of, write

PROXIES = "E-mail Addresses"
Cells = Mapping[str, list[str]]


def line(cells: Cells, mode: Mode = Mode.MODIFY, kind: str = "Mailbox", name: str = "Ann") -> Line:
    """A line about an object in the container Recipients."""
    identity = {"Obj-Class": [kind], "Directory Name": [name]}
    return Line(7, kind, mode, Record(f"/o=Lab/ou=B/cn=Recipients/cn={name}", {**identity, **cells}))  # type: ignore[dict-item]


ANN = line(
    {
        "Display Name": ["Ann"],
        "Title": ["Boss"],
        "Members": ["Recipients/cn=a", "Recipients/cn=b"],
        PROXIES: ["SMTP:ann@x", "smtp:a@x", "MS:N/P/A"],
    }
).record


def after(name: str, cell: list[str], *, overwrite: bool = False, generation: Generation = 5) -> list[Value]:
    """The values of an attribute of Ann's behind a line with one more cell."""
    found = apply(ANN, line({name: cell}), overwrite=overwrite, generation=generation)
    assert found is not None
    return found.values(name)


# -- one line ----------------------------------------------------------------------------------------------------------


def test_an_empty_cell_leaves_an_attribute_alone() -> None:
    """What a line does not say stays."""
    assert apply(ANN, line({})) == ANN


@pytest.mark.parametrize(
    ("name", "cell", "found"),
    [
        ("Title", ["Chief"], ["Chief"]),
        ("Title", ["~DEL"], []),
        ("Members", ["Recipients/cn=c"], ["Recipients/cn=a", "Recipients/cn=b", "Recipients/cn=c"]),
        ("Members", ["~del"], []),
        (PROXIES, ["~DEL<MS:n/p/a>"], ["SMTP:ann@x", "smtp:a@x"]),
        (PROXIES, ["~DEL<SMTP:>"], ["MS:N/P/A"]),
        (PROXIES, ["~DEL<SMTP:>", "~DEL<ms:N/P/A>"], []),
        (PROXIES, ["X400:c=de"], ["SMTP:ann@x", "smtp:a@x", "MS:N/P/A", "X400:c=de"]),
        (PROXIES, ["SMTP:new@x"], ["smtp:ann@x", "smtp:a@x", "MS:N/P/A", "SMTP:new@x"]),
        (PROXIES, ["SMTP:a@x"], ["smtp:ann@x", "MS:N/P/A", "SMTP:a@x"]),
    ],
)
def test_orders_of_a_cell(name: str, cell: list[str], found: list[str]) -> None:
    """Values are added where there are several; a new primary address demotes the old one."""
    assert found == after(name, cell)


def test_both_names_of_a_column_are_one() -> None:
    """A line in raw mode changes what a file with displayed names has told."""
    changed = apply(ANN, line({"Display-Name": ["Ann Berg"]}))

    assert changed is not None
    assert (["Ann Berg"], []) == (changed.values("Display Name"), changed.values("Display-Name"))


def test_overwriting() -> None:
    """With OverwriteProperties the values of a cell take the place of all (KB Q160971)."""
    assert ["SMTP:new@x"] == after(PROXIES, ["SMTP:new@x"], overwrite=True)


def test_a_quoted_blank_clears_in_exchange_4() -> None:
    """An oddity of that version (KB Q152727); later a blank is a value."""
    assert [] == after("Title", [" "], generation=4)
    assert [" "] == after("Title", [" "])


@pytest.mark.parametrize(
    ("before", "cells", "mode", "code"),
    [
        (ANN, {PROXIES: ["~DEL<MS:n/p/a>", "SMTP:b@x"]}, Mode.MODIFY, Event.MIXED),
        (ANN, {"Members": ["~DEL", "x"]}, Mode.MODIFY, Event.MIXED),
        (None, {"Title": ["~DEL"]}, Mode.CREATE, Event.DELETE_ON_CREATE),
        (None, {PROXIES: ["~DEL<SMTP:>"]}, Mode.UPDATE, Event.DELETE_ON_CREATE),
        (ANN, {"Directory Name": ["~DEL"]}, Mode.MODIFY, Event.DELETE_ON_CREATE),
        (ANN, {}, Mode.CREATE, Event.NONE),
        (None, {}, Mode.MODIFY, Event.NONE),
        (None, {}, Mode.DELETE, Event.NONE),
    ],
)
def test_orders_that_cannot_be_carried_out(before: Record | None, cells: Cells, mode: Mode, code: Event) -> None:
    """They are refused with the line and the event."""
    with pytest.raises(FormatError) as error:
        apply(before, line(cells, mode))

    assert (7, code) == (error.value.line, error.value.code)


def test_deleting_and_updating() -> None:
    """A delete leaves nothing; an update creates what is not there."""
    assert apply(ANN, line({}, Mode.DELETE)) is None
    created = apply(None, line({"Title": ["Boss"]}, Mode.UPDATE))
    assert created is not None
    assert ["Boss"] == created.values("title")


def test_texts_that_would_be_orders() -> None:
    """No file can hold them as values."""
    for text in ("~DEL", "~del<x>", "~SERVER"):
        with pytest.raises(FormatError, match="would be an order"):
            values.literal(text)
    assert "~DELTA" == values.literal("~DELTA")


# -- what an import wants ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "cells", "found"),
    [
        ("Mailbox", {}, [("Home-Server", 292)]),
        ("Mailbox", {"Home-Server": ["~SERVER"]}, []),
        ("Remote", {}, [("E-mail address", 0)]),
        ("Remote", {"Target-Address": ["SMTP:ann@x"]}, []),
        ("Remote", {"E-mail address": ["ann@x"]}, [("E-mail address", 230)]),
        ("Remote", {"E-mail address": ["VERYLONGS:ann"]}, [("E-mail address", 230)]),
        ("DL", {PROXIES: ["SMTP:a@x", "smtp:b@x", "SMTP:c@x"]}, [(PROXIES, 230)]),
        ("DL", {PROXIES: ["SMTP:a@x", "X400:c=de", "smtp:"]}, [(PROXIES, 230)]),
        ("DL", {"Member of": ["x"]}, [("Member of", 154)]),
        ("DL", {"Is-Member-Of-DL": ["x"]}, [("Is-Member-Of-DL", 154)]),
        ("DL", {}, []),
    ],
)
def test_what_a_new_object_must_have(kind: str, cells: Cells, found: list[tuple[str, int]]) -> None:
    """By its class; and addresses are addresses (KB Q146304, Q155589)."""
    problems = list(checks.problems(line(cells, Mode.CREATE, kind), new=True))

    assert found == [(bad.field, bad.code) for bad in problems]
    assert all(bad.reason and 7 == bad.line for bad in problems)


def test_names_that_are_built() -> None:
    """The display name of both names, the alias of the first and a letter (KB Q146293)."""
    cells = {"First Name": ["Ann"], "Last name": ["Berg"]}
    named = checks.built(line(cells).record)
    bare = checks.built(line({"Display-Name": ["A. B."]}).record)

    assert ("Ann Berg", "AnnB") == (named.text("Display Name"), named.text("Alias Name"))
    assert ([], "Ann") == (bare.values("Display Name"), bare.text("Alias Name"))


def test_what_is_not_imported_again() -> None:
    """Imported-From would make objects foreign, and other columns are the system's (KB Q235329)."""
    record = line({"Imported-From": ["MS"], "USN-Changed": ["7"], "Title": ["Boss"]}).record

    assert {"Obj-Class", "Directory Name", "Title"} == checks.importable(record).attributes.keys()


# -- files -------------------------------------------------------------------------------------------------------------


def test_an_address_belongs_to_one_object() -> None:
    """A line that gives it to another one is refused (236), and nothing of the line is done; the rest goes on."""
    there = Snapshot.of([line({PROXIES: ["SMTP:a@x"]}), line({}, name="Bob")])
    refused = there.apply_all(
        [
            line({PROXIES: ["smtp:A@X"], "Title": ["Boss"]}, name="Bob"),
            line({PROXIES: ["~DEL<SMTP:a@x>"]}),
            line({PROXIES: ["SMTP:a@x"]}, name="Bob"),
        ]
    )
    bob = next(each.record for each in there.objects.values() if each.record.dn.endswith("Bob"))

    assert [(7, 236)] == [(bad.line, bad.code) for bad in refused]
    assert "cn=Ann" in refused[0].reason
    assert (["SMTP:a@x"], "") == (bob.values(PROXIES), bob.text("Title"))


def test_tombstones() -> None:
    """Deleted objects are known as such, and are no objects (KB Q239639)."""
    data = (
        b"Obj-Class,Common-Name,Is-Deleted,Obj-Dist-Name\r\nMailbox,Ann,1,/o=L/ou=B/cn=Recipients/cn=Ann\r\n"
        b"Mailbox,Bob,0,/o=L/ou=B/cn=Recipients/cn=Bob\r\n"
    )
    found = Snapshot.of(lines_of(read([data]))[0])

    assert ["Ann"] == [each.record.text("Common-Name") for each in found.deleted.values()]
    assert ["Bob"] == [each.record.text("Common-Name") for each in found.objects.values()]


def test_what_is_given_away_is_free_before_it_is_given() -> None:
    """Deletes, then what is taken away, then the rest: so addresses can change hands."""
    old = Snapshot.of([line({PROXIES: ["SMTP:a@x", "smtp:b@x"]}), line({PROXIES: ["SMTP:c@x"]}, name="Cy")])
    new = Snapshot.of(
        [
            line({PROXIES: ["SMTP:a@x", "smtp:c@x"]}),
            line({PROXIES: ["SMTP:b@x"], "Home-Server": ["S"]}, name="Di"),
        ]
    )
    lines = list(difference(old.objects, new.objects))

    assert [
        ("Cy", Mode.DELETE, []),
        ("Ann", Mode.MODIFY, ["~DEL<smtp:b@x>"]),
        ("Ann", Mode.MODIFY, ["smtp:c@x"]),
        ("Di", Mode.CREATE, ["SMTP:b@x"]),
    ] == [(each.record.text("Directory Name"), each.mode, each.record.values(PROXIES)) for each in lines]
    assert [] == old.apply_all(lines)


TEXT = st.text(st.sampled_from('ab,%"\\ ~é'), min_size=1, max_size=5).filter(lambda text: not values.is_marker(text))
ADDRESS = st.builds("{}:{}".format, st.sampled_from(["smtp", "x400", "MS"]), TEXT.map(lambda text: f"{text}@x"))


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Line]:
    """A directory whose addresses are unique."""
    found: dict[str, Line] = {}
    taken: set[str] = set()
    for name in draw(st.lists(st.sampled_from(["Ann", "Bob", "C, D", "E+f"]), unique=True)):
        proxies = [
            each for each in draw(st.lists(ADDRESS, max_size=3, unique_by=str.casefold)) if each.casefold() not in taken
        ]
        taken.update(map(str.casefold, proxies))
        types = [each.partition(":")[0] for each in proxies]
        proxies = [each for n, each in enumerate(proxies) if not each.startswith("MS") or types.index("MS") == n]
        cells = {
            "Display Name": [name],
            "Alias Name": [name],
            "Home-Server": ["S"],
            "Title": draw(st.lists(TEXT, max_size=1)),
            "Members": draw(st.lists(TEXT, max_size=3, unique=True)),
            PROXIES: proxies,
        }
        each = line({column: cell for column, cell in cells.items() if cell}, name=name)
        found[each.record.dn] = each
    return found


def compared(snapshot: Snapshot) -> dict[str, dict[str, set[Value]]]:
    """Objects with their values as sets."""
    return {
        each.record.dn: {name: set(cell) for name, cell in each.record.attributes.items()}
        for each in snapshot.objects.values()
    }


@given(objects(), objects(), st.booleans())
def test_a_file_of_changes_makes_one_directory_of_another(
    old: dict[str, Line], new: dict[str, Line], overwrite: bool
) -> None:
    """Written, read and applied, the difference of two snapshots gives the second; and there is none to itself."""
    before, wanted = Snapshot.of(old.values()), Snapshot.of(new.values())
    changes = list(difference(before.objects, wanted.objects, overwrite=overwrite))
    data = b"".join(write(changes, Layout(names=columns_of(changes))))
    lines, bads = lines_of(read([data]))
    # The files name objects below their container only.
    placed = [each._replace(record=Record(f"/o=Lab/ou=B{each.record.dn}", each.record.attributes)) for each in lines]

    assert ([], []) == (bads, before.apply_all(placed, overwrite=overwrite))
    assert compared(wanted) == compared(before)
    assert [] == list(difference(before.objects, wanted.objects, overwrite=overwrite))
