"""The address type ``CCMAIL``: ``name at post office``.

KB Q154053 and KB Q166905 show it: ``CCMAIL:First Last at PO``. Bulletin boards are ``#Title``, with or without a post
office (KB Q156063 2.6.7).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dxa.address import AddressType
from dxa.errors import AddressError
from dxa_ccmail.names import fold

#: The page of the connector takes a post office of up to 256 characters (Exchange 5.5 online documentation).
POST_OFFICE_LENGTH = 256
#: No source names the limit of a name; this one is ours.
NAME_LENGTH = 256

BOARD_MARK = "#"

# The last " at " counts: a name may have one ("Sales at Night at PO1"), for a post office nobody has seen it.
_AT = re.compile(r"(.*\S)\s+at\s+(\S.*)", re.IGNORECASE | re.DOTALL)
_BRACKETS = re.compile(r"[\[\]]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_REPLACED = str.maketrans({"[": "(", "]": ")", '"': "'"})


class CcAddress(NamedTuple):
    """An address taken apart; only a bulletin board may have no post office."""

    name: str
    post_office: str

    def __str__(self) -> str:
        return f"{self.name} at {self.post_office}" if self.post_office else self.name


def parse(text: str) -> CcAddress:
    """``name at PO`` or ``#Title`` taken apart and checked.

    Raises:
        AddressError: when the post office is missing, or a character or length is refused.
    """
    text = text.strip()
    if not text:
        raise AddressError("a blank address")
    found = _AT.fullmatch(text)
    address = CcAddress(found[1], found[2]) if found else CcAddress(text, "")
    if not found and not is_board(text):
        raise AddressError("a cc:Mail address is 'name at post office'", got=text)
    check_name(address.name)
    if address.post_office:
        check_office(address.post_office)
    return address


def check_name(name: str, length: int = NAME_LENGTH) -> None:
    """Whether a name may stand in an address and in an import file.

    Raises:
        AddressError: for brackets, which Import 8 does not accept and which block its queue (KB Q232687); for quotation
            marks, with which a name cannot be exported (Exchange 5.5 online documentation, migration from cc:Mail);
            for control characters; for a name that is blank or endless.
    """
    if not name.strip(" #"):
        raise AddressError("a blank name", got=name)
    if len(name) > length:
        raise AddressError(f"a name of {len(name)} characters, {length} are allowed", got=f"{name[:40]}…")
    if _CONTROL.search(name):
        raise AddressError("a control character in a name", got=name)
    if _BRACKETS.search(name):
        raise AddressError("a name with [ or ], which IMPORT does not accept", got=name)
    if '"' in name:
        raise AddressError("a name with a quotation mark, which cannot be exported", got=name)


def check_office(name: str) -> None:
    """Whether a post office may have this name in an address; raises `AddressError`.

    One with ``at`` between blanks could not be told from a person's name in front of it.
    """
    check_name(name, POST_OFFICE_LENGTH)
    if _AT.fullmatch(f"x {name}"):
        raise AddressError("a post office with ' at ' in its name", got=name)


def is_board(name: str) -> bool:
    """Whether it is the address or name of a bulletin board."""
    return name.startswith(BOARD_MARK) and len(name) > 1


def shape_name(text: str) -> str:
    """A legal name made from any text: other marks for brackets and quotation marks, no comma at either end.

    KB Q188680, KB Q179677: a person with a first or a last name only must not become ``,User``.
    Raises `AddressError` when nothing is left.
    """
    shaped = " ".join(_CONTROL.sub(" ", text).translate(_REPLACED).split())[:NAME_LENGTH].strip(" ,")
    check_name(shaped)
    return shaped


def shape(text: str) -> str:
    """A legal address made from any ``name at post office``; raises `AddressError` when one of them is missing."""
    found = _AT.fullmatch(text.strip())
    if found:
        return str(CcAddress(shape_name(found[1]), shape_name(found[2])))
    return str(parse(shape_name(text)))


def check(text: str) -> str:
    """The canonical spelling of an address: one blank on either side of ``at``; raises `AddressError`."""
    return str(parse(text))


def list_of(value: str) -> str:
    """The post office of a checked address; ``""`` for a bulletin board without one."""
    found = _AT.fullmatch(value)
    return found[2] if found else ""


def variant(value: str, n: int) -> str:
    """The n-th variant of an address, its number behind the name: ``Doe, Jane2 at PO`` (KB Q188680)."""
    found = _AT.fullmatch(value)
    name, rest = (found[1], f" at {found[2]}") if found else (value, "")
    tail = str(n)
    return f"{name[: NAME_LENGTH - len(tail)].rstrip()}{tail}{rest}"


CCMAIL = AddressType(name="CCMAIL", check=check, list_of=list_of, shape=shape, variant=variant, fold=fold)

ADDRESS_TYPES: tuple[AddressType, ...] = (CCMAIL,)
