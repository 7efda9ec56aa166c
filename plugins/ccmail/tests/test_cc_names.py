import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import AddressError
from dxa.rules.parts import PersonName
from dxa_ccmail.names import (
    first_last,
    fold,
    fold_all,
    halves,
    is_system,
    last_first,
    person,
    with_commas,
    without_commas,
)


@pytest.mark.cc("T02")
@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("Smith, Jimmy", "SMITH, Jimmy", True),
        ("Smith, Jimmy", " smith, jimmy ", True),
        ("MÜLLER, ÉVA", "müller, éva", True),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", True),
        ("Strauß", "Strauss", False),
        ("Doe, Jane", "Doe,  Jane", False),
    ],
)
def test_equal_names(one: str, other: str, equal: bool) -> None:
    """Names are compared letter by letter without regard to case; blanks inside count."""
    assert equal is (fold(one) == fold(other))


@given(st.lists(st.text(st.one_of(st.characters(exclude_characters="\n"), st.sampled_from("ΣςσİıAß \x85")))))
def test_many_names_are_folded_as_one_is(names: list[str]) -> None:
    """Whatever stands beside a name."""
    assert [*map(fold, names)] == fold_all(names)


@pytest.mark.cc("T22", "T34")
@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Doe, Jane", ("Jane", "", "Doe")),
        ("Doe, Jane Q.", ("Jane", "Q.", "Doe")),
        ("Jane Doe", ("Jane", "", "Doe")),
        ("Jane Q. Doe", ("Jane", "Q.", "Doe")),
        ("Ruiz Picasso, Pablo", ("Pablo", "", "Ruiz Picasso")),
        ("Postmaster", ("", "", "Postmaster")),
        (",User", ("", "", "User")),
        ("Doe,", ("", "", "Doe")),
        (",", ("", "", ",")),
        ("#1", ("", "", "#1")),
    ],
)
def test_the_person_in_a_name(name: str, parts: tuple[str, str, str]) -> None:
    """Every name has parts, whether it has a comma or not; one word is a surname."""
    assert PersonName(*parts) == person(name)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Doe, Jane", "Jane Doe", "Doe, Jane"),
        ("Doe,Jane", "Jane Doe", "Doe, Jane"),
        ("Doe ,  Jane Q.", "Jane Q. Doe", "Doe, Jane Q."),
        ("Jane Doe", "Jane Doe", "Doe, Jane"),
        ("Postmaster", "Postmaster", "Postmaster"),
        ("Smith, John, MD", "John, MD Smith", "Smith, John, MD"),
    ],
)
def test_the_two_forms(name: str, first: str, last: str) -> None:
    """A name turns into the one form and the other; one word has neither a comma nor a first name."""
    assert first == first_last(name)
    assert last == last_first(name)


@pytest.mark.cc("T34")
@given(st.text(st.characters(codec="cp850", exclude_categories=["Cc"]), min_size=1).filter(str.strip))
def test_no_name_is_lost_and_no_comma_stands_at_an_end(name: str) -> None:
    """Each name has a part and both forms, and unless it has commas only, no form begins with one."""
    assert any(person(name))
    assert first_last(name)
    assert last_first(name)
    if name.strip(" ,"):
        assert not last_first(name).startswith(",")


def test_halves_need_both() -> None:
    """A comma with nothing on one side does not make the form Last, First."""
    assert ("Doe", "Jane") == halves("Doe, Jane")
    assert [None, None, None] == [halves("Doe,"), halves(", Jane"), halves("Jane Doe")]


def test_names_of_the_system() -> None:
    """A tilde in front marks what ADE and the router keep for themselves."""
    assert [True, True, False] == [is_system("~ADE_Mailbox"), is_system("~PO1"), is_system("Doe~, Jane")]


@pytest.mark.cc("T30")
def test_commas_can_be_replaced_and_come_back() -> None:
    """For DB8 a semicolon stands for each comma, and a name that has one of its own is refused."""
    assert "User; Test" == without_commas("User, Test")
    assert "User, Test" == with_commas(without_commas("User, Test"))
    with pytest.raises(AddressError, match="semicolon"):
        without_commas("User; Test")
