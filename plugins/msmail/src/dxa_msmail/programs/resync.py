"""``import -s``: everything that the directory server has, as RESYNC.GLB for its requestors (KB Q119449, Q150976).

The file is a number of each requestor that it is for, as an answer is: whoever takes it goes on from there, and who
does not goes on as before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import attrs

from dxa.connector import Parcel
from dxa.errors import DxaError, NotFoundError
from dxa.ledger.answer import Pick
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.queue import RESYNC
from dxa_msmail.programs.runs import logged
from dxa_msmail.programs.srvmain.answers import adds
from dxa_msmail.programs.srvmain.file import leave
from dxa_msmail.programs.srvmain.program import Server, bare

Clock = Callable[[], float]

_FAILED, _NOT_REGISTERED = 63, 120


class ExtractError(DxaError):
    """Everything cannot be told now, for lists are missing (63); nothing was written."""


@attrs.frozen(kw_only=True)
class Extract:
    """A file that was written: its place below the postoffice, its numbers, for whom it is, and how many it holds.

    `refused` are entries that no queue can hold, with the reason.
    """

    name: str
    req: int
    srv: int
    imp: int
    requestors: Sequence[str]
    count: int
    refused: Sequence[str] = ()


def write(
    po: Maildata, clock: Clock, *, requestors: Collection[str] = (), global_max: bool = False, force: bool = False
) -> Extract:
    """Write GLB/RESYNC.GLB for these requestors (NET/PO), or for all that are registered.

    Its numbers are not below those of any whom it is for; with `global_max` not below those of any requestor. It shows
    the types that any of them has asked for, and template values if one has. Copy it into the folder GLB of each
    requestor, run IMPORT -q there, and delete it here.

    Raises `NotFoundError` 120 for one that is not registered, `ExtractError` 63 when the lists of a requestor are not
    known after the server was set back, or when the file would have nobody in it, unless `force`; `UsageError` where no
    server is, `FormatError` 40, `LockedError` 91.
    """
    with logged(po, clock, "IMPORT -s") as journal, po.change() as change:
        at_work = Server.open(po, change, clock(), journal)
        targets = _targets(at_work, requestors)
        pick = _pick(at_work, targets)
        answering = at_work.answering()
        content, cut = answering.everything(targets, pick)
        if not force:
            _require_whole(answering.missing(), adds=adds(content))
        among = [bare(each.name) for each in at_work.conf.requestors] if global_max else targets
        parcel, refused = leave(answering, targets, content, cut, RESYNC, among)
        at_work.store(frozenset())
        done = _extract(parcel, targets, refused)
        numbers = f"IMPSEQ={done.imp} REQSEQ={done.req} SRVSEQ={done.srv}"
        journal.status(f"{RESYNC} written for {parcel.title}: {done.count} records, {numbers}")
    return done


def _targets(at_work: Server, names: Collection[str]) -> list[str]:
    known = {name.casefold(): name for name in map(bare, (each.name for each in at_work.conf.requestors))}
    for name in names:
        if name.casefold() not in known:
            raise NotFoundError(f"[{_NOT_REGISTERED}] {error_text(_NOT_REGISTERED)}: {name}")
    wanted = {name.casefold() for name in names} or known.keys()
    if not wanted:
        raise ExtractError(f"[{_FAILED}] {error_text(_FAILED)}: no requestor is registered here")
    return [each for name, each in known.items() if name in wanted]


def _pick(at_work: Server, targets: Iterable[str]) -> Pick:
    memos = map(at_work.served.memo, targets)
    picks = [memo.pick or Pick(types=frozenset({MS.name})) for memo in memos]
    return Pick(
        types=frozenset(type_ for pick in picks for type_ in pick.types),
        templates=any(pick.templates for pick in picks),
    )


def _require_whole(missing: Sequence[str], *, adds: bool) -> None:
    if missing:
        names = ", ".join(missing)
        why = f"the server does not know the lists of {names} yet; let them export, and run SRVMAIN"
    elif not adds:
        why = "there is nobody to tell of, and who takes the file would lose everybody"
    else:
        return
    raise ExtractError(f"[{_FAILED}] {error_text(_FAILED)}: {why}")


def _extract(parcel: Parcel, targets: Sequence[str], refused: Sequence[str]) -> Extract:
    reply = parcel.reply
    assert reply is not None
    return Extract(
        name=RESYNC,
        req=reply.r,
        srv=reply.s,
        imp=reply.i,
        requestors=targets,
        count=parcel.content.count(parcel.own),
        refused=refused,
    )
