"""The hooks of dxa-ccmail. What they need is imported when they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxa.hookspecs import hookimpl

if TYPE_CHECKING:
    from dxa.address import AddressType
    from dxa.connector import ConnectorType, Scene


@hookimpl
def dxa_address_types() -> list[AddressType]:
    """The type ``CCMAIL``. Its entries carry attributes: a comment is one."""
    import attrs

    from dxa_ccmail.addresses import ADDRESS_TYPES

    return [attrs.evolve(kind, templates=True) for kind in ADDRESS_TYPES]


@hookimpl
def dxa_connectors() -> list[ConnectorType]:
    """The connector ``ccmail``."""
    from dxa.connector import ConnectorType, Feed, Holds, Traits
    from dxa_ccmail import options, ways

    return [
        ConnectorType(
            name="ccmail",
            summary="Lotus cc:Mail: a post office that is exported whole, and import files",
            traits=Traits(
                types=("CCMAIL",),
                holds=Holds.PROVEN,
                feeds=frozenset({Feed.FULL}),
                transaction_bytes=90,
                names_are_addresses=True,
                tells_recipients=True,
            ),
            open=ways.open_connector,
            site_lists=options.site_lists,
            keeps=options.keeps,
            writes_in=options.writes_in,
            options=options.CcMailOptions,
        )
    ]


@hookimpl
def dxa_commands() -> list[tuple[str, str]]:
    """The commands below ``dxa ccmail``."""
    return [("simulate", "dxa_ccmail.commands.simulate:simulate")]


@hookimpl
def dxa_demo_scenes() -> list[Scene]:
    """The scene with a post office, and before it the addresses that it needs."""
    from dxa.connector import Scene
    from dxa_ccmail import demo

    return [
        Scene(name="ccmail addresses", order=-10, play=demo.prepare),
        Scene(name="ccmail", order=20, play=demo.play),
    ]
