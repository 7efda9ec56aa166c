"""A connector, what it is given, and how a plugin registers it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import attrs

from dxa.address import AddressTypes
from dxa.connector.parcels import Outcome, Parcel
from dxa.connector.reports import Report
from dxa.connector.traits import PeerInfo, Traits
from dxa.entry import Transaction
from dxa.ledger.answer import ListKey


@attrs.frozen(kw_only=True)
class Kept:
    """A file or folder of a link that belongs to a backup of the site, as its options name it.

    `hold` keeps others from changing it while it is copied. What does not exist, or lies outside of the site's folder,
    is left out, the latter with a word about it.
    """

    #: From the site's folder on, or absolute.
    path: str
    hold: Callable[[], AbstractContextManager[object]] = nullcontext
    #: The files of the folder are one thing: after a restore there are none but those of the backup. Otherwise what
    #: has come since stays, as letters do.
    together: bool = True


class Connector(Protocol):
    """One link's connection to its foreign system."""

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """Everything that waits, oldest first; `since` gives each peer's cursor. Removes nothing."""

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Bring the parcel to its peer, or where its peer picks it up; durable at the latest at the next `settle`."""

    def settle(self, receipts: Sequence[str]) -> None:
        """What these receipts stand for is committed: take the mail or file away. Repeatable.

        What was delivered before is durable when this returns; it is called, with no receipts, before parcels are
        marked as delivered.
        """


@attrs.frozen(kw_only=True)
class Allowance:
    """What a connector may take: seconds in silence, seconds for one call, items of one call, bytes of one report.

    Where it is in a process of its own (`own`) that ends when it takes more.
    """

    own: bool = True
    silence: float = 7200.0
    call: float = 21600.0
    items: int = 1_000_000
    bytes: int = 2**30


@attrs.frozen(kw_only=True)
class LinkContext:
    """What a connector is given: its link, its options, its peers, and a folder for paths in its options."""

    link: str
    #: The part that dxa plays, one of `ConnectorType.roles`.
    role: str = ""
    options: Any
    folder: Path
    #: All registered types of addresses, those of other plugins among them.
    types: AddressTypes
    #: The site's own address in the connector's world: (organization, site).
    site: tuple[str, str]
    peers: Mapping[str, PeerInfo] = attrs.field(factory=dict)
    #: The local time that goes on messages, as given by the agent.
    now: Callable[[], float] = lambda: 0.0
    #: A line for the report of the cycle: what the connector does, under the number that its world has for that (0:
    #: none).
    tell: Callable[[int, str], None] = lambda _number, _text: None
    #: For what nobody needs in the report of a cycle: it goes into dxa's log, at the level that is asked for there.
    log: logging.Logger = attrs.field(factory=lambda: logging.getLogger("dxa.links"))
    #: The lists in which the site itself stands, on whatever link; links between sites left out.
    own_lists: frozenset[ListKey] = frozenset()
    #: The lists by which the site's peers are known; links between sites left out.
    peer_lists: frozenset[ListKey] = frozenset()


@attrs.frozen(kw_only=True)
class NoOptions:
    """The options of a connector that has none."""


@attrs.frozen(kw_only=True)
class ConnectorType:
    """A connector as a plugin registers it (hook ``dxa_connectors``).

    `options` is an attrs class: the keys, types and defaults of the link's table named after the connector.
    `peer_options` likewise for each peer. `open` makes the connector of a link.
    """

    #: What `connector` in a link's table says, and the name of the connector's own table.
    name: str
    #: A few words for people, without a period.
    summary: str
    #: What the core must know of it beforehand.
    traits: Traits
    open: Callable[[LinkContext], Connector]
    #: The lists in which the site stands for the peers of such a link, by (organization, site) and the link's options.
    site_lists: Callable[[tuple[str, str], Any], frozenset[ListKey]] = lambda _site, _options: frozenset()
    #: The lists by which the one system behind a link without named peers is known, by the link's options.
    peer_lists: Callable[[Any], frozenset[ListKey]] = lambda _options: frozenset()
    #: Where such a link takes all that bears its mark for its own, by (organization, site) and the link's options. Each
    #: place is named from the outside in, and what lies below it belongs to it: two links never write into one.
    writes_in: Callable[[tuple[str, str], Any], frozenset[tuple[str, ...]]] = lambda _site, _options: frozenset()
    #: Raises `AddressError` for a text that cannot be the name of a peer on such a link.
    check_peer: Callable[[str], None] = lambda _name: None
    #: One raw record, as a reject keeps it, to transactions: how `dxa rejects retry` reads it again.
    parse: Callable[[str, AddressTypes], Sequence[Transaction]] | None = None
    #: What such a link keeps in files beside the database, by the site's folder, the link's name and its options. The
    #: files that secrets stand in are not among it.
    keeps: Callable[[Path, str, Any], Sequence[Kept]] = lambda _folder, _link, _options: ()
    #: Whether what a peer sends on such a link proves who sent it, by the link's options and the peer's by key. Else
    #: whoever can send from the address of a peer that has no password can change its entries.
    proves: Callable[[Any, Mapping[str, Any]], bool] = lambda _options, _peer: False
    options: type = NoOptions
    peer_options: type = NoOptions
    #: The parts that dxa can play on such a link; where there are any, the link's table says which.
    roles: tuple[str, ...] = ()
