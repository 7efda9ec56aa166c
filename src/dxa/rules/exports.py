"""A recipient as lines of an address list, in every form that a peer may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from dxa.address import Address, AddressTypes
from dxa.entry import ADDRESSES, ALIAS, KIND, NAME, Fields
from dxa.recipient import Recipient
from dxa.rules.maps import AttributeMap, TooWide, fitted
from dxa.rules.naming import NameLimits, shape_name

#: Types whose address on the wire is gateway/node/user, while a directory may hold node/user (KB Q151518).
GATEWAY_TYPES = frozenset({"PROFS", "SNADS"})

_NO_GATEWAYS: Mapping[str, str] = {}


class ExportLine(NamedTuple):
    """One form of a recipient.

    `name` is shaped but not yet unique. `instead_of` is "" for the native form; else this form is only for peers that
    did not ask for that type. `too_wide` are values that the definition of the list has no room for; they are empty.
    """

    type: str
    instead_of: str
    list: str
    name: str
    address: str
    fields: Fields = ()
    too_wide: tuple[TooWide, ...] = ()


def lines(
    recipient: Recipient,
    *,
    types: AddressTypes,
    naming: NameLimits,
    site_type: str = "MS",
    fallback: bool = True,
    gateways: Mapping[str, str] = _NO_GATEWAYS,
    attributes: AttributeMap | None = None,
    defined: Callable[[str, str], Fields] | None = None,
    whole: bool = False,
    named: bool = False,
) -> tuple[ExportLine, ...]:
    """The recipient in its native form and, if that is foreign, by its address of the site's type; () when it has none.

    Args:
        fallback: without it, peers that do not ask for a foreign type do not see its recipients (KB Q149192).
        gateways: the name of the gateway by type, put before addresses that have none.
        attributes: maps the fields to prompts; without it they stay as they are.
        defined: the definition of a list, by type and name (`dxa.entry.definition`): an entry has the fields that it
            says, and without one none. Without `defined` there are no definitions.
        whole: alias, addresses and kind are among the fields (`dxa.entry.ASIDE`); whoever has no address of the site's
            type is shown by its first one.
        named: so is the name, as it is here.

    Raises:
        AddressError: when the name cannot be written.
    """
    forms = _forms(recipient, types, site_type, fallback, gateways)
    if whole and not forms and recipient.target is None:
        forms = [(proxy, "") for proxy in recipient.proxies if _is_somebodys(proxy, types)][:1]
    if not forms:
        return ()
    name = shape_name(recipient.name, naming)
    fields = recipient.fields if attributes is None else attributes.outgoing(recipient.fields)
    aside = _aside(recipient, named) if whole else ()
    result = []
    for address, instead_of in forms:
        kind = types.get(address.type)
        # KB Q118621: other types take no template data (error 24).
        extra = (*fields, *aside) if whole else fields if kind.templates else ()
        list_ = kind.list_of(address.value)
        too_wide: tuple[TooWide, ...] = ()
        if defined is not None and kind.templates:
            extra, too_wide = fitted(fields, defined(address.type, list_), naming)
        result.append(ExportLine(address.type, instead_of, list_, name, address.value, extra, too_wide))
    return tuple(result)


def _aside(recipient: Recipient, named: bool) -> Fields:
    alias = ((ALIAS, recipient.alias),) if recipient.alias else ()
    addresses = tuple((ADDRESSES, str(proxy)) for proxy in recipient.proxies)
    name = ((NAME, recipient.name),) if named else ()
    return (*name, *alias, *addresses, (KIND, recipient.kind.value))


def why_absent(
    recipient: Recipient,
    *,
    types: AddressTypes,
    site_type: str = "MS",
    fallback: bool = True,
    gateways: Mapping[str, str] = _NO_GATEWAYS,
) -> str:
    """Why some peers do not see a recipient that the rules export; "" when all do (KB Q261210)."""
    target = recipient.target
    problems = []
    if target and not _native(recipient, types, site_type, gateways):
        problems.append(_why_no_form(target, types))
    if (not target or (fallback and target.type != site_type)) and not recipient.primary(site_type):
        problems.append(f"no {site_type} address")
    return "; ".join(problems)


def _forms(
    recipient: Recipient, types: AddressTypes, site_type: str, fallback: bool, gateways: Mapping[str, str]
) -> list[tuple[Address, str]]:
    """The addresses that the recipient is listed under, each with the type it stands in for."""
    address = recipient.target or recipient.primary(site_type)
    somebodys = address is not None and _is_somebodys(address, types)
    if recipient.target and not somebodys and recipient.target.type in types:
        return []  # whatever addresses a template has given it
    forms = []
    if address is not None and somebodys and (native := _known_there(address, gateways)):
        forms.append((native, ""))
    foreign = recipient.target.type if recipient.target and recipient.target.type != site_type else ""
    # Only the primary address counts: KB Q152924.
    if fallback and foreign and (own := recipient.primary(site_type)) and _is_somebodys(own, types):
        forms.append((own, foreign))
    return forms


def _is_somebodys(address: Address, types: AddressTypes) -> bool:
    """Whether a plugin knows the type, and it is no program's.

    KB Q152167 has custom recipients made for the $SYSTEM mailboxes of postoffices; they stand in nobody's list.
    """
    return address.type in types and not types.get(address.type).is_program(address.value)


def _why_no_form(address: Address, types: AddressTypes) -> str:
    if address.type not in types:
        return f"no plugin knows {address.type}"
    if not _is_somebodys(address, types):
        return f"{address} is a program's mailbox, which stands in no list"
    return f"{address} has no gateway name"


def _native(recipient: Recipient, types: AddressTypes, site_type: str, gateways: Mapping[str, str]) -> Address | None:
    address = recipient.target or recipient.primary(site_type)
    if not address or not _is_somebodys(address, types):
        return None
    return _known_there(address, gateways)


def _known_there(address: Address, gateways: Mapping[str, str]) -> Address | None:
    """The address as peers know it."""
    return _with_gateway(address, gateways) if address.type in GATEWAY_TYPES else address


def _with_gateway(address: Address, gateways: Mapping[str, str]) -> Address | None:
    """The address with its gateway, put before it once (KB Q149315) and never made up (KB Q151518)."""
    if address.value.count("/") >= 2:
        return address
    gateway = gateways.get(address.type)
    return Address(address.type, f"{gateway}/{address.value}") if gateway else None
