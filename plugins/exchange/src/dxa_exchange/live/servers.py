"""What a server says of itself (RFC 4512, 5.1), and which ways of telling changes it therefore has."""

from __future__ import annotations

from enum import Enum

import attrs

from dxa_exchange import names
from dxa_exchange.directory import Record
from dxa_exchange.live import controls
from dxa_exchange.live.identity import BY_NAME, ENTRY_UUID, OBJECT_GUID, UNIQUE_ID, Identity
from dxa_exchange.live.interface import Directory

#: MS-ADTS 3.1.1.3.4.3: Active Directory, and its lightweight kin.
_MICROSOFT = frozenset({"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"})
#: RFC 4533: the control of a request for changes.
SYNC = "1.3.6.1.4.1.4203.1.9.1.1"


class Kind(Enum):
    """The families of servers that differ in how they tell changes."""

    MICROSOFT = "Active Directory"
    EXCHANGE55 = "Exchange 5.5"
    OPENLDAP = "OpenLDAP"
    DS389 = "389 Directory Server"
    OTHER = "an LDAP server"


@attrs.frozen(kw_only=True)
class Server:
    """A server as it presents itself: its family, its naming contexts, its controls."""

    kind: Kind
    root: Record

    @property
    def identity(self) -> Identity:
        """How it tells its objects apart."""
        match self.kind:
            case Kind.MICROSOFT:
                return OBJECT_GUID
            case Kind.EXCHANGE55:
                return BY_NAME
            case Kind.DS389:
                return UNIQUE_ID
            case Kind.OPENLDAP:
                return ENTRY_UUID
            case Kind.OTHER:
                return BY_NAME

    @property
    def keeps_members(self) -> bool:
        """A member of a list that gets another name has it in the list, too; elsewhere that takes a plugin, if any."""
        return self.kind is Kind.MICROSOFT

    def context(self, base: str) -> str:
        """The naming context that a name lies in; the name itself when the server does not say."""
        contexts = [each for each in self.root.texts("namingContexts") if each and names.within(base, each)]
        return max(contexts, key=len, default=base)

    def knows(self, control: str) -> bool:
        """Whether it says that it has a control."""
        return control in self.root.texts("supportedControl")

    def source(self) -> str:
        """The best way to hear of changes: ``usn``, ``syncrepl``, or ``full`` for none."""
        if self.kind in (Kind.MICROSOFT, Kind.EXCHANGE55):
            return "usn"
        # Without identities of the server's own nobody knows whom a change is about.
        return "syncrepl" if self.knows(SYNC) and self.identity.attribute else "full"


def meet(directory: Directory, exchange55: bool = False) -> Server:
    """The server behind a connection. Exchange 5.5 says nothing of itself, so that has to be told."""
    root = directory.root()
    return Server(kind=Kind.EXCHANGE55 if exchange55 else _kind(root), root=root)


def _kind(root: Record) -> Kind:
    if not _MICROSOFT.isdisjoint(root.texts("supportedCapabilities")):
        return Kind.MICROSOFT
    if "389" in f"{root.text('vendorName')} {root.text('vendorVersion')}":
        return Kind.DS389
    openldap = "OpenLDAProotDSE" in root.texts("objectClass")
    return Kind.OPENLDAP if openldap or "openldap" in root.text("vendorName").casefold() else Kind.OTHER


def has_dirsync(server: Server) -> bool:
    """Whether it has Microsoft's control for changes."""
    return server.knows(controls.DIRSYNC)
