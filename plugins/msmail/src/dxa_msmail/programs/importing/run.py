"""One run of Import inside a change: what it reads, and what it makes of the postoffice's lists and numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import attrs

from dxa.address import AddressTypes
from dxa.entry import Reject, Verb
from dxa.errors import UsageError
from dxa.ledger.answer import ListKey
from dxa_msmail import importtext
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.errors import message as error_text
from dxa_msmail.importtext import Records
from dxa_msmail.postoffice import queue
from dxa_msmail.postoffice.book import Book
from dxa_msmail.postoffice.dirsyncconf import SRVCONF, Reqconf, read_reqconf, write_reqconf
from dxa_msmail.postoffice.identity import identity, name_of
from dxa_msmail.postoffice.layout import CORRUPT
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.queue import REQTRANS, RESYNC, SRVTRANS, BadRecord, Queue
from dxa_msmail.postoffice.resync import is_whole
from dxa_msmail.programs.importing.book import BookImport
from dxa_msmail.programs.importing.creating import CREATED, DIRECT, Creating
from dxa_msmail.programs.importing.log import Left
from dxa_msmail.programs.importing.pol import PolImport
from dxa_msmail.programs.importing.selecting import Selector, select
from dxa_msmail.programs.keeping import is_comment, lost_answers, wanted_types
from dxa_msmail.programs.telling import of_others, renumbered
from dxa_msmail.requestor.journal import EACH, Journal
from dxa_msmail.requestor.lists import list_key
from dxa_msmail.requestor.taking import own_key
from dxa_msmail.subjects import Numbers

#: The address types that Import knows.
TYPES = AddressTypes(ADDRESS_TYPES)
#: KB Q122750, Q112301, Q134228: what an interrupted Import leaves behind, beside files for sorting.
WORK_FILES = (
    *(f"GLB/{name}.GLB" for name in ("IUSRTRAN", "INMETRAN", "IGWTRANS", "ILOCAL")),
    *("USR/IMPORT.USR", "INF/IMPORT.INF"),
)
FINISHED = "Import is finished."

_RESYNC, _NO_GATEWAY = 14, 44


@attrs.frozen(kw_only=True)
class Imported:
    """What Import has done.

    `lists` were written, `created` are the postoffices and gateways that it has defined, as ``TYPE:NET/PO``. `rejects`
    are records and values that cannot be used, with the place of the record in the queue (or the line of the file), and
    `left` the records that they are about; `skipped` were about other lists than those that were meant. `bad` are
    records of a queue that cannot be read, `damaged` files that could not be: with one of these the next request asks
    for everything (`asks`). `resync` are the numbers that RESYNC.GLB has brought.
    """

    counts: Mapping[Verb, int] = attrs.field(factory=Counter)
    lists: Sequence[ListKey] = ()
    created: Sequence[str] = ()
    rejects: Sequence[Reject] = ()
    left: Sequence[Left] = ()
    skipped: int = 0
    bad: Sequence[BadRecord] = ()
    damaged: Sequence[Reject] = ()
    resync: Numbers | None = None
    asks: bool = False


@attrs.define
class Run:
    """One run inside a change."""

    change: Changing
    conf: Reqconf
    importer: BookImport
    journal: Journal
    now: float
    make_templates: bool
    bad: list[BadRecord] = attrs.field(factory=list)
    asks: bool = False
    skipped: int = 0

    @classmethod
    def open(
        cls,
        change: Changing,
        now: float,
        journal: Journal,
        *,
        templates: bool | None,
        create: bool | None,
        strict: bool,
        own_list: bool = False,
    ) -> Run:
        """Look at what is there; for the arguments see `dxa_msmail.programs.importing.program.run_queue`."""
        own = require_users(change)
        conf = read_reqconf(change)
        book = Book(change, TYPES)
        creating = Creating(change, book, conf.server, conf.create_po if create is None else create)
        wanted = conf.templates_in if templates is None else templates
        pol = PolImport.load(change, book, TYPES) if own_list else None
        importer = BookImport(change, book, own_key(own), creating, wanted, pol)
        return cls(change, conf, importer, journal, now, make_templates=wanted and not strict)

    # -- modes -----------------------------------------------------------------------------------------------------

    def queue(self) -> Imported:
        """See `dxa_msmail.programs.importing.program.run_queue`."""
        self._clean()
        numbers = self._resync()
        self._srvtrans(numbers)
        self.conf = attrs.evolve(self.conf, waiting=0)
        outcome = self._finish(numbers)
        if self.change.read(SRVTRANS) != b"":
            self.change.write(SRVTRANS, b"")
        return outcome

    def file(self, data: bytes, *, replace: bool, selector: Selector | None) -> Imported:
        """See `dxa_msmail.programs.importing.program.run_file`."""
        records = importtext.read(data, types=TYPES)
        if selector is not None:
            records, others = select(records, selector.takes)
            self.skipped = others.total()
            self.journal.status(f"{self.skipped} records are about other lists than {selector}; left out")
        if replace:
            self._replace(records, selector)
        self.importer.apply(records)
        return self._finish(None)

    # -- steps -----------------------------------------------------------------------------------------------------

    def _replace(self, records: Records, selector: Selector | None) -> None:
        """Empty each list that a record is about, and the one that is meant even when none is (KB Q112285)."""
        named = {list_key(entry) for row in records.transactions if (entry := row.new) is not None and entry.type}
        if selector is not None and (selector.list or (selector.type, "") in self.importer.book.places):
            named.add((selector.type, selector.list))
        for place in [place for key, place in self.importer.book.places.items() if key in named]:
            self.importer.replace(place.type, place.list)
            if self.importer.pol is not None:
                self.importer.pol.replace((place.type, place.list.casefold()))

    def _clean(self) -> None:
        """dx:T-193: work files of a run that came to no end are nobody's."""
        sorting = (f"GLB/{name}" for name in self.change.names("GLB") if name.startswith("SORT"))
        for name in (*WORK_FILES, *sorting):
            if self.change.read(name) is not None:
                self.change.remove(name)
                self.journal.warn(f"{name} was left behind by an interrupted run; removed")

    def _resync(self) -> Numbers | None:
        """Apply RESYNC.GLB; returns its numbers when they are ours now."""
        data = self.change.read(RESYNC)
        if data is None:
            return None
        if self.change.read(SRVCONF) is not None:
            self.journal.status(f"{RESYNC} was made here for requestors; it stays, for somebody to bring it to them")
            return None
        found = queue.read_queue(data, RESYNC)
        numbers = queue.resync_numbers(found.records[0]) if found.records else None
        why = self._unfit(found, numbers)
        if why:
            self.journal.error(f"{error_text(_RESYNC)}: {why}", _RESYNC)
            return None
        if not found.bad:
            self.importer.clear(wanted_types(self.conf, TYPES))
        self._apply(found, types=wanted_types(self.conf, TYPES))
        self.change.remove(RESYNC)
        if found.bad or numbers is None:
            return None
        self._take_numbers(numbers)
        return numbers

    def _unfit(self, found: Queue, numbers: Numbers | None) -> str:
        """Why the file is left where it is, for its owner to look at."""
        if numbers is None:
            text = f"{RESYNC} does not begin with IMPSEQ, REQSEQ and SRVSEQ; it stays where it is"
            return text if found.records or not found.bad else ""
        ours = Numbers(imp=self.conf.imp, req=self.conf.acked, srv=self.conf.srv)
        pairs = ((numbers.imp, ours.imp), (numbers.req, ours.req), (numbers.srv, ours.srv))
        if not found.bad and not is_whole(found):
            return f"{RESYNC} ends with number {found.last_number}, not with SRVSEQ={numbers.srv}: its end is missing"
        if any((its or 0) < (own or 0) for its, own in pairs):
            its, own = (f"IMPSEQ={each.imp} REQSEQ={each.req} SRVSEQ={each.srv}" for each in (numbers, ours))
            return f"{RESYNC} has {its}, which is older than {own} here; have a new one made (KB Q215505)"
        return ""

    def _take_numbers(self, numbers: Numbers) -> None:
        """KB Q119449, Q119452: the numbers go into REQCONF and into the record that REQTRANS keeps.

        What waits in REQTRANS has numbers that mean something else now, so the whole own list is sent instead; what is
        about other lists goes on waiting, with new ones.
        """
        waiting = queue.read_file(self.change, REQTRANS)
        conf = self.conf
        pending = [r for r in waiting.records if r.number > conf.acked and not is_comment(r)]
        others = of_others(pending, name_of(self.change))
        last = max(numbers.req or 0, conf.last, waiting.last_number)
        self.conf = attrs.evolve(
            conf,
            imp=numbers.imp or 0,
            srv=numbers.srv or 0,
            acked=last,
            last=last + len(others),
            sent=last,
            imports=False,
            exports=conf.exports or bool(waiting.bad) or len(others) < len(pending),
        )
        rest = renumbered(others, last + 1) or [queue.dummy(last, int(self.now))]
        self.change.write(REQTRANS, queue.write_queue(rest))

    def _srvtrans(self, resync: Numbers | None) -> None:
        number, lost = lost_answers(self.change, self.conf.waiting)
        found = queue.read_file(self.change, SRVTRANS)
        if lost and resync is None:
            self.asks = True
            if not found.bad:
                self.journal.error(f"{lost}; everything is asked for anew", number)
        if resync is not None and found.last_number <= (resync.srv or 0) and not found.bad:
            # Its records are older than RESYNC's, and would bring back what is gone by now.
            if found.records:
                self.journal.status(f"{len(found.records)} records of {SRVTRANS} are older than {RESYNC}; left out")
            return
        self._apply(found, is_whole=not lost)

    def _apply(self, found: Queue, *, is_whole: bool = True, types: Collection[str] | None = None) -> None:
        self.bad += found.bad
        for bad in found.bad:
            self.journal.error(f"{bad.reason}; everything behind it is asked for anew", CORRUPT)
        # A queue that breaks off may have a list without all who follow: nobody is taken out of it.
        records = queue.transactions(found.records, TYPES)
        if types is not None:
            records = self._asked_for(records, types)
        self.importer.apply(records, replaces=is_whole and not found.bad)

    def _asked_for(self, records: Records, types: Collection[str]) -> Records:
        """RESYNC.GLB has what any of the requestors asked for; a gateway that is not here is harmless (KB Q122751)."""
        kept, others = select(records, lambda key: key[0] in ("", *types))
        for type_, count in sorted(others.items()):
            text = f"{type_} is not asked for here; {count} records of {RESYNC} are left out"
            if any(key[0] == type_ for key in self.importer.book.places):
                self.journal.status(text)
            else:
                self.journal.warn(f"{error_text(_NO_GATEWAY)}: {text}", _NO_GATEWAY)
        return kept

    def _finish(self, resync: Numbers | None) -> Imported:
        importer, journal = self.importer, self.journal
        importer.finish(make_templates=self.make_templates)
        damaged = importer.book.problems
        for problem in damaged:
            journal.error(f"{problem.reason}; the list is asked for anew", problem.code)
        created = importer.creating.created
        for name in created[:EACH]:
            journal.status(f"autocreating: {name}", CREATED)
        if created[EACH:]:
            journal.status(f"autocreating: {len(created) - EACH} more of these", CREATED)
        for name in importer.creating.stranded:  # KB Q96003 #60
            journal.warn(f"{error_text(DIRECT)}: mail for {name} waits until it has a route", DIRECT)
        journal.rejects(importer.rejects)
        _count(journal, importer.counts)
        journal.status(FINISHED)
        self.asks = self.asks or bool(self.bad or damaged)
        if self.asks:
            self.conf = attrs.evolve(self.conf, imports=True)
        if self.conf != read_reqconf(self.change):
            write_reqconf(self.change, self.conf)
        return Imported(
            counts=importer.counts,
            lists=importer.written,
            created=tuple(created),
            rejects=tuple(importer.rejects),
            left=importer.left,
            skipped=self.skipped,
            bad=tuple(self.bad),
            damaged=tuple(damaged),
            resync=resync,
            asks=self.asks,
        )


def require_users(change: Changing) -> str:
    """The postoffice's name; raises `UsageError` for one that has no lists of its own to keep."""
    master = identity(change)
    if master.shadow:
        raise UsageError(f"{master.name} is a shadow postoffice: dxa keeps its lists in its own database")
    return master.name


def _count(journal: Journal, counts: Mapping[Verb, int]) -> None:
    said = ", ".join(f"{verb.name.lower()} {counts[verb]}" for verb in Verb if counts[verb])
    journal.status(f"transactions: {said or 'none'}")
