"""The schema of the OpenLDAP server that `slapd` starts: what Exchange and Active Directory add to people.

Names and matching follow the directories that have them; object identifiers are OpenLDAP's experimental ones, as
schemas of a private arc may not claim anybody else's. An address is compared caselessly, as Active Directory does, so
that a second spelling of one is refused. Exchange 5.5 writes names with hyphens, and those are types of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

_ARC = "1.3.6.1.4.1.4203.666.11.55"
_TEXT = "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15"
_FLAG = "EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE"
_NUMBER = "EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE"

#: Attributes with many values.
_MANY = ("proxyAddresses", "msExchPoliciesExcluded")
#: Attributes with one text.
_ONE = (
    *("targetAddress", "mailNickname", "legacyExchangeDN", "company", "department", "adminDescription", "comment"),
    *("lastKnownParent", "wWWHomePage", "msExchImportedFrom"),
    *(f"extensionAttribute{n}" for n in range(1, 16)),
    *("rdn", "Target-Address", "Admin-Description", "Imported-From", "Mail-Nickname", "Text-Country"),
    *("Is-Deleted", "MAPI-Recipient", "Hide-From-Address-Book"),
    *(f"Extension-Attribute-{n}" for n in range(1, 11)),
)
_FLAGS = ("msExchHideFromAddressLists",)
_NUMBERS = ("uSNChanged", "USN-Changed", "msExchRecipientTypeDetails", "msExchRecipientDisplayType")
_BORROWED = (
    *("cn", "sn", "givenName", "initials", "title", "displayName", "description", "mail", "uid", "info", "l", "st"),
    *("postalCode", "street", "co", "otherMailbox", "textEncodedORAddress", "mailPreferenceOption", "telephoneNumber"),
    *("facsimileTelephoneNumber", "mobile", "pager"),
    *(
        "homePhone",
        "physicalDeliveryOfficeName",
        "manager",
        "secretary",
        "o",
        "ou",
        "c",
        "employeeNumber",
        "employeeType",
    ),
    *("departmentNumber", "generationQualifier", "labeledURI", "postalAddress"),
)


def schema() -> str:
    """The schema as slapd reads it, behind ``core``, ``cosine`` and ``inetorgperson``."""
    return "\n".join([*_types(), *_classes()]) + "\n"


def _types() -> Iterator[str]:
    number = 0
    for names, rule in ((_MANY, _TEXT), (_ONE, f"{_TEXT} SINGLE-VALUE"), (_FLAGS, _FLAG), (_NUMBERS, _NUMBER)):
        for name in names:
            number += 1
            yield f"attributetype ( {_ARC}.1.{number} NAME '{name}' {rule} )"


def _classes() -> Iterator[str]:
    own = " $ ".join([*_MANY, *_ONE, *_FLAGS, *_NUMBERS])
    may = f"{' $ '.join(_BORROWED)} $ {own}"
    yield f"objectclass ( {_ARC}.2.1 NAME 'mailRecipient' SUP top AUXILIARY MAY ( {own} ) )"
    yield f"objectclass ( {_ARC}.2.2 NAME 'contact' SUP top STRUCTURAL MUST cn MAY ( {may} ) )"
    yield f"objectclass ( {_ARC}.2.3 NAME 'Remote-Address' SUP top STRUCTURAL MUST Target-Address MAY ( {may} ) )"
    yield f"objectclass ( {_ARC}.2.4 NAME 'user' SUP top STRUCTURAL MUST cn MAY ( {may} $ userPassword ) )"
    yield f"objectclass ( {_ARC}.2.5 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( {may} $ member ) )"
