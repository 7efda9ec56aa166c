"""The addresses of an object: proxy addresses in the three spellings of the Exchange world, and the rules between them.

::

    SMTP:ann@lab.example, smtp:old@lab.example    proxyAddresses, Target-Address: an upper-case type marks the primary
    MS$LAB/PO1/ANN                                otherMailbox of Exchange 5.5
    ann@lab.example                               mail: the primary SMTP address alone
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dxa.errors import AddressError
from dxa_exchange.directory import Record
from dxa_exchange.x400text import fold_x400

#: MS-ADA3 2.169: a proxy address has 1 to 1123 characters.
LENGTH = 1123
#: Types of which an object has any number, none of them primary, whatever the case of their name.
WITHOUT_PRIMARY = frozenset({"X500"})

_PROXY = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*:\s*(.*)", re.DOTALL)
_MAILBOX = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*\$\s*(.*)", re.DOTALL)


class Proxy(NamedTuple):
    """One address: its type in upper case, its value, and whether it is the primary one of its type."""

    type: str
    value: str
    primary: bool = False

    def __str__(self) -> str:
        upper = self.primary or self.type in WITHOUT_PRIMARY
        return f"{self.type if upper else self.type.lower()}:{self.value}"

    @property
    def key(self) -> tuple[str, str]:
        """Equal addresses have equal keys, primary or not."""
        return self.type, fold(self.type, self.value)


Proxies = tuple[Proxy, ...]


class Proxied(NamedTuple):
    """The addresses of an object, primaries first, each once; and what was odd about them, for people."""

    proxies: Proxies
    remarks: tuple[str, ...] = ()

    def primary(self, type_: str) -> Proxy | None:
        """The primary address of a type."""
        return primary(self.proxies, type_)


# -- values --------------------------------------------------------------------------------------------------------


def parse(text: str) -> Proxy:
    """``TYPE:value``; the type is primary when it has no lower-case letter.

    Raises:
        AddressError: for a text without type or value.
    """
    return _proxy(_PROXY.fullmatch(text), text, "TYPE:value")


def parse_mailbox(text: str) -> Proxy:
    """``TYPE$value``, as ``otherMailbox`` of Exchange 5.5 has it."""
    return _proxy(_MAILBOX.fullmatch(text), text, "TYPE$value")


def _proxy(found: re.Match[str] | None, text: str, shape: str) -> Proxy:
    if found is None or not found[2].strip():
        raise AddressError(f"an address is {shape}", got=text)
    type_ = found[1].upper()
    return Proxy(type_, found[2].strip(), found[1] == type_ and type_ not in WITHOUT_PRIMARY)


def mailbox_text(proxy: Proxy) -> str:
    """The inverse of `parse_mailbox`."""
    type_, _, value = str(proxy).partition(":")
    return f"{type_}${value}"


def fold(type_: str, value: str) -> str:
    """Equal values of a type have equal folded values: case does not count, nor does the order in an X.400 address."""
    if type_ == "X400":
        return fold_x400(value)
    return value.casefold()


def x500(legacy: str) -> Proxy:
    """The address under which old letters still find an object: its legacyExchangeDN."""
    return Proxy("X500", legacy)


# -- lists ---------------------------------------------------------------------------------------------------------


def primary(proxies: Iterable[Proxy], type_: str) -> Proxy | None:
    """The primary address of a type among them."""
    return next((proxy for proxy in proxies if proxy.primary and proxy.type == type_), None)


def collect(values: Sequence[str]) -> Proxied:
    """The addresses of ``proxyAddresses``: of several primaries of a type the last one counts, and that is told.

    What is no address is told and left out.
    """
    return _ordinary(values) or _any(values)


def _ordinary(values: Sequence[str]) -> Proxied | None:
    """The addresses of an object about which nothing is odd, as nearly all are; None when something is."""
    if len({value.casefold() for value in values}) < len(values):
        return None
    first, others = list[Proxy](), list[Proxy]()
    types = set[str]()
    for text in values:
        name, _, value = text.partition(":")
        known = _KNOWN.get(name)
        if known is None or value.strip() != value or not value:
            return None
        type_, primary = known
        if primary:
            # Two of X.400 may be the same in different spellings.
            if type_ in types:
                return None
            types.add(type_)
            first.append(Proxy(type_, value, True))
        elif type_ == "X400":
            return None
        else:
            others.append(Proxy(type_, value))
    return Proxied((*first, *others))


#: The types of ordinary addresses as they are written, and whether they are primary then.
_KNOWN = {
    name: (type_, name == type_ and type_ not in WITHOUT_PRIMARY)
    for type_ in ("SMTP", "X400", "X500", "MS", "CCMAIL", "SIP", "EUM", "NOTES")
    for name in (type_, type_.lower())
}


def _any(values: Iterable[str]) -> Proxied:
    found, remarks = [], []
    for value in values:
        try:
            found.append(parse(value))
        except AddressError as error:
            remarks.append(str(error))
    return settle(found, remarks)


def settle(found: Sequence[Proxy], remarks: Iterable[str] = ()) -> Proxied:
    """Each address once, one primary of each type, primaries first, else in their order."""
    told = list(remarks)
    last = {proxy.type: proxy for proxy in found if proxy.primary}
    kept: dict[tuple[str, str], Proxy] = {}
    for proxy in found:
        wins = last.get(proxy.type) == proxy
        if proxy.primary and not wins and proxy.key != last[proxy.type].key:
            told.append(f"{proxy} is primary, and so is {last[proxy.type]}, which counts")
        key = proxy.key
        if wins or key not in kept:
            kept[key] = proxy if wins or not proxy.primary else proxy._replace(primary=False)
    if not last:
        return Proxied(tuple(kept.values()), tuple(told))
    # A primary has no equal secondary, in whatever order they came.
    primaries = [proxy for proxy in kept.values() if proxy.primary]
    return Proxied((*primaries, *(proxy for proxy in kept.values() if not proxy.primary)), tuple(told))


def insert(proxies: Proxies, incoming: Proxy) -> Proxies:
    """The addresses with one more, as GALSync puts it in.

    What is there is not put in again. An incoming primary SMTP address demotes the old one and takes the place of the
    equal secondary; of the type SIP there is one only, the first.
    """
    same = next((proxy for proxy in proxies if proxy.key == incoming.key), None)
    if incoming.type == "SIP" and any(proxy.type == "SIP" for proxy in proxies):
        return proxies
    if incoming.primary and incoming.type == "SMTP":
        others = [p._replace(primary=p.primary and p.type != "SMTP") for p in proxies if p is not same]
        return settle([incoming, *others]).proxies
    if same is not None:
        return proxies
    if incoming.primary and primary(proxies, incoming.type):
        incoming = incoming._replace(primary=False)
    return settle([*proxies, incoming]).proxies


def merge(proxies: Iterable[Proxy], further: Iterable[Proxy]) -> Proxies:
    """`insert` for many."""
    result = settle(list(proxies)).proxies
    for proxy in further:
        result = insert(result, proxy)
    return result


# -- the four faces of Exchange 5.5 ----------------------------------------------------------------------------------


class Faces(NamedTuple):
    """What Proxy-Addresses are over the LDAP of Exchange 5.5: three attributes (directory_6fub; KB Q303028)."""

    mail: str = ""
    x400: str = ""
    others: tuple[str, ...] = ()


def faces(proxies: Iterable[Proxy]) -> Faces:
    """The addresses by attribute; `otherMailbox` has the primaries of other types, too."""
    mail = x400 = ""
    others = []
    for proxy in proxies:
        if proxy.primary and proxy.type == "SMTP" and not mail:
            mail = proxy.value
        elif proxy.primary and proxy.type == "X400" and not x400:
            x400 = proxy.value
        else:
            others.append(mailbox_text(proxy))
    return Faces(mail, x400, tuple(others))


def from_faces(record: Record) -> Proxied:
    """The union of `mail`, `textEncodedORAddress` and `otherMailbox` of an object of Exchange 5.5."""
    found: list[Proxy] = []
    remarks = []
    if mail := record.text("mail") or record.text("rfc822Mailbox"):
        found.append(Proxy("SMTP", mail.strip(), True))
    if x400 := record.text("textEncodedORAddress"):
        found.append(Proxy("X400", x400.strip(), True))
    own = {proxy.key: proxy.type for proxy in found}
    for value in record.texts("otherMailbox"):
        try:
            proxy = parse_mailbox(value)
        except AddressError as error:
            remarks.append(str(error))
        else:
            # The case of a type is not kept by every server: what the two attributes say counts.
            found.append(proxy._replace(primary=proxy.primary and proxy.type not in own.values()))
    return settle(found, remarks)


# -- domains ---------------------------------------------------------------------------------------------------------


def domain_of(value: str) -> str:
    """The domain of an SMTP address, folded; "" when it has none."""
    return value.rpartition("@")[2].casefold() if "@" in value else ""


def in_domains(proxies: Iterable[Proxy], domains: Sequence[str]) -> Proxy:
    """The SMTP address in one of the configured domains, the primary one before others: where letters are sent to.

    GALSync's rule for the target of a mailbox or group.

    Raises:
        AddressError: when there is none.
    """
    wanted = {domain.casefold().lstrip("@") for domain in domains}
    smtp = [proxy for proxy in proxies if proxy.type == "SMTP"]
    found = next((proxy for proxy in smtp if domain_of(proxy.value) in wanted), None)
    if found is None:
        shown = ", ".join(proxy.value for proxy in smtp) or "no SMTP address"
        raise AddressError(f"no SMTP address in a domain of this directory ({', '.join(domains)})", got=shown)
    return found
