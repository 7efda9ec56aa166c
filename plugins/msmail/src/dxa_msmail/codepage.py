"""Long texts as bytes of a code page."""

from __future__ import annotations

from functools import cache

#: The first 256 characters of Unicode as bytes of the same number.
_WESTERN = "latin-1"


def encoded(text: str, code_page: str) -> bytes:
    """As `str.encode`, and ten times as fast for a text in Western letters; raises `UnicodeEncodeError`."""
    try:
        data = text.encode(_WESTERN)
    except UnicodeEncodeError:
        return text.encode(code_page)
    table, lacking = _western(code_page)
    if not table or len(data.translate(None, lacking)) != len(data):
        return text.encode(code_page)
    return data.translate(table)


@cache
def _western(code_page: str) -> tuple[bytes, bytes]:
    """The byte of a code page for each Western character, and the characters that it lacks; nothing for others."""
    characters = bytes(range(256)).decode(_WESTERN)
    encodings = [character.encode(code_page, "ignore") for character in characters]
    if any(len(each) > 1 for each in encodings):
        return b"", b""
    lacking = bytes(at for at, each in enumerate(encodings) if not each)
    return b"".join(each or b"?" for each in encodings), lacking
