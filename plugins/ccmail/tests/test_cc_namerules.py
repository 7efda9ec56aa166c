import pytest

from dxa_ccmail.comments import CommentRule
from dxa_ccmail.namerules import AddressFilter, Mode, SiteRules, board_address
from dxa_ccmail.patterns import Pattern


@pytest.mark.parametrize(
    ("name", "default", "secondary"),
    [
        ("Doe, Jane", ["Jane Doe at PO1"], ["Doe, Jane at PO1", "Jane Doe at PO1"]),
        ("Doe,Jane", ["Jane Doe at PO1"], ["Doe, Jane at PO1", "Jane Doe at PO1"]),
        ("Jane Doe", ["Jane Doe at PO1"], ["Jane Doe at PO1"]),
        ("Sales", ["Sales at PO1"], ["Sales at PO1"]),
        ("#News, internal", ["#News, internal at PO1"], ["#News, internal at PO1"]),
    ],
)
def test_the_forms_of_an_address(name: str, default: list[str], secondary: list[str]) -> None:
    """KB Q154053: First Last at PO, or Last, First at PO with the other one as secondary; other names have one form."""
    assert default == [f"{form} at PO1" for form in SiteRules().forms(name)]
    assert secondary == [f"{form} at PO1" for form in SiteRules(secondary=True).forms(name)]


def test_the_rules_of_a_link() -> None:
    """Display name, alias and attributes come from the rules; an alias has no blanks."""
    rules = SiteRules(display_name=Pattern("%L, %F - CCMail"), comment=CommentRule("%p"))

    assert ("Doe, Mary Ann - CCMail", "MaryAnnD") == (rules.display("Doe, Mary Ann"), rules.alias("Doe, Mary Ann"))
    assert (("telephoneNumber", "12"), ("info", "12")) == rules.attributes("12")


@pytest.mark.parametrize(
    ("rule", "address", "reason"),
    [
        (AddressFilter(), "Jane Doe at PO1", ""),
        (AddressFilter(Mode.ONLY, ("* at SITE1", "* at site2")), "Jane Doe at Site2", ""),
        (AddressFilter(Mode.ONLY, ("* at SITE1",)), "Jane Doe at PO1", "filter: matches none of '* at SITE1'"),
        (AddressFilter(Mode.ONLY, ()), "Jane Doe at PO1", "filter: matches none of "),
        (AddressFilter(Mode.EXCEPT, ("*Doe*",)), "Jane Doe at PO1", "filter: matches '*Doe*'"),
        (AddressFilter(Mode.EXCEPT, ("Doe*",)), "Jane Doe at PO1", ""),
    ],
)
def test_filters(rule: AddressFilter, address: str, reason: str) -> None:
    """A star stands for any text, case does not count, and the whole address must match."""
    assert reason == rule.why_not([address])


def test_any_form_may_match() -> None:
    """An entry with two forms of its address is met by a pattern for either."""
    rule = AddressFilter(Mode.ONLY, ("Doe,* at PO1",))

    assert "" == rule.why_not(["Jane Doe at PO1", "Doe, Jane at PO1"])


def test_filters_that_are_refused() -> None:
    """Patterns need a mode, and a pattern needs a text."""
    with pytest.raises(ValueError, match="without effect"):
        AddressFilter(Mode.ALL, ("*",))
    with pytest.raises(ValueError, match="blank"):
        AddressFilter(Mode.ONLY, (" ",))


def test_bulletin_boards() -> None:
    """A board is #Title, with a post office only if somebody has given it one."""
    assert ["#Social", "#Social", "#Social at PO5"] == [
        str(board_address(title, office)) for title, office in (("Social", ""), ("#Social", ""), (" Social ", "PO5"))
    ]
