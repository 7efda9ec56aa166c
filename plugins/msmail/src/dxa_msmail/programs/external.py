"""EXTERNAL: moves mail on. KB Q96060 has it run twice, for submitted mail and for what lies in queues; one run of ours
does both.

First INQUEUE and INQUEUE3 are sorted: by its envelope each letter's header goes into mailboxes here and into the
mailbags of other postoffices. Then each of those that a direct route leads to gets its letters, under its own lock, as
one change with their digests; after that the headers here are deleted, under ours. A crash in between brings a letter
again, and the digest says that only its header is left to delete. Never are two postoffices locked at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dxa.errors import FormatError, TransportError
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import mailbag, networks
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.mailbag import INQUEUE, INQUEUE3
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.networks import PostofficeRow, RouteKind, name_key
from dxa_msmail.programs.carrying import BATCH, Carrying
from dxa_msmail.programs.mailroom import Mailroom, Outcome, Returns, Waiting
from dxa_msmail.programs.runs import logged
from dxa_msmail.programs.sorting import Sorting
from dxa_msmail.requestor.journal import Journal

Clock = Callable[[], float]

_SEND = 113


def run(po: Maildata, clock: Clock, *, batch: int = BATCH) -> Outcome:
    """Move all mail of a postoffice on; what cannot be moved now stays where it is and is reported with its age.

    `batch` is how many bytes of letters are carried as one change. Raises `FormatError` 40 when the state of this
    postoffice is damaged, `TransportError`, and `LockedError` 91 while somebody else works on it. What is wrong with
    another postoffice, or with one letter, holds up no other (dx:T-206).
    """
    with logged(po, clock, "EXTERNAL") as journal:
        with po.look() as files:
            own = name_of(files)
        returns = Returns(own=own, now=clock(), journal=journal, outcome=Outcome())
        held = _sort(po, returns)
        returned = len(returns.outcome.returned)
        with po.look() as files:
            rows = [row for row in _carried(files) if name_key(row.full) != name_key(own)]
        for row in rows:
            carrying = Carrying(po, row, returns, batch)
            try:
                carrying.run()
            except (FormatError, TransportError) as error:
                carrying.held = str(error)
            held[row.mailbag] = carrying.held
        if len(returns.outcome.returned) > returned:
            held |= _sort(po, returns)
        with po.look() as files:
            returns.outcome.waiting = list(_waiting(files, held, returns.now))
        _tell(journal, returns.outcome)
        return returns.outcome


def _sort(po: Maildata, returns: Returns) -> dict[str, str]:
    """Returns why letters had to stay, by mailbag."""
    with po.change() as change:
        sorting = Sorting(change, Mailroom.of(change), returns)
        sorting.run()
    return sorting.held


def _carried(files: Files) -> Iterator[PostofficeRow]:
    """The postoffices that mail is carried to: a gateway's own program fetches what is for it."""
    for row in networks.postoffices(files).values():
        if row.kind == "MS" or row.route.kind is RouteKind.DIRECT:
            yield row


def _waiting(files: Files, held: dict[str, str], now: float) -> Iterator[Waiting]:
    """What lies in the mailbags of others now; of a damaged one nobody can tell how much (dx:T-249)."""
    owners = {row.mailbag: row.full for row in networks.postoffices(files).values()}
    owners |= {row.mailbag: owners.get(row.mailbag) or row.name or row.kind for row in networks.gateways(files)}
    ours = {row.mailbag for row in networks.postoffices(files).values() if row.route.kind is not RouteKind.NONE}
    ours |= {INQUEUE, INQUEUE3}
    for bag, owner in {INQUEUE: INQUEUE, INQUEUE3: INQUEUE3, **owners}.items():
        try:
            headers = mailbag.headers(files, bag)
        except (FormatError, TransportError) as error:
            yield Waiting(owner, 0, 0.0, str(error), failed=True)
            continue
        if headers:
            oldest = min((header.arrived or now for _, header in headers), default=now)
            reason = held.get(bag) or "nobody has fetched them"
            yield Waiting(owner, len(headers), max(0.0, now - oldest), reason, failed=bag in ours)


def _tell(journal: Journal, outcome: Outcome) -> None:
    if outcome.local:
        journal.status(f"{outcome.local} delivered here")
    for name, count in (+outcome.delivered).items():
        journal.status(f"{count} delivered to {name}")
    for name, count in (+outcome.forwarded).items():
        journal.status(f"{count} given to {name} to pass on")
    for each in outcome.waiting:
        what = f"{each.letters} for {each.postoffice}, the oldest for {age_text(each.age)}: {each.reason}"
        journal.warn(f"{error_text(_SEND)}: {what}", _SEND)


def age_text(seconds: float) -> str:
    """An age for people: ``3 d``, ``5 h``, ``12 min``."""
    for unit, size in (("d", 86400), ("h", 3600)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 60)} min"
