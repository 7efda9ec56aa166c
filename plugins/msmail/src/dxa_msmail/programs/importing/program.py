"""IMPORT: transactions into the address lists of other postoffices, and lists into files.

``-q`` takes what the directory server has sent: RESYNC.GLB first if there is one, then SRVTRANS.GLB (KB Q119449).
Lists, numbers and the emptied queue are one change, so whoever is interrupted just runs it again. ``-f`` takes an
Import text; ``-e`` puts one into REQTRANS.GLB instead, for the server; ``-x`` writes lists as one.

Local users are never touched (66), and nothing here is ever sent on but by ``-e``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from dxa.entry import Reject
from dxa.errors import FormatError, UsageError
from dxa_msmail import importtext
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import queue
from dxa_msmail.postoffice.dirsyncconf import read_reqconf, write_reqconf
from dxa_msmail.postoffice.layout import CORRUPT
from dxa_msmail.postoffice.maildata import Changing, Maildata
from dxa_msmail.postoffice.queue import REQTRANS
from dxa_msmail.programs.importing.extracting import Extracted, Switches, extract, settle
from dxa_msmail.programs.importing.log import opened, render
from dxa_msmail.programs.importing.run import FINISHED, TYPES, Imported, Run, require_users
from dxa_msmail.programs.importing.selecting import Selector
from dxa_msmail.programs.runs import logged
from dxa_msmail.requestor.journal import Journal

__all__ = [
    "Extracted",
    "Imported",
    "Queued",
    "Switches",
    "extract",
    "queue_file",
    "run_file",
    "run_queue",
    "settle",
]

Clock = Callable[[], float]


@attrs.frozen(kw_only=True)
class Queued:
    """What ``-e`` has put into REQTRANS.GLB: the numbers of the first and the last transaction (0: none)."""

    first: int = 0
    last: int = 0
    rejects: Sequence[Reject] = ()


def run_queue(
    po: Maildata,
    clock: Clock,
    *,
    templates: bool | None = None,
    create: bool | None = None,
    strict: bool = False,
    log: Path | None = None,
) -> Imported:
    """``-q``: apply RESYNC.GLB and SRVTRANS.GLB, and empty the queue.

    `templates` says whether values count (``-t``), `create` whether postoffices are created (``-c``); None is what the
    requestor is set to. A list whose values come without a template gets one that dxa makes, unless `strict` (65).
    Into the file `log` go the records that could not be used (``-l``). Raises `FormatError` 40 for damaged numbers or
    networks, `UsageError` at a shadow postoffice, `LockedError` 91, `TransportError` for a log that cannot be written.
    """

    def work(change: Changing, journal: Journal) -> Imported:
        return Run.open(change, clock(), journal, templates=templates, create=create, strict=strict).queue()

    return _run(po, clock, "-q", "the queue", log, work)


def run_file(
    po: Maildata,
    clock: Clock,
    data: bytes,
    *,
    replace: bool = False,
    templates: bool = False,
    create: bool = False,
    strict: bool = True,
    own_list: bool = False,
    selector: str = "",
    log: Path | None = None,
) -> Imported:
    """``-f``: apply an Import text to the lists; with `replace` (``-r``) each list in it begins empty (KB Q112285).

    With `own_list` (``-a``) what comes into a list comes into the Postoffice Address List, too, which only `replace`
    takes out of there. `selector` (``-g``) says which lists are meant, as in an R record. For the others see
    `run_queue`, which raises the same; and `AddressError` 16 for a type that is not known.
    """
    meant = Selector.parse(selector, TYPES) if selector else None

    def work(change: Changing, journal: Journal) -> Imported:
        how = {"templates": templates, "create": create}
        run = Run.open(change, clock(), journal, **how, strict=strict, own_list=own_list)
        return run.file(data, replace=replace, selector=meant)

    return _run(po, clock, "-f", "a file", log, work)


def _run(
    po: Maildata, clock: Clock, switch: str, what: str, log: Path | None, work: Callable[[Changing, Journal], Imported]
) -> Imported:
    """One run, with what it leaves in the error log; one that cannot be written is an error before anything is done."""
    errors = opened(log)
    with logged(po, clock, f"IMPORT {switch}") as journal, po.change() as change:
        outcome = work(change, journal)
    if errors is not None:
        errors.write(render(f"What could not be used of {what}; mend it and import this file", outcome.left, clock()))
    return outcome


def queue_file(po: Maildata, clock: Clock, data: bytes) -> Queued:
    """``-e``: put the transactions of an Import text into REQTRANS.GLB, for the server (KB Q118621).

    They get the next numbers. Raises `UsageError` at a shadow postoffice, `FormatError` 40 when the queue is damaged.
    """
    with logged(po, clock, "IMPORT -e") as journal, po.change() as change:
        require_users(change)
        return _enqueue(change, int(clock()), journal, data)


# -- for the server ----------------------------------------------------------------------------------------------------


def _enqueue(change: Changing, now: int, journal: Journal, data: bytes) -> Queued:
    conf = read_reqconf(change)
    if conf.exports:
        raise UsageError("a full export is due, which replaces what waits; let `dxa msmail reqmain -t` send it first")
    waiting = queue.read_file(change, REQTRANS)
    if waiting.bad or change.read(REQTRANS) is None or waiting.last_number < conf.last:
        raise FormatError(
            f"{error_text(CORRUPT)}; let `dxa msmail reqmain -t` send the whole list, then try again",
            source=REQTRANS,
            expected=f"a queue that ends with number {conf.last}",
            got=waiting.bad[0].reason if waiting.bad else f"number {waiting.last_number}",
            code=CORRUPT,
        )
    records = importtext.read(data, types=TYPES)
    first = max(conf.last, waiting.last_number) + 1
    last = first - 1 + len(records.templates) + len(records.transactions)
    definitions = [each._replace(number=n) for n, each in enumerate(records.templates, first)]
    numbers = range(first + len(definitions), last + 1)
    rows = [row._replace(number=n) for n, row in zip(numbers, records.transactions, strict=True)]
    new = queue.queued(rows, now, definitions=definitions, templates=conf.templates_out)
    journal.rejects(records.rejects)
    journal.status(f"{len(new)} transactions for the directory server")
    journal.status(FINISHED)
    if not new:
        return Queued(rejects=records.rejects)
    queue.append(change, REQTRANS, new)
    write_reqconf(change, attrs.evolve(conf, last=last))
    return Queued(first=new[0].number, last=last, rejects=records.rejects)
