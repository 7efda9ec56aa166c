"""What the core knows of a connector beforehand, and a connector of its peers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import attrs


class Holds(Enum):
    """How dxa knows what a peer holds.

    The peer *quotes* a number, or a full read *proves* it, or the peer takes a *queue* of ours and acknowledges its
    numbers: there dxa is the requestor.
    """

    #: It names a number that we have sent.
    QUOTED = "quoted"
    #: Reading it shows what it has, and what of that bears our mark.
    PROVEN = "proven"
    #: It takes what we number, and acknowledges it.
    QUEUED = "queued"


class Feed(Enum):
    """What a peer's reports can be: its full list, or changes since a cursor."""

    FULL = "full"
    CHANGES = "changes"


@attrs.frozen(kw_only=True)
class Traits:
    """What the core must know of a connector."""

    #: Address types that its peers can be shown; the first is their native type.
    types: tuple[str, ...]
    #: How dxa knows what its peers hold.
    holds: Holds
    #: What its reports can be.
    feeds: frozenset[Feed] = frozenset({Feed.FULL})
    #: dxa writes into the peer.
    writable: bool = True
    #: Many peers behind one link, registered one by one; else the link is its only peer.
    many_peers: bool = False
    #: Letters to people can be sent over such a link.
    letters: bool = False
    #: What a transaction takes on the wire, in bytes: how a peer's size limit becomes a number of transactions.
    transaction_bytes: int = 80
    #: A peer calls its entries by their addresses, so that a new name is another entry. The name and alias that a
    #: recipient is given at first are made by rules, and stay when the rules change.
    names_are_addresses: bool = False
    #: The fields of an entry that `dxa.entry.ASIDE` names say what its recipient is. They say nothing of other peers,
    #: whose people choose the names of fields. An add has all fields of its entry: those that it had and has no more
    #: are cleared.
    tells_recipients: bool = False
    #: Its peers are shown these fields (alias, addresses, kind) with every entry.
    shows_recipients: bool = False
    #: The lists of its peers have definitions, which say the fields of their entries: values come behind them.
    definitions: bool = False
    #: Its peers hold addresses of any type: each recipient is shown once, by its native address.
    every_type: bool = False
    #: Its peers are sites like this one, and both sides are servers: who is known is told what is new without asking,
    #: and nothing when nothing is. They keep what they are told apart from their own, which is never sent back.
    mutual: bool = False
    #: What its peers send proves by itself who sent it; they have no password.
    signed: bool = False
    #: A full answer can be left as a file, which a person brings to peers that cannot get it otherwise.
    by_file: bool = False


@attrs.frozen(kw_only=True)
class PeerInfo:
    """What a connector may know of a peer: its name on the wire, where messages go, and its settings for the wire."""

    #: What dxa calls it: link and name.
    id: str
    name: str
    #: Where messages for it go, in its own world; ``""`` when that follows from its name.
    address: str = ""
    #: Its table in the configuration, as `ConnectorType.peer_options` reads it, by key.
    options: Mapping[str, Any] = attrs.field(factory=dict)
