"""An entry of the core as an object of a directory: a contact, a custom recipient, or whatever class is configured."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from dxa.address import AddressTypes
from dxa.entry import ADDRESSES, ALIAS, ASIDE, Entry
from dxa.errors import AddressError
from dxa.recipient import Kind
from dxa.rules.parts import alias_of, split_name
from dxa_exchange import addresses, names
from dxa_exchange.addresses import Proxies, Proxy
from dxa_exchange.dialects import Dialect, attribute
from dxa_exchange.directory import Record, Values
from dxa_exchange.people.addresses import faces
from dxa_exchange.people.options import PeopleOptions
from dxa_exchange.people.reader import LEGACY, RAW_ADDRESSES

#: The longest name of an object in its container (KB Q259060: 70, of which 64 are safe; Active Directory takes 64).
RDN_LENGTH = 64
ALIAS_LENGTH = 64

# Exchange's alias: letters, digits and these, with single periods inside.
_ALIAS_ILLEGAL = re.compile(r"[^A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
#: RFC 4517, 3.3.4: a country is two letters of ISO 3166, and a server refuses the whole object for anything else.
_COUNTRY = re.compile(r"[A-Za-z]{2}")
# RFC 4517, 3.2: what is no PrintableString.
_NO_PHONE = re.compile(r"[^A-Za-z0-9'()+,./:?= -]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "œ": "oe", "ı": "i"}
    | {"Æ": "AE", "Ø": "O", "Đ": "D", "Ð": "D", "Þ": "Th", "Ł": "L", "Œ": "OE"}
)
#: The classes whose objects must have a surname (RFC 4519).
_PEOPLE = frozenset({"person", "organizationalperson", "inetorgperson"})


class Written(NamedTuple):
    """An object as it is to be in the directory, and the fields that it cannot have there, by neutral name."""

    record: Record
    left_out: tuple[str, ...] = ()


class Writer:
    """Makes the objects of one directory; see `dxa_exchange.peopleread.Reader`."""

    def __init__(self, options: PeopleOptions, dialect: Dialect, types: AddressTypes, site: tuple[str, str]) -> None:
        self._options, self._dialect, self._types = options, dialect, types
        self._mark = options.marking(site, dialect)
        self._classes = list(dialect.classes[Kind.CUSTOM].written)
        self._people = not _PEOPLE.isdisjoint(name.casefold() for name in self._classes)
        # RFC 4519 demands a surname; Active Directory and Exchange do not.
        self._surname = dialect.name == "generic" and self._people

    # -- names -----------------------------------------------------------------------------------------------------

    def dn(self, entry: Entry, taken: Callable[[str], bool]) -> str:
        """The name of a new object in the synchronisation container.

        Args:
            taken: whether an object has the name with this key (`dxa_exchange.names.key`).

        Raises:
            AddressError: when no container is configured.
        """
        container = self._options.sync_container
        if not container:
            raise AddressError("nothing is written without sync_container", got=entry.name)
        container = names.to_ldap(container)
        for value in self._values(entry):
            dn = names.child(self._options.rdn, value, container)
            if not taken(names.key(dn)):
                return dn
        raise AssertionError("the values never end")

    def _values(self, entry: Entry) -> Iterator[str]:
        """The values of its first RDN that come into question: the name or alias, then with numbers."""
        base = _clean(self._rdn(entry))[:RDN_LENGTH].strip() or "Recipient"
        yield base
        number = 2
        while True:
            tail = f" {number}"
            yield f"{base[: RDN_LENGTH - len(tail)].rstrip()}{tail}"
            number += 1

    def _rdn(self, entry: Entry) -> str:
        # The directory name of 5.5 is Teletex, so that only plain letters are safe.
        if self._dialect.files or self._dialect.name == "ex55" or self._options.rdn.casefold() == "uid":
            return self.alias(entry) or _ascii(entry.name)
        return entry.name or self.alias(entry)

    def alias(self, entry: Entry) -> str:
        """A legal alias (mailNickname), made of that of the entry, its address or name; "" when nothing is left."""
        wished = next((value for name, value in entry.fields if name == ALIAS), "")
        candidates = (alias_text(text) for text in (wished, alias_of(entry.address), entry.name))
        return next(filter(None, candidates), "")

    # -- objects ---------------------------------------------------------------------------------------------------

    def write(self, entry: Entry, dn: str, *, mark: bool = True) -> Written:
        """The object of that name; without `mark` nothing says that dxa has made it.

        Raises:
            AddressError: for an entry that no such directory can hold.
        """
        found: dict[str, Values] = {}
        left_out: dict[str, None] = {}

        def put(neutral: str, values: Iterable[str]) -> None:
            texts: Values = list(dict.fromkeys(value for value in values if value))
            name = self._dialect.theirs(neutral)
            if texts and name:
                found.setdefault(name, texts)
            elif texts:
                left_out[neutral] = None

        self._identity(found, put, entry, dn)
        self._fields(put, entry)
        if self._surname and not found.get("sn"):
            put("sn", [split_name(entry.name).surname or entry.name or names.rdn_value(dn)])
        self._put_addresses(found, put, entry)
        self._stamps(found, put, mark)
        return Written(Record(dn, found), tuple(left_out))

    def _identity(
        self, found: dict[str, Values], put: Callable[[str, Iterable[str]], None], entry: Entry, dn: str
    ) -> None:
        value = names.rdn_value(dn)
        if self._dialect.files:
            put("objectClass", self._classes[-1:])
            put("cn", [value])
            put("container", [names.container(names.read(dn)[1:])])
        else:
            found["objectClass"] = list(self._classes)
            found["rdn" if self._dialect.name == "ex55" else self._options.rdn] = [value]
        shown = self._cut("displayName", _clean(entry.name)) or entry.address
        put("displayName", [shown])
        if self._people and self._options.rdn.casefold() != "cn" and "cn" not in found:
            found["cn"] = [shown or value]
        put(ALIAS, [self.alias(entry)])

    def _fields(self, put: Callable[[str, Iterable[str]], None], entry: Entry) -> None:
        told: dict[str, list[str]] = {}
        for name, value in entry.fields:
            if name not in ASIDE and value.strip():
                told.setdefault(name, []).append(self._cut(name, value))
        for name, values in told.items():
            known = attribute(name)
            # A distinguished name of another directory means nothing here.
            if known.neutral == "c" and not _COUNTRY.fullmatch(values[0]):
                continue
            if not known.system and not known.dn and name not in (RAW_ADDRESSES, "displayName"):
                put(known.neutral, sorted(values) if known.multi else values[:1])

    def _cut(self, neutral: str, value: str) -> str:
        strict = self._dialect.name == "generic"
        length = 0 if strict else attribute(neutral).length
        value = _SURROGATE.sub("\ufffd", value).strip()
        if strict and attribute(neutral).phone:
            value = " ".join(_NO_PHONE.sub(" ", value).split())
        return value[:length].rstrip() if length else value

    # -- addresses -------------------------------------------------------------------------------------------------

    def _put_addresses(self, found: dict[str, Values], put: Callable[[str, Iterable[str]], None], entry: Entry) -> None:
        target = f"{entry.type}:{entry.address}"
        limit = attribute("targetAddress").length
        if len(target) > limit:
            raise AddressError(f"an address of more than {limit} characters", got=f"{target[:60]}…")
        self._check_target(entry)
        put("targetAddress", [target])
        for neutral, values in faces(self._dialect, self.proxies(entry)):
            put(neutral, values)

    def _check_target(self, entry: Entry) -> None:
        """Whether the address is found again: nobody else would know the object for the entry that it was made of."""
        theirs = self._dialect.theirs
        mailed = (theirs("mail") and entry.address.isascii()) or theirs("proxyAddresses")
        if not (theirs("targetAddress") or (entry.type == "SMTP" and mailed)):
            reason = "the directory has no attribute for such an address; configure one for targetAddress"
            raise AddressError(reason, got=f"{entry.type}:{entry.address}")

    def proxies(self, entry: Entry) -> Proxies:
        """All addresses of the entry; the first of a type is primary. X500 addresses keep old letters answerable."""
        told = [f"{entry.type}:{entry.address}"]
        told += [value for name, value in entry.fields if name in (ADDRESSES, RAW_ADDRESSES)]
        told += [f"X500:{value}" for name, value in entry.fields if name == LEGACY]
        found: list[Proxy] = []
        types = set[str]()
        for text in told:
            try:
                proxy = addresses.parse(text)
            except AddressError:
                continue
            first = proxy.type not in types and proxy.type not in addresses.WITHOUT_PRIMARY
            types.add(proxy.type)
            if len(str(proxy)) <= addresses.LENGTH:
                found.append(proxy._replace(primary=first))
        return addresses.settle(found).proxies

    # -- marks -----------------------------------------------------------------------------------------------------

    def _stamps(self, found: dict[str, Values], put: Callable[[str, Iterable[str]], None], mark: bool) -> None:
        name, value = self._mark
        if mark and not name:
            raise AddressError("the directory has no attribute for the ownership mark; configure `mark`", got=value)
        if mark:
            found[name] = [value]
        if self._dialect.name == "ex55":
            put("mapiRecipient", ["FALSE"])
        if self._dialect.name == "ad" and self._options.stamp:
            found["msExchRecipientDisplayType"], found["msExchRecipientTypeDetails"] = ["6"], ["64"]


def alias_text(text: str) -> str:
    """A text as an alias: plain letters, digits and what Exchange allows besides; "" when nothing is left."""
    kept = _ALIAS_ILLEGAL.sub("", _ascii(text))
    return re.sub(r"\.{2,}", ".", kept).strip(".")[:ALIAS_LENGTH].rstrip(".")


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(char for char in plain if char.isascii())


def _clean(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())
