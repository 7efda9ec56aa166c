"""What a directory server refuses, and whose fault that is (RFC 4511, appendix A)."""

from __future__ import annotations

from enum import Enum

from dxa.errors import TransportError


class Fault(Enum):
    """Who can mend it."""

    NETWORK = "the network or the server"
    SERVER = "the server"
    CONFIGURATION = "the configuration of the link, or the rights of its account"
    ENTRY = "the entry, which the server cannot hold"


class LdapError(TransportError):
    """A refused or failed operation: the code of the result, what the server said, and whose fault it is.

    `code` is the number of RFC 4511, or negative for what the client library found out itself.
    """

    def __init__(self, where: str, operation: str, code: int, name: str, said: str = "") -> None:
        self.code, self.name, self.said = code, name, said
        self.fault, advice = _KNOWN.get(code, (Fault.SERVER, ""))
        parts = [f"{where}: {operation}: {name} ({code})", said, f"to be mended by: {self.fault.value}", advice]
        super().__init__("; ".join(filter(None, parts)))


class ConnectionLost(LdapError):
    """The server cannot be reached, or not any more: the same may succeed later."""


class CutShort(LdapError):
    """The server stopped in the middle of a search: there is more than it gave."""


class Refused(LdapError):
    """The server understood, and will not."""


class StateLost(LdapError):
    """The server does not know from where changes are wanted: everything has to be read again."""


#: The client library's own: cannot connect, timeout, protocol of TLS.
LOST = frozenset({-1, -5, -11, 51, 52})
CUT = frozenset({3, 4, 11})
#: RFC 4533, section 2.4: e-syncRefreshRequired.
REFRESH_REQUIRED = 4096
NO_SUCH_OBJECT, ALREADY_EXISTS, NO_SUCH_ATTRIBUTE, VALUE_EXISTS = 32, 68, 16, 20

_NETWORK = (Fault.NETWORK, "check `uri`, and whether the server runs; the next run tries again")
_LIMIT = (Fault.CONFIGURATION, "have the limits of the account raised, or let `page_size` be smaller")
_BIND = (Fault.CONFIGURATION, "check `bind` and `password`")
_TLS = (Fault.CONFIGURATION, "use ldaps:// or `tls.start = true`, or a mechanism that signs")
_RIGHTS = (Fault.CONFIGURATION, "the account lacks a right there")
_ENTRY = (Fault.ENTRY, "")

_KNOWN: dict[int, tuple[Fault, str]] = {
    **dict.fromkeys((-1, -5, 51, 52), _NETWORK),
    -11: (
        Fault.CONFIGURATION,
        "with TLS: `tls.ca_file` must vouch for the server's certificate, which must be for the name in `uri`",
    ),
    -7: (Fault.CONFIGURATION, "check `filter`"),
    1: (Fault.CONFIGURATION, "Active Directory says so to an account that is not bound"),
    2: (Fault.SERVER, "when connecting: it has no StartTLS; use ldaps://"),
    **dict.fromkeys((3, 4, 11), _LIMIT),
    **dict.fromkeys((7, 8, 13), _TLS),
    10: (Fault.CONFIGURATION, "another server holds this part of the directory, and referrals are not followed"),
    12: (Fault.SERVER, "it lacks an extension; choose another `source`"),
    **dict.fromkeys((16, 17, 18, 19, 20, 21, 64, 65, 67, 69, 71), _ENTRY),
    32: (Fault.CONFIGURATION, "check the container's `base`; without rights an object looks as if it were not there"),
    34: (Fault.CONFIGURATION, "not a distinguished name; when binding, check `bind`"),
    **dict.fromkeys((48, 49), _BIND),
    50: _RIGHTS,
    66: (Fault.SERVER, "it has objects below it"),
    68: (Fault.ENTRY, "another object has the name"),
}


def error(where: str, operation: str, code: int, name: str, said: str = "") -> LdapError:
    """The error of a result code."""
    kind: type[LdapError] = Refused
    if code in LOST:
        kind = ConnectionLost
    elif code in CUT:
        kind = CutShort
    elif code == REFRESH_REQUIRED:
        kind = StateLost
    return kind(where, operation, code, name, said)
