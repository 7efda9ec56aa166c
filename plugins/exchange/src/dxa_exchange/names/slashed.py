"""Distinguished names as Exchange 5.5 itself spells them, root first."""

from __future__ import annotations

import re

from dxa.errors import FormatError
from dxa_exchange.names.ldap import Dn, Part, Rdn, bad, written

# A slash or plus sign separates only where a type follows, for both stand in values, too; `native` escapes those that
# would.
_CUT = re.compile(r"(?<!\\)((?:\\\\)*)([/+])(?=[ ]*[A-Za-z][A-Za-z0-9.-]*[ ]*=)")
_ESCAPE = re.compile(r"\\(?=[\\/+]|\Z)|[/+](?=[ ]*[A-Za-z][A-Za-z0-9.-]*[ ]*=)")


def native(dn: Dn) -> str:
    """The name as Exchange 5.5 itself writes it; `from_native` gives back the same.

    Raises:
        FormatError: for a part whose value is bytes, which this form cannot tell.
    """
    return "".join([f"/{'+'.join([_part(part) for part in rdn])}" for rdn in reversed(dn)])


def _part(part: Part) -> str:
    if isinstance(part.value, bytes):
        raise FormatError("a binary value in a name has no native form", field="dn", got=written(part))
    escaped = _ESCAPE.sub(r"\\\g<0>", part.value)
    return f"{part.type}={escaped}"


def from_native(text: str) -> Dn:
    """A name in the native spelling; the empty text is the empty name."""
    if not text.strip():
        return ()
    if not text.lstrip().startswith("/"):
        raise bad(text, 0, "'/'")
    pieces = _pieces(f"\0{text.lstrip()}")[1:]
    if not pieces:
        raise bad(text, 1, "an attribute type and '='")
    rdns: list[Rdn] = []
    for separator, piece in pieces:
        part = _read(piece, text)
        if separator == "+" and rdns:
            rdns[-1] = (*rdns[-1], part)
        else:
            rdns.append((part,))
    return tuple(reversed(rdns))


def _pieces(text: str) -> list[tuple[str, str]]:
    """What stands between separators, each with the separator before it; the first has none."""
    pieces, separator, start = [], "", 0
    for found in _CUT.finditer(text):
        pieces.append((separator, text[start : found.end(1)]))
        separator, start = found[2], found.end()
    return [*pieces, (separator, text[start:])]


def _read(piece: str, whole: str) -> Part:
    type_, equals, value = piece.partition("=")
    if not equals or not type_.strip():
        raise bad(whole, whole.find(piece), "an attribute type and '='")
    return Part(type_.strip(), re.sub(r"\\([\\/+])", r"\1", value))
