"""The requestor's machine: what it sends, and what it does with an answer."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from dxa.dirsync.messages import Reply, Request
from dxa.dirsync.rules import Rule, decide


@attrs.frozen(kw_only=True)
class State:
    """The requestor's numbers.

    `acked`: transactions up to here have been taken by the server; `last`: the last number in the queue (equal when it
    is empty); `s`: what is held of the server's list; `i`: imports asked for. `imports` and `exports` are what the
    next request should bring about.
    """

    acked: int = 0
    last: int = 0
    s: int = 0
    i: int = 0
    imports: bool = True
    exports: bool = True


@attrs.frozen
class Send:
    """It is time to ask (T1); `last` is the last number of the queue, after a wanted export has been queued."""

    last: int


@attrs.frozen
class Got:
    """An answer has been read; without `content` nothing is to be received, and only what it acknowledges counts.

    `file`: it is a full list that somebody has brought as a file. It acknowledges nothing: its R may be another's.
    """

    reply: Reply
    content: bool = True
    file: bool = False


@attrs.frozen
class WantImport:
    """An administrator wants everything anew from the server."""


@attrs.frozen
class WantExport:
    """An administrator wants everything sent to the server."""


@attrs.frozen
class SetBack:
    """Numbers up to `issued` were sent of which this state knows nothing: it is an older one that was put back."""

    issued: int


Event: TypeAlias = Send | Got | WantImport | WantExport | SetBack


@attrs.frozen
class SendRequest:
    """Send this request, with the queue's transactions above `acked`."""

    request: Request


@attrs.frozen
class Apply:
    """Put the answer's transactions into the lists, together with the new state; `full` replaces all server lists."""

    full: bool


@attrs.frozen
class Drop:
    """The queue's transactions up to this number have been taken by the server."""

    upto: int


@attrs.frozen
class Export:
    """Empty the queue and queue the whole own list, with numbers above this one."""

    above: int


@attrs.frozen
class Discard:
    """The answer does not count; why."""

    why: str


Command: TypeAlias = SendRequest | Apply | Drop | Export | Discard
Outcome: TypeAlias = tuple[State, tuple[Command, ...]]


def _apply(state: State, event: Got) -> Outcome:
    reply = event.reply
    new = attrs.evolve(state, s=reply.s, i=max(state.i, reply.i), imports=state.imports and not reply.full)
    new, then = decide(ACKNOWLEDGING, new, event)
    return new, (Apply(reply.full), *then)


def _below(state: State, reply: Reply) -> bool:
    return reply.i < state.i or reply.r < state.acked or reply.s < state.s


REPLIES: tuple[Rule[State, Got, Command], ...] = (
    Rule(
        "file, not received",
        "a RESYNC file, and nothing is to be received",
        "discard",
        "KB Q148309: participation without Receive Updates",
        lambda s, e: e.file and not e.content,
        lambda s, e: (s, (Discard("nothing is to be received"),)),
    ),
    Rule(
        "file with lower numbers",
        "a RESYNC file whose I, R or S is below the own",
        "discard",
        "KB Q215505",
        lambda s, e: e.file and _below(s, e.reply),
        lambda s, e: (
            s,
            (Discard(f"its numbers are below ours (R={s.acked}, S={s.s}, I={s.i}); have a new one made"),),
        ),
    ),
    Rule(
        "old mail",
        "I < own I",
        "discard",
        "KB Q99961",
        lambda s, e: e.reply.i < s.i,
        lambda s, e: (s, (Discard("old mail: it answers an earlier import request"),)),
    ),
    Rule(
        "not received",
        "nothing is to be received",
        "look at R only",
        "KB Q148309: participation without Receive Updates",
        lambda s, e: not e.content,
        lambda s, e: decide(ACKNOWLEDGING, s, e),
    ),
    Rule(
        "incomplete",
        "the last number of the attachment is not S",
        "discard; the next request quotes the old S and brings it again",
        "ours",
        lambda s, e: not e.reply.complete,
        lambda s, e: (s, (Discard("incomplete: its last number is not the one announced"),)),
    ),
    Rule(
        "late",
        "S <= own S",
        "discard",
        "ours: every answer has a higher number than the one before",
        lambda s, e: e.reply.s <= s.s,
        lambda s, e: (s, (Discard("late: a newer answer has been applied"),)),
    ),
    Rule(
        "builds on another number",
        "not full, and was is not own S",
        "discard",
        "ours: an update counts only on top of the number it builds on",
        lambda s, e: not e.reply.full and e.reply.was != s.s,
        lambda s, e: (s, (Discard("it builds on a number that is not held"),)),
    ),
    Rule("applies", "otherwise", "apply it, store S with it, then look at R", "KB Q96060", lambda s, e: True, _apply),
)

ACKNOWLEDGING: tuple[Rule[State, Got, Command], ...] = (
    Rule(
        "file, nothing waits",
        "a RESYNC file, and the queue is empty",
        "its R is ours",
        "KB Q119449",
        lambda s, e: e.file and s.last == s.acked,
        lambda s, e: (attrs.evolve(s, acked=e.reply.r, last=e.reply.r), ()),
    ),
    Rule(
        "file, something waits",
        "a RESYNC file, and the queue is not empty",
        "export in full, under numbers above both",
        "KB Q119450: with the numbers that it has, what waits would be lost",
        lambda s, e: e.file,
        lambda s, e: _export(s, max(s.last, e.reply.r)),
    ),
    Rule(
        "taken",
        "acknowledged R <= R in the answer <= last R sent",
        "drop the queue up to R",
        "KB Q96060, Q133428",
        lambda s, e: s.acked <= e.reply.r <= s.last,
        lambda s, e: (attrs.evolve(s, acked=e.reply.r), (Drop(e.reply.r),)),
    ),
    Rule(
        "out of range",
        "otherwise",
        "export in full, under numbers above both",
        "ours: a number that I did not issue means full list",
        lambda s, e: True,
        lambda s, e: _export(s, max(s.last, e.reply.r)),
    ),
)


def _export(state: State, above: int) -> Outcome:
    return attrs.evolve(state, acked=above, last=above, exports=False), (Export(above),)


def _send(state: State, event: Send) -> Outcome:
    # KB Q99961: the counter goes up with each import request; the first contact counts as one.
    asks = state.imports and (state.i == 0 or state.s != 0)
    state = attrs.evolve(state, last=event.last, i=state.i + asks, s=0 if state.imports else state.s)
    request = Request(r=state.last, was=state.acked, s=state.s, i=state.i, imports=state.imports, strict=True)
    return state, (SendRequest(request),)


def step(state: State, event: Event) -> Outcome:
    """What the requestor does about one event."""
    if isinstance(event, Got):
        return decide(REPLIES, state, event)
    if isinstance(event, Send):
        if state.exports:
            state, export = _export(state, max(state.last, event.last))
            return state, export
        return _send(state, event)
    if isinstance(event, WantImport):
        return attrs.evolve(state, imports=True), ()
    if isinstance(event, SetBack):
        # A server takes no number twice, so what is under them now would count as taken and be lost.
        return attrs.evolve(state, last=max(state.last, event.issued), exports=True), ()
    return attrs.evolve(state, exports=True), ()
