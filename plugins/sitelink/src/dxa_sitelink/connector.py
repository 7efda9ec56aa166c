"""A link between sites: batches and a status in each direction, in a folder that both sides reach.

Every site writes and removes only files of its own name. It removes a batch when the other site's status says that it
holds it, or when a later batch has taken its place: each answer leads from everything that the other side may hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from dxa.connector import Fault, LinkContext, Outcome, Parcel, ParcelKind, Report, Result, Standing, folder_faults
from dxa.errors import FormatError, TransportError, UsageError
from dxa.signing import PrivateKey
from dxa_sitelink import lines, worlds
from dxa_sitelink.container import IncompleteError
from dxa_sitelink.folder import Aside, DiskAside, DiskFolder, Folder
from dxa_sitelink.messages import Batch, Status, read_batch, read_status
from dxa_sitelink.options import LinkOptions
from dxa_sitelink.reading import (
    FOREIGN,
    INCOMPLETE,
    REPLAYED,
    SHARED,
    UNREADABLE,
    OwnStatus,
    Peer,
    Reader,
    RefusedError,
    identity,
    opened,
)
from dxa_sitelink.sites import FileName, read_name, site_name, tag


def open_link(context: LinkContext) -> SiteLink:
    """The connector of a link; raises `UsageError` for a key that is missing or none."""
    options: LinkOptions = context.options
    shared = DiskFolder(context.folder / options.folder, create=not Path(options.folder).is_absolute())
    return SiteLink(context, shared, DiskAside(context.folder / options.aside))


def _private_key(context: LinkContext) -> PrivateKey | None:
    options: LinkOptions = context.options
    where = f"links.{context.link}.sitelink.key"
    if options.key is None:
        if all(peer.options.get("unsigned") for peer in context.peers.values()):
            return None
        raise UsageError(f'{where} is missing: `dxa keygen FILE` makes a key; then key = "file:FILE"')
    try:
        return PrivateKey.parse(options.key.reveal())
    except ValueError as error:
        raise UsageError(f"{where}: it {error}") from None


@attrs.define
class _Seen:
    """What the folder shows of one peer: its status with its bytes, its batches and ours by number."""

    status: Status | None = None
    data: bytes = b""
    theirs: list[int] = attrs.field(factory=list)
    ours: list[int] = attrs.field(factory=list)


class SiteLink:
    """See `dxa.connector.Connector` and `dxa.connector.Acknowledger`."""

    def __init__(self, context: LinkContext, folder: Folder, aside: Aside) -> None:
        options: LinkOptions = context.options
        self._own = site_name(context.site)
        self._options, self._types, self._now = options, context.types, context.now
        self._folder, self._aside = folder, aside
        self._key = _private_key(context)
        self._peers = {name: Peer.of(info, self._own, options.id) for name, info in context.peers.items()}
        self._reader = Reader(types=context.types, own=self._own, peers=self._peers)
        self._owns, self._serves = worlds.lists_of(context)
        self._bad: dict[str, tuple[bytes, str]] = {}

    def examine(self) -> Iterator[Fault]:
        """See `dxa.connector.Examiner`; that the key can be used was seen when the link was opened."""
        if isinstance(self._folder, DiskFolder) and not self._folder.create:
            yield from folder_faults(self._folder.path, str(self._folder.path))

    # -- collecting --------------------------------------------------------------------------------------------------

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """What is new from each peer, then what it holds, where that matters. Removes nothing."""
        names = list(filter(None, map(read_name, self._folder.names())))
        for peer in self._peers.values():
            yield from self._of(peer, names)
        known = {tag(peer.name) for peer in self._peers.values()}
        mine = [name for name in names if name.to == tag(self._own) and name.link == self._options.id]
        for name in mine:
            if name.sender not in known:
                yield from self._foreign(name)

    def _of(self, peer: Peer, names: Sequence[FileName]) -> Iterator[Report]:
        seen = _seen(peer, names)
        own = self._own_status(peer)
        yield from self._read_status(peer, seen)
        taken = own.ack if own is not None else -1
        for number in seen.theirs:
            if number > taken:
                yield from self._batch(peer, number, seen.status)
            elif seen.status is not None and number < min(taken, seen.status.sent):
                yield from self._replayed(peer, number, taken)
        if seen.status is not None:
            yield from self._warned(peer, seen.status)
            about = self._asks(peer, own, seen)
            if about is not None:
                yield self._reader.status(peer, seen.status, seen.data, about)

    def _read_status(self, peer: Peer, seen: _Seen) -> Iterator[Report]:
        """Find the peer's status; what stands in its place is a fault."""
        name = str(peer.file(None))
        try:
            data = self._folder.read(name)
            if data is not None:
                seen.status, seen.data = read_status(peer.opened(data)), data
        except TransportError as error:
            yield self._unreadable(peer, name, error)
        except FormatError as error:
            assert data is not None
            yield from self._fault(peer.name, name, error, data)

    def _batch(self, peer: Peer, number: int, status: Status | None) -> Iterator[Report]:
        name = str(peer.file(number))
        try:
            data = self._folder.read(name)
            if data is None:
                return
            report = self._reader.batch(peer, number, data, status)
        except TransportError as error:
            yield self._unreadable(peer, name, error)
        except FormatError as error:
            assert data is not None
            yield from self._fault(peer.name, name, error, data)
        else:
            yield report

    def _replayed(self, peer: Peer, number: int, taken: int) -> Iterator[Report]:
        """An older batch than the one that was taken, which its writer should have removed long ago."""
        name = str(peer.file(number))
        with suppress(TransportError):  # it would not count anyway
            data = self._folder.read(name)
            if data is None:
                return
            why = f"{peer.name} has been taken up to {taken}, so this one was replayed or never removed; it is ignored"
            yield from self._fault(peer.name, name, RefusedError(why, REPLAYED), data)

    def _foreign(self, name: FileName) -> Iterator[Report]:
        with suppress(TransportError):  # it would not count anyway
            data = self._folder.read(str(name))
            if data is None:
                return
            why = "it comes from a site that is no peer of this link; add it to the configuration, or remove the file"
            yield from self._fault("", str(name), RefusedError(why, FOREIGN), data)

    def _fault(self, sender: str, name: str, error: FormatError, data: bytes) -> Iterator[Report]:
        """A file that cannot be used; one whose end is missing has time to grow."""
        if isinstance(error, IncompleteError):
            if 0 <= self._now() - self._folder.modified(name) < self._options.patience:
                return
            error = RefusedError(f"{error}; its writer, or what copies it, has to finish it", INCOMPLETE)
        report = self._reader.fault(sender, name, error, data)
        assert report.fault is not None
        self._bad[name] = data, report.fault.reason
        yield report

    def _unreadable(self, peer: Peer, name: str, error: TransportError) -> Report:
        report = self._reader.fault(peer.name, name, RefusedError(str(error), UNREADABLE))
        return attrs.evolve(report, receipt="")

    def _warned(self, peer: Peer, status: Status) -> Iterator[Report]:
        """Whatever the sites share that they must not, once for all that is the same."""
        ours = Status(ack=0, sent=0, types=(), owns=self._owns, serves=self._serves)
        if why := worlds.shared(ours, status, peer.name):
            report = self._reader.fault(peer.name, "", RefusedError(why, SHARED))
            yield attrs.evolve(
                report, title="mail systems of both sites", identity=identity(f"{peer.name} {why}".encode())
            )

    def _own_status(self, peer: Peer) -> Status | None:
        return OwnStatus.of(self._folder.read(str(peer.ours(None))), peer.way.back(), self._key).status

    def _asks(self, peer: Peer, own: Status | None, seen: _Seen) -> str | None:
        """Why the peer's status is told to dxa: a text that differs when the same status means something new.

        None: what the peer lacks lies in the folder and leads on from what it holds.
        """
        assert seen.status is not None
        if own is None:
            return " to a new site"
        ack, latest = seen.status.ack, max([own.sent, *seen.ours])
        if latest <= ack:
            return ""
        return None if latest in seen.ours and self._leads_on(peer, latest, ack) else f" without {latest}"

    def _leads_on(self, peer: Peer, number: int, ack: int) -> bool:
        """Whether our batch is whole, and can be applied by whoever holds that number."""
        try:
            data = self._folder.read(str(peer.ours(number)))
            if data is None:
                return False
            return read_batch(opened(data, peer.way.back(), self._key.public if self._key else None)).was <= ack
        except (FormatError, TransportError):
            return False

    # -- delivering --------------------------------------------------------------------------------------------------

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Put the parcel into the folder as a batch that is named after its number. Letters are not carried."""
        if parcel.kind is not ParcelKind.NOTICE:
            peer, reply = self._peers[parcel.peer.name.casefold()], parcel.reply
            if reply is None:
                raise ValueError(f"parcel {parcel.id} answers nothing")
            full = _replace_number(parcel, reply.s) if reply.full else 0
            count, body = lines.write(parcel.transactions(), full=full, site=self._own, to=peer.name)
            batch = Batch(number=reply.s, was=reply.was, ack=reply.r, full=reply.full, count=count, body=body)
            data = batch.seal(peer.way.back(), self._key, compress=self._options.compress)
            self._folder.write(str(peer.ours(reply.s)), data)
        yield Outcome(result=Result.POSTED)

    def settle(self, receipts: Sequence[str]) -> None:
        """Keep copies of what could not be used; the files themselves belong to their writers."""
        for name in receipts:
            if name in self._bad:
                data, reason = self._bad.pop(name)
                self._aside.keep(f"{name}.{identity(data)[:8]}", data, reason)

    def acknowledge(self, standings: Mapping[str, Standing]) -> None:
        """Remove batches that nobody needs any more, and publish how far the site has come, where that is not known."""
        names = list(filter(None, map(read_name, self._folder.names())))
        for name, standing in standings.items():
            self._acknowledge(self._peers[name.casefold()], standing, names)

    def _acknowledge(self, peer: Peer, standing: Standing, names: Sequence[FileName]) -> None:
        seen = _seen(peer, names)
        for _ in self._read_status(peer, seen):
            pass  # it was told when it was collected
        held = seen.status.ack if seen.status is not None else -1
        for number in seen.ours:
            if number != standing.sent or number <= held:
                self._folder.remove(str(peer.ours(number)))
        types = tuple(kind.name for kind in self._types)
        status = Status(ack=standing.taken, sent=standing.sent, types=types, owns=self._owns, serves=self._serves)
        if self._own_status(peer) != status:
            self._folder.write(str(peer.ours(None)), status.seal(peer.way.back(), self._key))


def _seen(peer: Peer, names: Sequence[FileName]) -> _Seen:
    def numbers(pattern: FileName) -> list[int]:
        return sorted(name.number for name in names if name.number is not None and name[:3] == pattern[:3])

    return _Seen(theirs=numbers(peer.file(None)), ours=numbers(peer.ours(None)))


def _replace_number(parcel: Parcel, last: int) -> int:
    """The number of the one replace that stands for those of all lists: the last one of them."""
    number = last
    for transaction in parcel.transactions():
        if transaction.new is None or transaction.new.address:
            return number if number != last else transaction.number - 1
        number = transaction.number
    return number
