import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dxa_ccmail.patterns import ALIAS, DISPLAY_NAME, Pattern


@pytest.mark.cc("T24", "T25")
@pytest.mark.parametrize(
    ("rule", "name", "made"),
    [
        ("%5L%1F", "Doe, John", "DoeJ"),
        ("%5L%1F", "Li, Ann", "LiA"),
        ("%5L", "Li", "Li"),
        ("%3L%F", "Hoffmann, Greta", "HofGreta"),
        ("%L, %F - CCMail", "Doe, John", "Doe, John - CCMail"),
        ("%F %I %L", "Doe, John Q.", "John Q. Doe"),
        ("%F %I %L", "Doe, John", "John Doe"),
        ("%F %1I %L", "Doe, John Q.", "John Q Doe"),
        ("%F (%L)", "Doe, John", "John (Doe)"),
        ("100%% %L", "Doe, John", "100% Doe"),
        (DISPLAY_NAME, "Doe, John", "John Doe"),
        (DISPLAY_NAME, "John Doe", "John Doe"),
        (ALIAS, "Doe, John", "JohnD"),
    ],
)
def test_golden_rules(rule: str, name: str, made: str) -> None:
    """The articles' samples, counts longer than the name, and text anywhere."""
    assert made == Pattern(rule).apply(name)


@pytest.mark.cc("T22", "T34")
@pytest.mark.parametrize(
    ("rule", "made"),
    [
        ("%L, %F", "Postmaster"),
        ("%F, %L", "Postmaster"),
        ("%F %L", "Postmaster"),
        ("%F%L %I", "Postmaster"),
        ("%L, %F - CCMail", "Postmaster - CCMail"),
        ("%F", "Postmaster"),
        ("%1F%1I", "Postmaster"),
    ],
)
def test_a_part_that_is_missing(rule: str, made: str) -> None:
    """What a name lacks leaves no comma or blank behind; a rule that gives nothing gives the name."""
    assert made == Pattern(rule).apply("Postmaster")


@pytest.mark.parametrize("rule", ["", "CCMail", "%X", "%5", "%", "%0L", "%l", "%%"])
def test_rules_that_are_refused(rule: str) -> None:
    """An unknown code is an error, and so is a rule without any."""
    with pytest.raises(ValueError, match="%F"):
        Pattern(rule)


@pytest.mark.cc("T22", "T34")
@given(
    st.text(st.characters(codec="cp850", exclude_categories=["Cc"]), min_size=1).filter(str.strip),
    st.sampled_from(["%L, %F", "%F %L", "%5L%1F", "%F %I %L", "%1I%1F", "%I"]),
)
@example(":", "%5L%1F")
def test_no_name_is_dropped(name: str, rule: str) -> None:
    """Whatever stands in a name, something comes out, and it begins with a comma only if the name does."""
    made = Pattern(rule).apply(name)

    assert made
    assert not made.startswith(",") or not name.strip(" ,") or name.strip().startswith(",")
