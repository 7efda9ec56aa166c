"""The address types of Exchange's own connectors, which no other plugin gives."""

from __future__ import annotations

import re

from dxa.address import AddressType
from dxa.errors import AddressError
from dxa_exchange.addresses import LENGTH

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def _check_text(value: str) -> str:
    if not value:
        raise AddressError("an address without a value")
    if len(value) > LENGTH:
        raise AddressError(f"an address of more than {LENGTH} characters", got=f"{value[:40]}…")
    if _CONTROL.search(value):
        raise AddressError("a control character in an address", got=value)
    return value


def _check_x500(value: str) -> str:
    if not value.startswith("/"):
        raise AddressError("an X500 address is /o=.../ou=.../cn=...", got=value)
    return _check_text(value)


def _vary_x500(value: str, n: int) -> str:
    return f"{value}{n}"


def _plain(name: str) -> AddressType:
    return AddressType(name=name, check=_check_text)


#: The types of Exchange's own connectors that no other plugin gives. X500 is the old distinguished name of an object.
ADDRESS_TYPES: tuple[AddressType, ...] = (
    AddressType(name="X500", aliases=("EX",), check=_check_x500, variant=_vary_x500),
    *(_plain(name) for name in ("CUSTOM", "NOTES", "GWISE", "SIP", "EUM")),
)
