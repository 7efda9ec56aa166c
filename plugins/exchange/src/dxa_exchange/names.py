"""Distinguished names, in the spelling of LDAP and in the native one of Exchange 5.5.

::

    cn=JohnD,cn=Recipients,ou=London,o=Acme         LDAP, leaf first (RFC 4514; read also RFC 1779 and RFC 2253)
    /o=Acme/ou=London/cn=Recipients/cn=JohnD        native, root first: what Obj-Container and legacyExchangeDN hold
    Recipients/cn=JohnD                             native, below a site: what Members holds (KB Q165319)

A name that cannot be read raises `FormatError`, whose field is ``dn``.
"""

from __future__ import annotations

import re
from functools import lru_cache
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
#: Names that need more than a look for commas.
_HARD = re.compile(r'[\\"+;#]')
# RFC 4514, 2.4, and all control characters, as Active Directory writes the line feed of ``\0ADEL:``.
_SPECIAL = re.compile(r'[",+;<>\\]')
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

# A slash or plus sign separates only where a type follows, for both stand in values, too; `native` escapes those that
# would.
_NATIVE_CUT = re.compile(r"(?<!\\)((?:\\\\)*)([/+])(?=[ ]*[A-Za-z][A-Za-z0-9.-]*[ ]*=)")
_NATIVE_ESCAPE = re.compile(r"\\(?=[\\/+]|\Z)|[/+](?=[ ]*[A-Za-z][A-Za-z0-9.-]*[ ]*=)")

#: RFC 4519: other spellings of the usual types.
_SYNONYMS = {
    "commonname": "cn",
    "2.5.4.3": "cn",
    "organizationalunitname": "ou",
    "2.5.4.11": "ou",
    "organizationname": "o",
    "2.5.4.10": "o",
    "countryname": "c",
    "2.5.4.6": "c",
    "localityname": "l",
    "2.5.4.7": "l",
    "stateorprovincename": "st",
    "2.5.4.8": "st",
    "domaincomponent": "dc",
    "0.9.2342.19200300.100.1.25": "dc",
    "userid": "uid",
    "0.9.2342.19200300.100.1.1": "uid",
}


# -- LDAP ----------------------------------------------------------------------------------------------------------


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
        raise _bad(text, at, "an attribute type and '='")
    body = _VALUE.match(text, head.end())
    assert body is not None  # it matches nothing at least
    at = body.end()
    if at < len(text) and text[at] not in ",;+":
        raise _bad(text, at, "',', '+' or the end")
    if body[1] is not None:
        return Part(head[1], _unescaped(body[1])), at
    value = _stripped(body[2])
    if value.startswith("#"):
        found = _HEX.fullmatch(value)
        if found is None:
            raise _bad(text, head.end(), "pairs of hexadecimal digits behind '#'")
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


def _bad(text: str, at: int, expected: str) -> FormatError:
    return FormatError("not a distinguished name", field="dn", offset=at, expected=expected, got=text)


def write(dn: Dn) -> str:
    """The name as RFC 4514 writes it; `parse` gives back the same."""
    return ",".join(["+".join([_written(part) for part in rdn]) for rdn in dn])


def _written(part: Part) -> str:
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


# -- native --------------------------------------------------------------------------------------------------------


def native(dn: Dn) -> str:
    """The name as Exchange 5.5 itself writes it; `from_native` gives back the same.

    Raises:
        FormatError: for a part whose value is bytes, which this form cannot tell.
    """
    return "".join([f"/{'+'.join([_native_part(part) for part in rdn])}" for rdn in reversed(dn)])


def _native_part(part: Part) -> str:
    if isinstance(part.value, bytes):
        raise FormatError("a binary value in a name has no native form", field="dn", got=_written(part))
    return f"{part.type}={_native_value(part.value)}"


def _native_value(value: str) -> str:
    return _NATIVE_ESCAPE.sub(r"\\\g<0>", value)


def from_native(text: str) -> Dn:
    """A name in the native spelling; the empty text is the empty name."""
    if not text.strip():
        return ()
    if not text.lstrip().startswith("/"):
        raise _bad(text, 0, "'/'")
    pieces = _native_pieces(f"\0{text.lstrip()}")[1:]
    if not pieces:
        raise _bad(text, 1, "an attribute type and '='")
    rdns: list[Rdn] = []
    for separator, piece in pieces:
        part = _native_read(piece, text)
        if separator == "+" and rdns:
            rdns[-1] = (*rdns[-1], part)
        else:
            rdns.append((part,))
    return tuple(reversed(rdns))


def _native_pieces(text: str) -> list[tuple[str, str]]:
    """What stands between separators, each with the separator before it; the first has none."""
    pieces, separator, start = [], "", 0
    for found in _NATIVE_CUT.finditer(text):
        pieces.append((separator, text[start : found.end(1)]))
        separator, start = found[2], found.end()
    return [*pieces, (separator, text[start:])]


def _native_read(piece: str, whole: str) -> Part:
    type_, equals, value = piece.partition("=")
    if not equals or not type_.strip():
        raise _bad(whole, whole.find(piece), "an attribute type and '='")
    return Part(type_.strip(), re.sub(r"\\([\\/+])", r"\1", value))


def to_native(text: str) -> str:
    """``cn=JohnD,cn=Recipients,ou=London,o=Acme`` as ``/o=Acme/ou=London/cn=Recipients/cn=JohnD``."""
    return native(parse(text))


def to_ldap(text: str) -> str:
    """The inverse of `to_native`; a name that is LDAP's already is written anew."""
    return write(read(text))


def read(text: str) -> Dn:
    """A name in whichever of the two spellings."""
    return from_native(text) if text.lstrip().startswith("/") else parse(text)


def absolute(text: str, site: Dn) -> Dn:
    """The name of a member or container that is told below a site: ``Recipients/cn=Sub/cn=User1``, or whole.

    Whole is what begins with a slash. The first step needs no type, for it is a ``cn`` (KB Q165319).
    """
    if text.startswith("/"):
        return from_native(text)
    if not text.strip():
        return site
    typed = re.match(r"[ ]*(cn|ou)[ ]*=", text, re.IGNORECASE)
    return from_native(f"/{text}" if typed else f"/cn={text}") + site


def relative(dn: Dn, site: Dn) -> str:
    """The inverse of `absolute`: whole where the name is not below the site."""
    if not site or len(dn) <= len(site) or _fold(dn[-len(site) :]) != _fold(site):
        return native(dn)
    text = native(dn[: -len(site)])[1:]
    short = text[3:]
    plain = text[:3].lower() == "cn=" and short.strip() and not re.match(r"/|[ ]*(cn|ou)[ ]*=", short, re.IGNORECASE)
    return short if plain else text


# -- comparing -----------------------------------------------------------------------------------------------------


def key(text: str) -> str:
    """Equal names have equal keys, in whatever spelling: case, blanks and the order within an RDN do not count.

    What cannot be read is its own key.
    """
    head, comma, rest = text.partition(",")
    if not comma or head[:1] == "/" or _HARD.search(text):
        return _key(text)
    type_, equals, value = head.partition("=")
    value = value.casefold()
    if not equals or not type_.isalpha() or not value.isalnum():
        return _key(text)
    folded = type_.lower()
    return f"{_SYNONYMS.get(folded, folded)}={value},{_key(rest)}"


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    try:
        return write(_fold(read(text)))
    except FormatError:
        return text


def _fold(dn: Dn) -> Dn:
    return tuple([tuple(sorted([_fold_part(part) for part in rdn], key=repr)) for rdn in dn])


def _fold_part(part: Part) -> Part:
    type_ = part.type.lower().removeprefix("oid.")
    value = part.value if isinstance(part.value, bytes) else " ".join(part.value.casefold().split())
    return Part(_SYNONYMS.get(type_, type_), value)


def within(text: str, container: str) -> bool:
    """Whether a name is the container's own or lies below it; everything lies below the empty name."""
    inner, outer = key(text), key(container)
    return not outer or inner == outer or (inner.endswith(f",{outer}") and _ends(inner, len(inner) - len(outer) - 1))


def _ends(text: str, comma: int) -> bool:
    """Whether the comma there separates: it is not escaped."""
    before = text[:comma]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 0


# -- parts ---------------------------------------------------------------------------------------------------------


def parent(text: str) -> str:
    """The name without its first RDN; "" for a name of one."""
    head, comma, rest = text.partition(",")
    if comma and head[:1] != "/" and not _HARD.search(head):
        return rest.lstrip(" ")
    return write(read(text)[1:])


def rdn_value(text: str) -> str:
    """The value of the first RDN, of several parts the first that is text; "" for the empty name."""
    head, _, _ = text.partition(",")
    type_, equals, value = head.partition("=")
    if equals and type_.isalpha() and not _HARD.search(text):
        return value.strip(" ")
    dn = read(text)
    return next((part.value for part in dn[0] if isinstance(part.value, str)), "") if dn else ""


def child(type_: str, value: str, container: str) -> str:
    """The name of an object in a container."""
    head = f"{type_}={escaped(value)}"
    return f"{head},{container}" if container else head


@lru_cache(maxsize=4096)
def steps(container: str, base: str) -> str:
    """The path from a base down to a container, as the core writes containers: ``Sales/West``; "" for the base itself.

    What does not lie below the base has its whole path. A slash in a value becomes a hyphen, for it would be a step.
    """
    dn, root = read(container), read(base)
    if root and _fold(dn[-len(root) :]) == _fold(root):
        dn = dn[: -len(root)]
    return "/".join(_step(rdn) for rdn in reversed(dn))


def _step(rdn: Rdn) -> str:
    text = "+".join(part.value if isinstance(part.value, str) else part.value.hex() for part in rdn)
    return text.replace("/", "-").strip() or "-"
