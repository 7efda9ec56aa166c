"""Answers on their way into what a requestor keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import attrs

from dxa.dirsync import requestor as machine
from dxa.dirsync.messages import Reply
from dxa.dirsync.requestor import State
from dxa.entry import Reject, Verb
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.requestor.answers import Answer
from dxa_msmail.requestor.journal import Journal
from dxa_msmail.requestor.lists import Applying, Lists, export, people
from dxa_msmail.requestor.state import RequestorState

#: KB Q119450: why the queue cannot stay as it is.
_OLD = "what waited has numbers below those of RESYNC.GLB"


class Keeping(Protocol):
    """What becomes of an answer's content, and of the queue; it is stored together with the numbers, by the caller."""

    def apply(self, answer: Answer, *, full: bool) -> Sequence[Reject]:
        """Keep an answer's records, in place of all server lists when it is `full`; returns those that cannot be."""

    def drop(self, upto: int) -> None:
        """The queue's transactions up to this number have been taken by the server."""

    def export(self, above: int) -> None:
        """Queue the whole own list in place of what is there, with numbers above this one."""


K = TypeVar("K", bound=Keeping)


@attrs.define
class Taking(Generic[K]):
    """The protocol's way: what the machine says, done by `keeping`.

    `lost` says why the server's R cannot be ours, in which case the whole own list has been queued anew.
    """

    keeping: K
    applied: list[Reply] = attrs.field(factory=list)
    discarded: list[tuple[Reply, str]] = attrs.field(factory=list)
    rejects: list[Reject] = attrs.field(factory=list)
    counts: Counter[Verb] = attrs.field(factory=Counter)
    lost: str = ""

    def take(self, state: State, answers: Sequence[Answer]) -> State:
        """The numbers after the answers; the newest comes first, for it brings what the others do, and more."""
        for answer in sorted(answers, key=lambda a: (a.reply.i, a.reply.s), reverse=True):
            state = self._one(state, answer)
        return state

    def tell(self, journal: Journal) -> None:
        """Write into the journal what has become of the answers."""
        for reply, why in self.discarded:
            journal.warn(f"{_title(reply)} discarded: {why}")
        journal.rejects(self.rejects)
        for reply in self.applied:
            journal.status(f"{_title(reply)} applied")
        if self.applied:
            journal.status(f"{error_text(105)}: {sum(self.counts.values())}", 105)
        if self.lost:
            journal.warn(f"{self.lost}; the next request carries the whole own list")

    def _one(self, state: State, answer: Answer) -> State:
        before = state
        state, commands = machine.step(state, machine.Got(answer.reply, file=answer.by_file))
        for command in commands:
            if isinstance(command, machine.Discard):
                self.discarded.append((answer.reply, command.why))
            elif isinstance(command, machine.Apply):
                self._note(answer, self.keeping.apply(answer, full=command.full))
            elif isinstance(command, machine.Drop):
                self.keeping.drop(command.upto)
            elif isinstance(command, machine.Export):
                self.lost = _OLD if answer.by_file else _foreign(answer.reply.r, before)
                self.keeping.export(command.above)
        return state

    def _note(self, answer: Answer, rejects: Sequence[Reject]) -> None:
        self.applied.append(answer.reply)
        self.counts += answer.records.counts
        self.rejects += [*answer.records.rejects, *rejects]


@attrs.define
class StateKeeping:
    """Keeps everything in a `RequestorState`: answers change its lists at once. `own` is ``NET/PO``.

    Without `templates` no values are kept, also none of before: what the server tells later goes on from there.
    """

    own: str
    state: RequestorState
    templates: bool = True

    def apply(self, answer: Answer, *, full: bool) -> Sequence[Reject]:
        """See `Keeping`."""
        applying = Applying(own_key(self.own), self.state.lists)
        if full:
            applying.clear()
        for row in answer.records.transactions:
            applying.apply(row)
        lists = applying.result()
        self.state = attrs.evolve(self.state, lists=lists if self.templates else _plain(lists))
        return applying.rejects

    def drop(self, upto: int) -> None:
        """See `Keeping`."""
        self.state = dropped(self.state, upto)

    def export(self, above: int) -> None:
        """See `Keeping`."""
        self.state = exported(self.state, self.own, above)


def _plain(lists: Lists) -> Lists:
    """The lists without values and definitions."""
    return {
        where: {key: entry._replace(fields=()) if entry.fields else entry for key, entry in people(rows).items()}
        for where, rows in lists.items()
    }


@attrs.define
class NaiveTaking(Taking[StateKeeping]):
    """The way that real postoffices may go, for tests of a server.

    Only the latest of several answers is taken (KB Q142841), whatever it builds on and however complete it is. The
    state is stored after every record, and the numbers last and apart from the content. An R that was not sent means
    nothing to it.
    """

    save: Callable[[RequestorState], None] = attrs.field(kw_only=True)

    def take(self, state: State, answers: Sequence[Answer]) -> State:
        """See `Taking`; every step is stored here."""
        for answer in answers[-1:]:
            state = self._one(state, answer)
        return state

    def _one(self, state: State, answer: Answer) -> State:
        reply = answer.reply
        if reply.i < state.i:
            self.discarded.append((reply, "old mail: it answers an earlier import request"))
            return state
        self._note(answer, self._record_by_record(answer))
        state = attrs.evolve(state, s=reply.s, i=reply.i, imports=state.imports and not reply.full)
        self._save(state)
        if reply.r == state.last:
            self.keeping.drop(reply.r)
            state = attrs.evolve(state, acked=reply.r)
            self._save(state)
        return state

    def _record_by_record(self, answer: Answer) -> Sequence[Reject]:
        keeping = self.keeping
        applying = Applying(own_key(keeping.own), keeping.state.lists, upserts=False)
        for row in answer.records.transactions:
            applying.apply(row)
            lists = {key: dict(rows) for key, rows in applying.result().items()}
            keeping.state = attrs.evolve(keeping.state, lists=lists)
            self.save(keeping.state)
        return applying.rejects

    def _save(self, numbers: State) -> None:
        self.keeping.state = attrs.evolve(self.keeping.state, machine=numbers)
        self.save(self.keeping.state)


def own_key(own: str) -> tuple[str, str]:
    """The key of the postoffice's own list."""
    return MS.name, own.casefold()


def dropped(state: RequestorState, upto: int) -> RequestorState:
    """The state without the transactions that the server has taken."""
    return attrs.evolve(state, queue=tuple(row for row in state.queue if row.number > upto))


def exported(state: RequestorState, own: str, above: int) -> RequestorState:
    """The state with the whole own list in its queue, in place of what was there."""
    return attrs.evolve(state, queue=tuple(export((MS.name, own), state.own.values(), above + 1)))


def _foreign(r: int, state: State) -> str:
    """Why a server's R is none of ours."""
    why = "which was never sent from here" if r > state.last else f"and had taken R={state.acked} before"
    return f"the server has taken R={r}, {why}"


def _title(reply: Reply) -> str:
    return f"answer R={reply.r} S={reply.s} (was {reply.was}), I={reply.i}"
