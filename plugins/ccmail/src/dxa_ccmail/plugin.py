"""The hooks of dxa-ccmail. What they need is imported when they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxa.hookspecs import hookimpl

if TYPE_CHECKING:
    from dxa.address import AddressType


@hookimpl
def dxa_address_types() -> list[AddressType]:
    """The type ``CCMAIL``."""
    from dxa_ccmail.addresses import ADDRESS_TYPES

    return list(ADDRESS_TYPES)


@hookimpl
def dxa_commands() -> list[tuple[str, str]]:
    """The commands below ``dxa ccmail``."""
    return [("simulate", "dxa_ccmail.commands.simulate:simulate")]
