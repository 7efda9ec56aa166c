"""Answers on their way into the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import attrs

from dxa.dirsync import requestor as machine
from dxa.dirsync.messages import Reply
from dxa.entry import Reject, Verb
from dxa_msmail.addresses import MS
from dxa_msmail.requestor.answers import Answer
from dxa_msmail.requestor.lists import Applying, export
from dxa_msmail.requestor.state import RequestorState


@attrs.define
class Taking:
    """The protocol's way: what the machine says; the caller stores the state that comes out. `own` is ``NET/PO``."""

    own: str
    applied: list[Reply] = attrs.field(factory=list)
    discarded: list[tuple[Reply, str]] = attrs.field(factory=list)
    rejects: list[Reject] = attrs.field(factory=list)
    counts: Counter[Verb] = attrs.field(factory=Counter)

    def take(self, state: RequestorState, answers: Sequence[Answer]) -> RequestorState:
        """The state after the answers; the newest comes first, for it brings what the others do, and more."""
        for answer in sorted(answers, key=lambda a: (a.reply.i, a.reply.s), reverse=True):
            state = self._one(state, answer)
        return state

    def _one(self, state: RequestorState, answer: Answer) -> RequestorState:
        new, commands = machine.step(state.machine, machine.Got(answer.reply))
        state = attrs.evolve(state, machine=new)
        for command in commands:
            if isinstance(command, machine.Discard):
                self.discarded.append((answer.reply, command.why))
            elif isinstance(command, machine.Apply):
                state = self._apply(state, answer, full=command.full)
            elif isinstance(command, machine.Drop):
                state = dropped(state, command.upto)
            elif isinstance(command, machine.Export):
                state = exported(state, self.own, command.above)
        return state

    def _apply(self, state: RequestorState, answer: Answer, *, full: bool) -> RequestorState:
        applying = Applying(own_key(self.own), state.lists)
        if full:
            applying.clear()
        for row in answer.records.transactions:
            applying.apply(row)
            self.counts[row.verb] += 1
        self.applied.append(answer.reply)
        self.rejects += [*answer.records.rejects, *applying.rejects]
        return attrs.evolve(state, lists=applying.result())


@attrs.define
class NaiveTaking(Taking):
    """The way that real postoffices may go, for tests of a server.

    Only the latest of several answers is taken (KB Q142841), whatever it builds on and however complete it is. The
    state is stored after every record, and the numbers last and apart from the content. An R that was not sent means
    nothing to it.
    """

    save: Callable[[RequestorState], None] = attrs.field(kw_only=True)

    def take(self, state: RequestorState, answers: Sequence[Answer]) -> RequestorState:
        """See `Taking`; every step is stored here."""
        for answer in answers[-1:]:
            state = self._one(state, answer)
        return state

    def _one(self, state: RequestorState, answer: Answer) -> RequestorState:
        reply = answer.reply
        if reply.i < state.machine.i:
            self.discarded.append((reply, "old mail: it answers an earlier import request"))
            return state
        applying = Applying(own_key(self.own), state.lists, upserts=False)
        for row in answer.records.transactions:
            applying.apply(row)
            self.counts[row.verb] += 1
            state = attrs.evolve(state, lists={key: dict(rows) for key, rows in applying.result().items()})
            self.save(state)
        self.applied.append(reply)
        self.rejects += [*answer.records.rejects, *applying.rejects]
        numbers = state.machine
        numbers = attrs.evolve(numbers, s=reply.s, i=reply.i, imports=numbers.imports and not reply.full)
        state = attrs.evolve(state, machine=numbers)
        self.save(state)
        if reply.r == numbers.last:
            state = dropped(attrs.evolve(state, machine=attrs.evolve(numbers, acked=reply.r)), reply.r)
            self.save(state)
        return state


def own_key(own: str) -> tuple[str, str]:
    """The key of the postoffice's own list."""
    return MS.name, own.casefold()


def dropped(state: RequestorState, upto: int) -> RequestorState:
    """The state without the transactions that the server has taken."""
    return attrs.evolve(state, queue=tuple(row for row in state.queue if row.number > upto))


def exported(state: RequestorState, own: str, above: int) -> RequestorState:
    """The state with the whole own list in its queue, in place of what was there."""
    return attrs.evolve(state, queue=tuple(export((MS.name, own), state.own.values(), above + 1)))
