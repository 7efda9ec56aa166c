"""The code pages of post offices: strict both ways.

A post office writes in the OEM code page of its language (Exchange 5.5 online documentation, KB Q247018). A byte that
the page lacks is an error, and so is a character: a ``?`` in the name of an entry would make another entry of it.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from dxa.errors import FormatError

#: IBM 850 is the international page; 437 is common in the United States (PMDF, CHARSETS option of its cc:Mail channel).
DEFAULT = "cp850"
#: KB Q156063 2.6.14: there was no cc:Mail DB8 in Simplified Chinese, Traditional Chinese or Russian.
NOT_IN_DB8 = frozenset({"cp936", "gbk", "cp950", "big5", "cp866"})

_ASCII = bytes(range(0x20, 0x7F)) + b"\r\n\t\x1a"
_PREFIX = re.compile(r"(?:ibm|cp|oem)?[-_ ]?(\d{3,4})", re.IGNORECASE)


@lru_cache(maxsize=64)
def code_page(name: str) -> str:
    """The codec for ``850``, ``ibm850``, ``cp437``, ``cp932`` …

    Raises:
        ValueError: for an unknown page, and for one in which ASCII is not itself.
    """
    number = _PREFIX.fullmatch(name.strip())
    wanted = f"cp{number[1]}" if number else name
    try:
        codec = codecs.lookup(wanted).name
        fits = _ASCII.decode(codec).encode("ascii") == _ASCII
    except (LookupError, UnicodeError):
        raise ValueError(f"unknown code page {name!r}") from None
    if not fits:
        raise ValueError(f"code page {name!r} does not hold ASCII as it is")
    return codec


def decode(data: bytes, page: str) -> str:
    """The text of some bytes; raises `FormatError` for a byte that the page lacks, with its offset in `data`."""
    try:
        return data.decode(page)
    except UnicodeDecodeError as error:
        bad = " ".join(f"{byte:02X}" for byte in data[error.start : error.end])
        raise FormatError(
            f"bytes {bad} outside the code page", offset=error.start, expected=page, got=shown(data, page)
        ) from None


def encode(text: str, page: str) -> bytes:
    """The bytes of a text; raises `FormatError` for a character that the page lacks."""
    try:
        return text.encode(page)
    except UnicodeEncodeError as error:
        char = text[error.start]
        raise FormatError(f"character U+{ord(char):04X} outside the code page", expected=page, got=text) from None


def shown(data: bytes, page: str) -> str:
    """The text for a report: a byte that the page lacks is ``\\xNN``, and no byte is lost."""
    return data.decode(page, "backslashreplace")
