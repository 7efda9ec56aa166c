"""The hooks of dxa-exchange. What they need is imported when they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxa.hookspecs import hookimpl

if TYPE_CHECKING:
    from dxa.address import AddressType
    from dxa.connector import ConnectorType, Decoder, Scene


@hookimpl
def dxa_address_types() -> list[AddressType]:
    """``X500``, and the types of Exchange's own connectors."""
    from dxa_exchange.addresstypes import ADDRESS_TYPES

    return list(ADDRESS_TYPES)


@hookimpl
def dxa_connectors() -> list[ConnectorType]:
    """The connectors ``ldap``, for what is asked directly, and ``exchange``, for what is reached by files."""
    from dxa.connector import ConnectorType, Feed, Holds, Traits
    from dxa_exchange.files.connector import open_connector as open_files
    from dxa_exchange.files.options import FilesOptions, keeps
    from dxa_exchange.live.connector import open_connector
    from dxa_exchange.live.options import LdapOptions

    traits = Traits(
        types=("SMTP",),
        holds=Holds.PROVEN,
        feeds=frozenset({Feed.FULL, Feed.CHANGES}),
        tells_recipients=True,
        shows_recipients=True,
        every_type=True,
    )
    return [
        ConnectorType(
            name="ldap",
            summary="a live directory: Active Directory, OpenLDAP, 389 Directory Server, Exchange 5.5",
            traits=traits,
            open=open_connector,
            writes_in=lambda site, options: options.writes_in(site),
            options=LdapOptions,
        ),
        ConnectorType(
            name="exchange",
            summary="a directory by files: Directory Import/Export of Exchange 4.0-5.5, LDIF, DSML",
            traits=traits,
            open=open_files,
            writes_in=lambda site, options: options.writes_in(site),
            keeps=keeps,
            options=FilesOptions,
        ),
    ]


@hookimpl
def dxa_decoders() -> list[Decoder]:
    """Decoders of LDIF, DSML 1.0 and 2.0, and Directory Import/Export files."""
    from dxa_exchange import decoders
    from dxa_exchange.table55 import dump

    return [*decoders.decoders(), dump.decoder()]


@hookimpl
def dxa_commands() -> list[tuple[str, str]]:
    """The commands below ``dxa exchange``."""
    return [
        ("convert", "dxa_exchange.commands.convert:convert"),
        ("header", "dxa_exchange.commands.tables:header"),
        ("changes", "dxa_exchange.commands.tables:changes"),
        ("options", "dxa_exchange.commands.tables:options"),
    ]


@hookimpl
def dxa_demo_scenes() -> list[Scene]:
    """The scene with a directory, which comes behind those of mail systems."""
    from dxa.connector import Scene
    from dxa_exchange.demo.scene import play, prepare

    return [
        Scene(name="exchange addresses", order=-5, play=prepare),
        Scene(name="exchange", order=30, play=play),
    ]
