import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.rules.parts import alias_of, split_name


@pytest.mark.dx("T-049", "T-050")
@pytest.mark.parametrize(
    ("name", "given", "initials", "surname"),
    [
        ("Doe, John D.", "John", "D.", "Doe"),
        ("John D. Doe", "John", "D.", "Doe"),
        ("John Doe", "John", "", "Doe"),
        ("Doe, John", "John", "", "Doe"),
        ("Doe,John", "John", "", "Doe"),
        ("Doe", "", "", "Doe"),
        ("Doe,", "", "", "Doe"),
        (", John", "", "", "John"),
        (",", "", "", ""),
        ("", "", "", ""),
        ("  John   Doe  ", "John", "", "Doe"),
        ("Doe, J. D.", "J.", "D.", "Doe"),
        ("J. Doe", "J.", "", "Doe"),
        ("Mary Ann Doe", "Mary Ann", "", "Doe"),
        ("van der Meer, Jan P.", "Jan", "P.", "van der Meer"),
        ("Jan van der Meer", "Jan", "", "van der Meer"),
        ("john doe", "john", "", "doe"),
        ("John Doe Jr.", "John", "", "Doe Jr."),
        ("John Doe, Jr.", "John", "", "Doe Jr."),
        ("Martin Luther King III", "Martin Luther", "", "King III"),
        ("Doe-Smith, Ann-Marie", "Ann-Marie", "", "Doe-Smith"),
        ("Doe, Ann (Sales, North)", "Ann (Sales North)", "", "Doe"),
        ("Müller, Jörg Ä.", "Jörg", "Ä.", "Müller"),
        ("Tolkien, J.R.R.", "J.R.R.", "", "Tolkien"),
        ("Doe, John R.R.", "John", "R.R.", "Doe"),
    ],
)
def test_split(name: str, given: str, initials: str, surname: str):
    """Names in either order come apart, with periods kept and nothing made of what is not there."""
    assert (given, initials, surname) == split_name(name)


@pytest.mark.dx("T-048", "T-050")
@given(st.text(st.sampled_from("ab .,JÄvo'-\t") | st.characters(), max_size=60))
def test_no_word_is_lost(name: str):
    """Whatever a name is, its parts hold all its words, and none of them has blanks at its ends or doubled."""
    parts = split_name(name)

    assert sorted(name.replace(",", " ").split()) == sorted(" ".join(parts).replace(",", " ").split())
    assert all(part == " ".join(part.split()) for part in parts)


@pytest.mark.dx("T-048")
@pytest.mark.parametrize("text", ["x" * 10_000, "x " * 5_000, "x, " * 3_000, "J. " * 3_000, " " * 10_000])
def test_long_names(text: str):
    """Ten thousand characters are a name like any other."""
    assert sorted(text.replace(",", " ").split()) == sorted(" ".join(split_name(text)).split())


@pytest.mark.dx("T-088", "T-093")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("NET/PO/ANN", "ANN"),
        ("GATE/NODE/USER1", "USER1"),
        ("ann@lab.example", "ann"),
        ("User02, MacGroovy@GroovyMac", "User02, MacGroovy"),
        ("placeholder@node{real}", "real"),
        ("placeholder@node{ccmail:jdoe}", "jdoe"),
        ("placeholder@node {NET/PO/ANN}", "ANN"),
        ("ann@node {NET/PO}", "ann"),
        ("placeholder@node{}", "placeholder"),
        ("placeholder@node{smtp:jdoe@far.example}", "jdoe"),
        ("Doe, Ann at PO 1", "Doe, Ann"),
        ("Pat at Home at PO", "Pat at Home"),
        ("c=US;a= ;p=Lab;o=Main;s=Doe;g=John;", "JDoe"),
        ("/c=US/admd=A/prmd=P/pn=John.Doe", "John.Doe"),
        ("c=US;a=A;dda:ID=jdoe;", "jdoe"),
        ("c=US;a=A;", ""),
        ("Ann Doe~Lab~Company~555-1", "Ann Doe"),
        ("12345", "12345"),
        ("", ""),
    ],
)
def test_alias(value: str, expected: str):
    """The mailbox part is found in addresses of every type, behind a gateway too (KB Q157689)."""
    assert expected == alias_of(value)


@pytest.mark.dx("T-048")
@given(st.text(st.sampled_from("a/@{}:;=~ t.") | st.characters(), max_size=60))
def test_any_address_has_some_alias(value: str):
    """No address is too odd: the alias is a piece of it, without blanks at its ends."""
    alias = alias_of(value)

    assert alias == alias.strip()
    assert len(alias) <= len(value)
