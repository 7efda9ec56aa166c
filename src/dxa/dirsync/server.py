"""The server's machine: what it does with one requestor's messages, and what it answers."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import attrs

from dxa.dirsync.messages import Request
from dxa.dirsync.rules import Rule, decide


class Full(Enum):
    """Whether this requestor is owed a full answer."""

    NO = "no"
    WANTED = "wanted"
    SENT = "sent"


@attrs.frozen(kw_only=True)
class State:
    """What the server knows of one requestor.

    `r` last number taken; `s` last number issued to it; `confirmed` the highest issued number it has quoted; `i` its
    import counter; `quoted` the S of its latest request; `heard` whether it has asked since the last answer; `full`
    and `full_from`, the first full answer that is not confirmed; `export_needed` why a person must have it export in
    full ("" when not); `suspect` a first sign of that which may still be a late message; `file` the number of the last
    full list that was made for it as a file, and `file_r` the R that stands in that.
    """

    r: int = 0
    s: int = 0
    confirmed: int = 0
    i: int = 0
    quoted: int = 0
    heard: bool = False
    full: Full = Full.NO
    full_from: int = 0
    export_needed: str = ""
    suspect: bool = False
    strict: bool = False
    file: int = 0
    file_r: int = 0


# -- events ------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Asked:
    """A request has been read. `known`: its S is a cut that was issued to this requestor and is kept.

    `reused`: a number that was taken before carries another transaction now, so the requestor was set back.
    `torn`: the attachment is incomplete and would replace a list, which now cannot be done.
    """

    request: Request
    known: bool
    reused: bool = False
    torn: bool = False


@attrs.frozen
class Answering:
    """The server is about to answer what has been asked (T2).

    `mutual`: the peer is told unasked. `news`: there is something to tell it beyond its last answer, or of what it has
    asked for again.
    """

    mutual: bool = False
    news: bool = True


@attrs.frozen
class Answered:
    """An answer with this number is committed. `full`: it was a full one."""

    number: int
    full: bool


@attrs.frozen(kw_only=True)
class Handed:
    """A full list with this number is committed as a file, which a person brings; `r` and `i` stand in it (RESYNC.GLB).

    Whoever takes it goes on from these numbers, and quotes `number`. Who does not goes on as before.
    """

    number: int
    r: int
    i: int


@attrs.frozen
class Resend:
    """An administrator wants this requestor to get a full answer."""


Event: TypeAlias = Asked | Answering | Answered | Handed | Resend

# -- commands ----------------------------------------------------------------------------------------------------


@attrs.frozen
class Take:
    """Put the transactions above `after` into the received list; with `replaces` false a replace removes nothing.

    With `from_replace` only what stands at or after the first replace counts.
    """

    after: int
    replaces: bool = True
    from_replace: bool = False


@attrs.frozen
class RaiseAbove:
    """The next numbers that this server issues must be above this one."""

    number: int


@attrs.frozen
class SendUpdate:
    """Answer with what leads from the cuts at or above this number to the head."""

    since: int


@attrs.frozen
class SendFull:
    """Answer in full."""


@attrs.frozen
class Tell:
    """Tell the administrator."""

    code: int
    text: str


Command: TypeAlias = Take | RaiseAbove | SendUpdate | SendFull | Tell
Outcome: TypeAlias = tuple[State, tuple[Command, ...]]

#: MS Mail tells of transactions that are missing under this number (KB Q108067).
EXPORT_NEEDED = 139
EXPORT = "have this requestor export in full (Config, Dir-Sync, Requestor, Export)"


# -- what a request brings -----------------------------------------------------------------------------------------


def _jump(state: State, event: Asked) -> Outcome:
    above = max(state.r, event.request.r) + 1
    return attrs.evolve(state, r=above, suspect=False), ()


def _reused(state: State, event: Asked) -> Outcome:
    why = f"numbers up to R={state.r} came again with other transactions; {EXPORT}"
    state, tell = _export(state, why)
    return attrs.evolve(state, r=max(state.r, event.request.last)), (Take(state.r), *tell)


def _gap_bridged(state: State, event: Asked) -> Outcome:
    return _clear(state, event.request.r), (Take(0, from_replace=True),)


def _from_file(state: State, event: Asked) -> Outcome:
    return decide(INBOUND, attrs.evolve(state, r=event.request.was), event)


def _gap(state: State, event: Asked) -> Outcome:
    why = f"transactions {state.r + 1} to {event.request.was} never arrived; {EXPORT}"
    return _helped(state) if state.strict else _export(state, why)


def _behind_first(state: State, _event: Asked) -> Outcome:
    return attrs.evolve(state, suspect=True), ()


def _behind(state: State, event: Asked) -> Outcome:
    why = f"it counts R={event.request.r} where R={state.r} was taken, as after a reset or a restore; {EXPORT}"
    return _helped(state) if state.strict else _export(state, why)


def _helped(state: State) -> Outcome:
    """A strict requestor is told R, which is not what it expects, and sends in full what is missing."""
    return attrs.evolve(state, suspect=False), ()


def _partial(state: State, event: Asked) -> Outcome:
    new = attrs.evolve(state, r=max(state.r, event.request.last))
    take = Take(state.r, replaces=False)
    if not event.torn or new.r == state.r:
        return new, (take,)
    # The replace counts as taken and will not come again, though what it should have removed is still there.
    new, tell = _export(new, f"its full list arrived incomplete, so nothing was removed; {EXPORT}")
    return new, (take, *tell)


def _nothing_new(state: State, _event: Asked) -> Outcome:
    return attrs.evolve(state, suspect=False), ()


def _take(state: State, event: Asked) -> Outcome:
    new = attrs.evolve(state, r=event.request.r, suspect=False)
    return (_clear(new, new.r) if event.request.replaces else new), (Take(state.r),)


def _clear(state: State, r: int) -> State:
    return attrs.evolve(state, r=r, suspect=False, export_needed="")


def _export(state: State, why: str) -> Outcome:
    tell = () if state.export_needed or state.strict else (Tell(EXPORT_NEEDED, why),)
    return attrs.evolve(state, export_needed=why, suspect=False), tell


INBOUND: tuple[Rule[State, Asked, Command], ...] = (
    Rule(
        "no numbers",
        "it names no R and carries no transactions",
        "take nothing",
        "KB Q118298: a foreign requestor may only ask",
        lambda s, e: not e.request.counted and not e.request.last,
        lambda s, e: (s, ()),
    ),
    Rule(
        "reused, strict",
        "a number taken before carries another transaction, and the requestor is strict",
        "take nothing; R jumps above all its numbers, which makes it export in full",
        "ours: the requestor was restored from a backup",
        lambda s, e: e.reused and e.request.strict,
        _jump,
    ),
    Rule(
        "reused",
        "a number taken before carries another transaction",
        "take what is above R; export needed; tell the administrator",
        "ours; MS Mail drops such transactions as old (KB Q96060)",
        lambda s, e: e.reused,
        _reused,
    ),
    Rule(
        "gap, made by a file",
        "was > R, S is the number of the last RESYNC file, and was is the R that stands in that",
        "R is was; then as for any other request",
        "KB Q119449: the file has the highest R of all requestors",
        lambda s, e: bool(s.file) and e.request.was > s.r and (e.request.s, e.request.was) == (s.file, s.file_r),
        _from_file,
    ),
    Rule(
        "gap, bridged by a replace",
        "was > R, the attachment is complete and replaces the requestor's list",
        "take everything from the replace on; R as announced",
        "ours: a full list needs no history",
        lambda s, e: e.request.was > s.r and e.request.complete and e.request.replaces,
        _gap_bridged,
    ),
    Rule(
        "gap",
        "was > R",
        "take nothing; R stays; export needed",
        "ours: a receiver applies only what builds on the number it holds",
        lambda s, e: e.request.was > s.r,
        _gap,
    ),
    Rule(
        "behind, once",
        "R announced < R taken, for the first time, and the requestor is not strict",
        "take nothing; a late message may explain it",
        "KB Q96060: lower numbers are rejected as old",
        lambda s, e: e.request.r < s.r and not (s.suspect or e.request.strict),
        _behind_first,
    ),
    Rule(
        "behind",
        "R announced < R taken",
        "take nothing; export needed",
        "ours; MS Mail ignores them for ever (KB Q119014)",
        lambda s, e: e.request.r < s.r,
        _behind,
    ),
    Rule(
        "incomplete",
        "the last number of the attachment is not the one announced",
        "take the records above R up to the last good one; a replace removes nothing, so export needed; "
        "R is the last good number",
        "KB Q103421 #1645",
        lambda s, e: not e.request.complete,
        _partial,
    ),
    Rule(
        "nothing new",
        "R announced = R taken",
        "take nothing",
        "KB Q96060: equal is done",
        lambda s, e: e.request.r == s.r,
        _nothing_new,
    ),
    Rule(
        "new transactions",
        "R announced > R taken",
        "take those above R; R as announced",
        "KB Q96060",
        lambda s, e: True,
        _take,
    ),
)


# -- what a request asks for ---------------------------------------------------------------------------------------


def _wanted(state: State, event: Asked) -> Outcome:
    return _ask(attrs.evolve(state, full=Full.WANTED if state.full is Full.NO else state.full), event), ()


def _unknown(state: State, event: Asked) -> Outcome:
    state, _ = _wanted(state, event)
    return state, (RaiseAbove(event.request.s),)


def _confirms(state: State, event: Asked) -> Outcome:
    done = attrs.evolve(state, full=Full.NO, full_from=0, confirmed=max(state.confirmed, event.request.s))
    return _ask(done, event), ()


def _goes_on(state: State, event: Asked) -> Outcome:
    return _ask(attrs.evolve(state, confirmed=max(state.confirmed, event.request.s)), event), ()


def _ask(state: State, event: Asked) -> State:
    # dx:T-138: after a requestor is registered anew its own import counter is the one that counts.
    return attrs.evolve(
        state, heard=True, quoted=event.request.s, i=max(state.i, event.request.i), strict=event.request.strict
    )


ASKING: tuple[Rule[State, Asked, Command], ...] = (
    Rule(
        "asks nothing",
        "it only brings transactions",
        "owe nothing",
        "ours: a peer that is told unasked says in its status what it holds",
        lambda s, e: not e.request.asks,
        lambda s, e: (s, ()),
    ),
    Rule(
        "import asked",
        "TASK=IMPORTREQ, S = 0, or an I above the one known",
        "owe a full answer",
        "KB Q96060, Q99961",
        lambda s, e: e.request.imports or e.request.s == 0 or e.request.i > s.i,
        _wanted,
    ),
    Rule(
        "unknown number",
        "S is not a kept cut of this requestor",
        "owe a full answer; all further numbers are above S",
        "ours; MS Mail logs 138/139 and sends nothing, for ever if S is too high (KB Q96060 problem 9)",
        lambda s, e: not e.known,
        _unknown,
    ),
    Rule(
        "confirms a full answer",
        "S is at or above the first full answer that is open",
        "the full answer has arrived",
        "ours; without it several T2 between T1 and T3 lose an import reply (KB Q142841)",
        lambda s, e: s.full is Full.SENT and e.request.s >= s.full_from,
        _confirms,
    ),
    Rule("goes on", "otherwise", "remember S", "KB Q96060", lambda s, e: True, _goes_on),
)


# -- what is answered ----------------------------------------------------------------------------------------------

ANSWERING: tuple[Rule[State, Answering, Command], ...] = (
    Rule(
        "nothing new",
        "the peer is told unasked, and nothing is new to it",
        "send nothing; no number is used",
        "ours: else two sites would answer each other's empty answers for ever",
        lambda s, e: e.mutual and not e.news,
        lambda s, e: (s, ()),
    ),
    Rule(
        "not heard",
        "no request since the last answer, and it is not told unasked",
        "send nothing",
        "KB Q96060: T2 answers only requestors it has heard from",
        lambda s, e: not s.heard and not e.mutual,
        lambda s, e: (s, ()),
    ),
    Rule(
        "full",
        "a full answer is owed, or was sent and is not confirmed",
        "send a full answer",
        "KB Q105125, Q142841",
        lambda s, e: s.full is not Full.NO,
        lambda s, e: (s, (SendFull(),)),
    ),
    Rule(
        "update",
        "otherwise",
        "send what leads from the cuts at or above S to the head; with nothing to send the answer still has a number",
        "KB Q96060",
        lambda s, e: True,
        lambda s, e: (s, (SendUpdate(s.quoted),)),
    ),
)


def step(state: State, event: Event) -> Outcome:
    """What the server does about one requestor's event."""
    if isinstance(event, Asked):
        state = attrs.evolve(state, strict=event.request.strict)
        state, first = decide(INBOUND, state, event)
        state, then = decide(ASKING, state, event)
        return state, first + then
    if isinstance(event, Answering):
        return decide(ANSWERING, state, event)
    if isinstance(event, Answered):
        return _answered(state, event), ()
    if isinstance(event, Handed):
        return _handed(state, event), ()
    return attrs.evolve(state, full=Full.WANTED), ()


def _answered(state: State, event: Answered) -> State:
    state = attrs.evolve(state, heard=False, s=event.number)
    if not event.full:
        return state
    open_from = state.full_from if state.full is Full.SENT else event.number
    return attrs.evolve(state, full=Full.SENT, full_from=open_from)


def _handed(state: State, event: Handed) -> State:
    new = attrs.evolve(state, s=max(state.s, event.number), i=max(state.i, event.i), file=event.number, file_r=event.r)
    if state.full is not Full.WANTED:
        return new
    return attrs.evolve(new, full=Full.SENT, full_from=event.number)
