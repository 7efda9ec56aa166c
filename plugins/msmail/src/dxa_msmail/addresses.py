"""The address types that pass through directory synchronization (KB Q96001, Q94410)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from dxa.address import AddressType
from dxa.errors import AddressError
from dxa.standard import SMTP, X400, printable
from dxa_msmail.errors import address_error

#: Network, postoffice and mailbox; gateway, node and user: 1 to 10 characters each (KB Q96001 #20, Q123398).
ELEMENT_LENGTH = 10
#: Mailboxes outside the alphabet (KB Q96060, Q112879, Q107096); ``SYSTEM1`` and so on are ordinary names (KB Q150828).
RESERVED_MAILBOXES = frozenset({"$SYSTEM", "*SPECIAL", "$SPECIAL"})
#: KB Q175978: networks of common gateways; the list's ``*EMS`` is outside the alphabet anyway.
RESERVED_NETWORKS = frozenset(
    {"ATTMAIL", "COMPUSERVE", "DISOSS", "EASYLINK", "ENVOY", "FAX", "GTE", "MCI", "MHS"}
    | {"MSMAIL", "OV", "PROFS", "SMTP", "SNADS", "SOURCE", "VMGATE", "X400"}
)

# KB Q96003 #69 to #71: letters and digits. KB Q199676 forbids the numbers 1-47, 58-64, 91-96, 123-127 and 145-148;
# the last four are the typographic quotes of Windows, so the letters of code page 850 from 128 on are allowed.
_ELEMENT = re.compile(r"[^\W_]{1,10}")
_PLAIN = re.compile(r"([^\W_]{1,10})/[^\W_]{1,10}/[^\W_]{1,10}")
# The names of a host system are not bound to that alphabet; a blank, a slash or a control character is no part of one.
_FOREIGN = re.compile(r"[^\x00-\x20/\x7f\ud800-\udfff]{1,10}")
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "œ": "oe", "ı": "i"}
    | {"Æ": "AE", "Ø": "O", "Đ": "D", "Ð": "D", "Þ": "Th", "Ł": "L", "Œ": "OE"}
)


def _triple(value: str) -> tuple[str, str, str]:
    """The three elements of ``NET/PO/MBX``; more slashes stay in the last one."""
    if not value:
        raise address_error(48, value)
    parts = value.split("/", 2)
    if len(parts) < 3:
        raise address_error(17 if len(parts) == 1 else 19, value)
    net, po, mailbox = (part.strip(" ") for part in parts)
    if not mailbox:
        raise address_error(19, value)
    if not net or not po:
        raise address_error(26, value)
    if max(len(net), len(po), len(mailbox)) > ELEMENT_LENGTH:
        raise address_error(20, value)
    return net, po, mailbox


def check_pair(net: str, po: str) -> None:
    """Whether a network and a postoffice can be that; raises `AddressError` 20, 64, 69, 70."""
    if max(len(net), len(po)) > ELEMENT_LENGTH:
        raise address_error(20, f"{net}/{po}")
    if not _ELEMENT.fullmatch(net):
        raise address_error(69, net)
    if not _ELEMENT.fullmatch(po):
        raise address_error(70, po)
    if net.upper() in RESERVED_NETWORKS:
        raise address_error(64, net)


def _check_ms(value: str) -> str:
    plain = _PLAIN.fullmatch(value)
    if plain and plain[1].upper() not in RESERVED_NETWORKS:
        return value
    net, po, mailbox = _triple(value)
    check_pair(net, po)
    if not _ELEMENT.fullmatch(mailbox) and mailbox.upper() not in RESERVED_MAILBOXES:
        raise address_error(71, mailbox)
    return f"{net}/{po}/{mailbox}"


def _check_gateway(value: str) -> str:
    elements = _triple(value)
    if not all(map(_FOREIGN.fullmatch, elements)):
        raise address_error(26, value)
    return "/".join(elements)


def _first_two(value: str) -> str:
    return value.rpartition("/")[0]


def shape_element(text: str) -> str:
    """A network, postoffice or mailbox name made from any text; raises `AddressError` when nothing is left.

    A legal element stays as it is; of all else the unaccented letters and the digits remain (dx:T-036, dx:T-037).
    """
    if _ELEMENT.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    kept = "".join(c for c in plain if c.isascii() and c.isalnum())[:ELEMENT_LENGTH]
    if not kept:
        raise AddressError("nothing is left of the name", got=text, code=71)
    return kept


def _shape_triple(text: str, check: Callable[[str], str]) -> str:
    parts = text.split("/", 2)
    if len(parts) < 3:
        raise address_error(17 if len(parts) == 1 else 19, text)
    try:
        return check(text)
    except AddressError:
        return check("/".join(map(shape_element, [*parts[:2], _user(parts[2])])))


def _user(text: str) -> str:
    """The part before an ``@``: KB Q193842 makes a mailbox of ``User02, MacGroovy@GroovyMac``."""
    return text.partition("@")[0] or text


def _vary_triple(value: str, n: int) -> str:
    # The number goes on after the cut, so that it is never cut itself (dx:T-036).
    head, slash, mailbox = value.rpartition("/")
    if mailbox.upper() in RESERVED_MAILBOXES:
        mailbox = mailbox[1:]  # KB Q150828: $SYSTEM, then SYSTEM1
    tail = str(n)
    return f"{head}{slash}{mailbox[: ELEMENT_LENGTH - len(tail)]}{tail}"


def _triple_type(name: str, check: Callable[[str], str], aliases: tuple[str, ...] = ()) -> AddressType:
    return AddressType(
        name=name,
        aliases=aliases,
        check=check,
        list_of=_first_two,
        shape=partial(_shape_triple, check=check),
        variant=_vary_triple,
        templates=True,
        is_program=lambda value: value.rpartition("/")[2].upper() in RESERVED_MAILBOXES,
    )


# KB Q96003 #74 to #77, in the order of the fields.
_FAX_FIELDS = ((30, 74), (30, 75), (30, 76), (22, 77))
_PHONE = re.compile(r"[0-9 ,-]*")


def _check_fax(value: str) -> str:
    # KB Q96001 #26: the text has tildes where the database has carriage returns (the FFAPI file, too: KB Q94410).
    fields = value.replace("\r\n", "~").replace("\r", "~").removesuffix("~").split("~")
    if len(fields) != 4 or not fields[3]:
        raise address_error(26, value)
    for field, (limit, code) in zip(fields, _FAX_FIELDS, strict=True):
        if len(field) > limit:
            raise address_error(code, field)
    if not _PHONE.fullmatch(fields[3]):
        raise address_error(15, fields[3])
    return printable("~".join(fields))


def _vary_fax(value: str, n: int) -> str:
    recipient, rest = value.split("~", 1)
    tail = str(n)
    return f"{recipient[: 30 - len(tail)]}{tail}~{rest}"


def _check_mci(value: str) -> str:
    # KB Q96001 #26: a space stands for each carriage return and line feed.
    return printable(re.sub(r"\s*[\r\n]+\s*", " ", value).strip(" "))


def _vary_mci(value: str, n: int) -> str:
    # KB Q94410: the name before EMS: is not used for delivery.
    name, ems, rest = value.partition(" EMS:")
    return f"{name}{n}{ems}{rest}"


def _check_user_at_host(value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(printable(value)):
        raise address_error(26, value)
    return value


# KB Q94410: user@host, user@host {network/postoffice}, user@host {network/postoffice/user}; KB Q157689: no blank.
_MHS = re.compile(r"[^@{}]+@[^@{} ]+ *(?:\{[^{}]+\})?")
# KB Q94410, Q193842: the names of users and servers on a Macintosh are free text.
_MACINTOSH = re.compile(r".*[^@]@[^@]+")


# KB Q94410: UserName:Domain:Organization, or a user of the gateway's own domain.
_THREE_COM = re.compile(r"[^:]+(?::[^:]+:[^:]+)?")


def _check_3com(value: str) -> str:
    if not _THREE_COM.fullmatch(printable(value)):
        raise address_error(26, value)
    return value


def _vary_3com(value: str, n: int) -> str:
    user, colon, rest = value.partition(":")
    return f"{user}{n}{colon}{rest}"


MS = _triple_type("MS", _check_ms, ("PCM", "CSI"))  # KB Q106623, Q156730: three spellings of one type

ADDRESS_TYPES: tuple[AddressType, ...] = (
    MS,
    _triple_type("PROFS", _check_gateway),
    _triple_type("SNADS", _check_gateway),
    _triple_type("OV", _check_gateway),
    AddressType(name="FAX", check=_check_fax, variant=_vary_fax),
    AddressType(name="MCI", check=_check_mci, variant=_vary_mci),
    X400,
    SMTP,
    AddressType(
        name="MHS",
        check=partial(_check_user_at_host, pattern=_MHS),
        fold=lambda value: re.sub(" +{", "{", value).casefold(),
    ),
    AddressType(name="MSMAIL", check=partial(_check_user_at_host, pattern=_MACINTOSH)),
    AddressType(name="MSA", check=partial(_check_user_at_host, pattern=_MACINTOSH)),
    AddressType(name="3COM", check=_check_3com, variant=_vary_3com),  # KB Q118321
)
