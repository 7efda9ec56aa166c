"""The hooks of dxa-exchange. What they need is imported when they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxa.hookspecs import hookimpl

if TYPE_CHECKING:
    from dxa.address import AddressType


@hookimpl
def dxa_address_types() -> list[AddressType]:
    """``X500``, and the types of Exchange's own connectors."""
    from dxa_exchange.addresses import ADDRESS_TYPES

    return list(ADDRESS_TYPES)
