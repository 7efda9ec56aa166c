import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa_exchange.table55.columns import COLUMNS, Column
from dxa_exchange.table55.events import Event
from dxa_exchange.table55.form import Form
from dxa_exchange.table55.quoting import Joiner, Splitter

MANY = COLUMNS.get("E-mail Addresses")
ONE = COLUMNS.get("Display Name")
ACCOUNT = COLUMNS.get("Primary Windows NT Account")


def cell(text: str, column: Column = MANY, form: Form | None = None) -> list[str]:
    """The values of one cell between two others."""
    values = Splitter(form or Form(), [ONE, column, ONE]).split(f"a,{text},z").values
    assert (["a"], ["z"]) == (values[0], values[2])
    return values[1]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (r'"v\%1%v,2%v,3"', ["v%1", "v,2", "v,3"]),
        ('"v,1"%"v,2"%"v,3"', ["v,1", "v,2", "v,3"]),
        ('"v%1"%"v,2"', ["v%1", "v,2"]),
        ("a%b", ["a", "b"]),
        (r"a\%b%c", ["a%b", "c"]),
        (r"\\SERVER\\x%y", [r"\SERVER\x", "y"]),
        (r"\\%y", ["\\", "y"]),
        (r'"one\r\ntwo%three"', ["one\r\ntwo", "three"]),
        ('"say ""hi""%b"', ['say "hi"', "b"]),
        ('"a"%b', ["a", "b"]),
        ("", []),
        ('""', []),
        ("a%%b%", ["a", "b"]),
        ("  a", ["a"]),
        (' "a" ', ["a"]),
        ('" a%b "', [" a", "b "]),
        ("MS:NET/PO/USER%SMTP:ann@lab.example", ["MS:NET/PO/USER", "SMTP:ann@lab.example"]),
    ],
)
def test_a_cell_of_several_values(text: str, values: list[str]) -> None:
    """Both generations' quoting is read, whichever program wrote the file (5.0 release notes, 7.4)."""
    assert values == cell(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100% sure", "100% sure"),
        ('"Berg, Ann"', "Berg, Ann"),
        ('"say ""hi"""', 'say "hi"'),
        ('6" pipe', '6" pipe'),
        ('" "', " "),
        ('"#1 + 2"', "#1 + 2"),
        (r"12 Elm St.\r\nCork", "12 Elm St.\r\nCork"),
        ('  " Ann"', " Ann"),
    ],
)
def test_a_cell_of_one_value(text: str, value: str) -> None:
    """Value separators mean nothing there since 5.0, and blanks count inside quotes."""
    assert [value] == cell(text, ONE)


def test_a_lone_backslash_is_dropped_and_told() -> None:
    """It was warning 168; the other cells are not concerned."""
    found = Splitter(Form(), [ONE, MANY, ONE]).split(r"C:\temp,a\b%c,\\x")

    assert [["C:temp"], ["ab", "c"], ["\\x"]] == found.values
    assert ["Display Name", "E-mail Addresses"] == found.dropped


@pytest.mark.parametrize("text", [r"LAB\nancy", r"LAB\\nancy"])
def test_the_backslash_of_an_account(text: str) -> None:
    r"""In ``DOMAIN\user`` a backslash is the separator, however it is written."""
    assert ["LAB\\nancy"] == cell(text, ACCOUNT)


def test_a_quoted_cell_of_exchange_4_is_one_value() -> None:
    """Where the file is known to be 4.0's, a separator inside quotes belongs to the value."""
    assert ["50% off"] == cell('"50% off"', form=Form(generation=4))
    assert ["50", " off"] == cell('"50% off"')


def test_other_separators() -> None:
    """All three can be chosen (KB Q190706)."""
    form = Form(column=";", value="#", quote="'")
    values = Splitter(form, [ONE, MANY]).split("'x;y';'a#b,c'")

    assert [["x;y"], ["a", "b,c"]] == values.values


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ('"a,b,c', "Display Name", "a quote is not closed on its line"),
        ('"a"x,b,c', "Display Name", "text behind the closing quote"),
        ('"a"%"b",b,c', "Display Name", "several values in a column that has one"),
        ('a,"b,c', "E-mail Addresses", "a quote is not closed on its line"),
    ],
)
def test_quotes_that_do_not_close(line: str, field: str, reason: str) -> None:
    """The field is named."""
    with pytest.raises(FormatError) as error:
        Splitter(Form(), [ONE, MANY, ONE]).split(line)

    assert (field, reason) == (error.value.field, error.value.reason)


@pytest.mark.parametrize(("line", "got"), [("a", 1), ("a,b", 2), ("a,b,c,d", 4), ('a,b,c,,"', 5)])
def test_a_line_with_other_fields_than_the_header(line: str, got: int) -> None:
    """Event 291 with both counts; the columns that Excel lost at the end are named (KB Q155743)."""
    with pytest.raises(FormatError) as error:
        Splitter(Form(), [ONE, MANY, ACCOUNT]).split(line)

    assert (Event.FIELD_COUNT, "3 fields", f"{got} fields") == (
        error.value.code,
        error.value.expected,
        error.value.got,
    )
    if got == 1:
        assert "missing are E-mail Addresses, Primary Windows NT Account" in error.value.reason


@pytest.mark.parametrize(
    ("generation", "text"),
    [
        (5, r'"v\%1%v,2%v"'),
        (4, '"v%1"%"v,2"%"v"'),
    ],
)
def test_each_generation_is_written_its_way(generation: int, text: str) -> None:
    """The whole cell in quotes, or each value."""
    form = Form(generation=4 if generation == 4 else 5)

    assert text == Joiner(form, [MANY]).join([["v%1", "v,2", "v"]])


def test_what_exchange_4_would_cut_is_refused() -> None:
    """It cut a single value at the first separator, quoted or not."""
    with pytest.raises(FormatError, match=r"4\.0 cuts this value"):
        Joiner(Form(generation=4), [ONE]).join([["50% off"]])


def test_one_value_in_a_column_of_one() -> None:
    """More are refused by name."""
    with pytest.raises(FormatError) as error:
        Joiner(Form(), [ONE]).join([["a", "b"]])

    assert ("Display Name", "2 values") == (error.value.field, error.value.got)


@pytest.mark.parametrize("wrong", ["", "ab", "a", "1", " ", "\\", "\n"])
def test_separators_that_cannot_be_told_from_text(wrong: str) -> None:
    """One character that is no letter, digit, blank or backslash; and no two equal ones."""
    with pytest.raises(ValueError, match="separator"):
        Form(value=wrong)
    with pytest.raises(ValueError, match="differ"):
        Form(value=",")


TEXTS = st.text(st.sampled_from("ab ,;%#\"'\\rn\r\n\té~<:"), min_size=1, max_size=8)
FORMS = st.sampled_from([Form(), Form(column=";"), Form(column="\t", value="#"), Form(quote="'"), Form(value="^")])


@given(FORMS, st.lists(TEXTS, max_size=4), TEXTS, st.sampled_from([MANY, ACCOUNT, ONE]))
def test_what_is_written_is_read_again(form: Form, many: list[str], one: str, first: Column) -> None:
    """Any values in any form of 5.x, with no warning."""
    columns = [first, MANY, ONE]
    named = one.replace("\r", "").replace("\n", "") if first is ACCOUNT else one
    values: Sequence[list[str]] = [[named] if named else [], many, [one]]
    found = Splitter(form, columns).split(Joiner(form, columns).join(values))

    assert (list(values), []) == (found.values, found.dropped)


@given(st.lists(TEXTS, max_size=4), TEXTS.filter(lambda text: "%" not in text))
def test_what_is_written_for_exchange_4_is_read_again(many: list[str], one: str) -> None:
    """Likewise in 4.0's form."""
    form = Form(generation=4)
    columns = [MANY, ONE]
    found = Splitter(form, columns).split(Joiner(form, columns).join([many, [one]]))

    assert ([many, [one]], []) == (found.values, found.dropped)


@given(st.text(st.sampled_from('ab ,%"\\rn\té~'), max_size=30))
def test_any_line_is_read_or_refused(line: str) -> None:
    """A line ends in values or in a `FormatError`, quickly."""
    with contextlib.suppress(FormatError):
        assert 3 == len(Splitter(Form(), [ONE, MANY, ACCOUNT]).split(line).values)
