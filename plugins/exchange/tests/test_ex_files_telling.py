"""What files tell the core: changes end in the same list as a full export of what they made."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from dxa.entry import Entry, Transaction
from dxa.host import Host
from dxa.ledger.received import Row, hear
from dxa_exchange.directory import Record
from dxa_exchange.files.formats import Parsed, parse
from dxa_exchange.files.options import FilesOptions, TableOptions
from dxa_exchange.files.state import State
from dxa_exchange.files.telling import Telling
from dxa_exchange.people.options import PeopleOptions
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.values import DELETE, removal
from dxa_exchange.table55.writer import Layout, write
from tests.labs.exchange_files import SITE55, SYNC55

TABLE = TableOptions(site=SITE55)
OPTIONS = FilesOptions(quiet=0.0, table=TABLE, people=PeopleOptions(dialect="csv55", sync_container=SYNC55))
TELLING = Telling(OPTIONS, Host().address_types(), ("Lab", "Berlin"))
COLUMNS = ("Obj-Class", "Directory Name", "Obj-Container", "Display Name", "Title", "E-mail Addresses", "Members")
NAMES = ("a", "b", "c")


def _parsed(lines: Sequence[Line], *, mode: bool) -> Parsed:
    names = (COLUMNS[0], "Mode", *COLUMNS[1:]) if mode else COLUMNS
    data = b"".join(write(lines, Layout(names=names, code_page="utf-16")))
    return parse("file.csv", data, TABLE, files=True)


@st.composite
def _line(draw: st.DrawFn, mode: Mode | None = None) -> Line:
    """An object with addresses of its own, or a change of one."""
    mode = mode or draw(st.sampled_from(Mode))
    name = draw(st.sampled_from(NAMES))
    own = [f"SMTP:{name}@x", f"smtp:{name}2@x", f"MS:L/P/{name}"]
    cells: dict[str, list[str]] = {
        "Display Name": draw(st.lists(st.sampled_from(["Ann", "B, C", DELETE]), max_size=1)),
        "Title": draw(st.lists(st.sampled_from(["Boss", "50%", DELETE]), max_size=1)),
        "E-mail Addresses": draw(
            st.one_of(
                st.lists(st.sampled_from(own), max_size=3, unique=True),
                st.lists(st.sampled_from([removal(own[1]), removal("MS:")]), max_size=2, unique=True),
            )
        ),
        "Members": draw(st.lists(st.sampled_from(["Recipients/cn=a", "Recipients/cn=b"]), max_size=2, unique=True)),
    }
    kind = "DL" if name == "c" else "Mailbox"
    if kind == "Mailbox":
        del cells["Members"]
    identity = {"Obj-Class": [kind], "Directory Name": [name], "Obj-Container": ["Recipients"]}
    found = {**identity, **{column: cell for column, cell in cells.items() if cell and mode is not Mode.DELETE}}
    return Line(0, kind, mode, Record(f"{SITE55}/cn=Recipients/cn={name}", found))  # type: ignore[arg-type]


def _rows(entries: Sequence[Entry]) -> list[Row]:
    return [Row(at, entry, True) for at, entry in enumerate(entries, 1)]


def _heard(entries: Sequence[Entry], transactions: Sequence[Transaction]) -> list[Entry]:
    """The list behind a report."""
    rows = {row.id: row.entry for row in _rows(entries)}
    for at, change in enumerate(hear(_rows(entries), transactions).changes):
        if change.after is None:
            rows.pop(change.id, None)
        else:
            rows[change.id or -1 - at] = change.after
    return list(rows.values())


def _shown(entries: Sequence[Entry]) -> set[Entry]:
    """Entries without the empty fields that say that something is gone."""
    return {entry._replace(fields=tuple(sorted(field for field in entry.fields if field[1]))) for entry in entries}


def _objects(state: State) -> list[Line]:
    return [Line(0, record.text("Obj-Class"), Mode.UPDATE, record) for record in state.records.values()]


@given(
    st.lists(_line(Mode.CREATE), max_size=3, unique_by=lambda line: line.record.dn),
    st.lists(st.lists(_line(), max_size=4), max_size=3),
)
def test_changes_end_where_a_full_export_does(first: list[Line], files: list[list[Line]]) -> None:
    """Whatever is created, modified, deleted or refused, in whatever order, in one file or in several."""
    first = [
        line._replace(
            record=Record(
                line.record.dn,
                {
                    name: cell
                    for name, cell in line.record.attributes.items()
                    if not any("~DEL" in str(value) for value in cell)
                },
            )
        )
        for line in first
    ]
    state = State()
    entries = [each.new for each in TELLING.whole(_parsed(first, mode=False), state).transactions if each.new]
    for changes in files:
        told = TELLING.changes(_parsed(changes, mode=True), state)
        entries = _heard(entries, told.transactions)
    whole = TELLING.whole(_parsed(_objects(state), mode=False), State())

    assert _shown([each.new for each in whole.transactions if each.new]) == _shown(entries)
