"""The hooks of dxa-exchange. What they need is imported when they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxa.hookspecs import hookimpl

if TYPE_CHECKING:
    from dxa.address import AddressType
    from dxa.connector import ConnectorType


@hookimpl
def dxa_address_types() -> list[AddressType]:
    """``X500``, and the types of Exchange's own connectors."""
    from dxa_exchange.addresses import ADDRESS_TYPES

    return list(ADDRESS_TYPES)


@hookimpl
def dxa_connectors() -> list[ConnectorType]:
    """The connector ``ldap``."""
    from dxa.connector import ConnectorType, Feed, Holds, Traits
    from dxa_exchange.live.connector import open_connector
    from dxa_exchange.live.options import LdapOptions

    return [
        ConnectorType(
            name="ldap",
            summary="a live directory: Active Directory, OpenLDAP, 389 Directory Server, Exchange 5.5",
            traits=Traits(
                types=("SMTP",),
                holds=Holds.PROVEN,
                feeds=frozenset({Feed.FULL, Feed.CHANGES}),
                tells_recipients=True,
                shows_recipients=True,
                every_type=True,
            ),
            open=open_connector,
            options=LdapOptions,
        )
    ]
