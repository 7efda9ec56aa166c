"""Files of the shared folder as reports: whose they are, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import attrs

from dxa.address import AddressTypes
from dxa.connector import PeerInfo, Report
from dxa.dirsync.messages import Request
from dxa.entry import Entry, Reject, Verb
from dxa.errors import FormatError
from dxa.signing import PrivateKey, PublicKey
from dxa_sitelink import lines
from dxa_sitelink.container import IncompleteError, Sealed, unseal
from dxa_sitelink.messages import Batch, Status, Way, read_batch, read_status
from dxa_sitelink.sites import FileName, same_site, tag

#: Numbers of the link's own notices: one of each kind is open for a peer.
SHARED, UNREADABLE, DAMAGED, UNSIGNED, FORGED, FOREIGN, REPLAYED, INCOMPLETE = range(-18, -10)


class RefusedError(FormatError):
    """A file that cannot be used, and the number of the notice that says so; nothing that it says counts."""

    def __init__(self, reason: str, kind: int) -> None:
        self.kind = kind
        super().__init__(reason)


@attrs.frozen(kw_only=True)
class Peer:
    """The site on the other side: its name, its key (None: its files are believed unsigned), the way of its files."""

    name: str
    way: Way
    key: PublicKey | None

    @classmethod
    def of(cls, info: PeerInfo, own: str, link: str) -> Peer:
        """The peer as it is configured."""
        text = str(info.options.get("public_key") or "")
        way = Way(sender=info.name, to=own, link=link)
        return cls(name=info.name, way=way, key=PublicKey.parse(text) if text else None)

    def file(self, number: int | None) -> FileName:
        """The name of a file of the peer: a batch, or (None) its status."""
        return FileName(tag(self.way.sender), tag(self.way.to), self.way.link, number)

    def ours(self, number: int | None) -> FileName:
        """The name of a file of ours for the peer."""
        return FileName(tag(self.way.to), tag(self.way.sender), self.way.link, number)

    def opened(self, data: bytes) -> Sealed:
        """The parts of a file that this peer wrote; raises `FormatError` when it did not, or not whole."""
        return opened(data, self.way, self.key)


def opened(data: bytes, way: Way, key: PublicKey | None) -> Sealed:
    """The parts of a file that goes this way, signed with the key unless there is none; raises `FormatError`."""
    try:
        sealed = unseal(data)
    except IncompleteError:
        raise
    except FormatError as error:
        raise RefusedError(str(error), DAMAGED) from None
    if why := way.why_not(sealed):
        raise RefusedError(why, FOREIGN)
    if key is None:
        return sealed
    if sealed.signature is None:
        raise RefusedError(f"it is not signed, and {way.sender} is not configured as unsigned", UNSIGNED)
    if not key.signed(sealed.signed, sealed.signature):
        raise RefusedError(f"it is not signed with the key of {way.sender} ({key.fingerprint})", FORGED)
    return sealed


class OwnStatus(NamedTuple):
    """What the site itself has published: nothing, or something damaged, is None."""

    status: Status | None

    @classmethod
    def of(cls, data: bytes | None, way: Way, key: PrivateKey | None) -> OwnStatus:
        """What stands in the site's own file."""
        try:
            return cls(None if data is None else read_status(opened(data, way, key.public if key else None)))
        except FormatError:
            return cls(None)


@attrs.frozen(kw_only=True)
class Reader:
    """Makes reports of the files of peers. `peers` are all sites of the link by folded name."""

    types: AddressTypes
    own: str
    peers: Mapping[str, Peer]

    def batch(self, peer: Peer, number: int, data: bytes, status: Status | None) -> Report:
        """The report that a batch is; raises `FormatError` when it cannot be used.

        It asks for an answer only where no `status` of the peer says what it holds.
        """
        batch = read_batch(peer.opened(data))
        if batch.number != number:
            raise RefusedError(f"its name says {number}, it says {batch.number}", DAMAGED)
        found = lines.read(batch.body, self.types, lambda entry: self._hides(peer, entry))
        self._check(batch, found)
        request = Request(
            r=batch.number,
            was=batch.was,
            s=batch.ack,
            i=0,
            last=batch.number,
            replaces=batch.full,
            strict=True,
            asks=status is None,
        )
        kind = "full list" if batch.full else "update"
        return Report(
            sender=peer.name,
            receipt=str(peer.file(number)),
            title=f"{kind} {batch.number} (was {batch.was})",
            raw=data,
            identity=identity(data),
            transactions=found.transactions,
            rejects=found.rejects,
            remarks=found.remarks,
            request=request,
            types=None if status is None else self._known(status),
            templates=True,
        )

    def status(self, peer: Peer, status: Status, data: bytes, about: str) -> Report:
        """The report that a status is: what the peer holds, and what it can be shown. `about`: why it is told again."""
        return Report(
            sender=peer.name,
            receipt="",
            title=f"status: holds {status.ack}",
            raw=data,
            identity=f"{identity(data)}{about}",
            request=Request(r=0, was=0, s=status.ack, i=0, counted=False, strict=True),
            types=self._known(status),
            templates=True,
        )

    def fault(self, sender: str, name: str, error: FormatError, data: bytes = b"") -> Report:
        """The report of a file that cannot be used; each file is told once."""
        kind = error.kind if isinstance(error, RefusedError) else DAMAGED
        return Report(
            sender=sender,
            receipt=name,
            title=name,
            raw=data,
            identity=f"{identity(data)} {name} {kind}",
            fault=Reject(0, 0, "", kind, f"{name}: {error}" if name else str(error)),
        )

    def _hides(self, peer: Peer, entry: Entry) -> bool:
        """Own people that come back, and those of sites that tell of them themselves."""
        site = lines.site_of(entry)
        return same_site(site, self.own) or (site.casefold() in self.peers and not same_site(site, peer.name))

    def _known(self, status: Status) -> frozenset[str]:
        return frozenset(self.types.get(name).name for name in status.types if name in self.types)

    def _check(self, batch: Batch, found: lines.Lines) -> None:
        replaces = [at for at, each in enumerate(found.transactions) if each.verb is Verb.REPLACE]
        if replaces != ([0] if batch.full else []):
            raise RefusedError("a full list begins with its one replace, and an update has none", DAMAGED)
        if not lines.in_order(found.transactions, batch.was, batch.number):
            raise RefusedError(f"its numbers do not ascend from above {batch.was} to {batch.number}", DAMAGED)


def identity(data: bytes) -> str:
    """What these very bytes are known by."""
    return blake2b(data, digest_size=16).hexdigest()
