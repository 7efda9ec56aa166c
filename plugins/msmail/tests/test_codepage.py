from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from dxa_msmail.codepage import encoded

PAGES = ["cp850", "cp437", "cp1252", "latin-1", "utf-8", "utf-16", "cp932", "ascii"]


def outcome(work: Callable[[], bytes]) -> object:
    """The bytes, or where they could not be had."""
    try:
        return work()
    except UnicodeEncodeError as error:
        return error.object, error.start, error.end


@given(st.text(st.characters(max_codepoint=0x17F) | st.sampled_from("█☃\ud800")), st.sampled_from(PAGES))
def test_bytes_are_those_of_the_code_page(text: str, code_page: str) -> None:
    """The same bytes as in the slow way, and the same error for what the code page lacks."""
    assert outcome(lambda: text.encode(code_page)) == outcome(lambda: encoded(text, code_page))
