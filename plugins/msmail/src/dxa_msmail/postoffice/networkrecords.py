"""The records of NETWORK.GLB and the XTN files, and what they mean: networks, gateways, postoffices, routes.

A network is a record of NETWORK.GLB; its postoffices are the records of the XTN file that it names. A gateway is a
network, too: a host's (PROFS, SNADS, OV) has nodes as its postoffices, one that speaks for a postoffice (FFAPI, MSMAIL)
has that one, and each other gateway has one record of its own name.

The bytes between the documented ones are ours. Each XTN record repeats its network there, so that a damaged NETWORK.GLB
can be made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import attrs

from dxa.address import AddressTypes
from dxa.errors import UsageError
from dxa_msmail.addresses import ADDRESS_TYPES, MS, check_pair
from dxa_msmail.errors import address_error
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import Basis

NETWORK = "GLB/NETWORK.GLB"

#: What NETWORK.GLB's type byte says. KB Q148666 and Q103820 give 0x10 and 0x64; the other codes are ours.
KINDS: Mapping[str, int] = {
    "MS": 0x01,
    "PROFS": 0x02,
    "SNADS": 0x03,
    "OV": 0x04,
    "FAX": 0x05,
    "MCI": 0x06,
    "X400": 0x07,
    "SMTP": 0x08,
    "MHS": 0x09,
    "MSA": 0x0A,
    "3COM": 0x0B,
    "MSMAIL": 0x10,
    "FFAPI": 0x64,
}
#: Gateways to hosts: their nodes are postoffices of their own.
HOSTS = frozenset({"PROFS", "SNADS", "OV"})
#: Gateways that speak for one ordinary postoffice (KB Q134757, Q99268).
PROXIES = frozenset({"MSMAIL", "FFAPI"})
#: KB Q134757: what the AppleTalk gateway's postoffice is called when nobody says otherwise.
MSMAIL_PROXY = "MACNET/MACPO"

#: The types by their codes.
KIND_NAMES: Mapping[int, str] = {code: kind for kind, code in KINDS.items()}

_TYPES = AddressTypes(ADDRESS_TYPES)
_RESERVED = 64


@layout.record(122, "Network or gateway", "KB Q77926, Q148666, Q103820")
@attrs.frozen(kw_only=True)
class Network:
    """A record of NETWORK.GLB; an inactive one is a free place."""

    raw: bytes = layout.raw()
    active: bool = layout.flag(0x00, Basis.DOCUMENTED, "KB Q148666", "in use", default=True)
    kind: int = layout.number(
        0x01, 1, Basis.DOCUMENTED, "KB Q148666, Q103820", "0x10 MSMAIL, 0x64 FFAPI; the other codes are ours"
    )
    name: str = layout.text(0x02, 11, Basis.DOCUMENTED, "KB Q148666", "network or gateway, up to 10 characters")
    xtn: str = layout.text(0x0D, 9, Basis.DOCUMENTED, "KB Q148666", "hexid of the XTN file with its postoffices")
    mailbag: str = layout.text(0x21, 9, Basis.DOCUMENTED, "KB Q148666", "hexid of a gateway's mailbag")
    mark: bytes = layout.mark(0x72)
    check: int = layout.check(0x76)


@layout.record(698, "Postoffice of a network", "KB Q77926, Q86625, Q148666, Q130067")
@attrs.frozen(kw_only=True)
class Postoffice:
    """A record of an XTN file; an inactive one is a free place."""

    raw: bytes = layout.raw()
    active: bool = layout.flag(0x00, Basis.DOCUMENTED, "KB Q86625", "in use", default=True)
    name: str = layout.text(0x01, 11, Basis.DOCUMENTED, "KB Q86625", "postoffice or node, up to 10 characters")
    hexid: str = layout.text(0x0C, 9, Basis.DOCUMENTED, "KB Q148666", "hexid of its mailbag, and of USR, TPL and INF")
    routing: int = layout.number(0x15, 1, Basis.OURS, "", "0 no route, 1 direct, 2 by way of another, 3 a bag")
    via: str = layout.text(0x16, 22, Basis.OURS, "", "the postoffice on the way, NET/PO")
    kind: int = layout.number(0x2C, 1, Basis.OURS, "", "the type of its network, as in NETWORK.GLB")
    network: str = layout.text(0x2D, 11, Basis.OURS, "", "the network's name, as in NETWORK.GLB")
    path: str = layout.text(
        0x40, 512, Basis.OURS, "", "folder of a direct route, or of a bag; a relative one starts at this postoffice"
    )
    key: str = layout.text(0x240, 64, Basis.OURS, "", "the public key of those who put letters for us into a bag")
    through: int = layout.number(
        0x289, 2, Basis.DOCUMENTED, "KB Q130067", "postoffices that are reached through this one"
    )
    mark: bytes = layout.mark(0x2B2)
    check: int = layout.check(0x2B6)


# -- values --------------------------------------------------------------------------------------------------------


class RouteKind(Enum):
    """How mail gets to a postoffice; the values are those of the XTN record."""

    NONE = 0
    DIRECT = 1
    INDIRECT = 2
    BAG = 3


@attrs.frozen
class Route:
    """`path` is the folder of a postoffice that is reached directly, `via` the ``NET/PO`` on the way to another.

    Of one that shares a bag with this one, a folder for letters as files, `path` is the bag and `key` its public key.
    """

    kind: RouteKind = RouteKind.NONE
    path: str = ""
    via: str = ""
    key: str = ""

    @property
    def is_open(self) -> bool:
        """Whether mail leaves on it from here, and not by way of another postoffice."""
        return self.kind in (RouteKind.DIRECT, RouteKind.BAG)


NO_ROUTE = Route()


def direct(path: str) -> Route:
    """Mail is put into the postoffice in that folder."""
    return Route(RouteKind.DIRECT, path=path)


def indirect(via: str) -> Route:
    """Mail is given to that postoffice, which passes it on."""
    return Route(RouteKind.INDIRECT, via=via)


def bag(path: str, key: str) -> Route:
    """Mail is left as files in that folder, and taken from there when it is signed with this key (``ed25519:…``)."""
    return Route(RouteKind.BAG, path=path, key=key)


def route_of(post: Postoffice) -> Route:
    """What a record says; none for one that nobody knows."""
    if post.routing not in {kind.value for kind in RouteKind}:
        return NO_ROUTE
    return Route(RouteKind(post.routing), path=post.path, via=post.via, key=post.key)


def fields_of(route: Route) -> dict[str, Any]:
    """What a record says of a route."""
    return {"routing": route.kind.value, "path": route.path, "via": route.via, "key": route.key}


def check_folder(name: str, route: Route) -> None:
    """Whether a direct route has a folder, and a bag a key, too; raises `UsageError`."""
    if route.is_open and not route.path:
        is_bag = route.kind is RouteKind.BAG
        raise UsageError(f"a {'bag' if is_bag else 'direct route'} for {name} needs the folder that mail is put into")
    if route.kind is not RouteKind.BAG:
        return
    from dxa.signing import PublicKey

    try:
        PublicKey.parse(route.key)
    except ValueError as error:
        raise UsageError(f"the bag shared with {name} needs the public key of {name}: {error}") from None


@attrs.frozen(kw_only=True)
class PostofficeRow:
    """One postoffice or node. `kind` is its network's; `mailbag` is where mail for it waits; `through` counts those
    that are reached through it.
    """

    kind: str
    network: str
    name: str
    hexid: str
    mailbag: str
    route: Route = NO_ROUTE
    through: int = 0

    @property
    def full(self) -> str:
        """``NET/PO``."""
        return f"{self.network}/{self.name}"

    @property
    def type(self) -> str:
        """The address type of its users."""
        return self.kind if self.kind in HOSTS else MS.name


@attrs.frozen(kw_only=True)
class GatewayRow:
    """One gateway; `mailbag` is the hexid of what waits for it."""

    kind: str
    name: str
    mailbag: str


@attrs.frozen(kw_only=True)
class Wanted:
    """A postoffice or gateway that should be known: ``NET/PO``, ``GATE/NODE``, or a gateway's name alone."""

    name: str
    kind: str = "MS"
    route: Route = NO_ROUTE


def name_key(name: str) -> str:
    """Names with equal keys are one network or postoffice."""
    return name.casefold()


def xtn_file(hexid: str) -> str:
    """The file of a network's postoffices."""
    return f"XTN/{hexid}.XTN"


def check_node(kind: str, name: str) -> None:
    """Whether a host gateway can have this ``GATE/NODE``; raises `AddressError` 17, 20, 26."""
    _TYPES.get(kind).check(f"{name}/X")


def gateway_name(kind: str, name: str) -> tuple[str, str]:
    """The names of a gateway's network and of its one postoffice; raises `AddressError`, `UsageError`."""
    if kind in PROXIES:
        name = name or (MSMAIL_PROXY if kind == "MSMAIL" else "")
        network, slash, post = name.partition("/")
        if not slash:
            raise UsageError(f"a gateway of type {kind} speaks for one postoffice: its name is NET/PO, not {name!r}")
        check_pair(network, post)
        return network, post
    if kind in HOSTS:
        name = name or kind
        check_node(kind, f"{name}/X")
        # KB Q126610 (dx:T-240): IMPORT took such a gateway for one of that type, and extracted nothing without a word.
        if name in _TYPES and _TYPES.get(name).name != kind:
            raise address_error(_RESERVED, name)
        return name, ""
    if name and name_key(name) != name_key(kind):
        raise UsageError(f"a gateway of type {kind} has no other name than its type, not {name!r}")
    return kind, kind
