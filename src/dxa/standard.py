"""The address types of no mail system in particular: SMTP and X.400. They need no plugin to register them.

The numbers of their errors are those of MS Mail, which has one for each kind of fault (KB Q96001).
"""

from __future__ import annotations

import re

from dxa import x400
from dxa.address import AddressType
from dxa.errors import AddressError

#: No source names a limit for the length of such an address (error 25); this one is ours.
ADDRESS_LENGTH = 1024

# Half of a pair of UTF-16 is no character, and cannot be stored or sent.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def printable(value: str) -> str:
    """Any text on one line that is not empty and not endless; raises `AddressError` 25, 26, 48."""
    if not value:
        raise AddressError("no address", got=value, code=48)
    if len(value) > ADDRESS_LENGTH:
        raise AddressError("address is too long", got=f"{value[:40]}…", code=25)
    if _CONTROL.search(value):
        raise AddressError("error in address", got=value, code=26)
    return value


def _check_smtp(value: str) -> str:
    # KB Q94410: a user alone is legal, and user:domain:organization, the form of 3+Mail.
    user, at, host = printable(value).rpartition("@")
    if at and not (user and host):
        raise AddressError("error in address", got=value, code=26)
    return value


def _check_x400(value: str) -> str:
    return printable(x400.canonical(printable(value)))


#: ``user@host``.
SMTP = AddressType(name="SMTP", check=_check_smtp)
#: X.400, as `dxa.x400` reads and writes it.
X400 = AddressType(name="X400", check=_check_x400, variant=x400.variant, fold=x400.fold)
#: Both.
STANDARD: tuple[AddressType, ...] = (SMTP, X400)
