import pytest

from dxa.errors import FormatError
from dxa_ccmail.codepage import code_page, decode, encode, shown


@pytest.mark.parametrize(
    ("name", "page"),
    [("850", "cp850"), ("cp437", "cp437"), ("IBM 850", "cp850"), ("ibm-437", "cp437"), ("932", "cp932")],
)
def test_spellings_of_a_page(name: str, page: str) -> None:
    """A page is found by its number with or without its maker."""
    assert page == code_page(name)


@pytest.mark.parametrize("name", ["cp37", "utf-16", "cp123", "nonsense", "", "rot13"])
def test_a_page_that_cannot_be_used(name: str) -> None:
    """A page that is unknown or does not hold ASCII as it is, is refused."""
    with pytest.raises(ValueError, match="code page"):
        code_page(name)


@pytest.mark.cc("T28")
def test_bytes_outside_the_page_are_loud() -> None:
    """A byte that the page lacks is an error that says which and where; in a report it is shown."""
    with pytest.raises(FormatError, match=r"offset 3.*bytes 81") as caught:
        decode(b"abc\x81", "cp932")

    assert 3 == caught.value.offset
    assert r"abc\x81" == shown(b"abc\x81", "cp932")


@pytest.mark.cc("T28")
def test_characters_outside_the_page_are_loud() -> None:
    """No question mark is ever written for a character."""
    assert b"\x81" == encode("ü", "cp850")
    with pytest.raises(FormatError, match=r"U\+20AC"):
        encode("10 €", "cp850")
