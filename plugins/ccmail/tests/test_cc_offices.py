import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa_ccmail.names import fold
from dxa_ccmail.offices import PostOffices, Route, Standing, join, owned, owner_comment, owner_of, standing
from dxa_ccmail.record import Record

OFFICES = PostOffices(["PMDF", "Site", "Site 1", "Site 1 East"])


@pytest.mark.parametrize(
    ("addr", "route"),
    [
        ("PMDF jdoe@foo.bar.com", Route("PMDF", "jdoe@foo.bar.com")),
        ("PMDF", Route("PMDF", "")),
        ("pmdf  jdoe", Route("PMDF", "jdoe")),
        ("Site 1 Brady, Sally", Route("Site 1", "Brady, Sally")),
        ("SITE 1 EAST Brady, Sally", Route("Site 1 East", "Brady, Sally")),
        ("Site 2 Brady", Route("Site", "2 Brady")),
        ("Site 11 Brady", Route("Site", "11 Brady")),
        ("sallyu@fubar.edu at PMDF", None),
        ("PMDFX jdoe", None),
        ("", None),
    ],
)
def test_the_longest_known_post_office(addr: str, route: Route | None) -> None:
    """An Addr begins with the longest post office that is known; without one it is free text."""
    assert route == OFFICES.split(addr)


NAME = st.text(st.sampled_from("AbcÄ 1"), min_size=1).map(str.strip).filter(bool)


@given(st.sets(NAME, min_size=1, max_size=6), NAME)
def test_what_is_joined_is_split(names: set[str], fan: str) -> None:
    """In an Addr made of a post office and an alias name that one is found, or a longer one that is there, too."""
    offices = PostOffices(names)
    for name in names:
        addr = join(name, fan)
        route = offices.split(addr)

        assert route is not None
        assert len(name) <= len(route.post_office)
        assert fold(addr).startswith(fold(route.post_office))
        assert route.fan == addr[len(route.post_office) :].strip()


def test_post_offices_of_a_directory() -> None:
    """The entries with the codes P and p are the post offices; case decides over the code, not over the name."""
    offices = PostOffices.of([Record("PO1", "P"), Record("PO2", "p", "PO1"), Record("PO3", "L")])

    assert 2 == len(offices)
    assert [True, True, False] == ["po1" in offices, "PO2" in offices, "PO3" in offices]
    assert ["PO1", "elsewhere"] == [offices.spelled("po1"), offices.spelled("elsewhere")]


def test_the_comment_of_an_owner() -> None:
    """The comment that a connector makes is recognised, and only exactly."""
    assert "EXSERVER1" == owner_of(owner_comment("EXSERVER1"))
    assert "MSExchangeCCMC EXSERVER1" == owner_comment("EXSERVER1")
    assert ["", "", ""] == [owner_of(""), owner_of("MSExchangeCCMC"), owner_of("our MSExchangeCCMC EXSERVER1")]


@pytest.mark.cc("T04", "T05", "T08", "T09")
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (None, Standing.ABSENT),
        (Record("SITE1", "P", cmts="MSExchangeCCMC EX1"), Standing.OURS),
        (Record("SITE1", "p", "PO1", "MSExchangeCCMC ex1 "), Standing.OURS),
        (Record("SITE1", "P", cmts="MSExchangeCCMC EX2"), Standing.FOREIGN),
        (Record("SITE1", "P"), Standing.UNMARKED),
        (Record("SITE1", "P", cmts="to Exchange"), Standing.UNMARKED),
        (Record("SITE1", "L", cmts="MSExchangeCCMC EX1"), Standing.TAKEN),
    ],
)
def test_what_the_site_s_entry_is_to_us(entry: Record | None, expected: Standing) -> None:
    """A post office entry is ours only by its comment; a mailbox of the site's name is in the way."""
    assert expected is standing(entry, "EX1")


def test_the_post_offices_that_are_ours() -> None:
    """Those with our server's comment, whoever else is there."""
    rows = [
        Record("SITE1", "P", cmts="MSExchangeCCMC EX1"),
        Record("PO", "P"),
        Record("X", "P", cmts="MSExchangeCCMC EX2"),
    ]

    assert {"site1"} == owned(rows, "EX1")
