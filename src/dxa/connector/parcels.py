"""What goes out to a peer, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import attrs

from dxa.connector.traits import PeerInfo
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Transaction
from dxa.ledger.answer import Content, ListKey


class ParcelKind(Enum):
    """What a parcel carries."""

    #: Changes of what the peer holds.
    UPDATE = "update"
    #: Everything that the peer is to hold.
    FULL = "full"
    #: A letter to a person.
    NOTICE = "notice"


#: The content of a parcel that carries no transactions.
NOTHING = Content("", ())


@attrs.frozen(kw_only=True)
class Parcel:
    """What goes out to one peer at once. The same `id` delivered twice has the same effect as once.

    `content` is shared between peers; `own` names the lists that this peer owns and does not get. A notice has only
    `title` and `text`, for the address `to`.
    """

    id: str
    peer: PeerInfo
    #: Whether the transactions are changes or everything; proven peers get changes alone.
    kind: ParcelKind
    to: str = ""
    content: Content = NOTHING
    own: frozenset[ListKey] = frozenset()
    #: Quoted peers: the numbers that go along.
    reply: Reply | None = None
    #: Queued peers: what goes along with the queue.
    request: Request | None = None
    #: Template fields are to be written, too.
    templates: bool = False
    #: It is about entries that the peer itself has told: they get addresses, and nothing else (`GivesBack`).
    back: bool = False
    #: A full answer that is left as a file for a person to bring (`Traits.by_file`). `title` names the peers that it is
    #: for, all of which may hold it; the outcome's reason says where it lies, and what is to be done with it.
    by_file: bool = False
    title: str = ""
    text: str = ""

    def transactions(self) -> Iterator[Transaction]:
        """The transactions that this peer gets."""
        return self.content.without(self.own)


class Result(Enum):
    """What became of a parcel or of one of its entries."""

    #: It is there.
    DONE = "done"
    #: It is on its way.
    POSTED = "posted"
    #: It cannot be there, and will not be tried again as it is.
    REFUSED = "refused"
    #: Not now; the next cycle tries again.
    RETRY = "retry"


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of the entry with this key (``""``: the whole parcel)."""

    #: What became of it.
    result: Result
    key: str = ""
    #: Why, for refused and retry; an operator reads it.
    reason: str = ""
