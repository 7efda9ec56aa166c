"""REQMAIN: a postoffice's requestor. ``-t`` asks the server (T1), ``-r`` takes its answers in (T3).

What it does is one change of the postoffice: numbers, queues and mail move together or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import attrs

from dxa.address import AddressTypes
from dxa.config.secrets import resolve
from dxa.dirsync import requestor as machine
from dxa.dirsync.messages import Reply, Request
from dxa.dirsync.requestor import State
from dxa.entry import Reject, Verb
from dxa.errors import FormatError, UsageError
from dxa_msmail import ffapi
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.envelope import SYSTEM
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.dirsyncconf import REQCONF, SRVCONF, Reqconf, read_reqconf, write_reqconf
from dxa_msmail.postoffice.identity import identity, name_of
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.mailbag import INQUEUE
from dxa_msmail.postoffice.maildata import Changing, Maildata
from dxa_msmail.postoffice.messages import letter_of
from dxa_msmail.postoffice.networks import name_key, postoffices
from dxa_msmail.postoffice.queue import QueueRecord
from dxa_msmail.programs.inbox import Inbox
from dxa_msmail.programs.keeping import QueueKeeping, is_comment
from dxa_msmail.programs.runs import DSSERVER_LOG, logged
from dxa_msmail.programs.telling import loss
from dxa_msmail.requestor.correspondence import Correspondence
from dxa_msmail.requestor.journal import Journal
from dxa_msmail.requestor.taking import Taking
from dxa_msmail.subjects import Kind, parse_subject

Clock = Callable[[], float]

#: So many lines of the log go into the status report.
REPORTED = 200

_NO_SERVER, _NO_DEFINITION, _SENT, _NOTHING = 54, 55, 106, 171


@attrs.frozen(kw_only=True)
class Transmitted:
    """What T1 has sent: so many transactions, whether they are the whole own list, and whether the log went along.

    `lost` says why the queue could not be believed, in which case everything was sent anew.
    """

    request: Request
    sent: int
    exported: bool = False
    reported: bool = False
    lost: str = ""


@attrs.frozen(kw_only=True)
class Received:
    """What T3 has done with the mail for $SYSTEM: answers that count, those that do not (with why), other mail.

    `counts` are the transactions that Import will find, `rejects` the records that nobody can use, and `settled` the
    letters that had been taken before. `lost` says why the server's R cannot be ours, in which case the whole own list
    has been queued anew.
    """

    applied: Sequence[Reply] = ()
    discarded: Sequence[tuple[Reply, str]] = ()
    others: Sequence[Reject] = ()
    rejects: Sequence[Reject] = ()
    counts: Mapping[Verb, int] = attrs.field(factory=Counter)
    settled: int = 0
    lost: str = ""


def transmit(po: Maildata, clock: Clock) -> Transmitted:
    """T1: ask the server, and send what waits in REQTRANS. The mail lies in INQUEUE until EXTERNAL moves it on.

    A queue that is damaged or lost costs a full export (dx:T-141). Raises `UsageError` at a shadow postoffice and
    without a server (54, 55), `FormatError` 40 for a damaged file of state, `TransportError` 8 or 113 when the mail
    has no place, `LockedError` 91.
    """
    with logged(po, clock, "REQMAIN -t") as journal, po.change() as change:
        return _Requestor.open(po, change, clock(), journal).transmit()


def receive(po: Maildata, clock: Clock) -> Received:
    """T3: take in the mail for $SYSTEM. What the server tells waits in SRVTRANS for Import.

    Nothing in a letter stops the others. Raises `UsageError`, `FormatError` and `LockedError` as `transmit`, and
    `TransportError` 115 without the mailbag.
    """
    with logged(po, clock, "REQMAIN -r") as journal, po.change() as change:
        return _Requestor.open(po, change, clock(), journal).receive()


@attrs.define
class _Requestor:
    """One run inside a change."""

    change: Changing
    conf: Reqconf
    keeping: QueueKeeping
    correspondence: Correspondence
    journal: Journal
    now: float

    @classmethod
    def open(cls, po: Maildata, change: Changing, now: float, journal: Journal) -> _Requestor:
        master = identity(change)
        if master.shadow:
            raise UsageError(f"{master.name} is a shadow postoffice: dxa itself is its requestor")
        conf = read_reqconf(change)
        _require_server(change, conf)
        types = AddressTypes(ADDRESS_TYPES)
        correspondence = Correspondence(
            own=master.name,
            server=conf.server,
            clock=lambda: now,
            wanted=conf.type_names or ("PCM",),
            templates=conf.templates_in,
            password=_password(po, conf),
            limit=conf.limit,
            types=types,
        )
        return cls(change, conf, QueueKeeping(change, master.name, conf, types, int(now)), correspondence, journal, now)

    @property
    def state(self) -> State:
        """The machine's state, in which `last` is what the server can know of: more may have been queued since."""
        conf = self.conf
        return attrs.evolve(conf.state, last=max(conf.acked, min(conf.sent, conf.last)))

    def transmit(self) -> Transmitted:
        """See the function."""
        lost = self._look_for_loss()
        state, request, exported = self._ask(lost=bool(lost))
        waiting = [r for r in self.keeping.requests.records if r.number > request.was and not is_comment(r)]
        self._take_back()
        reported = self._report()
        self._submit(self.correspondence.request_message(request, [_lines(waiting)], len(waiting)))
        self._note_time(exported=exported, imports=request.imports)
        self._store(state)
        if waiting:
            self.journal.status(f"{error_text(_SENT)}: {len(waiting)}", _SENT)
        else:
            self.journal.status(error_text(_NOTHING), _NOTHING)
        self.journal.status(f"request R={request.r} (was {request.was}), S={request.s}, I={request.i}")
        return Transmitted(request=request, sent=len(waiting), exported=exported, reported=reported, lost=lost)

    def receive(self) -> Received:
        """See the function."""
        serves = _serves_itself(self.change, self.conf)
        inbox = Inbox(self.change, self.correspondence.own, self.correspondence.reader(), self.now, serves)
        inbox.read()
        for reject in inbox.others:
            self.journal.warn(reject.reason, reject.code or -1)
        taking = Taking(self.keeping)
        state = taking.take(self.state, inbox.answers)
        taking.tell(self.journal)
        number, lost = self.keeping.lost
        if lost:
            self.journal.error(f"{lost}; everything is asked for anew", number)
            state, _ = machine.step(state, machine.WantImport())
        if inbox.answers:
            self._store(state)
        inbox.settle()
        return Received(
            applied=taking.applied,
            discarded=taking.discarded,
            others=inbox.others,
            rejects=taking.rejects,
            counts=taking.counts,
            settled=inbox.settled,
            lost=taking.lost,
        )

    # -- steps -----------------------------------------------------------------------------------------------------

    def _look_for_loss(self) -> str:
        """Why REQTRANS is not what was queued; nothing when it is."""
        number, why = loss(self.change, self.conf, self.keeping.requests)
        if why:
            self.journal.error(f"{why}; everything is sent anew", number)
        return why

    def _ask(self, *, lost: bool) -> tuple[State, Request, bool]:
        """Let the machine ask; an export that is wanted, or that mends a loss, is queued first."""
        state = self.state
        if lost:
            state, _ = machine.step(state, machine.WantExport())
        exported = state.exports
        while True:
            state, commands = machine.step(state, machine.Send(self.keeping.last))
            for command in commands:
                if isinstance(command, machine.SendRequest):
                    return state, command.request, exported
                if isinstance(command, machine.Export):
                    self.keeping.export(command.above)

    def _take_back(self) -> None:
        """Remove requests that EXTERNAL has not moved on yet: the new one brings all that they bring, and more."""
        slots = []
        for slot, header in mailbag.headers(self.change, INQUEUE):
            subject = parse_subject(header.subject)
            if header.sender == SYSTEM and subject and subject.kind is Kind.REQUEST and self._is_ours(header.stem):
                slots.append(slot)
        if slots:
            letters.drop(self.change, INQUEUE, *slots)

    def _is_ours(self, stem: str) -> bool:
        try:
            letter = letters.fetch(self.change, stem, attachments=False)
        except FormatError:
            return False  # EXTERNAL says what is wrong with it
        ours = f"{self.correspondence.own}/{SYSTEM}", (f"{self.correspondence.server}/{SYSTEM}",)
        return ours == (letter.sender, letter.to)

    def _report(self) -> bool:
        """Send the log of the last cycle (KB Q133428), and begin a new one."""
        lines = (self.change.read(DSSERVER_LOG) or b"").decode(CODE_PAGE).splitlines()
        if lines:
            self._submit(self.correspondence.status_message(lines[-REPORTED:]))
            self.change.write(DSSERVER_LOG, b"")
        return bool(lines)

    def _submit(self, data: bytes) -> None:
        message = ffapi.parse(data, code_page=CODE_PAGE)
        letters.submit(self.change, letter_of(message, self.now), now=self.now)

    def _note_time(self, *, exported: bool, imports: bool) -> None:
        now, conf = int(self.now), self.conf
        self.conf = attrs.evolve(
            conf,
            last_export=now if exported else conf.last_export,
            last_import=now if imports else conf.last_import,
        )

    def _store(self, state: State) -> None:
        """Write the numbers."""
        last, waiting = self.keeping.last, self.keeping.waiting
        conf = attrs.evolve(self.conf.with_state(state), last=last, sent=state.last, waiting=waiting)
        write_reqconf(self.change, conf)


def _require_server(change: Changing, conf: Reqconf) -> None:
    hint = "`dxa msmail admin ADMIN server NET/PO` registers it"
    if not conf.server:
        raise UsageError(f"[{_NO_SERVER}] {error_text(_NO_SERVER)}; {hint}")
    if not _serves_itself(change, conf) and name_key(conf.server) not in postoffices(change):
        text = f"{error_text(_NO_DEFINITION)}: {conf.server} is no postoffice that is known here"
        raise UsageError(f"[{_NO_DEFINITION}] {text}; {hint}")


def _serves_itself(change: Changing, conf: Reqconf) -> bool:
    """Whether the requestor's server works at this very postoffice (KB Q96060)."""
    return name_key(conf.server) == name_key(name_of(change)) and change.read(SRVCONF) is not None


def _password(po: Maildata, conf: Reqconf) -> str | None:
    if not conf.password_ref:
        return None
    try:
        return resolve(conf.password_ref, po.root).reveal()
    except ValueError as error:
        raise UsageError(f"{REQCONF}: the password for the server: {error}") from None


def _lines(records: Sequence[QueueRecord]) -> bytes:
    """The records as the numbered lines of an attachment."""
    return "".join([f"{record.number:010d} {record.text}\r\n" for record in records]).encode(CODE_PAGE)
