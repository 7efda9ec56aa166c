"""dxa as a requestor: the site's people go to a directory synchronization server, and its lists come in (KB Q148309).

Requests are made with every cycle (T1); answers are taken in as soon as they are there, so there is no T3 (KB Q149451).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from dxa.config.secrets import Secret
from dxa.connector import Fault, LinkContext, Outcome, Parcel, ParcelKind, PeerInfo, Phase, Report, Result
from dxa.entry import Reject, Transaction, Verb
from dxa.errors import FormatError, TransportError
from dxa.ledger.answer import ListKey
from dxa.mail.interface import RefusedError
from dxa.mail.options import PairOptions
from dxa.options import option
from dxa_msmail import importtext, keeping, keys
from dxa_msmail.dirsyncbody import Place
from dxa_msmail.envelope import LINE_END_NAMES, SYSTEM, reject_of
from dxa_msmail.folder import Folder, file_name, take_away
from dxa_msmail.importlines import CODE_PAGE
from dxa_msmail.postoffice import resync
from dxa_msmail.requestor.answers import Answer, Other
from dxa_msmail.requestor.correspondence import Correspondence
from dxa_msmail.requestor.story import Story
from dxa_msmail.server import LineEnd, Placement, disk_folder, shadow
from dxa_msmail.writing import Writer, queued

#: What a receipt begins with of a file that somebody has brought; no name of a file in the inbox does.
BROUGHT = "brought/"

#: Whoever writes in a file that nobody can read is not known.
READ_FAILURE = 115


@attrs.frozen(kw_only=True)
class RequestorOptions:
    """``[links.NAME.msmail-requestor]``."""

    server: str = option("NET/PO of the directory synchronization server", validator=keys.postoffice)
    password: Secret | None = option("password for the server: env:NAME, file:PATH or the text itself", None)
    inbox: str = option("folder where messages for the site are dropped", "mail/in")
    outbox: str = option("folder where dxa drops its requests", "mail/out")
    maildata: str = option("folder of the shadow postoffice on disk; empty for message files in inbox and outbox", "")
    server_maildata: str = option("folder of the server's postoffice (MAILDATA), where EXTERNAL delivers", "")
    mail: PairOptions = option("messages as e-mails, in place of message files", attrs.Factory(PairOptions))
    network: str = option("network of the shadow postoffice; empty is the organization", "")
    postoffice: str = option("name of the shadow postoffice; empty is the site", "")
    # KB Q150828: a requestor is SYSTEMn even when it is the first, for $SYSTEM is kept for a possible server.
    mailbox: str = option("mailbox that requests come from: SYSTEMn, or $SYSTEM", "SYSTEM1", keys.system_mailbox)
    server_mailbox: str = option("mailbox of the server", SYSTEM, keys.system_mailbox)
    types: tuple[str, ...] = option("address types wanted from the server", ("PCM",), keys.known_types)
    templates: bool = option("template values are wanted from the server", False)
    limit: int = option("largest answer in bytes; 0 is no limit", 0)
    send: bool = option("send updates to the server", True)
    receive: bool = option("receive updates from the server; when that is turned on again, ask for an import", True)
    line_end: LineEnd = option("line end of the headers: CR, LF or CRLF, as FFAPI's -F0, -F1, -F2", "CRLF")
    placement: Placement = option("where transactions go: INATTACHMENT or INBODY", "INATTACHMENT")
    spelling: Literal["PCM", "MS", "CSI"] = option("name of the native address type in transactions", "PCM")

    resync: str = option("folder where somebody may put the server's RESYNC.GLB, of this link alone", "mail/resync")

    def __attrs_post_init__(self) -> None:
        if self.mail and self.maildata:
            raise ValueError("mail is given together with maildata; leave one out")


def site_lists(site: tuple[str, str], options: RequestorOptions) -> frozenset[ListKey]:
    """The list in which the site's people stand at the server."""
    return frozenset({("MS", shadow(site, options.network, options.postoffice).casefold())})


def peer_lists(options: RequestorOptions) -> frozenset[ListKey]:
    """The server's list, by which it is known to other sites."""
    return frozenset({("MS", options.server.casefold())})


def open_requestor_link(context: LinkContext) -> MsMailRequestor:
    """The connector of a link, on its shadow postoffice or its folders; a folder elsewhere must be there."""
    options: RequestorOptions = context.options
    if options.maildata:
        from dxa_msmail.shadow import open_shadow

        server = PeerInfo(id="", name=options.server, options={"maildata": options.server_maildata})
        behind = attrs.evolve(context, peers={options.server.casefold(): server})
        name = shadow(context.site, options.network, options.postoffice)
        folder: Folder = open_shadow(behind, options.maildata, name).folder()
        return MsMailRequestor(context, folder, folder)
    if options.mail:
        from dxa_msmail.post import open_post

        own = shadow(context.site, options.network, options.postoffice)
        where = f"links.{context.link}.msmail-requestor.mail"
        peers = [options.mail.other(options.server, where)]
        folder = open_post(context, options.mail, peers, own=own, mailbox=options.mailbox, where=where)
        return MsMailRequestor(context, folder, folder)
    inbox, outbox = (disk_folder(context.folder, text) for text in (options.inbox, options.outbox))
    return MsMailRequestor(context, inbox, outbox)


class MsMailRequestor:
    """See `dxa.connector.Connector`."""

    def __init__(self, context: LinkContext, inbox: Folder, outbox: Folder) -> None:
        options: RequestorOptions = context.options
        self._context, self._options = context, options
        self._inbox, self._outbox = inbox, outbox
        self._peer = next(iter(context.peers.values()), None)
        self._own = shadow(context.site, options.network, options.postoffice)
        self._letters = Correspondence(
            own=self._own,
            server=options.server,
            mailbox=options.mailbox,
            server_mailbox=options.server_mailbox,
            clock=context.now,
            wanted=options.types,
            templates=options.templates,
            password=options.password.reveal() if options.password else None,
            limit=options.limit,
            code_page=self._option("code_page", CODE_PAGE),
            line_end=LINE_END_NAMES[options.line_end],
            place=Place(options.placement),
            types=context.types,
        )
        self._keep: dict[str, str] = {}
        self._brought = disk_folder(context.folder, options.resync)
        self._story = Story(context.tell, options.server)

    def _option(self, key: str, default: str) -> str:
        return str((self._peer.options if self._peer else {}).get(key) or default)

    # -- collecting ------------------------------------------------------------------------------------------------

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """What waits for the site: answers, the newest first, for it brings what the others do, and more."""
        found: list[tuple[str, bytes, Answer | Other]] = []
        for folder, name in self._waiting():
            receipt = name if folder is self._inbox else f"{BROUGHT}{name}"
            try:
                data = folder.read(name)
                answers = list(self._letters.reader().read(name, data))
                if all(_is_whole(each) for each in answers) or not self._may_grow(folder, name):
                    found += [(receipt, data, each) for each in answers]
            except TransportError as error:
                yield self._report("", fault=Reject(0, 0, "", READ_FAILURE, str(error)))
            except FormatError as error:
                if not self._may_grow(folder, name):
                    self._keep[receipt] = str(error)
                    yield self._report(receipt, fault=reject_of(error))
        found.sort(key=_newest_first)
        last = {name: at for at, (name, _, _) in enumerate(found)}
        for at, (name, data, each) in enumerate(found):
            yield self._told(name if last[name] == at else "", data, each)

    def _waiting(self) -> Iterator[tuple[Folder, str]]:
        yield from ((self._inbox, name) for name in self._inbox.names())
        yield from ((self._brought, name) for name in self._brought.names() if name.upper() == resync.FILE)

    def _may_grow(self, folder: Folder, name: str) -> bool:
        return 0 <= self._context.now() - folder.modified(name) < 5.0

    def _told(self, receipt: str, data: bytes, found: Answer | Other) -> Report:
        if isinstance(found, Other):
            if not found.bad:
                return self._report(receipt, title=found.title, raw=data, ignored=found.reject.reason)
            return self._report(receipt, title=found.title, raw=data, fault=found.reject)
        self._story.heard(found)
        return self._report(
            receipt,
            title=found.title,
            raw=data,
            transactions=self._received(found.records) if self._options.receive else (),
            rejects=found.records.rejects,
            complete=found.reply.complete,
            reply=found.reply,
            received=self._options.receive,
            by_file=found.by_file,
        )

    def _received(self, records: importtext.Records) -> Sequence[Transaction]:
        """The transactions; without values where these are not wanted (KB Q96003 #73), though they came."""
        if self._options.templates:
            return records.transactions
        rows = (row for row in records.transactions if row.verb is not Verb.DEFINE)
        return [row._replace(new=row.new._replace(fields=())) if row.new and row.new.fields else row for row in rows]

    def _report(self, receipt: str, **values: Any) -> Report:
        return Report(sender=self._context.link, receipt=receipt, **values)

    def examine(self) -> Iterator[Fault]:
        """See `dxa.connector.Examiner`."""
        return keeping.faults(self._context.folder, self._options)

    def settle(self, receipts: Sequence[str]) -> None:
        """Take away the files; what nobody could read is kept in the inbox's folder for such files."""
        take_away(self._inbox, self._outbox, receipts, self._keep)
        for name in (each.removeprefix(BROUGHT) for each in receipts if each.startswith(BROUGHT)):
            kept = {name: self._keep.pop(f"{BROUGHT}{name}")} if f"{BROUGHT}{name}" in self._keep else {}
            take_away(self._brought, self._brought, [name], kept)

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        """See `dxa.connector.Narrator`."""
        self._story.passed(phase, counts)

    # -- delivering ------------------------------------------------------------------------------------------------

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Drop the request, with the queue behind it, into the outbox, as a file that is named after the parcel."""
        try:
            yield from self._deliver(parcel)
        except RefusedError as error:
            yield Outcome(result=Result.REFUSED, reason=str(error))

    def _deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        if parcel.kind is ParcelKind.NOTICE:
            writer = Writer(sender=f"{self._own}/{self._options.mailbox}", line_end=b"\r\n", placement="INBODY")
            self._outbox.write(self._file(parcel), writer.letter(parcel, self._context.now()))
            yield Outcome(result=Result.POSTED)
            return
        request = parcel.request
        if request is None:
            raise ValueError(f"parcel {parcel.id} asks for nothing")
        transactions = list(parcel.transactions())
        if not self._options.send:
            # KB Q148309: participation without Send Updates; what waits is sent when that is turned on.
            request, transactions = attrs.evolve(request, r=request.was), []
        code_page, spelling = self._letters.code_page, self._options.spelling
        lines, records, refused = queued(transactions, code_page=code_page, spelling=spelling)
        data = self._letters.request_message(request, [lines], records)
        self._outbox.write(self._file(parcel), data)
        self._story.asked(request, records)
        yield Outcome(result=Result.POSTED)
        yield from (Outcome(result=Result.REFUSED, key=key, reason=reason) for key, reason in refused)

    def _file(self, parcel: Parcel) -> str:
        # The requests of several sites may come into one folder of the server.
        return file_name(f"{self._own.replace('/', '-').lower()}-{parcel.id}")


def _is_whole(found: Answer | Other) -> bool:
    return isinstance(found, Other) or not found.by_file or found.reply.complete


def _newest_first(found: tuple[str, bytes, Answer | Other]) -> tuple[int, int, str]:
    name, _, each = found
    return (-each.reply.i, -each.reply.s, name) if isinstance(each, Answer) else (1, 0, name)
