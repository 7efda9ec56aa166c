import pytest

from dxa_ccmail.comments import CommentRule


def test_the_article_s_sample() -> None:
    """KB Q217040: the fields go to alias, office and phone; the notes are the whole comment in any case."""
    comment = "jsmith;43/3019;(425) 936-1111"

    assert (
        ("mailNickname", "jsmith"),
        ("physicalDeliveryOfficeName", "43/3019"),
        ("telephoneNumber", "(425) 936-1111"),
        ("info", comment),
    ) == CommentRule("%a;%o;%p").attributes(comment)


def test_without_a_rule() -> None:
    """A comment is notes and nothing else; a blank one is not even that."""
    assert (("info", "Room 43; 2nd floor"),) == CommentRule().attributes(" Room 43; 2nd floor ")
    assert () == CommentRule("%d;%c").attributes("  ")


def test_fields_that_do_not_fit() -> None:
    """Blank fields and those beyond the rule are no attributes, runs of blanks are one, and a field may be skipped."""
    rule = CommentRule(" %d ; ; %c")

    assert (
        ("department", "Research and Development"),
        ("extensionAttribute1", "7"),
        ("info", "Research  and Development;x;7;y"),
    ) == (rule.attributes("Research  and Development;x;7;y"))
    assert (("info", ";x"),) == rule.attributes(";x")


@pytest.mark.parametrize("rule", ["%x", "a", "%a;%a", "%a%o", "%A"])
def test_rules_that_are_refused(rule: str) -> None:
    """A rule has known codes only, each of them once."""
    with pytest.raises(ValueError, match=r"unknown|twice"):
        CommentRule(rule)
