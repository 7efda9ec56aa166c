"""The connector of a cc:Mail post office: reads its exports, and writes what the site has into import files."""

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
from dxa.errors import AddressError
from dxa_ccmail import delivery
from dxa_ccmail.delivery import Present, Wanted
from dxa_ccmail.importfiles import write_adds, write_deletes
from dxa_ccmail.kept import read_cursor
from dxa_ccmail.lookup import read_all
from dxa_ccmail.names import fold
from dxa_ccmail.profile import Profile
from dxa_ccmail.running.events import RunError
from dxa_ccmail.running.interface import Exported, Imported, Kind, Mode, Programs, State
from dxa_ccmail.running.templates import masked
from dxa_ccmail.story import Story
from dxa_ccmail.undeliverable import Refused, read_undeliverable

#: Everything that the peer tells.
ALL = frozenset({("", "")})
#: For so many seconds an export shows what the post office has, to measure a parcel by it.
FRESH = 600.0
#: What a receipt begins with that stands for no export.
NONE = "-"


class CcMailConnector:
    """See `dxa.connector.Connector`, `Examiner`, `Narrator`, `Claimant` and `Shaper`."""

    def __init__(self, context: LinkContext, programs: Programs) -> None:
        self._context, self._programs = context, programs
        self._profile = Profile(context)
        self._reading = self._profile.reading()
        self._story = Story(context.tell, self._profile.office)
        self._last: tuple[float, Exported] | None = None

    def examine(self) -> Iterator[Fault]:
        """See `dxa.connector.Examiner`: the programs and their folders, and the kept export."""
        yield from self._programs.faults()
        wrong = [*folder_faults(self._context.folder, self._profile.options.kept)]
        yield from wrong or self._reading.kept.faults()

    # -- collecting ------------------------------------------------------------------------------------------------

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        """The directory with its lists and boards: whole, or what is other than in the export of the cursor."""
        self._story.begin()
        for result in self._programs.results():
            self._story.result(result)
            yield self._result(result)
        try:
            exported = self._programs.export()
        except RunError as error:
            if not error.receipt:
                raise
            self._story.no_use(error.event)
            fault = Reject(0, 0, "", error.event.number, error.event.text)
            yield self._report(f"{NONE} {error.receipt}", title="export", fault=fault)
            return
        if exported is None:
            self._story.nothing_new(self._programs.warnings())
            return
        self._story.exported(exported)
        yield self._read(exported, next(iter(since.values()), ""))

    def _read(self, exported: Exported, cursor: str) -> Report:
        titles = self._profile.titles(exported)
        known, count = read_cursor(cursor), exported.counts.get(Kind.DIRECTORY)
        found = self._reading.read(exported.files[Kind.DIRECTORY], titles, known, count)
        self._last = (self._context.now(), exported) if found.counted else None
        self._story.read(found, titles)
        for warning in self._programs.warnings():
            self._context.tell(0, warning)
        return self._report(
            f"{found.cursor.digest} {exported.receipt}",
            title="directory" if found.whole else "changes in the directory",
            lists=ALL if found.whole else frozenset(),
            transactions=found.transactions,
            marked=found.marked,
            rejects=found.rejects,
            remarks=found.remarks,
            counted=found.counted,
            # A name that an export lacks may be a live user's, so nothing is written that is measured by it.
            doubtful=not found.counted,
            proves=True,
            cursor=str(found.cursor),
        )

    def _result(self, result: Imported) -> Report:
        """What became of an import file that somebody else has imported."""
        remarks = [Reject(0, each.line, each.name, 0, _refusal(result, each)) for each in self._refused(result, ())]
        return self._report(f"{NONE} {result.receipt}", title=f"import of {result.mode.value}s", remarks=remarks)

    def _report(self, receipt: str, **values: object) -> Report:
        of_files = receipt.partition(" ")[2]
        identity = blake2b(of_files.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() if of_files else ""
        report = Report(sender=self._context.link, receipt=receipt, identity=identity)
        return attrs.evolve(report, **values)  # type: ignore[arg-type]

    def settle(self, receipts: Sequence[str]) -> None:
        """The export of these receipts is the one to compare with; the files that they stand for are taken away."""
        for receipt in receipts:
            digest, blank, rest = receipt.partition(" ")
            if not blank:
                continue
            self._reading.kept.tidy(digest)
            self._programs.settle([rest])

    # -- delivering ------------------------------------------------------------------------------------------------

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        """Have imported what the post office lacks of the parcel, and deleted what is not to be there any more."""
        if parcel.kind is ParcelKind.NOTICE:
            yield Outcome(result=Result.DONE)
            return
        profile, present = self._profile, self._present()
        if present is None:
            yield Outcome(result=Result.RETRY, reason="the next export shows what the post office has")
            return
        wanted = delivery.wanted(
            parcel.transactions(), present, offices=profile.offices, server=profile.server, check=profile.check
        )
        self._story.wanted(wanted, delivery.unused_offices(present.meaning.owned, profile.offices))
        done = [*self._imported(wanted)]
        refused = {**wanted.refused}
        for result in done:
            sent = {**wanted.deletes, **wanted.adds}
            for each in self._refused(result, [record.name for record in sent.values()]):
                if key := wanted.keys.get(fold(each.name)):
                    refused[key] = _refusal(result, each)
        posted = any(result.state is State.POSTED for result in done)
        yield Outcome(result=Result.POSTED if posted else Result.DONE)
        yield from (Outcome(result=Result.REFUSED, key=key, reason=reason) for key, reason in refused.items())

    def _imported(self, wanted: Wanted) -> Iterator[Imported]:
        """Deletes, then adds (KB Q295753); post offices before users, users before aliases."""
        options, page = self._profile.options, self._profile.page
        labels, mark = options.record_labels(), options.end_mark
        deletes = write_deletes(
            wanted.deletes.values(), options.marking(), code_page=page, labels=labels, end_mark=mark
        )
        adds = write_adds([*wanted.offices, *wanted.adds.values()], code_page=page, labels=labels, end_mark=mark)
        # Whatever becomes of it: what was exported before shows no more what the post office has.
        self._last = None
        for data, mode in ((deletes, Mode.DELETE), (adds, Mode.ADD)):
            result = self._programs.import_(data, mode)
            self._story.imported(result)
            yield result

    def _present(self) -> Present | None:
        """What the post office has now; None when nothing shows that."""
        at, exported = self._last or (0.0, None)
        if exported is None or not 0 <= self._context.now() - at <= FRESH:
            exported = self._exported_now()
        if exported is None:
            return None
        read = read_all(exported.files[Kind.DIRECTORY], self._profile.reader())
        titles = self._profile.titles(exported)
        self._reading.check(read.entries, True)
        return Present(entries=read.entries, meaning=self._profile.meaning_of(read.entries, titles))

    def _exported_now(self) -> Exported | None:
        """An export that is known to be whole, by what it says itself, by the last one, or by another one."""
        exported = self._programs.export()
        if exported is None:
            return None
        data, count = exported.files[Kind.DIRECTORY], exported.counts.get(Kind.DIRECTORY)
        if self._reading.is_whole(data, count):
            return exported
        if exported.receipt or self._reading.kept.latest():
            return None
        again = self._programs.export()
        return exported if again is not None and again.files[Kind.DIRECTORY] == data else None

    def _refused(self, result: Imported, sent: Sequence[str]) -> list[Refused]:
        """The names that IMPORT refused (KB Q180641: exit code 5, and a file)."""
        if not result.undeliverable:
            return []
        profile = self._profile
        found = read_undeliverable(
            result.undeliverable, sent, code_page=profile.page, labels=profile.options.record_labels()
        )
        return [each._replace(reason=self._shown(each.reason)) for each in found]

    def _shown(self, text: str) -> str:
        """Text of a program without the password."""
        password = self._profile.options.password
        return masked(text.encode("utf-8"), [password] if password else [], "utf-8").decode("utf-8")

    # -- what the core asks ----------------------------------------------------------------------------------------

    def shape(self, wishes: Sequence[Wish]) -> Sequence[Entry | AddressError]:
        """See `Shaper`."""
        return shaped(self._profile.shape, wishes)

    def passed(self, phase: Phase, counts: Mapping[Verb, int], reason: str) -> None:
        """See `Narrator`."""
        self._story.passed(phase, counts, reason)

    def taken(self, entries: Sequence[Entry]) -> None:
        """See `Claimant`."""
        self._story.taken([entry.address for entry in entries])


def _refusal(result: Imported, refused: Refused) -> str:
    number = f"[{result.event.number}] " if result.event else ""
    return f"{number}IMPORT refused {refused.name!r}{f': {refused.reason}' if refused.reason else ''}"
