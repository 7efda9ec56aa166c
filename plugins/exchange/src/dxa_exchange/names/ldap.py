"""Distinguished names as LDAP spells them: RFC 4514, and on reading also RFC 1779 and RFC 2253."""

from __future__ import annotations

import re
from typing import NamedTuple

from dxa.errors import FormatError


class Part(NamedTuple):
    """One attribute of an RDN. Its value is text, or the bytes of a BER value where the name gives it as ``#0c01...``.

    Bytes of an escape that are no UTF-8 stand in the text as lone surrogates.
    """

    type: str
    value: str | bytes


Rdn = tuple[Part, ...]
Dn = tuple[Rdn, ...]

# The blanks of RFC 1779 and no others: a no-break space belongs to its value.
_BLANK = "[ \\t\\r\\n]*"
_TYPE = re.compile(rf"{_BLANK}((?:oid\.)?[0-9]+(?:\.[0-9]+)*|[A-Za-z][A-Za-z0-9-]*){_BLANK}={_BLANK}", re.IGNORECASE)
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"[ \t\r\n]*|((?:[^",;+\\]|\\.)*)', re.DOTALL)
_HEX = re.compile(r"#((?:[0-9A-Fa-f]{2})+)")
_ESCAPES = re.compile(r"(?:\\[0-9A-Fa-f]{2})+|\\.", re.DOTALL)
# RFC 4514, 2.4, and all control characters, as Active Directory writes the line feed of ``\0ADEL:``.
_SPECIAL = re.compile(r'[",+;<>\\]')
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def parse(text: str) -> Dn:
    """A name in LDAP's spelling, its parts leaf first; the empty name has none."""
    if not text.strip():
        return ()
    rdns: list[Rdn] = []
    parts: list[Part] = []
    at, end = 0, len(text)
    while True:
        part, at = _part(text, at)
        parts.append(part)
        if at == end or text[at] != "+":
            rdns.append(tuple(parts))
            parts = []
        if at == end:
            return tuple(rdns)
        at += 1


def _part(text: str, at: int) -> tuple[Part, int]:
    """The part that begins there, and where it ends: at a separator, or at the end."""
    head = _TYPE.match(text, at)
    if head is None:
        raise bad(text, at, "an attribute type and '='")
    body = _VALUE.match(text, head.end())
    assert body is not None  # it matches nothing at least
    at = body.end()
    if at < len(text) and text[at] not in ",;+":
        raise bad(text, at, "',', '+' or the end")
    if body[1] is not None:
        return Part(head[1], _unescaped(body[1])), at
    value = _stripped(body[2])
    if value.startswith("#"):
        found = _HEX.fullmatch(value)
        if found is None:
            raise bad(text, head.end(), "pairs of hexadecimal digits behind '#'")
        return Part(head[1], bytes.fromhex(found[1])), at
    return Part(head[1], _unescaped(value)), at


def _stripped(value: str) -> str:
    """Without the blanks at the end, the first of which may be escaped and belong to the value."""
    short = value.rstrip(" \t\r\n")
    odd = (len(short) - len(short.rstrip("\\"))) % 2
    return value[: len(short) + odd]


def _unescaped(value: str) -> str:
    if "\\" not in value:
        return value
    return _ESCAPES.sub(_plain, value)


def _plain(found: re.Match[str]) -> str:
    escape = found[0]
    if len(escape) == 2:
        return escape[1]
    return bytes.fromhex(escape.replace("\\", "")).decode("utf-8", "surrogateescape")


def bad(text: str, at: int, expected: str) -> FormatError:
    """The error of a name that is none from there on."""
    return FormatError(f"no distinguished name from character {at + 1} on", field="dn", expected=expected, got=text)


def write(dn: Dn) -> str:
    """The name as RFC 4514 writes it; `parse` gives back the same."""
    return ",".join(["+".join([written(part) for part in rdn]) for rdn in dn])


def written(part: Part) -> str:
    """One part of a name."""
    if isinstance(part.value, bytes):
        return f"{part.type}=#{part.value.hex()}"
    return f"{part.type}={escaped(part.value)}"


def escaped(value: str) -> str:
    """A value as it stands in a name (RFC 4514, 2.4)."""
    text = _SPECIAL.sub(r"\\\g<0>", value)
    text = _UNPRINTABLE.sub(_hex, text)
    if text[:1] in (" ", "#"):
        text = f"\\{text}"
    if text[-1:] == " " and len(value) > 1:
        text = f"{text[:-1]}\\ "
    return text


def _hex(found: re.Match[str]) -> str:
    return "".join(f"\\{byte:02X}" for byte in found[0].encode("utf-8", "surrogateescape"))
