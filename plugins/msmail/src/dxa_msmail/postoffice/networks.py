"""The networks, gateways and postoffices that a postoffice knows, and how mail gets there.

Names are compared as a whole, ignoring case: one may begin with another (dx:T-164, T-242).
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from dxa_msmail.postoffice.identity import MSMAIL_GATEWAY, identity, write_identity
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.networkbook import Networks
from dxa_msmail.postoffice.networkrecords import (
    HOSTS,
    KIND_NAMES,
    KINDS,
    NETWORK,
    NO_ROUTE,
    PROXIES,
    GatewayRow,
    Network,
    Postoffice,
    PostofficeRow,
    Route,
    RouteKind,
    Wanted,
    bag,
    direct,
    indirect,
    name_key,
)
from dxa_msmail.postoffice.networkrepair import Rebuilt, rebuild_networks

__all__ = [
    "HOSTS",
    "KINDS",
    "NETWORK",
    "NO_ROUTE",
    "PROXIES",
    "GatewayRow",
    "Network",
    "Postoffice",
    "PostofficeRow",
    "Rebuilt",
    "Route",
    "RouteKind",
    "Wanted",
    "add_gateway",
    "add_postoffice",
    "add_postoffices",
    "bag",
    "direct",
    "find",
    "gateways",
    "hop",
    "indirect",
    "name_key",
    "postoffices",
    "rebuild_networks",
    "remove_postoffice",
    "set_route",
]


# -- reading -------------------------------------------------------------------------------------------------------


def postoffices(files: Files) -> dict[str, PostofficeRow]:
    """All postoffices and nodes by ``NET/PO`` in lower case; raises `FormatError` 40."""
    return {name_key(row.full): row for row in Networks.load(files).rows()}


def find(files: Files, name: str) -> PostofficeRow:
    """The postoffice of that name; raises `NotFoundError` 31, 32, `FormatError` 40."""
    return Networks.load(files).find(name)


def hop(files: Files, name: str) -> PostofficeRow:
    """The postoffice that mail for `name` is given to next: itself, or the first on the way that is reached directly.

    Raises `NotFoundError`, and `UsageError` when the ways form a circle.
    """
    return Networks.load(files).hop(name)


def gateways(files: Files) -> list[GatewayRow]:
    """All gateways in the order of their records; raises `FormatError` 40."""
    nets = Networks.load(files).nets
    return [
        GatewayRow(kind=KIND_NAMES[net.kind], name=net.name, mailbag=net.mailbag)
        for net in (each.record for each in nets)
        if net.active and net.kind != KINDS["MS"]
    ]


# -- changing ------------------------------------------------------------------------------------------------------


def add_postoffice(change: Changing, name: str, *, route: Route = NO_ROUTE, kind: str = "MS") -> str:
    """Define a postoffice (or a host gateway's node), with its mailbag and an empty list of users; returns its hexid.

    Raises `AddressError` 20, 64, 68 to 70, `NotFoundError` 44 for a node of a gateway that is not installed,
    `UsageError` for one that is there already, and for a route that leads nowhere or to itself.
    """
    return add_postoffices(change, [Wanted(name=name, kind=kind, route=route)])[0]


def add_postoffices(change: Changing, wanted: Iterable[Wanted]) -> list[str]:
    """Define many postoffices at once; returns their hexids. Raises as `add_postoffice`; then nothing is written."""
    nets = Networks.load(change)
    hexids = [nets.add(change, each) for each in wanted]
    nets.save(change)
    return hexids


def add_gateway(change: Changing, kind: str, name: str = "") -> str:
    """Install a gateway; returns the hexid of its mailbag.

    A host gateway has the name of its network (its type, when none is given), a proxy its ``NET/PO``; the others have
    none but their type. Raises as `add_postoffice`.
    """
    nets = Networks.load(change)
    hexid = nets.add_gateway(change, kind.upper(), name)
    nets.save(change)
    if kind.upper() == "MSMAIL":
        master = identity(change)
        write_identity(change, attrs.evolve(master, gateways=master.gateways | MSMAIL_GATEWAY))
    return hexid


def set_route(change: Changing, name: str, route: Route) -> None:
    """Change how mail gets to a postoffice; raises as `add_postoffice`."""
    nets = Networks.load(change)
    nets.set_route(name, route)
    nets.save(change)


def remove_postoffice(change: Changing, name: str) -> PostofficeRow:
    """Forget a postoffice with its mailbag, users and template, and its network with the last one; returns it.

    Raises `NotFoundError`, and `UsageError` while others are reached through it.
    """
    nets = Networks.load(change)
    row = nets.remove(name)
    nets.save(change)
    return row
