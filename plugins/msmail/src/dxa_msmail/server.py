"""dxa as the directory synchronization server: requests are taken from one folder, answers dropped into another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs

from dxa.connector import Fault, LinkContext, Outcome, Parcel, ParcelKind, PeerInfo, Report, Result
from dxa.dirsync.messages import Reply
from dxa.entry import Reject
from dxa.errors import AddressError, FormatError, TransportError, UsageError
from dxa.ledger.answer import ListKey
from dxa.mail.interface import RefusedError
from dxa.mail.options import Correspondent, MailOptions, mail_address, public_key
from dxa.options import Field, filled, not_negative, option
from dxa_msmail import ffapi, keeping, keys
from dxa_msmail.addresses import ADDRESS_TYPES, MS, check_pair, shape_element
from dxa_msmail.envelope import LINE_END_NAMES, SYSTEM
from dxa_msmail.folder import DiskFolder, Folder, file_name, take_away
from dxa_msmail.reading import Reader
from dxa_msmail.writing import Writer

if TYPE_CHECKING:
    from dxa_msmail.shadow import Shadow

LineEnd = Literal["CR", "LF", "CRLF"]
Placement = Literal["INATTACHMENT", "INBODY"]
Spelling = Literal["PCM", "MS", "CSI"]
Layout = Literal["columns", "tabs"]

READ_FAILURE = 115
#: KB Q138054: a mailbag is full.
FULL = 8


def _element(instance: object, field: Field, value: str) -> None:
    """Empty is made from the site's names."""
    if value:
        keys.element(instance, field, value)


@attrs.frozen(kw_only=True)
class ServerOptions:
    """``[links.NAME.msmail]``."""

    inbox: str = option("folder where messages for the site are dropped", "mail/in", filled)
    outbox: str = option("folder where dxa drops its answers", "mail/out", filled)
    maildata: str = option(
        "folder of the shadow postoffice on disk; one inside the site's folder is made at first use; mail "
        "comes and goes through its mailbags, and not through inbox and outbox; empty for message files",
        "",
    )
    resync: str = option(
        "folder where full lists that no letter can bring are left, each as a RESYNC.GLB", "mail/resync", filled
    )
    routes: Mapping[str, str] = option(
        "further postoffices that the shadow postoffice reaches directly, such as those of other sites: "
        '"NET/PO" = the folder of its MAILDATA',
        {},
        keys.postoffices,
    )
    via: Mapping[str, str] = option(
        'further postoffices that are reached through another one: "NET/PO" = the NET/PO on the way, a peer '
        "or one of the routes",
        {},
        keys.ways,
    )
    bags: Mapping[str, str] = option(
        "further postoffices with which the shadow postoffice shares nothing but a folder for letters as "
        'signed files, which may be that of a site link: "NET/PO" = the folder',
        {},
        keys.postoffices,
    )
    public_keys: Mapping[str, str] = option(
        'of each of the bags the public key of that side, as its `dxa keygen` printed it: "NET/PO"',
        {},
        keys.public_keys,
    )
    mail: MailOptions = option(
        "messages as e-mails, in place of message files and the shadow postoffice", attrs.Factory(MailOptions)
    )
    line_end: LineEnd = option("line end of the headers: CR, LF or CRLF, as FFAPI's -F0, -F1, -F2", "CRLF")
    network: str = option("network of the shadow postoffice; empty is the organization", "", _element)
    postoffice: str = option("name of the shadow postoffice; empty is the site", "", _element)
    mailbox: str = option("mailbox that answers come from: $SYSTEM or SYSTEMn", SYSTEM, keys.system_mailbox)
    placement: Placement = option("where transactions go: INATTACHMENT or INBODY", "INATTACHMENT")
    patience: float = option("seconds that a file which ends too early may still be growing", 5.0, not_negative)

    def __attrs_post_init__(self) -> None:
        if self.mail and self.maildata:
            raise ValueError("mail is given together with maildata; leave one out")
        if (self.routes or self.via or self.bags) and not self.maildata:
            raise ValueError("routes, via and bags are those of a shadow postoffice; say in maildata where it is")
        keys.require_apart(routes=self.routes, via=self.via, bags=self.bags)
        keys.require_same(bags=self.bags, public_keys=self.public_keys)


@attrs.frozen(kw_only=True)
class PeerOptions:
    """``[links.NAME.peers."NET/PO".msmail]``; code page, type case and reply mailbox are keys of every peer."""

    spelling: Spelling = option("name of the native address type in transactions: PCM, MS or CSI", "PCM")
    layout: Layout = option("address in a column, or behind a tab: columns or tabs", "columns")
    placement: Literal["INATTACHMENT", "INBODY", ""] = option("INATTACHMENT or INBODY; empty is as the link says", "")
    maildata: str = option(
        "folder of the requestor's postoffice (MAILDATA), where the shadow postoffice's EXTERNAL delivers; "
        "empty when somebody else moves the mail",
        "",
    )
    via: str = option(
        "NET/PO through which the requestor's postoffice is reached, when it is behind another site; that "
        "one is a peer, or among the link's routes",
        "",
        keys.way,
    )

    mail: str = option("mail address of the requestor, where the link uses mail", "", mail_address)
    public_key: str = option(
        "the requestor's public key, as its `dxa keygen` printed it, where the link uses mail", "", public_key
    )
    unsigned: bool = option("believe its e-mails though nothing proves that they are its own", False)

    def __attrs_post_init__(self) -> None:
        if self.unsigned and self.public_key:
            raise ValueError("public_key is given together with unsigned = true; leave one out")
        if self.maildata and self.via:
            raise ValueError("a postoffice is reached directly (maildata) or through another one (via); leave one out")


def shadow(site: tuple[str, str], network: str = "", postoffice: str = "") -> str:
    """``NET/PO`` of the shadow postoffice: as configured, else made from the names of organization and site.

    Raises `AddressError` for a name that is reserved, or of which nothing is left.
    """
    net, po = network or shape_element(site[0]), postoffice or shape_element(site[1])
    check_pair(net, po)
    return f"{net}/{po}"


def site_lists(site: tuple[str, str], options: ServerOptions) -> frozenset[ListKey]:
    """The list in which the site stands for its requestors."""
    return frozenset({(MS.name, shadow(site, options.network, options.postoffice).casefold())})


def check_peer(name: str) -> None:
    """Whether a requestor can be called that: NET/PO, or the address type of a gateway (KB Q99268, Q106623)."""
    net, slash, po = name.partition("/")
    if slash:
        check_pair(net, po)
    elif not any(name.upper() in (kind.name, *kind.aliases) for kind in ADDRESS_TYPES):
        raise AddressError("must be NET/PO, or the address type of a gateway", got=name)


def open_server(context: LinkContext) -> MsMailServer:
    """The connector of a link, on its shadow postoffice or its folders; a folder outside of the site's must be there.

    A shadow postoffice in the site's own folder is made at its first use.
    """
    options: ServerOptions = context.options
    if options.maildata:
        from dxa_msmail.shadow import open_shadow

        name = shadow(context.site, options.network, options.postoffice)
        return MsMailServer.of_shadow(context, open_shadow(context, options.maildata, name))
    if options.mail:
        post = _open_post(context, options)
        return MsMailServer(context, post, post)
    inbox, outbox = (disk_folder(context.folder, text) for text in (options.inbox, options.outbox))
    return MsMailServer(context, inbox, outbox)


def _open_post(context: LinkContext, options: ServerOptions) -> Folder:
    from dxa_msmail.post import open_post

    where = f"links.{context.link}.msmail"

    def other(peer: PeerInfo) -> Correspondent:
        given, table = peer.options, f'{where.rpartition(".")[0]}.peers."{peer.name}".msmail'
        if "/" not in peer.name:
            raise UsageError(f"{table}: by mail a requestor is a postoffice, NET/PO; {peer.name} is a gateway")
        key, mail = str(given.get("public_key") or ""), str(given.get("mail") or "")
        return Correspondent.of(peer.name, mail, key, unsigned=bool(given.get("unsigned")), where=table)

    return open_post(
        context,
        options.mail,
        [other(peer) for peer in context.peers.values()],
        own=shadow(context.site, options.network, options.postoffice),
        mailbox=options.mailbox,
        where=f"{where}.mail",
    )


def disk_folder(site: Path, text: str) -> DiskFolder:
    """The folder of messages that a configuration names; one outside of the site's folder must be there."""
    return DiskFolder(site / text, create=not Path(text).is_absolute())


class MsMailServer:
    """See `dxa.connector.Connector`. Nothing that comes in stops a batch: what cannot be used is a report, too."""

    def __init__(self, context: LinkContext, inbox: Folder, outbox: Folder) -> None:
        options: ServerOptions = context.options
        self.address = shadow(context.site, options.network, options.postoffice)
        self._options, self._now, self._site = options, context.now, context.folder
        self._inbox, self._outbox = inbox, outbox
        self._files = context.folder / options.resync
        self._reader = Reader(own=self.address, types=context.types, peers=context.peers)
        self._writer = Writer(
            sender=f"{self.address}/{options.mailbox}",
            line_end=LINE_END_NAMES[options.line_end],
            placement=options.placement,
        )
        self._others: set[str] = set()
        self._keep: dict[str, str] = {}
        self._told: Callable[[str, Reply], None] = lambda _peer, _reply: None

    @classmethod
    def of_shadow(cls, context: LinkContext, postoffice: Shadow) -> MsMailServer:
        """The server behind a shadow postoffice."""
        folder = postoffice.folder()
        server = cls(context, folder, folder)
        server._told = postoffice.told
        return server

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """Everything that waits for the site's $SYSTEM, oldest first; other mail is left alone."""
        unreadable: dict[str, str] = {}
        names = self._inbox.names()
        self._others.intersection_update(names)
        for name in names:
            if name in self._others:
                continue
            try:
                data = self._inbox.read(name)
                if self._may_grow(name, data):
                    continue
            except TransportError as error:
                unreadable[name] = str(error)
                continue
            except FormatError as error:  # it is damaged on the disk; nobody will ever read it
                self._keep[name] = str(error)
                yield Report(sender="", receipt=name, fault=Reject(0, 0, "", error.code, str(error)))
                continue
            mail = self._reader.read(name, data)
            if not mail.reports:
                self._others.add(name)
            elif mail.keep:
                self._keep[name] = mail.keep
            yield from self._identified(name, mail.reports)
        if unreadable:
            yield from self._unread(unreadable)
        for warning in self._inbox.warnings():
            yield Report(sender="", receipt="", title="warning", fault=Reject(0, 0, "", FULL, warning))

    def _identified(self, name: str, reports: Sequence[Report]) -> Iterator[Report]:
        """Where the folder knows a message for good, that is what it is known by."""
        known = self._inbox.identity(name)
        for number, report in enumerate(reports):
            yield attrs.evolve(report, identity=f"{self.address} {known} {number}") if known else report

    def _unread(self, errors: Mapping[str, str]) -> Iterator[Report]:
        """One report for all files that are there but cannot be read; they are tried again in the next run only.

        KB Q242232, Q195919 (dx:T-177, dx:T-196). A file that has gone meanwhile was somebody else's business.
        """
        there = set(self._inbox.names())
        reason = "; ".join(text for name, text in errors.items() if name in there)
        if reason:
            yield Report(sender="", receipt="", title="unreadable files", fault=Reject(0, 0, "", READ_FAILURE, reason))

    def _may_grow(self, name: str, data: bytes) -> bool:
        """Whether somebody may still be writing the file: it is new and ends too early."""
        if not 0 <= self._now() - self._inbox.modified(name) < self._options.patience or not ffapi.is_message(data):
            return False
        try:
            ffapi.parse(data)
        except FormatError:
            return True
        return False

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Drop the parcel's message into the outbox, as a file that is named after the parcel."""
        try:
            yield from self._deliver(parcel, self._now())
        except RefusedError as error:
            yield Outcome(result=Result.REFUSED, reason=str(error))

    def _deliver(self, parcel: Parcel, now: float) -> Iterator[Outcome]:
        if parcel.kind is ParcelKind.NOTICE:
            self._outbox.write(file_name(parcel.id), self._writer.letter(parcel, now))
            yield Outcome(result=Result.POSTED)
            return
        if parcel.by_file:
            yield from self._leave(parcel, now)
            return
        data, refused = self._writer.reply(parcel, now)
        self._outbox.write(file_name(parcel.id), data)
        if parcel.reply is not None:
            self._told(parcel.peer.name, parcel.reply)
        yield Outcome(result=Result.POSTED)
        yield from (Outcome(result=Result.REFUSED, key=key, reason=reason) for key, reason in refused)

    def _leave(self, parcel: Parcel, now: float) -> Iterator[Outcome]:
        """Leave RESYNC.GLB in a folder of its own; an older one that nobody has fetched stays (KB Q119449)."""
        from dxa_msmail.postoffice import resync

        if parcel.reply is None:
            raise ValueError(f"parcel {parcel.id} answers nothing")
        rows = parcel.transactions()
        data, refused = resync.write(parcel.reply, rows, int(now), templates=parcel.templates)
        place = disk_folder(self._files, f"{parcel.reply.s:010d}")
        place.write(resync.FILE, data)
        place.flush()
        how = f"copy it into the folder GLB of {parcel.title}, and run `dxa msmail import ADMIN -q` there (KB Q119449)"
        yield Outcome(result=Result.POSTED, reason=f"{place.path / resync.FILE}; {how}")
        yield from (Outcome(result=Result.REFUSED, key=key, reason=reason) for key, reason in refused)

    def examine(self) -> Iterator[Fault]:
        """See `dxa.connector.Examiner`."""
        return keeping.faults(self._site, self._options)

    def settle(self, receipts: Sequence[str]) -> None:
        """Take away the files; what nobody could read is kept in the inbox's folder for such files."""
        take_away(self._inbox, self._outbox, receipts, self._keep)
