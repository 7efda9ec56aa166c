"""What a peer has told."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from dxa.dirsync.messages import Reply, Request
from dxa.entry import Reject, Transaction
from dxa.ledger.answer import ListKey


@attrs.frozen(kw_only=True)
class Report:
    """One thing that a peer has told: a message, a file, a read of its directory.

    `sender` is the peer's name as claimed, `origin` the address it came from, `password` what it was authenticated
    with, `reply_to` the address that an answer goes to. `lists` are the (type, list) pairs that the report covers in
    full; empty for changes. `complete` is False when its end is missing. `transactions` are in their order; `marked`
    are keys of entries that bear our mark. `receipt` is what `settle` gets back; a report with the same receipt may be
    collected again until then. `identity` names this very message wherever and however often it is met: one that has
    been taken is only settled. Empty where the same bytes may be another message.

    Nobody is removed by a full report with `rejects`, for they may hide somebody. `remarks` are about records that
    hide nobody; they are kept likewise.
    """

    sender: str
    receipt: str
    origin: str = ""
    reply_to: str = ""
    password: str = ""
    #: For people: a subject, the name of a file.
    title: str = ""
    #: The bytes as they came, for the archive of messages.
    raw: bytes = b""
    identity: str = ""
    complete: bool = True
    lists: frozenset[ListKey] = frozenset()
    transactions: Sequence[Transaction] = ()
    rejects: Sequence[Reject] = ()
    remarks: Sequence[Reject] = ()
    marked: frozenset[str] = frozenset()
    #: The list counts its own records, so that an end that is missing would be noticed.
    counted: bool = True
    #: The changes, perhaps none, are what a read of the whole list has found: it is as well known as by a full report.
    proves: bool = False
    #: The connector has found that entries may be missing: who is missing is not deleted without a person or a further
    #: report that is not doubtful, and nothing is written into the peer by this one.
    doubtful: bool = False
    #: From where a next report of changes goes on; comes back in `since`, and is stored together with this one.
    cursor: str = ""
    #: Quoted peers: the numbers heard, and what is asked for.
    request: Request | None = None
    #: Queued peers: the numbers of the answer that this is.
    reply: Reply | None = None
    #: Queued peers: whether what it carries is to be received.
    received: bool = True
    #: The answer is a full list that somebody has brought as a file; its R need not be one of ours.
    by_file: bool = False
    #: Quoted peers: the address types that it wants to be shown.
    types: frozenset[str] | None = None
    #: Quoted peers: whether it wants template fields.
    templates: bool | None = None
    #: Quoted peers: the most bytes that a message to it may have.
    limit: int | None = None
    #: Optional data that is only kept and shown (status reports).
    note: str = ""
    #: Why it is nobody's business (receipts, letters); it is archived, and says nothing about its sender.
    ignored: str = ""
    #: Why the whole report cannot be used, with its number; then only archive and tell.
    fault: Reject | None = None
