"""EXTERNAL: moves mail on. KB Q96060 has it run twice, for submitted mail and for what lies in queues; one run of ours
does both.

First what lies in bags for this postoffice is taken into INQUEUE3. Then INQUEUE and INQUEUE3 are sorted: by its
envelope each letter's header goes into mailboxes here and into the mailbags of other postoffices. Then each of those
that a direct route leads to gets its letters, under its own lock, as one change with their digests, and each of those
that share a bag with this one as files; after that the headers here are deleted, under ours. A crash in between brings
a letter again, and the digest says that only its header is left to delete. Never are two postoffices locked at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from dxa.errors import FormatError, TransportError
from dxa_msmail.postoffice import networks
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.networks import PostofficeRow, RouteKind, name_key
from dxa_msmail.programs.external.carrying import BATCH, Carrying
from dxa_msmail.programs.external.mailroom import Mailroom, Outcome
from dxa_msmail.programs.external.returning import Returns
from dxa_msmail.programs.external.sorting import Sorting
from dxa_msmail.programs.external.waiting import tell, waiting
from dxa_msmail.programs.runs import logged
from dxa_msmail.requestor.journal import Journal

if TYPE_CHECKING:
    from dxa.signing import PrivateKey
    from dxa_msmail.programs.external.bagging import Taking

Clock = Callable[[], float]


def run(
    po: Maildata, clock: Clock, *, batch: int = BATCH, give_up: float = math.inf, key: PrivateKey | None = None
) -> Outcome:
    """Move all mail of a postoffice on; what cannot be moved now stays where it is and is reported with its age.

    `batch` is how many bytes of letters are carried as one change. What has waited for more than `give_up` seconds goes
    back to its senders; without it nothing does that may still arrive. `key` is this postoffice's own, for letters that
    go into bags. Raises `FormatError` 40 when the state of this postoffice is damaged, `TransportError`, and
    `LockedError` 91 while somebody else works on it. What is wrong with another postoffice, or with one letter, holds
    up no other (dx:T-206).
    """
    with logged(po, clock, "EXTERNAL") as journal:
        with po.look() as files:
            own = name_of(files)
            shared = [row for row in networks.postoffices(files).values() if row.route.kind is RouteKind.BAG]
        returns = Returns(own=own, now=clock(), journal=journal, outcome=Outcome(), give_up=give_up)
        bags = _fetch(po, returns, batch, shared) if shared else []
        held = _sort(po, returns)
        returned = len(returns.outcome.returned)
        closed: dict[str, str] = {}
        held |= _carry(po, returns, batch, closed, key)
        if len(returns.outcome.returned) > returned:  # reports about what was carried cause no more of them
            held |= _sort(po, returns)
            held |= _carry(po, returns, batch, closed, key)
        with po.look() as files:
            returns.outcome.waiting = list(waiting(files, held, returns.now))
        for taking in bags:
            returns.outcome.waiting += taking.left()
        _tell(journal, returns.outcome)
        return returns.outcome


def _fetch(po: Maildata, returns: Returns, batch: int, rows: Iterable[PostofficeRow]) -> list[Taking]:
    """Take what lies for us in the bags that are shared with these; returns what has become of it."""
    from dxa_msmail.programs.external.bagging import Taking  # what signs and reads e-mails takes time to come

    bags = [Taking(po, row, returns, batch) for row in rows]
    for taking in bags:
        taking.run()
    return bags


def _sort(po: Maildata, returns: Returns) -> dict[str, str]:
    """Returns why letters had to stay, by mailbag."""
    with po.change() as change:
        sorting = Sorting(change, Mailroom.of(change), returns)
        sorting.run()
    return sorting.held


def _carry(
    po: Maildata, returns: Returns, batch: int, closed: dict[str, str], key: PrivateKey | None
) -> dict[str, str]:
    """Returns why letters had to stay, by mailbag."""
    with po.look() as files:
        rows = [row for row in _carried(files) if name_key(row.full) != name_key(returns.own)]
    held = {}
    for row in rows:
        carrying = Carrying(po, row, returns, batch, closed=closed, key=key)
        try:
            carrying.run()
        except (FormatError, TransportError) as error:
            carrying.held = str(error)
        held[row.mailbag] = carrying.held
    return held


def _carried(files: Files) -> Iterator[PostofficeRow]:
    """The postoffices that mail is carried to: a gateway's own program fetches what is for it."""
    for row in networks.postoffices(files).values():
        if row.kind == "MS" or row.route.is_open:
            yield row


def _tell(journal: Journal, outcome: Outcome) -> None:
    if outcome.local:
        journal.status(f"{outcome.local} delivered here")
    for name, count in (+outcome.fetched).items():
        journal.status(f"{count} taken out of the bag of {name}")
    for name, count in (+outcome.delivered).items():
        journal.status(f"{count} delivered to {name}")
    for name, count in (+outcome.forwarded).items():
        journal.status(f"{count} given to {name} to pass on")
    tell(journal, outcome.waiting)
