"""The one table of attributes: what each is called in every dialect.

The neutral name is Active Directory's. Sources: KB Q155414, Q153028, Q188628 and the 5.0 release notes 2.11.1 (files of
5.5); the Platform SDK (its schema and LDAP); Microsoft's table of migrated attributes (Active Directory); RFC 4519 and
RFC 2798 (other servers); KB Q259060 (lengths).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

#: Extension attributes are for whatever a site likes; 5.5 has ten of them, its successors have fifteen.
EXTENSIONS = 15


def _tried(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """The names of a text like ``department,ou``."""
    return tuple(filter(None, names.split(","))) if isinstance(names, str) else names


@attrs.frozen
class Attribute:
    """One attribute: its names in each dialect in the order in which they are tried, and what its values are."""

    neutral: str
    #: What an import/export file displays; "" when it has no column.
    header: str = ""
    #: What raw files say.
    schema: str = ""
    ex55: tuple[str, ...] = attrs.field(default="", converter=_tried)
    ad: tuple[str, ...] = attrs.field(default="", converter=_tried)
    generic: tuple[str, ...] = attrs.field(default="", converter=_tried)
    multi: bool = attrs.field(default=False, kw_only=True)
    binary: bool = attrs.field(default=False, kw_only=True)
    #: The values are distinguished names.
    dn: bool = attrs.field(default=False, kw_only=True)
    #: It is the system's own, or has rules of its own, and is no field as it stands.
    system: bool = attrs.field(default=False, kw_only=True)
    #: A number of a telephone: a server of RFC 4517 takes the characters of a PrintableString only.
    phone: bool = attrs.field(default=False, kw_only=True)
    #: The most characters of a value (0: not known).
    length: int = attrs.field(default=0, kw_only=True)


def _of(neutral: str, header: str, schema: str, length: int = 0, **other: Any) -> Attribute:
    """An attribute that every kind of LDAP server calls as we do, but for those in `other`, where flags stand, too."""
    named = {"ex55": neutral, "ad": neutral, "generic": neutral} | other
    return Attribute(neutral, header, schema, length=length, **named)


def _names() -> Iterator[Attribute]:
    yield _of("cn", "Directory Name", "Common-Name", 64, ex55="rdn", system=True)
    yield _of("displayName", "Display Name", "Display-Name", 256, ex55="cn", generic="displayName,cn")
    yield _of("mailNickname", "Alias Name", "Mail-nickname", 64, ex55="uid", generic="mailNickname,uid")
    yield _of("givenName", "First Name", "Given-Name", 64)
    yield _of("sn", "Last name", "Surname", 64)
    yield _of("initials", "Initials", "Initials", 6)
    yield _of("generationQualifier", "Generation-Qualifier", "Generation-Qualifier", 64)


def _work() -> Iterator[Attribute]:
    yield _of("title", "Title", "Title", 64)
    yield _of("department", "Department", "Department", 64, generic="department,departmentNumber")
    yield _of("company", "Company", "Company", 64, generic="company,o")
    yield _of("physicalDeliveryOfficeName", "Office", "Physical-Delivery-Office-Name", 128)
    yield _of("manager", "Manager", "Manager", dn=True)
    # Active Directory's own `secretary` is a distinguished name.
    yield _of("msExchAssistantName", "Assistant", "Assistant-Name", 256, ex55="secretary", generic="")
    yield _of("employeeNumber", "Employee-Number", "Employee-Number", 64)
    yield _of("info", "Notes", "Comment", 1024)
    yield _of("description", "Description", "Description", 1024, multi=True)
    yield _of("wWWHomePage", "WWW-Home-Page", "WWW-Home-Page", 2048, ex55="URL")


def _places() -> Iterator[Attribute]:
    yield _of("streetAddress", "Address", "Address", 1024, ex55="postalAddress", generic="street")
    yield _of("l", "City", "Locality-Name", 64)
    yield _of("st", "State", "State-Or-Province-Name", 128)
    yield _of("postalCode", "Postal code", "Postal-Code", 40)
    yield _of("co", "Country", "Text-Country", 64)
    yield _of("c", "Country-Name", "Country-Name", 3)


def _phones() -> Iterator[Attribute]:
    for each in _phone_attributes():
        yield attrs.evolve(each, phone=True)


def _phone_attributes() -> Iterator[Attribute]:
    yield _of("telephoneNumber", "Phone number", "Telephone-Office1", 32)
    yield _of("otherTelephone", "Phone number 2", "Telephone-Office2", 32, ex55="Telephone-Office2", multi=True)
    yield _of("facsimileTelephoneNumber", "Fax number", "Telephone-Fax", 32)
    yield _of("mobile", "Mobile number", "Telephone-Mobile", 64)
    yield _of("pager", "Pager number", "Telephone-Pager", 64)
    yield _of("homePhone", "Home phone number", "Telephone-Home", 32)
    yield _of("otherHomePhone", "Home phone number 2", "Telephone-Home2", 32, ex55="Telephone-Home2", multi=True)
    yield _of(
        "telephoneAssistant",
        "Assistant phone number",
        "Telephone-Assistant",
        32,
        ex55="Telephone-Assistant",
        generic="",
    )


def _addresses() -> Iterator[Attribute]:
    # A server without a schema of Exchange still has a place for a text like ``MS:NET/PO/USER``.
    target = {"ex55": "Target-Address", "ad": "targetAddress,otherMailbox", "generic": "targetAddress,labeledURI"}
    yield _of("targetAddress", "E-mail address", "Target-Address", 1123, **target, system=True)
    yield _of(
        "proxyAddresses", "E-mail Addresses", "Proxy-Addresses", 1123, ex55="otherMailbox", multi=True, system=True
    )
    secondary = "Secondary-Proxy-Addresses"
    yield Attribute("secondaryProxyAddresses", secondary, secondary, multi=True, system=True, length=1123)
    yield _of("mail", "", "", 256, system=True)
    yield _of("textEncodedORAddress", "", "", 1024, generic="", system=True)
    yield _of("legacyExchangeDN", "Obj-Dist-Name", "Obj-Dist-Name", ex55="", system=True)


def _kinds() -> Iterator[Attribute]:
    yield _of("objectClass", "Obj-Class", "Obj-Class", multi=True, system=True)
    yield _of("member", "Members", "Member", generic="member,uniqueMember", multi=True, dn=True, system=True)
    yield _of("memberOf", "Member of", "Is-Member-Of-DL", multi=True, dn=True, system=True)
    hide = "Hide-From-Address-Book"
    yield Attribute("recipientHidden", "Hide from AB", hide, hide, "msExchHideFromAddressLists", system=True)
    yield _of("homeMDB", "Home-Server", "Home-MDB", ex55="Home-MDB", generic="", system=True)
    yield Attribute("homeServer", "", "", "", "msExchHomeServerName", system=True)
    yield Attribute("recipientTypeDetails", "", "", "", "msExchRecipientTypeDetails", system=True)
    yield Attribute("account", "Primary Windows NT Account", "Assoc-NT-Account", "Assoc-NT-Account", system=True)


def _administration() -> Iterator[Attribute]:
    yield Attribute("container", "Obj-Container", "Obj-Container", system=True)
    yield _of(
        "adminDescription",
        "Admin-Description",
        "Admin-Description",
        1024,
        ex55="Admin-Description",
        generic="employeeType",
        system=True,
    )
    yield _of(
        "importedFrom",
        "Imported-From",
        "Imported-From",
        ex55="Imported-From",
        ad="msExchImportedFrom",
        generic="importedFrom,Imported-From",
        system=True,
    )
    yield Attribute("mapiRecipient", "MAPI-Recipient", "MAPI-Recipient", "MAPI-Recipient", "mAPIRecipient", system=True)
    yield Attribute("objectGUID", "", "", "", "objectGUID", "entryUUID", binary=True, system=True)
    yield _of("usnChanged", "USN-Changed", "USN-Changed", ex55="USN-Changed", ad="uSNChanged", generic="", system=True)
    yield _of(
        "whenChanged", "When-Changed", "When-Changed", ex55="When-Changed", generic="modifyTimestamp", system=True
    )
    yield _of("isDeleted", "Is-Deleted", "Is-Deleted", ex55="Is-Deleted", generic="", system=True)
    certificate = "X509-Cert"
    yield _of("userCertificate", certificate, certificate, multi=True, binary=True, system=True)


def _extensions() -> Iterator[Attribute]:
    for n in range(1, EXTENSIONS + 1):
        schema = f"Extension-Attribute-{n}"
        yield _of(f"extensionAttribute{n}", f"Custom Attribute {n}", schema, 1024, ex55=schema)


TABLE: tuple[Attribute, ...] = (
    *(*_names(), *_work(), *_places(), *_phones(), *_addresses(), *_kinds(), *_administration(), *_extensions()),
)
