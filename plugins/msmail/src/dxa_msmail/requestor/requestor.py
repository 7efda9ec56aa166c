"""The requestor's steps: T1 tells the server what has changed here, T3 takes in what it has answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import attrs

from dxa.address import AddressTypes
from dxa.dirsync import requestor as machine
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import DxaError, FormatError, TransportError
from dxa_msmail import importtext
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.dirsyncbody import Place
from dxa_msmail.envelope import LINE_END_NAMES, reject_of
from dxa_msmail.errors import message as error_text
from dxa_msmail.folder import DiskFolder, Folder, file_name
from dxa_msmail.requestor import ownlist
from dxa_msmail.requestor.answers import Answer, Other
from dxa_msmail.requestor.config import STATE, RequestorConfig
from dxa_msmail.requestor.correspondence import Correspondence
from dxa_msmail.requestor.home import DiskHome, Home, MemoryHome
from dxa_msmail.requestor.journal import Journal, dirsync_log, dsserver_lines
from dxa_msmail.requestor.lists import changes, definitions, gal, people
from dxa_msmail.requestor.ownlist import OwnList
from dxa_msmail.requestor.state import DiskStorage, RequestorState, Storage
from dxa_msmail.requestor.taking import NaiveTaking, StateKeeping, Taking, exported, own_key

#: An undecodable file may still be growing; so many seconds later it is not.
PATIENCE = 5.0
#: So many lines go into the next status report.
REPORTED = 200


class SourceEmpty(DxaError):
    """The own address list is suddenly empty; nothing was sent."""


@attrs.frozen(kw_only=True)
class Sent:
    """What T1 has sent, and what it left out of the own address list."""

    request: Request
    transactions: Sequence[Transaction]
    rejects: Sequence[Reject] = ()
    exported: bool = False


@attrs.frozen(kw_only=True)
class Received:
    """What T3 has done: answers that were applied and discarded (with why), other messages, records left out."""

    applied: Sequence[Reply] = ()
    discarded: Sequence[tuple[Reply, str]] = ()
    others: Sequence[Reject] = ()
    rejects: Sequence[Reject] = ()
    counts: Mapping[Verb, int] = attrs.field(factory=Counter)


@attrs.define
class Requestor:
    """One postoffice's requestor; everything that it touches is handed to it.

    With ``naive`` in its configuration it takes answers as real postoffices may (`NaiveTaking`) and does not call
    itself strict.
    """

    config: RequestorConfig
    storage: Storage
    inbox: Folder
    outbox: Folder
    clock: Callable[[], float]
    home: Home = attrs.field(factory=MemoryHome)
    types: AddressTypes = attrs.field(factory=lambda: AddressTypes(ADDRESS_TYPES))

    # -- T1 --------------------------------------------------------------------------------------------------------

    def t1(self, *, allow_empty: bool = False) -> Sent:
        """Read the own address list, queue what has changed, and ask the server.

        The queue and the numbers are stored before the message is written: if that fails, the next T1 says the same
        again. Raises `SourceEmpty` when the list is empty and was not, unless `allow_empty`.
        """
        state, journal = self.state(), Journal()
        own = self._own_list(state, journal, allow_empty)
        report = state.log
        state = self._queue(state, own.entries)
        exported = state.machine.exports
        state, request = self._ask(state)
        if state.queue:
            journal.status(f"{error_text(106)}: {len(state.queue)}", 106)
        else:
            journal.status(error_text(171), 171)
        journal.status(f"request R={request.r} (was {request.was}), S={request.s}, I={request.i}")
        state = self._logged(attrs.evolve(state, messages=state.messages + 1, log=()), journal)
        self.storage.save(state)
        letters = self._correspondence()
        if self.config.status_report and report:
            self._post(state, "status", letters.status_message(report))
        self._post(state, "request", letters.request_message(request, [self._lines(state.queue)], len(state.queue)))
        self.outbox.flush()
        self._log(journal)
        return Sent(request=request, transactions=state.queue, rejects=own.rejects, exported=exported)

    def _own_list(self, state: RequestorState, journal: Journal, allow_empty: bool) -> OwnList:
        data = self.home.read(self.config.address_list)
        config = self.config
        own = ownlist.read(
            data or b"",
            types=self.types,
            own=own_key(config.name),
            code_page=config.code_page,
            templates=config.templates,
            inject=config.inject,
            before=state.own,
        )
        journal.rejects(own.rejects)
        journal.rejects(own.foreign)
        if people(state.own) and not people(own.entries) and not own.rejects and not allow_empty:
            what = "is missing" if data is None else "is empty"
            raise SourceEmpty(
                f"{config.address_list} {what}, but the last export had {len(people(state.own))} entries; "
                "nothing was sent. If everybody is really gone, use --allow-empty"
            )
        if not own.rejects:
            return own
        # Who stood on a line that cannot be read is not gone.
        missing = {key: entry for key, entry in state.own.items() if key not in own.entries}
        if missing:
            journal.warn(f"{len(missing)} missing entries are kept because some lines cannot be read")
        return attrs.evolve(own, entries={**own.entries, **missing})

    def _queue(self, state: RequestorState, own: Mapping[str, Entry]) -> RequestorState:
        if state.machine.exports:
            return attrs.evolve(state, own=own)
        rows = changes(state.own, own, self._last(state) + 1)
        return attrs.evolve(state, own=own, queue=(*state.queue, *rows))

    def _last(self, state: RequestorState) -> int:
        return max(state.machine.last, state.queue[-1].number if state.queue else 0)

    def _ask(self, state: RequestorState) -> tuple[RequestorState, Request]:
        """Let the machine ask; an export that it wants first is queued."""
        while True:
            new, commands = machine.step(state.machine, machine.Send(self._last(state)))
            state = attrs.evolve(state, machine=new)
            for command in commands:
                if isinstance(command, machine.SendRequest):
                    return state, command.request
                if isinstance(command, machine.Export):
                    state = exported(state, self.config.name, command.above)

    # -- messages --------------------------------------------------------------------------------------------------

    def _correspondence(self) -> Correspondence:
        config = self.config
        return Correspondence(
            own=config.name,
            mailbox=config.mailbox,
            server=config.server,
            server_mailbox=config.server_mailbox,
            clock=self.clock,
            wanted=config.types,
            templates=config.templates,
            password=config.password.reveal() if config.password else None,
            limit=config.limit,
            strict=not config.naive,
            code_page=config.code_page,
            line_end=LINE_END_NAMES[config.line_end],
            place=Place(config.placement),
            types=self.types,
        )

    def _lines(self, queue: Sequence[Transaction]) -> bytes:
        # What was queued has its numbers, whatever is wanted now.
        return importtext.write(queue, code_page=self.config.code_page, numbered=True)

    def _post(self, state: RequestorState, what: str, data: bytes) -> None:
        """Drop a message; its bytes are in its name, so that a state that was set back never overwrites another."""
        digest = blake2b(data, digest_size=4).hexdigest()
        name = self.config.name.replace("/", "-").lower()
        self.outbox.write(file_name(f"{name}-{state.messages:08d}-{what}-{digest}"), data)

    # -- T3 --------------------------------------------------------------------------------------------------------

    def t3(self) -> Received:
        """Take in every answer that waits: lists and numbers in one step, then the global address list.

        The messages are removed last. Whatever happens in between, the next T3 finds them again, and an answer that
        has been applied does not count a second time.
        """
        journal, done = Journal(), list[str]()
        answers, others = self._waiting(journal, done)
        keeping = StateKeeping(self.config.name, self.state(), templates=self.config.templates)
        taking = NaiveTaking(keeping, save=self.storage.save) if self.config.naive else Taking(keeping)
        numbers = taking.take(keeping.state.machine, answers)
        for other in others:
            journal.warn(other.reject.reason, other.reject.code or -1)
        taking.tell(journal)
        new = attrs.evolve(keeping.state, machine=numbers)
        if answers or journal.lines:
            self.storage.save(self._logged(new, journal))
        self._write_gal(new)
        for file in done:
            self.inbox.remove(file)
        self.inbox.flush()
        self._log(journal)
        return Received(
            applied=taking.applied,
            discarded=taking.discarded,
            others=[other.reject for other in others],
            rejects=taking.rejects,
            counts=taking.counts,
        )

    def _waiting(self, journal: Journal, done: list[str]) -> tuple[list[Answer], list[Other]]:
        """The answers in their order of arrival, and what else was for us; `done` gets the files."""
        reader = self._correspondence().reader()
        answers: list[Answer] = []
        others: list[Other] = []
        for file in self.inbox.names():
            try:
                found = list(reader.read(file, self.inbox.read(file)))
            except TransportError as error:
                journal.warn(str(error), 115)
            except FormatError as error:
                self._unreadable(file, error, journal)
            else:
                answers += [each for each in found if isinstance(each, Answer)]
                others += [each for each in found if isinstance(each, Other)]
                done += [file] if found else []
        return answers, others

    def _unreadable(self, file: str, error: FormatError, journal: Journal) -> None:
        """No message file, so nobody else can use it: out of the way with it, unless it may still be growing."""
        try:
            if 0 <= self.clock() - self.inbox.modified(file) < PATIENCE:
                return
            reject = reject_of(error)
            journal.warn(f"{file}: {reject.reason}", reject.code)
            self.inbox.park(file, reject.reason)
        except TransportError as cause:
            journal.warn(str(cause), 115)

    def _write_gal(self, state: RequestorState) -> None:
        rows = [Transaction(0, Verb.DEFINE, None, each) for each in definitions(state.own.values(), state.lists)]
        rows += [Transaction(0, Verb.ADD, None, entry) for entry in gal(state.own.values(), state.lists)]
        data = importtext.write(rows, code_page=self.config.code_page, templates=self.config.templates)
        if self.home.read(self.config.gal) != data:
            self.home.write(self.config.gal, data)

    # -- for people ------------------------------------------------------------------------------------------------

    def state(self) -> RequestorState:
        """What is remembered now."""
        return self.storage.load() or RequestorState()

    def gal(self) -> list[Entry]:
        """The global address list, sorted by name."""
        state = self.state()
        return gal(state.own.values(), state.lists)

    def want_import(self) -> None:
        """Ask for everything anew with the next request."""
        self._want(machine.WantImport())

    def want_export(self) -> None:
        """Send the whole own list with the next request."""
        self._want(machine.WantExport())

    def _want(self, event: machine.Event) -> None:
        state = self.state()
        new, _ = machine.step(state.machine, event)
        self.storage.save(attrs.evolve(state, machine=new))

    def _logged(self, state: RequestorState, journal: Journal) -> RequestorState:
        lines = dsserver_lines(journal.finished(), self.clock())
        return attrs.evolve(state, log=(*state.log, *lines)[-REPORTED:])

    def _log(self, journal: Journal) -> None:
        text = dirsync_log(journal.finished(), self.clock())
        if text:
            self.home.append(self.config.log, text.encode(self.config.code_page, "replace"))


def open_requestor(folder: Path, config: RequestorConfig, clock: Callable[[], float]) -> Requestor:
    """The requestor in a folder; a message folder outside of it must be there."""
    if config.mail:
        from dxa_msmail.post import post_of

        post = post_of(
            config.mail,
            [config.mail.other(config.server, "mail")],
            folder,
            clock,
            own=config.name,
            mailbox=config.mailbox,
            where="mail",
            code_pages={config.server.casefold(): config.code_page},
        )
        return Requestor(config, DiskStorage(folder / STATE), post, post, clock, DiskHome(folder))
    inbox, outbox = (
        DiskFolder(folder / text, create=not Path(text).is_absolute()) for text in (config.inbox, config.outbox)
    )
    return Requestor(config, DiskStorage(folder / STATE), inbox, outbox, clock, DiskHome(folder))
