"""What an administrator does to the own address list, told to the directory server through REQTRANS.GLB.

Each change of somebody who is in directory synchronization is one record of the queue, written together with the list
itself (KB Q96060, T0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs

from dxa.address import Address, AddressTypes
from dxa.dirsync import requestor as machine
from dxa.entry import Entry, Transaction
from dxa.errors import UsageError
from dxa.rules.maps import by_definition
from dxa.rules.naming import NameLimits
from dxa_msmail.addresses import ADDRESS_TYPES, MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.importlines import CODE_PAGE, Template, definition_of
from dxa_msmail.postoffice import queue
from dxa_msmail.postoffice.dirsyncconf import Reqconf, read_reqconf, write_reqconf
from dxa_msmail.postoffice.groupbook import Groups
from dxa_msmail.postoffice.identity import identity, name_of, write_identity
from dxa_msmail.postoffice.maildata import Changing, Files, Maildata
from dxa_msmail.postoffice.names import GROUP, LOCAL
from dxa_msmail.postoffice.pol import read_pol
from dxa_msmail.postoffice.queue import REQTRANS, Queue, QueueRecord
from dxa_msmail.postoffice.templates import ADMIN, read_template
from dxa_msmail.postoffice.users import Users, values
from dxa_msmail.programs.runs import write_logs
from dxa_msmail.requestor.journal import Journal
from dxa_msmail.requestor.lists import changes, list_key

Clock = Callable[[], float]

_NO_FILE, _CORRUPT = 2, 40
_TYPES = AddressTypes(ADDRESS_TYPES)


def own_entries(files: Files, *, fields: bool = True) -> list[Entry]:
    """The users and groups that are in directory synchronization, in the order of ADMIN.NME.

    With `fields` they come with their template values, if these can be had. Raises `FormatError` 40.
    """
    own = name_of(files)
    boxes = {(LOCAL, int(user.hexid, 16)): user.mailbox for user in Users.load(files) if user.in_dirsync}
    active = Groups.load(files).active()
    boxes |= {(GROUP, slot.group.tid): slot.group.address for slot in active if slot.folder.in_dirsync}
    stored = values(files) if fields else {}
    rows = ((row, (row.kind, row.pointer if row.kind == LOCAL else row.tid)) for row in read_pol(files))
    return [
        _entry(own, row.name, boxes[key])._replace(fields=stored.get(row.tid, ())) for row, key in rows if key in boxes
    ]


def own_told(files: Files, conf: Reqconf) -> list[Entry]:
    """What the server is told of the own list: the definition of its values if they are sent, then its entries.

    An entry has all values that the definition has (dx:T-128). Raises `FormatError` 40.
    """
    entries = own_entries(files, fields=conf.templates_out)
    template = read_template(files, ADMIN) if conf.templates_out else None
    if template is None or not template.fields:
        return [entry._replace(fields=()) for entry in entries]
    lines = tuple(line for n, line in enumerate(template.lines, 1) if line.strip() and n not in template.bad)
    defined = definition_of(Template(0, 0, MS.name, name_of(files), lines)).side
    limits = NameLimits(code_page=CODE_PAGE)
    return [defined, *(e._replace(fields=by_definition(e.fields, defined.fields, limits)) for e in entries)]


def _entry(own: str, name: str, mailbox: str) -> Entry:
    address = f"{own}/{mailbox}"
    return Entry(_TYPES.key(Address(MS.name, address)), MS.name, own, name, address)


@attrs.frozen(kw_only=True)
class Told:
    """What waits for the server now because of a change: `queued` with their numbers.

    `lost` says why nothing could be queued (dx:T-141); then the next request sends the whole list.
    """

    queued: Sequence[Transaction] = ()
    lost: str = ""


@attrs.define
class Administration:
    """A change that an administrator makes; `told` is there when it has ended."""

    change: Changing
    now: int
    journal: Journal
    told: Told = attrs.field(factory=Told)
    _before: Mapping[str, Entry] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        master = identity(self.change)
        if master.shadow:
            why = "it has no users, groups or directory server of its own"
            raise UsageError(f"{master.name} is a shadow postoffice: {why}; `dxa peers` tells dxa what to do")
        self._before = self._own(read_reqconf(self.change))

    def finish(self) -> None:
        """Queue what has changed, and keep MASTER.GLB's administrator in step with the users."""
        conf = read_reqconf(self.change)
        requests = queue.read_file(self.change, REQTRANS)
        rows = changes(self._before, self._own(conf), max(requests.last_number, conf.last) + 1)
        if rows:
            self.told = self._queue(conf, requests, rows)
        self._keep_administrator()

    def _own(self, conf: Reqconf) -> dict[str, Entry]:
        return {entry.key: entry for entry in own_told(self.change, conf)}

    def _queue(self, conf: Reqconf, requests: Queue, rows: list[Transaction]) -> Told:
        number, lost = loss(self.change, conf, requests)
        if lost:
            if not conf.exports:
                self.journal.error(f"{lost}; the next request sends the whole list", number)
                state, _ = machine.step(conf.state, machine.WantExport())
                write_reqconf(self.change, conf.with_state(state))
            return Told(lost=lost)
        queue.append(self.change, REQTRANS, queue.queued(rows, self.now, templates=conf.templates_out))
        write_reqconf(self.change, attrs.evolve(conf, last=rows[-1].number))
        return Told(queued=rows)

    def _keep_administrator(self) -> None:
        """KB Q125511: without an administrator nobody gets the messages about what went wrong."""
        admins = [user.mailbox for user in Users.load(self.change) if user.admin]
        master = identity(self.change)
        if master.administrator not in admins and (admins or master.administrator):
            write_identity(self.change, attrs.evolve(master, administrator=admins[0] if admins else ""))


def loss(files: Files, conf: Reqconf, requests: Queue) -> tuple[int, str]:
    """Why REQTRANS is not what was queued, with its number; nothing when it is."""
    if files.read(REQTRANS) is None:
        return _NO_FILE, f"{error_text(_NO_FILE)}: {REQTRANS}"
    if requests.bad:
        return _CORRUPT, requests.bad[0].reason
    if requests.last_number < conf.last:
        found = f"{REQTRANS} ends with number {requests.last_number}, {conf.last} had been queued"
        return _CORRUPT, f"{error_text(_CORRUPT)}: {found}"
    return 0, ""


def of_others(records: Sequence[QueueRecord], own: str) -> list[QueueRecord]:
    """Those of REQTRANS's records that are about other lists than `own` (NET/PO).

    They came by ``import -e``. The own list can be told again at any time, but these are nowhere else.
    """
    found = queue.transactions(records, _TYPES)
    mine = {(MS.name, own.casefold()), ("", "")}  # by its name alone only somebody of the own list is known
    rows = zip(found.transactions, found.lines, strict=True)
    places = {at for row, at in rows if (entry := row.new or row.old) and list_key(entry) not in mine}
    places |= {each.line for each in found.templates if (each.type, each.list.casefold()) not in mine}
    return [records[at - 1] for at in sorted(places)]


def renumbered(records: Iterable[QueueRecord], first: int) -> list[QueueRecord]:
    """The records with new numbers, from `first` on."""
    return [record._replace(number=number) for number, record in enumerate(records, first)]


@contextmanager
def administration(po: Maildata, clock: Clock) -> Iterator[Administration]:
    """One change of the own lists, with what it means for REQTRANS and REQCONF.

    Raises `UsageError` at a shadow postoffice, `FormatError` 40 for damaged state, `LockedError` 91.
    """
    now, journal = clock(), Journal()
    with po.change() as change:
        work = Administration(change, int(now), journal)
        yield work
        work.finish()
    if journal.lines:
        write_logs(po, journal, now)
