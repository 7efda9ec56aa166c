"""What a plugin implements to bring a foreign mail system to dxa.

A connector collects reports and delivers parcels; it decides nothing. Collecting removes nothing: only `settle`, which
is called after what was read has been committed, may take a mail or file away.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any, Protocol, runtime_checkable

import attrs

from dxa.address import AddressTypes
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import AddressError
from dxa.ledger.answer import Content, ListKey


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


class Phase(Enum):
    """What the core has done on a link when it says so to a `Narrator`."""

    #: What was collected has reached the directory, as far as guards let it.
    DIRECTORY = "directory"
    #: What the site wants to be there was compared with what is there; parcels are ready.
    COMPARED = "compared"
    #: The cycle is over on this link.
    ENDED = "ended"
    #: The cycle ends on this link with an error.
    FAILED = "failed"


@runtime_checkable
class Narrator(Protocol):
    """A connector that tells the whole story of a cycle in the words of its own world, by `LinkContext.tell`."""

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        """The core has done this, with so many changes of each kind; `reason` is the error of a failed cycle."""


@attrs.frozen(kw_only=True)
class Standing:
    """How far a peer and the site have come with each other: the last number `taken` from it, the last `sent` to it."""

    taken: int
    sent: int


@runtime_checkable
class Acknowledger(Protocol):
    """A connector that makes known how far the site has come, also when there is nothing to send."""

    def acknowledge(self, standings: Mapping[str, Standing]) -> None:
        """Make it known to these peers (by name) if it is not known; everything up to `sent` has been delivered.

        Called at the end of every cycle in which nothing is left to deliver.
        """


@runtime_checkable
class Claimant(Protocol):
    """A connector that tells in the words of its own world whose addresses are taken at the site."""

    def taken(self, entries: Sequence[Entry]) -> None:
        """These entries of the peer have addresses of others at the site: they are rejects, and wait.

        Called before `Phase.DIRECTORY` in every cycle in which there are such.
        """


#: An entry, and what the peer has under the same key. What it has is given back when that is as good; the address
#: stays as it is.
Wish = tuple[Entry, Entry | None]


@runtime_checkable
class Shaper(Protocol):
    """A connector to peers that cannot hold everything, and whose full read proves what they hold."""

    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        """What the peer can hold of each of these entries: that is sent, and compared with what it has.

        An `AddressError` stands for an entry that no such peer can hold. `shaped` makes this of a function for one.
        """


def shaped(shape: Callable[[Entry, Entry | None], Entry], wishes: Iterable[Wish]) -> list[Entry | AddressError]:
    """What a function for one entry, which raises `AddressError`, makes of many."""
    found: list[Entry | AddressError] = []
    for entry, held in wishes:
        try:
            found.append(shape(entry, held))
        except AddressError as error:
            found.append(error)
    return found


@runtime_checkable
class GivesBack(Protocol):
    """A connector whose people get addresses back that other peers have given to what stands there for them."""

    #: The types of these addresses; none when nothing is to be given back.
    back_types: frozenset[str]


@attrs.frozen(kw_only=True)
class Fault:
    """Something that a connector has found out about its own side: `where` it is, and what to do about it.

    A `warning` keeps nothing from running.
    """

    #: What is wrong, and what to do.
    text: str
    where: str = ""
    warning: bool = False


@runtime_checkable
class Examiner(Protocol):
    """A connector that can be asked whether its side is in order: folders, servers, keys, files of its own."""

    def examine(self) -> Iterable[Fault]:
        """Everything that is wrong or doubtful; `dxa check` and `dxa verify` show it. Changes and removes nothing.

        Raises `DxaError` when it cannot go on looking.
        """


def folder_faults(site: Path, named: str) -> Iterator[Fault]:
    """What is wrong with a folder that the options of a link name, seen from the site's folder.

    One inside the site's folder is made when it is first used; one elsewhere must be there, for it may be a share.
    """
    path = site / named
    if not path.exists():
        if Path(named).is_absolute():
            yield Fault(where=named, text=f"there is no folder {path}; is the disk or share that it lies on mounted?")
    elif not path.is_dir():
        yield Fault(where=named, text=f"{path} is no folder")
    elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield Fault(where=named, text=f"{path} cannot be read and written by this user")


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


@attrs.frozen(kw_only=True)
class Decoder:
    """Decodes one file format for ``dxa dump`` and ``dxa messages show`` (hook ``dxa_decoders``).

    `sniff` says whether the bytes, or their beginning, are of this format. `decode` gives one row for each record, in
    their order, made of what JSON can hold. Every row has the key ``kind``. Those of the kinds ``reject`` (a record)
    and ``error`` (the rest of a part) are bad: they say what could not be read, with ``line`` or ``offset``, ``code``
    and ``reason``, and make ``dxa dump`` end with status 1. What is broken becomes a row and is never raised. No row
    shows a password.

    Files of some formats are known by their place alone. `names` are patterns like ``GLB/*.GLB`` in upper case, for a
    file's folder and name, and count more than what any decoder makes of the bytes. Such a file may be empty.

    A format of address lists can be converted to those of other plugins: `read` gives what stands in a file, `write`
    the bytes of one. In between, a `Reject` is what could not be read, with its line, or what the format cannot hold;
    the rest goes on, and nothing is raised. `endings` are those of the names of such files, in lower case (``.ldif``).
    """

    name: str
    sniff: Callable[[bytes], bool]
    decode: Callable[[bytes], Iterator[dict[str, Any]]]
    names: tuple[str, ...] = ()
    read: Callable[[bytes, AddressTypes], Iterator[Transaction | Reject]] | None = None
    write: Callable[[Iterable[Transaction]], Iterator[bytes | Reject]] | None = None
    endings: tuple[str, ...] = ()

    def expects(self, file: PurePath) -> bool:
        """Whether a file in that place, whatever the case of its name, is one of `names`."""
        place = "/".join(file.parts[-2:]).upper()
        return any(fnmatchcase(place, name) for name in self.names)


@attrs.frozen(kw_only=True)
class Scene:
    """A part of ``dxa demo`` (hook ``dxa_demo_scenes``): `play` gets the demo's stage."""

    #: What it is called; no other scene has this name.
    name: str
    #: Scenes are played in this order.
    order: int
    play: Callable[[Any], None]
