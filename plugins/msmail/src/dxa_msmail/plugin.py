"""The hooks of dxa-msmail. What they need is imported when they are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dxa.hookspecs import hookimpl

if TYPE_CHECKING:
    from dxa.address import AddressType, AddressTypes
    from dxa.connector import ConnectorType, Decoder, Scene
    from dxa.entry import Transaction


@hookimpl
def dxa_address_types() -> list[AddressType]:
    """The types that pass through directory synchronization, but for those that are there without it."""
    from dxa.standard import STANDARD
    from dxa_msmail.addresses import ADDRESS_TYPES

    return [kind for kind in ADDRESS_TYPES if kind not in STANDARD]


@hookimpl
def dxa_connectors() -> list[ConnectorType]:
    """The connectors ``msmail`` (dxa is the server) and ``msmail-requestor``."""
    from dxa.connector import ConnectorType, Feed, Holds, Traits
    from dxa_msmail import keeping, server
    from dxa_msmail.addresses import ADDRESS_TYPES
    from dxa_msmail.requestor import link

    types = tuple(kind.name for kind in ADDRESS_TYPES)
    return [
        ConnectorType(
            name="msmail",
            summary="MS Mail for PC Networks: directory synchronization by message files",
            traits=Traits(
                types=types,
                holds=Holds.QUOTED,
                feeds=frozenset({Feed.FULL, Feed.CHANGES}),
                many_peers=True,
                letters=True,
                transaction_bytes=75,
                by_file=True,
                definitions=True,
            ),
            open=server.open_server,
            site_lists=server.site_lists,
            keeps=keeping.kept,
            writes_in=keeping.writes_in,
            check_peer=server.check_peer,
            parse=_parse,
            proves=lambda options, peer: bool(options.mail) and bool(peer.get("public_key")),
            options=server.ServerOptions,
            peer_options=server.PeerOptions,
            roles=("server",),
        ),
        ConnectorType(
            name="msmail-requestor",
            summary="MS Mail for PC Networks: dxa as a requestor of a directory synchronization server",
            traits=Traits(
                types=types,
                holds=Holds.QUEUED,
                feeds=frozenset({Feed.FULL, Feed.CHANGES}),
                letters=True,
                transaction_bytes=75,
                definitions=True,
            ),
            open=link.open_requestor_link,
            site_lists=link.site_lists,
            keeps=keeping.kept,
            writes_in=keeping.requestor_writes_in,
            peer_lists=link.peer_lists,
            parse=_parse,
            options=link.RequestorOptions,
        ),
    ]


def _parse(raw: str, types: AddressTypes) -> Sequence[Transaction]:
    from dxa_msmail import importtext

    return importtext.read(raw.encode("utf-8", "surrogatepass"), types=types, code_page="utf-8").transactions


@hookimpl
def dxa_decoders() -> list[Decoder]:
    """One decoder for what directory synchronization sends, and one for each kind of file of a postoffice.

    The first one converts address lists, too: of what it decodes, that is the Import text.
    """
    from dxa.connector import Decoder
    from dxa_msmail import dump, listing, podump

    def rows(data: bytes) -> Iterator[dict[str, Any]]:
        yield from dump.insisted(data)

    lists = Decoder(
        name="msmail",
        sniff=dump.sniff,
        decode=rows,
        read=listing.read,
        write=listing.write,
        endings=listing.ENDINGS,
    )
    return [lists, *podump.decoders()]


@hookimpl
def dxa_commands() -> list[tuple[str, str]]:
    """The commands below ``dxa msmail``."""
    return [
        ("postoffice", "dxa_msmail.commands.postoffice:postoffice"),
        ("admin", "dxa_msmail.commands.admin:admin"),
        ("reqmain", "dxa_msmail.commands.reqmain:reqmain"),
        ("srvmain", "dxa_msmail.commands.srvmain:srvmain"),
        ("external", "dxa_msmail.commands.external:external"),
        ("import", "dxa_msmail.commands.importing:import_"),
        ("rebuild", "dxa_msmail.commands.rebuild:rebuild"),
        ("dispatch", "dxa_msmail.commands.dispatch:dispatch"),
        ("dssched", "dxa_msmail.commands.dssched:dssched"),
        ("listds", "dxa_msmail.commands.listds:listds"),
        ("listq", "dxa_msmail.commands.listq:listq"),
        ("procedure", "dxa_msmail.commands.procedures:procedure"),
        ("takeover", "dxa_msmail.commands.takeover:takeover"),
        ("requestor", "dxa_msmail.commands.standalone:requestor"),
    ]


@hookimpl
def dxa_demo_scenes() -> list[Scene]:
    """The scene with a server and three requestors."""
    from dxa.connector import Scene
    from dxa_msmail import demo

    return [Scene(name="msmail", order=10, play=demo.play)]
