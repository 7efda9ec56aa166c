"""What is done with distinguished names in either spelling: one into the other, compared, and found in the tree."""

from __future__ import annotations

import re
from functools import lru_cache

from dxa.errors import FormatError
from dxa_exchange.names.ldap import Dn, Part, Rdn, escaped, parse, write
from dxa_exchange.names.slashed import from_native, native

#: Names that need more than a look for commas.
_HARD = re.compile(r'[\\"+;#]')
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


# -- from one spelling to the other ------------------------------------------------------------------------------------


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
    return _short(native(dn[: -len(site)])[1:])


def _short(text: str) -> str:
    """A relative name without the type of its first step, where that is not needed."""
    short = text[3:]
    plain = text[:3].lower() == "cn=" and short.strip() and not re.match(r"/|[ ]*(cn|ou)[ ]*=", short, re.IGNORECASE)
    return short if plain else text


def container(dn: Dn) -> str:
    """A container as Obj-Container has it: whole from an organisation down, or else below the site: ``Recipients``."""
    if not dn or dn[-1][0].type.casefold() in ("o", "c", "dc"):
        return native(dn)
    return _short(native(dn)[1:])


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
