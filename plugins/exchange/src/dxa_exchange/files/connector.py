"""The connector ``exchange``: a directory that is reached by files only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

import attrs

from dxa.connector import (
    Fault,
    LinkContext,
    Outcome,
    Parcel,
    ParcelKind,
    Phase,
    Report,
    Result,
    Wish,
    folder_faults,
    shaped,
)
from dxa.entry import Entry, Reject, Verb
from dxa.errors import AddressError, FormatError, TransportError
from dxa_exchange.files.batches import options_file
from dxa_exchange.files.folder import Folder, Waiting, complete
from dxa_exchange.files.formats import Content, Parsed, parse
from dxa_exchange.files.keeping import Archive, Kept, Taken, end_of
from dxa_exchange.files.options import FilesOptions
from dxa_exchange.files.outgoing import Outgoing, file_name
from dxa_exchange.files.state import State
from dxa_exchange.files.telling import Telling, Told
from dxa_exchange.people.codec import People
from dxa_exchange.table55.columns import COLUMNS
from dxa_exchange.table55.encoding import DEFAULT, code_page

#: Everything that the directory tells.
ALL = frozenset({("", "")})
#: The options of admin.exe beside import files.
INI = "import.ini"
_HOUR = 3600.0


class FilesConnector:
    """See `dxa.connector.Connector`, `Narrator` and `Shaper`."""

    def __init__(self, context: LinkContext) -> None:
        options: FilesOptions = context.options
        self._context, self._options = context, options
        self.inbox = Folder(context.folder / options.inbox, options.inbox)
        self.outbox = Folder(context.folder / options.outbox, options.outbox)
        self.archive = Archive(Folder(context.folder / options.done, options.done), options.kept)
        self._telling = Telling(options, context.types, context.site)
        #: The directory behind everything that was collected; None as long as that is not known.
        self._state: State | None = None
        self._people: People | None = None
        #: What stands for the last object of the last full export.
        self._end = ""
        #: Import files that were there when a full export was read, by its receipt; and those that it has outdated.
        self._older: dict[str, list[str]] = {}
        self._outdated: list[str] = []
        #: What could not be read of tables, by receipt.
        self._unread: dict[str, bytes] = {}

    def examine(self) -> Iterator[Fault]:
        """See `dxa.connector.Examiner`."""
        options = self._options
        for path in (options.inbox, options.outbox, options.done):
            yield from folder_faults(self._context.folder, path)

    # -- collecting ------------------------------------------------------------------------------------------------

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """Every complete file, oldest first."""
        self._set_state(None)
        self._end = ""
        # A rehearsal takes nothing away, whatever a cycle before it has left.
        self._outdated = []
        self._older.clear()
        self._unread.clear()
        files, why = self._complete()
        if why:
            self._context.tell(0, f"no more is taken from {self.inbox.path}: {why}")
        elif not files:
            self._context.tell(0, f"nothing new in {self.inbox.path}; nothing is compared in this cycle")
        self._tell_overdue()
        for waiting, whole in files:
            yield self._report(waiting, whole)

    def _complete(self) -> tuple[list[tuple[Waiting, bool]], str]:
        options = self._options
        return complete(self.inbox, ending=options.ready, quiet=options.quiet, now=self._context.now)

    def _report(self, waiting: Waiting, whole: bool) -> Report:
        data = self.inbox.read(waiting.name)
        digest = blake2b(data, digest_size=16).hexdigest()
        identity = f"{waiting.name} {waiting.size} {waiting.time} {digest}"
        report = Report(
            sender=self._context.link,
            receipt=Taken(waiting, Kept.NONE, whole).receipt(),
            identity=blake2b(identity.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest(),
            title=waiting.name,
        )
        try:
            parsed = self._parse(waiting.name, data, whole)
        except FormatError as error:
            reason = str(error) if error.source else f"{waiting.name}: {error}"
            return attrs.evolve(report, fault=Reject(0, error.line, "", int(error.code), reason))
        if parsed.content is Content.REFUSED:
            return attrs.evolve(report, remarks=self._telling.refused(parsed).remarks, title=f"refused: {waiting.name}")
        if self._is_full(parsed):
            return self._full(report, parsed, waiting, whole)
        told = self._telling.changes(parsed, self._known())
        self._say(waiting.name, "changes", told)
        receipt = Taken(waiting, Kept.PART, whole).receipt()
        return self._filled(report, parsed, told, title=f"changes: {waiting.name}", receipt=receipt)

    def _full(self, report: Report, parsed: Parsed, waiting: Waiting, whole: bool) -> Report:
        state = State()
        told = self._telling.whole(parsed, state)
        end = end_of(next(reversed(state.records), ""))
        taken = Taken(waiting, Kept.FULL if parsed.complete else Kept.NONE, whole, end)
        self._say(waiting.name, "full export", told)
        missing = self._blind(parsed)
        if missing:
            reason = f"the export lacks {', '.join(missing)}, so it does not show what dxa has written"
            self._context.tell(0, f"{waiting.name}: {reason}; nothing is written by it")
            told.remarks.append(Reject(0, 1, "", 0, reason))
        filled = self._filled(
            report,
            parsed,
            told,
            title=f"full: {waiting.name}",
            receipt=taken.receipt(),
            lists=ALL,
            doubtful=bool(missing),
            # An export that ends where the last one did was not cut there.
            counted=parsed.counted or end == self._last_end(),
        )
        if parsed.complete:
            self._set_state(state)
            self._end = end
            self._older[filled.receipt] = [each.name for each in self.outbox.files() if each.name != INI]
        return filled

    def _last_end(self) -> str:
        """What the last full export ended with; empty when there was none."""
        self._end = self._end or self.archive.last_end()
        return self._end

    def _filled(self, report: Report, parsed: Parsed, told: Told, **more: object) -> Report:
        self._unread[str(more["receipt"])] = parsed.refused
        filled = attrs.evolve(
            report,
            transactions=told.transactions,
            rejects=told.rejects,
            remarks=told.remarks,
            marked=frozenset(told.marked),
            complete=parsed.complete,
            counted=parsed.counted,
        )
        return attrs.evolve(filled, **more)  # type: ignore[arg-type]

    def _blind(self, parsed: Parsed) -> list[str]:
        """The columns that an export must have for dxa to know its own objects again."""
        if not self._options.write or parsed.columns is None:
            return []
        dialect = self._options.people.spoken()
        mark, _ = self._options.people.marking(self._context.site, dialect)
        wanted = [mark, *(dialect.theirs(name) for name in ("targetAddress", "displayName", "proxyAddresses"))]
        both = {name: _other(name) for name in filter(None, wanted)}
        return [name for name, names in both.items() if not names & parsed.columns]

    def _parse(self, name: str, data: bytes, whole: bool) -> Parsed:
        files = self._options.people.dialect in ("csv55", "raw55")
        return parse(name, data, self._options.table, files=files, whole=whole)

    def _known(self) -> State:
        """The directory as the files that were taken have told it."""
        if self._state is None:
            self._set_state(self._replayed())
        assert self._state is not None
        return self._state

    def _set_state(self, state: State | None) -> None:
        self._state, self._people = state, None

    def _replayed(self) -> State:
        """What the last full export among the kept files says, and the changes behind it."""
        state = State()
        for name, known in self.archive.since_full():
            parsed = self._parse(name, self.archive.folder.read(name), known.whole)
            state = self._made(parsed, state, full=known.kept is Kept.FULL)
        return state

    def _made(self, parsed: Parsed, state: State, *, full: bool) -> State:
        """The directory behind one more file."""
        if full:
            state = State()
            self._telling.whole(parsed, state)
        else:
            self._telling.apply(parsed, state)
        return state

    def _is_full(self, parsed: Parsed) -> bool:
        return parsed.content is Content.OBJECTS and self._options.full

    # -- settling --------------------------------------------------------------------------------------------------

    def settle(self, receipts: Sequence[str]) -> None:
        """The files of these receipts are moved to those that were taken; the oldest of those go."""
        there = {each.name: each for each in self.inbox.files()} if any(receipts) else {}
        for receipt in receipts:
            taken = Taken.read(receipt)
            if taken is None:
                continue
            found = there.get(taken.waiting.name)
            if found is not None and found[:3] == taken.waiting[:3]:
                self.archive.take(taken, self.inbox, self._unread.pop(receipt, b""))
                if self._options.ready:
                    self.inbox.remove(f"{found.name}{self._options.ready}")
            self._outdated += self._older.pop(receipt, [])
        if there:
            self.archive.prune()

    # -- delivering ------------------------------------------------------------------------------------------------

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Leave a file that does what the parcel says; files that a newer export has outdated are withdrawn first."""
        if parcel.kind is ParcelKind.NOTICE or not self._options.write:
            yield Outcome(result=Result.DONE)
            return
        self._withdraw()
        name = file_name(parcel.id, self._options.write)
        written = Outgoing(self._options, self._shown(), self._present(), self._context.types).write(
            parcel.transactions()
        )
        sent = self.archive.was_sent(name)
        # A file that was left before and is gone was taken: the same parcel is not imported twice.
        if written.data and (not sent or name in {each.name for each in self.outbox.files()}):
            self._leave(name, written.data)
        yield Outcome(result=Result.POSTED if written.data or sent else Result.DONE)
        yield from (Outcome(result=Result.REFUSED, key=key, reason=why) for key, why in written.refused.items())

    def _leave(self, name: str, data: bytes) -> None:
        table = self._options.table
        if table.server and self._options.write in ("csv55", "csv40"):
            self.outbox.write(INI, options_file(table).encode(code_page(table.code_page or DEFAULT)))
        self.outbox.write(name, data)
        self.archive.copy(name, data)
        self._context.tell(0, f"{name} was left to be imported")

    def _withdraw(self) -> None:
        """Take away import files that were there when a full export was read: it shows that nobody imported them."""
        for name in self._outdated:
            self.outbox.remove(name)
        self._outdated = []

    def _present(self) -> State:
        """What the directory has, also by files that wait to be collected."""
        if self._state is None:
            state = self._replayed()
            for waiting, whole in self._complete()[0]:
                try:
                    parsed = self._parse(waiting.name, self.inbox.read(waiting.name), whole)
                except FormatError:
                    continue
                if parsed.content is not Content.REFUSED and parsed.complete:
                    state = self._made(parsed, state, full=self._is_full(parsed))
            self._set_state(state)
        assert self._state is not None
        return self._state

    def _shown(self) -> People:
        if self._people is None:
            self._people = self._telling.people(self._present())
        return self._people

    # -- what the core asks ----------------------------------------------------------------------------------------

    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        """See `Shaper`."""
        return shaped(self._shown().shape, wishes)

    def passed(self, phase: Phase, _counts: Mapping[Verb, int], _reason: str) -> None:
        """See `Narrator`: at the end of a cycle nothing is left that an export has outdated."""
        if phase is Phase.ENDED:
            self._withdraw()

    # -- telling ---------------------------------------------------------------------------------------------------

    def _say(self, name: str, what: str, told: Told) -> None:
        why = ", ".join(f"{count} ({reason})" for reason, count in sorted(told.skipped.items()))
        skipped = f"; no recipients: {why}" if why else ""
        count = len(told.transactions)
        ours = f", {len(told.marked)} of them written by dxa" if told.marked else ""
        bad = f"; {len(told.rejects)} could not be read" if told.rejects else ""
        self._context.tell(0, f"{name}: {what}, {count} {'entry' if count == 1 else 'entries'}{ours}{skipped}{bad}")

    def _tell_overdue(self) -> None:
        try:
            there = self.outbox.files() if self._options.write else []
        except TransportError as error:
            self._context.tell(0, str(error))
            return
        for each in there:
            hours = (self._context.now() - each.touched / 1e9) / _HOUR
            if self._options.overdue and each.name != INI and hours >= self._options.overdue:
                self._context.tell(0, f"{each.name} has been waiting for {hours:.0f} hours; does somebody import it?")


def _other(name: str) -> set[str]:
    """Both names of a column."""
    found = COLUMNS.get(name)
    return {found.header.casefold(), found.schema.casefold()}


def open_connector(context: LinkContext) -> FilesConnector:
    """The connector of a link."""
    return FilesConnector(context)
