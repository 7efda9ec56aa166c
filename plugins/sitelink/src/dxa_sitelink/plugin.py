"""The hooks of dxa-sitelink. What they need is imported when they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dxa.hookspecs import hookimpl

if TYPE_CHECKING:
    from dxa.address import AddressTypes
    from dxa.connector import Connector, ConnectorType, Decoder, LinkContext, Scene
    from dxa.entry import Transaction


@hookimpl
def dxa_connectors() -> list[ConnectorType]:
    """The connector ``sitelink``."""
    from dxa.connector import ConnectorType, Feed, Holds, Traits
    from dxa_sitelink import options, sites

    return [
        ConnectorType(
            name="sitelink",
            summary="other sites of dxa: signed batches in a shared folder",
            traits=Traits(
                types=(options.NATIVE,),
                holds=Holds.QUOTED,
                feeds=frozenset({Feed.FULL, Feed.CHANGES}),
                many_peers=True,
                transaction_bytes=300,
                tells_recipients=True,
                shows_recipients=True,
                every_type=True,
                mutual=True,
                signed=True,
            ),
            open=_open,
            site_lists=options.site_lists,
            keeps=options.keeps,
            check_peer=sites.check_site,
            parse=_parse,
            options=options.LinkOptions,
            peer_options=options.PeerOptions,
        )
    ]


def _open(context: LinkContext) -> Connector:
    from dxa_sitelink.connector import open_link

    return open_link(context)


def _parse(raw: str, types: AddressTypes) -> Sequence[Transaction]:
    from dxa_sitelink.lines import read_line

    return [read_line(raw, types)]


@hookimpl
def dxa_decoders() -> list[Decoder]:
    """The decoder of batches and statuses."""
    from dxa.connector import Decoder
    from dxa_sitelink import dump

    return [Decoder(name="sitelink", sniff=dump.sniff, decode=dump.decode)]


@hookimpl
def dxa_commands() -> list[tuple[str, str]]:
    """The commands below ``dxa sitelink``."""
    return [
        ("show", "dxa_sitelink.commands.show:show"),
    ]


@hookimpl
def dxa_demo_scenes() -> list[Scene]:
    """The scene with a second site, which joins what the earlier ones have left at work."""
    from dxa.connector import Scene
    from dxa_sitelink import demo

    return [Scene(name="sitelink", order=40, play=demo.play)]
