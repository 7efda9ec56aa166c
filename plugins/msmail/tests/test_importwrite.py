import string
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.entry import Entry, Transaction, Verb, list_entry
from dxa.errors import AddressError, FormatError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.importlines import shape_text
from dxa_msmail.importtext import Template, read, write

Strategy: TypeAlias = st.SearchStrategy[Transaction]

TYPES = AddressTypes(ADDRESS_TYPES)
ANN = Entry("MS:net/po/ann", "MS", "NET/PO", "Ann", "NET/PO/ANN")
NEW = ANN._replace(name="Müller, Ann", fields=(("Phone:", "635 7022"), ("City/ST:", "/Any/")))
LAB = Entry("SMTP:ann@lab", "SMTP", "", "Lab", "ann@lab")
GEORGE = Entry("", "", "", "George Jones", "")

# Both ways: what is written is this, and this is read as what was written.
ROWS = [
    (Transaction(1, Verb.ADD, None, ANN), "0000000001 A Ann                            PCM:NET/PO/ANN\r\n"),
    (Transaction(12, Verb.DELETE, ANN, None), "0000000012 D Ann                            PCM:NET/PO/ANN\r\n"),
    (Transaction(2, Verb.ADD, None, LAB), "0000000002 A Lab                            SMTP:ann@lab\r\n"),
    (Transaction(3, Verb.REPLACE, None, list_entry("MS", "NET/PO")), "0000000003 R PCM:NET/PO\r\n"),
    (Transaction(4, Verb.REPLACE, None, list_entry("X400", "")), "0000000004 R X400:\r\n"),
    (
        Transaction(5, Verb.MODIFY, ANN, NEW),
        "0000000005 M Ann                            PCM:NET/PO/ANN\r\n"
        "  Müller, Ann                    PCM:NET/PO/ANN\r\n"
        "- Phone:/635 7022\r\n"
        "- City//ST:/ /Any/\r\n",
    ),
    (
        Transaction(6, Verb.MODIFY, GEORGE, GEORGE._replace(fields=(("Title:", "Sales Rep"),))),
        "0000000006 M George Jones\r\n- Title:/Sales Rep\r\n",
    ),
]


def back(data: bytes, *, numbered: bool = True) -> list[Transaction]:
    """The transactions of a text without rejects, their raw form left out."""
    records = read(data, types=TYPES, numbered=numbered)
    assert [] == records.rejects
    return [row._replace(raw="") for row in records.transactions]


@pytest.mark.parametrize(("row", "text"), ROWS)
def test_rows_both_ways(row: Transaction, text: str) -> None:
    """The canonical form is written, and read as it was meant."""
    assert text.encode("cp850") == write([row], numbered=True)
    assert [row] == back(text.encode("cp850"))


@pytest.mark.parametrize(("row", "text"), ROWS)
@pytest.mark.dx("T-092")
def test_one_cr_lf_ends_each_line(row: Transaction, text: str) -> None:
    """KB Q159294: exactly one, after the last line too."""
    data = write([row, row])

    assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n") == 2 * text.count("\r\n")
    assert data.endswith(b"\r\n")


def test_tabs() -> None:
    """KB Q96060: the spelling inside queue files."""
    assert b"A Ann\tPCM:NET/PO/ANN\r\n" == write([Transaction(0, Verb.ADD, None, ANN)], layout="tabs")


@pytest.mark.dx("T-040")
def test_the_case_and_name_of_types() -> None:
    """KB Q157712: Exchange writes lower case, MS Mail upper case; either can be chosen, and `MS` for `PCM`."""
    rows = [Transaction(0, Verb.REPLACE, None, list_entry("MS", "N/P")), Transaction(0, Verb.DELETE, LAB, None)]

    assert b"R pcm:N/P\r\nD Lab\tsmtp:ann@lab\r\n" == write(rows, type_case="lower", layout="tabs")
    assert b"R MS:N/P\r\nD Lab\tSMTP:ann@lab\r\n" == write(rows, ms_name="ms", layout="tabs")


@pytest.mark.dx("T-121")
def test_without_templates() -> None:
    """KB Q118298: TEMPLATE=NO is honoured, for definitions and values."""
    template = Template(0, 1, "MS", "NET/PO", ("Phone:~1~2~A~~",))

    assert b"A M\x81ller, Ann                    PCM:NET/PO/ANN\r\n" == write(
        [Transaction(0, Verb.ADD, None, NEW)], templates=False, definitions=[template]
    )


def test_values_only_where_they_are_allowed() -> None:
    """KB Q96001 #24: an SMTP entry is written without them."""
    row = Transaction(0, Verb.ADD, None, LAB._replace(fields=(("Phone:", "1"),)))

    assert b"A Lab                            SMTP:ann@lab\r\n" == write([row])


def test_a_value_with_a_tab_is_refused_when_it_is_read() -> None:
    """It could not be written for anybody else; the address counts all the same."""
    records = read(b"A Ann\tPCM:NET/PO/ANN\r\n- Phone:/1\t2\r\n", types=TYPES)

    assert [ANN] == [row.new for row in records.transactions]
    assert [(2, 21)] == [(reject.line, reject.code) for reject in records.rejects]


@pytest.mark.dx("T-124")
def test_definitions_come_first() -> None:
    """A template is known before the first value that needs it; without a number of its own it takes the first one."""
    template = Template(0, 1, "MS", "NET/PO", ("Phone:~1~2~A~~",))
    data = write([Transaction(7, Verb.ADD, None, NEW)], numbered=True, definitions=[template])
    records = read(data, types=TYPES, numbered=True)

    assert data.startswith(b"0000000007 T PCM:NET/PO\r\n Phone:~1~2~A~~\r\n0000000007 A ")
    assert [template._replace(number=7)] == records.templates


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (ANN._replace(name="Ann\r\nD Bob"), 2),
        (ANN._replace(name="Ann\tBob"), 2),
        (ANN._replace(fields=(("Phone:", "1\x00"),)), 3),
        (ANN._replace(fields=(("Phone:", "1\t2"),)), 3),
        (ANN._replace(name="x" * 31), 2),
        (ANN._replace(name=""), 2),
        (ANN._replace(name="Ж"), 2),
    ],
)
@pytest.mark.parametrize("layout", ["columns", "tabs"])
def test_what_cannot_stand_in_a_line_is_refused(entry: Entry, line: int, layout: str) -> None:
    """Nothing in a name or value can become another record; the error tells the line."""
    rows = [Transaction(0, Verb.ADD, None, ANN), Transaction(0, Verb.ADD, None, entry)]

    with pytest.raises(FormatError) as caught:
        write(rows, layout=layout)  # type: ignore[arg-type]
    assert line == caught.value.line


ELEMENT = st.text(string.ascii_letters + string.digits, min_size=1, max_size=10)
NAMES = st.text(st.characters(codec="cp850", exclude_categories=["Cc"]), min_size=1, max_size=30).map(
    lambda name: name.strip(" ") or "x"
)
PROMPTS = st.text("abc/: ", min_size=1).map(lambda prompt: f"p{prompt.strip(' ')}:")
VALUES = st.text(st.characters(codec="cp850", exclude_categories=["Cc"]), max_size=40).map(lambda text: text.strip(" "))
FIELDS = st.lists(st.tuples(PROMPTS, VALUES), max_size=3).map(tuple)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Entries of the types that have template values."""
    list_ = f"{draw(ELEMENT)}/{draw(ELEMENT)}"
    kind = draw(st.sampled_from(["PROFS", "SNADS", "OV"]))
    address = f"{list_}/{draw(ELEMENT)}"
    return Entry(f"{kind}:{address.casefold()}", kind, list_, draw(NAMES), address, draw(FIELDS))


NUMBERS = st.integers(min_value=1, max_value=10**10 - 1)
BARE = entries().map(lambda entry: entry._replace(fields=()))
LISTS = entries().map(lambda entry: list_entry(entry.type, entry.list))


def transactions(verb: Verb, old: st.SearchStrategy[Entry | None], new: st.SearchStrategy[Entry | None]) -> Strategy:
    """Transactions of one verb."""
    return st.builds(Transaction, NUMBERS, st.just(verb), old, new, st.just(""))


TRANSACTIONS = st.one_of(
    transactions(Verb.ADD, st.none(), entries()),
    transactions(Verb.DELETE, BARE, st.none()),
    transactions(Verb.MODIFY, BARE, entries()),
    transactions(Verb.REPLACE, st.none(), LISTS),
)


@given(st.lists(TRANSACTIONS, max_size=8), st.sampled_from(["columns", "tabs"]), st.sampled_from(["upper", "lower"]))
def test_round_trip(rows: list[Transaction], layout: str, type_case: str) -> None:
    """What is written is read back, in every layout; and the text is written from what was read."""
    data = write(rows, numbered=True, layout=layout, type_case=type_case)  # type: ignore[arg-type]

    assert rows == back(data)
    assert data == write(back(data), numbered=True, layout=layout, type_case=type_case)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shaped"),
    [
        ("  Ann \t Doe\r\n", "Ann Doe"),
        ("Dvořák, Žofie", "Dvorák, Zofie"),
        ("Müller €", "Müller ?"),
        ("x" * 29 + " yz", "x" * 29),
        ("Jo\u0308rg", "Jörg"),
    ],
)
def test_shaping_a_name(text: str, shaped: str) -> None:
    """A name of any text is fit for a line: no control characters, code page 850, 30 characters."""
    assert shaped == shape_text(text, "cp850")


@pytest.mark.dx("T-048")
@given(st.text(max_size=10_000))
def test_a_shaped_name_can_be_written(text: str) -> None:
    """Any text of any length, unless nothing is left of it."""
    try:
        name = shape_text(text, "cp850")
    except AddressError:
        return

    assert name == shape_text(name, "cp850")
    assert [Transaction(0, Verb.ADD, None, ANN._replace(name=name))] == back(
        write([Transaction(0, Verb.ADD, None, ANN._replace(name=name))]), numbered=False
    )
