"""What a directory server takes out of its mail: who speaks, what he has told, and what he asks for."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path

import attrs

from dxa.config.secrets import resolve
from dxa.connector import Report
from dxa.dirsync import server
from dxa.dirsync.messages import Request
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.ledger.answer import Pick
from dxa.ledger.received import Row, hear
from dxa_msmail.addresses import MS
from dxa_msmail.envelope import SYSTEM
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.dirsyncconf import Requestor
from dxa_msmail.postoffice.served import PRINTS, Memo, Served
from dxa_msmail.requestor.journal import Journal

#: Numbers are raised above a quoted one only up to here: nobody's nonsense may use up the numbers of all.
PLAUSIBLE = 2**30
#: What a requestor may see that asks only for types that nobody has.
NO_TYPES = frozenset({""})

_NOT_REGISTERED, _WRONG_PASSWORD, _SYNC, _RECEIVED = 120, 156, 129, 105
#: The digest of a number under which nothing was taken; of so many of these it is remembered.
_NOBODYS, _SKIPPED = "", 1_000


@attrs.frozen(kw_only=True)
class Taken:
    """What one request has brought: its requestor, its numbers, and how many entries it has changed."""

    requestor: str
    request: Request | None
    changes: int


@attrs.define
class Hearing:
    """The requests of one run. `requestors` are by folded name; `root` is where a password's file is looked for.

    `tell` tells the administrator, with a number. `moved` are keys before and after of entries with a new address.
    """

    served: Served
    requestors: dict[str, Requestor]
    root: Path
    journal: Journal
    tell: Callable[[int, str], None]
    taken: list[Taken] = attrs.field(factory=list)
    rejects: list[Reject] = attrs.field(factory=list)
    counts: Counter[Verb] = attrs.field(factory=Counter)
    moved: list[tuple[str, str]] = attrs.field(factory=list)
    #: Requestors heard in this run.
    heard: set[str] = attrs.field(factory=set)

    def may_speak(self, report: Report) -> bool:
        """Whether the report comes from a registered requestor; else nothing of it counts."""
        name = report.sender.casefold()
        requestor = self.requestors.get(name)
        if requestor is None:
            # KB Q99268 (dx:T-150): never silent, and matched on the whole name.
            who = report.sender or "no name"
            self.tell(_NOT_REGISTERED, f"{error_text(_NOT_REGISTERED)}: {who}. From: {report.origin or 'nobody'}")
            return False
        origin = report.origin.casefold()
        if "/" in name and not origin.startswith(f"{name}/"):
            text = f"{error_text(_NOT_REGISTERED)}: a message that claims to be from {report.sender} came"
            self.tell(_NOT_REGISTERED, f"{text}. From: {report.origin}")
            return False
        return True

    def knows_password(self, report: Report) -> bool:
        """Whether the password is right; a requestor without one is believed (KB Q116435)."""
        requestor = self.requestors[report.sender.casefold()]
        if not requestor.password_ref:
            return True
        try:
            wanted = resolve(requestor.password_ref, self.root).reveal()
        except ValueError as error:
            self.tell(_WRONG_PASSWORD, f"the password of {report.sender} cannot be looked up: {error}")
            return False
        if hmac.compare_digest(wanted.encode(), report.password.encode()):
            return True
        self.tell(
            _WRONG_PASSWORD, f"{error_text(_WRONG_PASSWORD)} from {report.sender}; set the same one on both sides"
        )
        return False

    def listen(self, report: Report) -> None:
        """Take a request, or transactions without numbers (TASK=EXPORT)."""
        name = report.sender.casefold()
        memo = self.served.memo(name)
        self.heard.add(name)
        memo.reply_to = report.reply_to or memo.reply_to or f"{report.sender}/{SYSTEM}"
        memo.pick = _pick(report, memo)
        memo.limit = memo.limit if report.limit is None else report.limit
        if report.request is None:
            changes = self._into_list(report, report.transactions, replaces=report.complete)
            self.taken.append(Taken(requestor=report.sender, request=None, changes=changes))
        else:
            self._request(report, memo, report.request)

    def _request(self, report: Report, memo: Memo, request: Request) -> None:
        prints = {row.number: _print(row) for row in report.transactions if row.number}
        before = memo.state
        state, commands = server.step(before, self._asked(report, memo, request, prints))
        changes = 0
        for command in commands:
            if isinstance(command, server.Take):
                memo.prints.update((n, digest) for n, digest in prints.items() if n > command.after)
                rows = _selected(report.transactions, command)
                changes += self._into_list(report, rows, replaces=command.replaces)
            elif isinstance(command, server.RaiseAbove):
                self._raise(report.sender, command.number)
            elif isinstance(command, server.Tell):
                self.tell(command.code, f"{report.sender}: {command.text}")
        # A number under which nothing was taken belongs to nobody: whoever uses it was set back.
        first = max(before.r + 1, state.r + 1 - _SKIPPED)
        memo.prints.update((n, _NOBODYS) for n in range(first, state.r + 1) if n not in prints)
        memo.prints = dict(sorted(memo.prints.items())[-PRINTS:])
        memo.state = state
        self.taken.append(Taken(requestor=report.sender, request=request, changes=changes))
        numbers = f"R={request.r} (was {request.was}), S={request.s}, I={request.i}"
        self.journal.status(f"{error_text(_RECEIVED)}: {changes} from {report.sender}, {numbers}", _RECEIVED)

    def _asked(self, report: Report, memo: Memo, request: Request, prints: dict[int, str]) -> server.Asked:
        """The request as its machine wants to know it."""
        state = memo.state
        old = {n: digest for n, digest in prints.items() if n <= state.r}
        # A number that was taken so long ago that nothing is kept of it: better an export than a lost change.
        doubtful = request.strict and not old.keys() <= memo.prints.keys()
        reused = doubtful or any(memo.prints.get(n, digest) != digest for n, digest in old.items())
        replaces = any(row.verb is Verb.REPLACE and row.number > state.r for row in report.transactions)
        known = any(cut.number == request.s for cut in memo.cuts)
        return server.Asked(request=request, known=known, reused=reused, torn=replaces and not request.complete)

    def _raise(self, name: str, above: int) -> None:
        if above <= PLAUSIBLE:
            self.served.sync = max(self.served.sync, above)
        else:
            self.tell(_SYNC, f"{name} quotes S={above}, which no server can have issued; have it import in full")

    def _into_list(self, report: Report, transactions: Sequence[Transaction], *, replaces: bool) -> int:
        name = report.sender.casefold()
        own = {(MS.name, name)}
        replaced = {(x.new.type, x.new.list) for x in transactions if x.verb is Verb.REPLACE and x.new}
        if replaces and report.rejects and replaced:
            # Who stood on a line that cannot be read is not gone.
            replaces = False
            text = f"{len(report.rejects)} bad records in a full list of {report.sender}, so nobody was taken out of it"
            self.tell(report.rejects[0].code, f"{text}; mend them, and have it export again")
        if replaces:
            for type_, list_ in replaced:
                if (type_, list_.casefold()) in own:
                    self.served.carry(type_, list_)
        rows = self.served.told.setdefault(name, {})
        heard = hear([Row(row, entry, True) for row, entry in rows.items()], transactions, replaces=replaces)
        for row, before, after in heard.changes:
            self._change(rows, row, before, after)
        self.rejects += [*report.rejects, *report.remarks, *heard.rejects]
        self.counts.update(row.verb for row in transactions)
        return len(heard.changes)

    def _change(self, rows: dict[int, Entry], row: int, before: Entry | None, after: Entry | None) -> None:
        if after is None:
            del rows[row]
            return
        if not row:
            self.served.last_row += 1
            row = self.served.last_row
        elif before is not None and before.key != after.key:
            self.moved.append((before.key, after.key))
        rows[row] = after


def _pick(report: Report, memo: Memo) -> Pick:
    """What the requestor wants to see; what it does not say is as before, and at first its own kind of addresses."""
    known = memo.pick or Pick(types=frozenset({MS.name}))
    types = known.types if report.types is None else report.types or NO_TYPES
    return Pick(types=types, templates=known.templates if report.templates is None else report.templates)


def _print(row: Transaction) -> str:
    """A short digest of a transaction: against accidents, not against anybody."""
    return blake2b(row.raw.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _selected(transactions: Sequence[Transaction], take: server.Take) -> Sequence[Transaction]:
    if not take.from_replace:
        return [row for row in transactions if row.number > take.after]
    first = next((n for n, row in enumerate(transactions) if row.verb is Verb.REPLACE), len(transactions))
    return transactions[first:]
