"""Search filters (RFC 4515), put together from parts in which nothing of a name can be read as a filter."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dxa.errors import FormatError

EVERYTHING = "(objectClass=*)"
#: RFC 4515, section 3: these are never written as they are; neither are control characters.
_SPECIAL = re.compile(r"[\x00-\x1f\x7f*()\\\ud800-\udfff]")
_ATTRIBUTE = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)(?:;[A-Za-z0-9-]+)*")


def escaped(value: str | bytes) -> str:
    """A value as it stands in a filter; of bytes every one is escaped."""
    if isinstance(value, bytes):
        return "".join(f"\\{byte:02x}" for byte in value)
    return _SPECIAL.sub(lambda found: escaped(found[0].encode("utf-8", "surrogateescape")), value)


def equal(attribute: str, value: str | bytes) -> str:
    """Entries that have this value."""
    return f"({checked(attribute)}={escaped(value)})"


def at_least(attribute: str, value: int) -> str:
    """Entries whose number is not below."""
    return f"({checked(attribute)}>={value})"


def present(attribute: str) -> str:
    """Entries that have any value."""
    return f"({checked(attribute)}=*)"


def all_of(parts: Iterable[str]) -> str:
    """Entries that every part finds."""
    return _joined("&", parts)


def any_of(parts: Iterable[str]) -> str:
    """Entries that at least one part finds."""
    return _joined("|", parts)


def checked(attribute: str) -> str:
    """The name of an attribute as it is; raises `FormatError` for what is no such name."""
    if not _ATTRIBUTE.fullmatch(attribute):
        raise FormatError("not the name of an attribute", field="filter", got=attribute)
    return attribute


def wrapped(text: str) -> str:
    """A filter that somebody has configured, in parentheses; raises `FormatError` when these do not match.

    An escaped parenthesis is three characters and none of them a parenthesis, so that they can be counted.
    """
    text = text.strip() or EVERYTHING
    text = text if text.startswith("(") else f"({text})"
    if _end(text) != len(text):
        raise FormatError("not a search filter", field="filter", expected="matching parentheses", got=text)
    return text


def _end(text: str) -> int:
    """Where the first parenthesis is closed, counted from 1; 0 when it is not."""
    depth = 0
    for at, char in enumerate(text, 1):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return at
    return 0


def _joined(sign: str, parts: Iterable[str]) -> str:
    found = list(parts)
    return found[0] if len(found) == 1 else f"({sign}{''.join(found)})"
