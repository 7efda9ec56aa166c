"""SRVMAIN: a postoffice's directory server. ``-r`` takes in what requestors have sent (T2), ``-t`` answers them.

What it does is one change of the postoffice: numbers, lists, logs and mail move together or not at all. The rules are
those of the core (`dxa.dirsync.server`, `dxa.ledger`); here they work on SRVCONF.GLB, MSTTRANS.GLB and DXA/SERVER.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import attrs

from dxa.address import AddressTypes
from dxa.connector import Report
from dxa.entry import Reject, Verb
from dxa.errors import FormatError, UsageError
from dxa_msmail.addresses import ADDRESS_TYPES, MS
from dxa_msmail.envelope import SYSTEM
from dxa_msmail.errors import message as error_text
from dxa_msmail.ffapi import LINE_ENDS
from dxa_msmail.postoffice.dirsyncconf import (
    SRVCONF,
    Requestor,
    Srvconf,
    read_reqconf,
    read_srvconf,
    write_srvconf,
)
from dxa_msmail.postoffice.identity import identity
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import Changing, Maildata
from dxa_msmail.postoffice.networks import name_key
from dxa_msmail.postoffice.served import SERVED, Memo, Served, read_served, write_served
from dxa_msmail.programs.runs import logged
from dxa_msmail.programs.srvmain.answers import Answer, Answering
from dxa_msmail.programs.srvmain.hearing import Hearing, Taken
from dxa_msmail.programs.srvmain.inbox import ServerInbox
from dxa_msmail.programs.srvmain.lists import MasterList
from dxa_msmail.programs.srvmain.mark import Mark
from dxa_msmail.programs.srvmain.reports import Administrator, central
from dxa_msmail.reading import Reader
from dxa_msmail.requestor.journal import EACH, Journal
from dxa_msmail.writing import Writer

Clock = Callable[[], float]

_CORRUPT, _SENT, _NO_LOCAL, _ORDINARY, _BUSY, _ASKED_TYPES = 40, 106, 136, 154, 161, 167


@attrs.frozen(kw_only=True)
class Received:
    """What ``-r`` has done: requests that count, status reports by sender, and mail that is neither.

    `changes` counts changes of the master list, `purged` those that Keep Updates has let go, and `settled` letters that
    had been taken before. `refused` is what an administrator must look at, `rejects` are records that nobody can use.
    """

    taken: Sequence[Taken] = ()
    reports: Sequence[str] = ()
    refused: Sequence[str] = ()
    rejects: Sequence[Reject] = ()
    counts: Mapping[Verb, int] = attrs.field(factory=Counter)
    changes: int = 0
    purged: int = 0
    settled: int = 0


@attrs.frozen(kw_only=True)
class Transmitted:
    """What ``-t`` has done: its answers, who was not heard of, and what an administrator must look at."""

    answers: Sequence[Answer] = ()
    silent: Sequence[str] = ()
    refused: Sequence[str] = ()


def receive(po: Maildata, clock: Clock) -> Received:
    """``-r``: take requests and status reports out of SYSTEM.MBG, and put what is new into the master list.

    Nothing in a letter stops the others. Raises `UsageError` where no server is (161), `FormatError` 40 for damaged
    files of state, `TransportError` 115 without the mailbag, `LockedError` 91.
    """
    with logged(po, clock, "SRVMAIN -r") as journal, po.change() as change:
        return Server.open(po, change, clock(), journal).receive()


def transmit(po: Maildata, clock: Clock) -> Transmitted:
    """``-t``: answer every requestor that has asked since its last answer; the mail lies in INQUEUE for EXTERNAL.

    Raises as `receive`, and `TransportError` 8 or 113 when the mail has no place; then nothing has been sent.
    """
    with logged(po, clock, "SRVMAIN -t") as journal, po.change() as change:
        return Server.open(po, change, clock(), journal).transmit()


def bare(name: str) -> str:
    """The name of a requestor without its type: ``NET/PO``, or the type of a gateway."""
    kind, colon, rest = name.partition(":")
    return rest if colon and kind.upper() in (MS.name, *MS.aliases) else name


@attrs.define
class Server:
    """One run inside a change."""

    change: Changing
    own: str
    conf: Srvconf
    served: Served
    master: MasterList
    mark: Mark
    admin: Administrator
    journal: Journal
    now: float
    own_requestor: bool

    @classmethod
    def open(cls, po: Maildata, change: Changing, now: float, journal: Journal) -> Server:
        """Look at what is there; raises `UsageError` where no server is (161), `FormatError` 40."""
        identified = identity(change)
        if identified.shadow:
            raise UsageError(f"{identified.name} is a shadow postoffice: dxa itself is its server; use `dxa sync`")
        conf = read_srvconf(change)
        if conf is None:
            raise UsageError(
                f"[{_BUSY}] {error_text(_BUSY)}: {identified.name} is no directory server, it has no {SRVCONF}; "
                f"`dxa msmail admin ADMIN server {identified.name}` makes it one"
            )
        mark = Mark(po)
        served = _remembered(change, conf)
        # A postoffice that was restored from a backup goes on above every number that it ever issued.
        highest = mark.read()
        served.gathering |= highest > conf.head.sync
        served.sync = max(served.sync, conf.head.sync, highest)
        admin = Administrator(change, identified.name, conf.head.administrator, journal, now)
        types = AddressTypes(ADDRESS_TYPES)
        master = MasterList.open(change, served, types, int(now), journal)
        own_requestor = name_key(read_reqconf(change).server) == name_key(identified.name)
        return cls(change, identified.name, conf, served, master, mark, admin, journal, now, own_requestor)

    def receive(self) -> Received:
        """See the function."""
        purged = self.master.purge(self.conf.head.keep_updates)
        reader = Reader(own=self.own, types=self.master.types, peers={}, own_requestor=self.own_requestor)
        inbox = ServerInbox(self.change, self.own, reader, self.now)
        inbox.read()
        for reject in inbox.aside:
            self.admin.tell(reject.code, reject.reason)
        requestors = {bare(each.name).casefold(): each for each in self.conf.requestors}
        if self.own.casefold() not in requestors:
            hint = f"nobody is told of the people here; `dxa msmail admin ADMIN server {self.own}` registers it"
            self.journal.warn(f"{error_text(_NO_LOCAL)}: {hint}", _NO_LOCAL)
        hearing = Hearing(self.served, requestors, self.mark.po.root, self.journal, self.admin.tell)
        reports = [note for report, letter in inbox.reports if (note := self._hear(hearing, report, letter))]
        self.journal.rejects(hearing.rejects)
        heard = frozenset(name for name in requestors if self._speaks_for_itself(name))
        changes = self.master.follow(heard, hearing.moved, self.journal)
        if changes:
            self.journal.status(f"changes of the master list: {changes}, up to {self.served.head}")
        central(self.change, reports, self.now)
        rejects = [f"[{each.code}] {each.reason}: {each.raw[:60]}" for each in hearing.rejects[:EACH]]
        self.admin.write("SRVMAIN -r", rejects)
        self.store(hearing.heard)
        inbox.settle()
        return Received(
            taken=hearing.taken,
            reports=[sender for sender, _ in reports],
            refused=self.admin.problems,
            rejects=hearing.rejects,
            counts=hearing.counts,
            changes=changes,
            purged=purged,
            settled=inbox.settled,
        )

    def _hear(self, hearing: Hearing, report: Report, letter: Letter) -> tuple[str, str] | None:
        """Take one report; returns a status report with its sender."""
        if report.ignored:
            text = " ".join(letter.body.decode(CODE_PAGE, "replace").split())[:400]
            self.admin.tell(_ORDINARY, f"{report.ignored}. From: {letter.sender}: {text}")
        elif report.fault is not None and report.sender.casefold() not in hearing.requestors:
            self.admin.tell(report.fault.code, f"{report.fault.reason}. From: {report.origin or letter.sender}")
        elif not hearing.may_speak(report):
            return None
        elif report.fault is not None:
            self.admin.tell(report.fault.code, f"{report.sender}: {report.fault.reason}")
        elif hearing.knows_password(report):
            if report.note:
                return report.sender, report.note
            hearing.listen(report)
        return None

    def transmit(self) -> Transmitted:
        """See the function."""
        answering = self.answering()
        silent = []
        for requestor in self.conf.requestors:
            name = bare(requestor.name)
            memo = self.served.memos.get(name.casefold(), Memo())
            if not memo.state.heard:
                silent.append(name)
                self.journal.status(f"No Tasks From Requestor: {requestor.name}")  # KB Q131509
                continue
            types = ",".join(sorted(filter(None, memo.pick.types if memo.pick else ())))
            self.journal.status(f"{error_text(_ASKED_TYPES)}: {types} by {requestor.name}", _ASKED_TYPES)
            answering.answer(requestor, name, memo)
        for answer in answering.answers:
            numbers = f"R={answer.reply.r} S={answer.reply.s} (was {answer.reply.was}), I={answer.reply.i}"
            self.journal.status(f"{error_text(_SENT)}: {answer.sent} to {answer.requestor}, {numbers}", _SENT)
        self.admin.write("SRVMAIN -t")
        self.conf = attrs.evolve(self.conf, head=attrs.evolve(self.conf.head, cycle=self.conf.head.cycle + 1))
        self.store(frozenset())
        return Transmitted(answers=answering.answers, silent=silent, refused=self.admin.problems)

    def answering(self) -> Answering:
        """What answers are made with in this run."""
        writer = Writer(sender=f"{self.own}/{SYSTEM}", line_end=LINE_ENDS[2], placement="INATTACHMENT")
        unheard = frozenset(
            name for each in self.conf.requestors if not self._speaks_for_itself(name := bare(each.name).casefold())
        )
        self.served.gathering &= bool(unheard)
        return Answering(self.change, self.served, self.master, writer, self.now, self.admin.tell, unheard)

    def _speaks_for_itself(self, name: str) -> bool:
        memo = self.served.memos.get(name)
        return bool(self.served.told.get(name) or (memo and memo.state.r))

    def store(self, heard: set[str] | frozenset[str]) -> None:
        """Write the numbers, first of all the highest one beside the postoffice."""
        problem = self.mark.raise_to(self.served.sync)
        if problem:
            self.journal.warn(problem)
        self.master.store()
        write_served(self.change, self.served)
        head = attrs.evolve(self.conf.head, sync=self.served.sync)
        requestors = tuple(self._noted(each, bare(each.name).casefold() in heard) for each in self.conf.requestors)
        write_srvconf(self.change, attrs.evolve(self.conf, head=head, requestors=requestors))

    def _noted(self, requestor: Requestor, heard: bool) -> Requestor:
        memo = self.served.memos.get(bare(requestor.name).casefold())
        if memo is None:
            return requestor
        state = memo.state
        new = attrs.evolve(requestor, req=state.r, srv=state.s, imp=state.i)
        if heard:
            new = attrs.evolve(new, cycle=self.conf.head.cycle + 1, updated=int(self.now) & 0xFFFFFFFF)
        return new


def _remembered(change: Changing, conf: Srvconf) -> Served:
    """What was remembered; raises `FormatError` 40 when that is lost, for without it all lists would be emptied."""
    served = read_served(change)
    if served is not None:
        return served
    if conf.head.sync:
        raise FormatError(
            f"{error_text(_CORRUPT)}: it is missing, though numbers were issued; restore it together with {SRVCONF} "
            "and MSTTRANS.GLB, or begin anew with `dxa msmail admin ADMIN server-options --anew`",
            source=SERVED,
            code=_CORRUPT,
        )
    return Served()
