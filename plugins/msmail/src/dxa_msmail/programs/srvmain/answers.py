"""What a directory server answers at T2: letters to all requestors that have asked.

What goes into an answer is decided by `dxa.dirsync.server` and `dxa.ledger.answer`. An answer is made once for all
requestors that may hold the same and want the same; each gets it without its own list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from dxa.connector import Parcel, ParcelKind, PeerInfo
from dxa.dirsync import server
from dxa.dirsync.messages import Reply
from dxa.entry import Transaction, Verb
from dxa.ledger.answer import (
    Content,
    Cut,
    ListKey,
    Pick,
    Step,
    definitions,
    full,
    number_steps,
)
from dxa.ledger.pacing import content_size, furthest, size_of, why_whole
from dxa_msmail import ffapi
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import letters, queue
from dxa_msmail.postoffice.dirsyncconf import Requestor
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.messages import letter_of
from dxa_msmail.postoffice.served import Memo, Served
from dxa_msmail.programs.srvmain.file import leave, place_for
from dxa_msmail.programs.srvmain.history import History
from dxa_msmail.programs.srvmain.lists import MasterList
from dxa_msmail.writing import Writer

#: So many letters one requestor gets in one run, when an update must be split.
LETTERS = 100
#: What a transaction takes in a message, about.
TRANSACTION_BYTES = 75
#: The highest number that the old programs can hold.
HIGHEST = 2**31 - 1

_SYNC, _LIMIT, _MANUAL = 129, 118, 166

#: Tell the administrator: the number and the text.
Tell = Callable[[int, str], None]


@attrs.frozen(kw_only=True)
class Answer:
    """One letter that a requestor got: its numbers, how many transactions, and whether they are everything."""

    requestor: str
    reply: Reply
    sent: int
    full: bool


@attrs.frozen
class _Made:
    """Content, the number of an answer of which a requestor gets no line, and what the answer leads to."""

    content: Content
    empty: int
    cut: Cut | None

    def number(self, own: frozenset[ListKey]) -> int:
        """The number of this answer for a requestor with these lists: that of the last line it gets, else its own."""
        return self.content.last(own) or self.empty


@attrs.define
class Answering:
    """The answers of one run inside a change."""

    change: Changing
    served: Served
    master: MasterList
    writer: Writer
    now: float
    tell: Tell
    #: Registered requestors, by folded name, that have told nothing yet.
    unheard: frozenset[str] = frozenset()
    answers: list[Answer] = attrs.field(factory=list)
    _history: History | None = None
    _made: dict[object, _Made] = attrs.field(factory=dict)

    def answer(self, requestor: Requestor, name: str, memo: Memo) -> None:
        """Answer one requestor that has asked, as its machine says."""
        limit = min((size for size in (requestor.limit, memo.limit) if size), default=0)
        _, commands = server.step(memo.state, server.Answering())
        for command in commands:
            if isinstance(command, server.SendFull):
                self._full(name, memo, limit)
            elif isinstance(command, server.SendUpdate):
                self._update(name, memo, command.since, limit)

    # -- everything ------------------------------------------------------------------------------------------------

    def _full(self, name: str, memo: Memo, limit: int) -> None:
        pick = memo.pick or Pick(types=frozenset({MS.name}))
        stale = frozenset(type_ for cut in memo.cuts for type_ in cut.pick.types)
        head = self.served.head
        key = ("full", pick, stale)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(self._full_steps(pick, stale), Cut(0, head, pick))
        own = self.own(name)
        size = content_size(made.content, own, TRANSACTION_BYTES, values=pick.templates)
        if why := self._doubt(name, memo, made.content, own):
            text = f"{name} holds S={memo.state.quoted}, and {why}"
            self.tell(0, f"{text}. It gets nothing until they have told their lists, or you allow it with --full")
            self._acknowledge(name, memo)
        elif limit and size > limit:
            text = f"{name}: everything takes about {size} bytes, the limit is {limit}"
            self.tell(_LIMIT, f"{error_text(_LIMIT)}: {text}")
            self._by_file(name, memo, made)
        else:
            memo.allowed = False
            self._send(name, memo, made, own, was=0, is_full=True)

    def _by_file(self, name: str, memo: Memo, made: _Made) -> None:
        """What no letter may bring is left as a file, once (KB Q119450).

        There is no letter beside it: its number would be above that of the file, which then would be refused as old.
        """
        file, state = place_for(name), memo.state
        if state.full is not server.Full.SENT or state.file < state.full_from:
            assert made.cut is not None
            cut = made.cut._replace(number=made.number(self.own(name)))
            _, refused = leave(self, [name], made.content, cut, file, [name])
            for text in refused:
                self.tell(0, f"{name}: {text}")
        how = f"copy {file} into its folder GLB as RESYNC.GLB, and run IMPORT -q there; or raise its limit"
        self.tell(_MANUAL, f"{error_text(_MANUAL)} {name}: {how}")
        memo.state = attrs.evolve(memo.state, heard=False)

    def everything(self, names: Sequence[str], pick: Pick) -> tuple[Content, Cut]:
        """All that these requestors get with this pick, under new numbers, and the cut that it is."""
        stale = frozenset(t for name in names for cut in self.served.memo(name).cuts for t in cut.pick.types)
        made = self._make(self._full_steps(pick, stale), None)
        number = made.number(frozenset.intersection(*(self.own(name) for name in names)))
        return made.content, Cut(number, self.served.head, pick)

    def missing(self) -> list[str]:
        """The requestors whose lists are not known, because the server was set back."""
        return [name.upper() for name in sorted(self.unheard)] if self.served.gathering else []

    def _doubt(self, name: str, memo: Memo, content: Content, own: frozenset[ListKey]) -> str:
        """Why everything might take out too many of those whom a requestor holds; nothing when it may have it."""
        if memo.allowed or not memo.state.quoted:
            return ""
        if not adds(content, own):
            return "there is nobody to send it"
        missing = sorted(self.unheard - {name.casefold()})
        if self.served.gathering and missing:
            return f"the server was set back and does not know the lists of {', '.join(missing).upper()} yet"
        return ""

    def _full_steps(self, pick: Pick, stale: frozenset[str]) -> list[Step]:
        lists = [pair for key, pair in self.served.lists.items() if key[0] in pick.types | stale]
        lines = (line for line in self.served.lines if pick.shows(line.type, line.instead_of))
        entries = [line.entry(pick.templates) for line in lines]
        entries.sort(key=lambda entry: (entry.type, entry.list, entry.name))
        defined = definitions((line.entry() for line in self.served.definitions), pick)
        return full(lists, entries, defined.values())

    def _acknowledge(self, name: str, memo: Memo) -> None:
        """An answer that says only what was taken, on top of whatever the requestor holds.

        One that holds nothing gets none, for it would take it for everything.
        """
        if memo.state.quoted:
            made = self._make([], None)
            self._send(name, memo, made, frozenset(), was=memo.state.quoted, is_full=False)

    # -- updates ---------------------------------------------------------------------------------------------------

    def _update(self, name: str, memo: Memo, since: int, limit: int) -> None:
        """Letters that lead from `since` to the list of now; only our own requestors take more than one at a time."""
        pick = memo.pick or Pick(types=frozenset({MS.name}))
        own = self.own(name)
        for _ in range(LETTERS if memo.state.strict else 1):
            cuts = [cut for cut in memo.cuts if cut.number >= since]
            if not cuts:
                memo.state, _ = server.step(memo.state, server.Resend())
                self._full(name, memo, limit)
                return
            places = frozenset((cut.at, cut.pick) for cut in cuts)
            made = self._made_update(pick, places, limit, above=memo.state.s, own=own)
            self._tell_size(name, made, own, limit)
            since = self._send(name, memo, made, own, was=since, is_full=False)
            if made.cut is None or made.cut.at >= self.served.head:
                return

    def _made_update(
        self, pick: Pick, places: frozenset[tuple[int, Pick]], limit: int, *, above: int, own: frozenset[ListKey]
    ) -> _Made:
        """An update whose number is `above` another: the second letter of a split one follows the first."""
        key = ("update", pick, places, limit)
        made = self._made.get(key)
        if made is None or made.number(own) <= above:
            made = self._made[key] = self._new_update(pick, places, limit)
        return made

    def _new_update(self, pick: Pick, places: frozenset[tuple[int, Pick]], limit: int) -> _Made:
        """Every place is a list that somebody could have, so an update may lead to any of them."""

        def fits(steps: list[Step]) -> bool:
            return size_of(steps, TRANSACTION_BYTES) <= limit

        head = self.served.head
        steps = self.steps(pick, places, head)
        if limit and not fits(steps):
            oldest = min(at for at, _ in places)
            numbers = [row.number for row in self._past.rows if row.number > oldest]
            numbers[-1:] = [head] if numbers else []
            head, steps = furthest(numbers, lambda at: self.steps(pick, places, at), fits) or (head, steps)
        return self._make(steps, Cut(0, head, pick))

    def _tell_size(self, name: str, made: _Made, own: frozenset[ListKey], limit: int) -> None:
        values = made.cut is not None and made.cut.pick.templates
        size = content_size(made.content, own, TRANSACTION_BYTES, values=values)
        if limit and size > max(limit, TRANSACTION_BYTES):
            why = why_whole(made.content, own)
            text = f"{name}: an update takes about {size} bytes, the limit is {limit}: {why}"
            self.tell(_LIMIT, f"{error_text(_LIMIT)}: {text}. Raise the limit if it does not arrive")

    def steps(self, pick: Pick, places: frozenset[tuple[int, Pick]], target: int) -> list[Step]:
        """From whatever a requestor with these cuts may hold to the list at `target`."""
        if all((at, pick.past(cut_pick)) == (target, pick) for at, cut_pick in places):
            return []
        return self._past.steps(pick, places, target)

    @property
    def _past(self) -> History:
        if self._history is None:
            memos = self.served.memos.values()
            asked = [cut.at for memo in memos for cut in memo.cuts if cut.number >= memo.state.quoted]
            records = [record for record in self.master.records if record.number > min(asked, default=0)]
            rows: Sequence[Transaction] = queue.transactions(records, self.master.types).defined().transactions
            self._history = History(self.master.entries(), rows)
        return self._history

    # -- sending ---------------------------------------------------------------------------------------------------

    def _make(self, steps: Sequence[Step], cut: Cut | None) -> _Made:
        """The steps under numbers of their own, so that a requestor can tell whether the end is missing."""
        first = self.served.sync + 1
        self.served.sync += len(steps) + 1
        return _Made(number_steps(steps, first, f"{first}"), first + len(steps), cut)

    def own(self, name: str) -> frozenset[ListKey]:
        """The lists that a requestor tells itself, which it never gets: its NET/PO, or all of its gateway."""
        if "/" in name:
            return frozenset({(MS.name, name.casefold())})
        type_ = self.master.types.get(name).name if name in self.master.types else name
        return frozenset(key for key in self.served.lists if key[0] == type_)

    def _send(self, name: str, memo: Memo, made: _Made, own: frozenset[ListKey], *, was: int, is_full: bool) -> int:
        number = made.number(own)
        if number > HIGHEST:
            text = f"sync number {number} is above what requestors can hold ({HIGHEST}); begin anew with this server"
            self.tell(_SYNC, text)
        memo.state, _ = server.step(memo.state, server.Answered(number, is_full))
        if made.cut is not None:
            memo.cuts.append(made.cut._replace(number=number))
        reply = Reply(r=memo.state.r, s=number, was=was, i=memo.state.i)
        info = PeerInfo(id=name, name=name, options=_NO_OPTIONS)
        parcel = Parcel(
            id=f"{number:010d}",
            peer=info,
            kind=ParcelKind.FULL if is_full else ParcelKind.UPDATE,
            to=memo.reply_to,
            content=made.content,
            own=own,
            reply=reply,
            templates=made.cut is not None and made.cut.pick.templates,
        )
        data, refused = self.writer.reply(parcel, self.now)
        letters.submit(self.change, letter_of(ffapi.parse(data, code_page=CODE_PAGE), self.now), now=self.now)
        for key, reason in refused:
            self.tell(0, f"{name}: {key} cannot be sent: {reason}")
        self.answers.append(Answer(requestor=name, reply=reply, sent=made.content.count(own), full=is_full))
        return number


_NO_OPTIONS: Mapping[str, Any] = {}


def adds(content: Content, own: frozenset[ListKey] = frozenset()) -> bool:
    """Whether there is anybody in it for a requestor with these lists."""
    return any(x.transactions[0].verb is Verb.ADD for x in content.segments if x.list_key not in own)
