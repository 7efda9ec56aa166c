"""The dialects in which a directory tells of people: the names of attributes and the classes of objects.

=========== =============================================================
``csv55``   import/export files of Exchange 4.0-5.5, columns as displayed
``raw55``   the same in raw mode, columns as the schema has them
``ex55``    Exchange 5.5 over LDAP
``ad``      Active Directory, with or without the schema of Exchange
``generic`` any other LDAP server: inetOrgPerson, groupOfNames
=========== =============================================================
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

import attrs

from dxa.recipient import Kind
from dxa_exchange.attributetable import TABLE, Attribute

Name: TypeAlias = Literal["csv55", "raw55", "ex55", "ad", "generic"]


@attrs.frozen
class Classes:
    """The classes of one kind of object: what a new one bears, and by which of them (folded) one is known."""

    written: tuple[str, ...]
    known: frozenset[str]


def _classes(*written: str, known: Iterable[str] = ()) -> Classes:
    return Classes(written, frozenset(name.casefold() for name in (written[-1], *known)))


# The order counts: an object of Exchange 5.5 that is a Remote-Address is a person, too.
_FILES: Mapping[Kind, Classes] = {
    Kind.CUSTOM: _classes("Remote", known=("Remote-Address", "Custom-Recipient")),
    Kind.LIST: _classes("DL", known=("Distribution-List",)),
    Kind.FOLDER: _classes("Public-Folder"),
    Kind.MAILBOX: _classes("Mailbox", known=("organizationalPerson",)),
}
_RAW: Mapping[Kind, Classes] = {
    **_FILES,
    Kind.CUSTOM: _classes("Remote-Address", known=("Remote", "Custom-Recipient")),
    Kind.LIST: _classes("Distribution-List", known=("DL",)),
}
_EX55: Mapping[Kind, Classes] = {
    Kind.CUSTOM: _classes("Remote-Address", known=("custom-recipient",)),
    Kind.LIST: _classes("top", "groupOfNames"),
    Kind.FOLDER: _classes("top", "Public-Folder"),
    Kind.MAILBOX: _classes("top", "person", "organizationalPerson", known=("Mailbox",)),
}
_AD: Mapping[Kind, Classes] = {
    Kind.CUSTOM: _classes("top", "person", "organizationalPerson", "contact"),
    Kind.LIST: _classes("top", "group", known=("msExchDynamicDistributionList",)),
    Kind.FOLDER: _classes("top", "publicFolder"),
    Kind.MAILBOX: _classes("top", "person", "organizationalPerson", "user", known=("inetOrgPerson",)),
}
_GENERIC: Mapping[Kind, Classes] = {
    # Plain servers have no class for somebody whose mailbox is elsewhere: who has a target is one.
    Kind.CUSTOM: Classes(
        ("top", "person", "organizationalPerson", "inetOrgPerson"), frozenset({"contact", "remote-address"})
    ),
    Kind.LIST: _classes("top", "groupOfNames", known=("groupOfUniqueNames", "group", "mailGroup", "posixGroup")),
    Kind.FOLDER: _classes("top", "publicFolder"),
    Kind.MAILBOX: _classes(
        *("top", "person", "organizationalPerson", "inetOrgPerson"),
        known=("person", "organizationalPerson", "user", "account", "mailRecipient", "inetLocalMailRecipient"),
    ),
}


@attrs.frozen
class Dialect:
    """One dialect: what attributes and kinds of objects are called in it.

    `own` are the names that a link configures, neutral name to theirs; they count before the table. `available` are
    the names that the server knows (None: all that one asks for).
    """

    name: Name
    classes: Mapping[Kind, Classes]
    own: Mapping[str, str] = attrs.field(factory=dict)
    available: frozenset[str] | None = None
    _theirs: dict[str, str] = attrs.field(init=False, repr=False, eq=False, factory=dict)
    _neutral: dict[str, str] = attrs.field(init=False, repr=False, eq=False, factory=dict)
    #: What is called otherwise by `own`, or left out by it (folded).
    left_out: frozenset[str] = attrs.field(init=False, repr=False, eq=False, default=frozenset())

    def __attrs_post_init__(self) -> None:
        own = {neutral.casefold(): _tried(name) for neutral, name in self.own.items()}
        taken = {name.casefold() for names in own.values() for name in names}
        for neutral, names in own.items():
            self._add(BY_NEUTRAL[neutral].neutral if neutral in BY_NEUTRAL else self._written(neutral), names)
        left_out = set[str]()
        for each in TABLE:
            names = _names(each, self.name)
            if each.neutral.casefold() in own:
                left_out.update(name.casefold() for name in names)
            else:
                self._add(each.neutral, tuple(name for name in names if name.casefold() not in taken))
        object.__setattr__(self, "left_out", frozenset(left_out - taken))

    def _written(self, folded: str) -> str:
        return next(neutral for neutral in self.own if neutral.casefold() == folded)

    def _add(self, neutral: str, names: Iterable[str]) -> None:
        for name in names:
            self._neutral.setdefault(name.casefold(), neutral)
            if self.available is None or name.casefold() in self.available:
                self._theirs.setdefault(neutral.casefold(), name)

    @property
    def stand_in(self) -> str:
        """The attribute that holds the target of our own objects on a server without a better one; "" for none."""
        if self.files or self.name == "ex55" or "targetaddress" in {neutral.casefold() for neutral in self.own}:
            return ""
        return _names(BY_NEUTRAL["targetaddress"], self.name)[-1]

    @property
    def files(self) -> bool:
        """Whether it is that of import/export files."""
        return self.name in ("csv55", "raw55")

    def names(self) -> Iterator[str]:
        """All attributes that mean something here, but for those whose values are bytes."""
        own = {neutral.casefold() for neutral in self.own}
        yield from (name for names in self.own.values() for name in _tried(names))
        for each in TABLE:
            if each.neutral.casefold() not in own and (not each.binary or each.neutral == "objectGUID"):
                yield from _names(each, self.name)

    def theirs(self, neutral: str) -> str:
        """What an attribute is called; "" when the dialect or the server lacks it."""
        return self._theirs.get(neutral.casefold(), "")

    def neutral(self, name: str) -> str:
        """Our name of one of their attributes; "" for one that the table lacks. Options (``;lang-en``) do not count."""
        folded = name.casefold()
        return self._neutral.get(folded) or self._neutral.get(folded.partition(";")[0], "")

    def kind(self, classes: Iterable[str]) -> Kind | None:
        """What an object of these classes is; None when it is no recipient."""
        folded = {name.casefold() for name in classes}
        return next((kind for kind, each in self.classes.items() if not each.known.isdisjoint(folded)), None)


def _tried(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _names(attribute: Attribute, dialect: Name) -> tuple[str, ...]:
    match dialect:
        case "csv55":
            return _both(attribute.header, attribute.schema)
        case "raw55":
            return _both(attribute.schema, attribute.header)
        case "ex55":
            return attribute.ex55
        case "ad":
            return attribute.ad
        case "generic":
            return attribute.generic


def _both(first: str, second: str) -> tuple[str, ...]:
    return tuple(filter(None, (first, second)))


_CLASSES: Mapping[Name, Mapping[Kind, Classes]] = {
    "csv55": _FILES,
    "raw55": _RAW,
    "ex55": _EX55,
    "ad": _AD,
    "generic": _GENERIC,
}

# RFC 2798 with RFC 4519: what an inetOrgPerson may have, of what the table names.
_INETORGPERSON = frozenset(
    {
        "cn",
        "departmentnumber",
        "description",
        "displayname",
        "employeenumber",
        "employeetype",
        "facsimiletelephonenumber",
    }
    | {"givenname", "homephone", "initials", "l", "labeleduri", "mail", "manager", "mobile", "o", "objectclass", "ou"}
    | {"pager", "physicaldeliveryofficename", "postalcode", "secretary", "sn", "st", "street", "telephonenumber"}
    | {"title", "uid", "usercertificate", "usersmimecertificate"}
)
INETORGPERSON = "inetOrgPerson"


def dialect(
    name: Name,
    own: Mapping[str, str] | None = None,
    contact: Iterable[str] = (),
    available: Collection[str] | None = None,
) -> Dialect:
    """The dialect of that name.

    Args:
        own: names of attributes, neutral to theirs, as ``department = "ou"``; an empty one leaves the attribute out.
        contact: the classes of the objects that are written, in place of the dialect's; the last one tells them, if it
            is not a class of others, too.
        available: what an object of these classes may have on the server. None is all, and for an inetOrgPerson what
            RFC 2798 says.
    """
    classes, written = _CLASSES[name], tuple(contact)
    if written:
        others = frozenset[str]().union(*(each.known for kind, each in classes.items() if kind is not Kind.CUSTOM))
        known = classes[Kind.CUSTOM].known | ({written[-1].casefold()} - others)
        classes = {**classes, Kind.CUSTOM: Classes(written, known)}
    if available is not None:
        names: frozenset[str] | None = frozenset(each.casefold() for each in available)
    else:
        plain = classes[Kind.CUSTOM].written[-1].casefold() == INETORGPERSON.casefold()
        names = _INETORGPERSON | {each.casefold() for each in (own or {}).values()} if plain else None
    return Dialect(name, classes, own or {}, names)


BY_NEUTRAL: Mapping[str, Attribute] = {each.neutral.casefold(): each for each in TABLE}
_COLUMNS = {name.casefold(): each for each in TABLE for name in (each.schema, each.header) if name}


def attribute(neutral: str) -> Attribute:
    """What is known of an attribute; one that the table lacks may hold any number of texts."""
    return BY_NEUTRAL.get(neutral.casefold()) or Attribute(neutral, multi=True)


def column(name: str) -> Attribute | None:
    """The attribute that a column of an import/export file holds, displayed or raw; None for one that is not known."""
    return _COLUMNS.get(name.strip().casefold())
