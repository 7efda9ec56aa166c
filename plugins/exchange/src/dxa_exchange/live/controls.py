"""Controls of searches: pages (RFC 2696), deleted objects, and the changes that Microsoft's DirSync tells."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import attrs

from dxa.errors import FormatError
from dxa_exchange.live import library

#: MS-ADTS 3.1.1.3.4.1.14 and 3.1.1.3.4.1.3.
SHOW_DELETED = "1.2.840.113556.1.4.417"
DIRSYNC = "1.2.840.113556.1.4.841"
PAGED = "1.2.840.113556.1.4.319"
#: What the caller may read, in place of everything, for which another right is needed.
OBJECT_SECURITY = 0x1
#: At most so many bytes in one reply.
BYTES = 1_000_000


@attrs.define
class Pages:
    """The state of a search that comes page by page."""

    control: Any

    def goes_on(self, replied: Iterable[Any]) -> bool:
        """Whether there is another page; the control then asks for that."""
        found = next((each for each in replied if each.controlType == PAGED), None)
        self.control.cookie = found.cookie if found is not None else b""
        return bool(self.control.cookie)


def pages(size: int) -> Pages:
    """A search in pages. A server that knows no pages gives everything at once."""
    return Pages(library.load("ldap.controls").SimplePagedResultsControl(False, size=size, cookie=b""))


def show_deleted() -> Any:
    """Find what is deleted, too."""
    return library.load("ldap.controls").RequestControl(SHOW_DELETED, True, None)


@attrs.define
class DirSync:
    """The state of a search for changes: each reply has a cookie, and says whether there is more."""

    cookie: bytes
    flags: int

    def request(self) -> Any:
        """The control to send."""
        return library.load("ldap.controls").RequestControl(DIRSYNC, True, _encode(self.flags, BYTES, self.cookie))

    def goes_on(self, replied: Iterable[Any]) -> bool:
        """Take the cookie of a reply; whether there are more changes.

        Raises:
            FormatError: when the reply has none, for then nobody knows where it ended.
        """
        value = next((each.value for each in replied if each.controlType == DIRSYNC), None)
        if value is None:
            raise FormatError("a reply without a cookie", field="DirSync", expected=f"the control {DIRSYNC}")
        more, self.cookie = _decode(value)
        return more


@cache
def replies() -> dict[str, Any]:
    """The classes of controls in replies that python-ldap does not know, and would drop."""
    base: Any = library.load("ldap.controls").ResponseControl

    class Reply(base):  # type: ignore[misc]
        """The value as it came."""

        controlType = DIRSYNC  # noqa: N815 (the library's own name)

        def decodeControlValue(self, encodedControlValue: bytes) -> None:  # noqa: N802, N803 (likewise)
            """Called by the library."""
            self.value = encodedControlValue

    return {DIRSYNC: Reply}


@cache
def _sequence() -> Any:
    univ: Any = library.load("pyasn1.type.univ")
    namedtype: Any = library.load("pyasn1.type.namedtype")

    class Value(univ.Sequence):  # type: ignore[misc]
        """``SEQUENCE { flags or more INTEGER, bytes INTEGER, cookie OCTET STRING }``."""

        componentType = namedtype.NamedTypes(  # noqa: N815 (the library's own name)
            namedtype.NamedType("number", univ.Integer()),
            namedtype.NamedType("bytes", univ.Integer()),
            namedtype.NamedType("cookie", univ.OctetString()),
        )

    return Value


def _encode(number: int, size: int, cookie: bytes) -> bytes:
    value = _sequence()()
    for at, part in enumerate((number, size, cookie)):
        value.setComponentByPosition(at, part)
    return bytes(library.load("pyasn1.codec.ber.encoder").encode(value))


def _decode(data: bytes) -> tuple[bool, bytes]:
    value, _ = library.load("pyasn1.codec.ber.decoder").decode(data, asn1Spec=_sequence()())
    return bool(int(value["number"])), bytes(value["cookie"])
