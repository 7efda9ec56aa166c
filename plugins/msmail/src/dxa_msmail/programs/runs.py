"""A run of a program with its lines in the postoffice's logs, whatever ends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from dxa.bulk import no_collector
from dxa.errors import DxaError, FormatError
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.requestor.journal import Journal, dirsync_log, dsserver_lines

DIRSYNC_LOG, DSSERVER_LOG = "LOG/DIRSYNC.LOG", "LOG/DSSERVER.LOG"
#: KB Q96001: the numbers of a run's first and last line, and of one that did not come to its end.
BEGIN, END, FAILED = 101, 102, 104

_NUMBER = re.compile(r"\[([0-9]+)\] ")


@contextmanager
def logged(po: Maildata, clock: Callable[[], float], program: str) -> Iterator[Journal]:
    """The journal of a run, which is written to both logs at its end, also when an error ends it.

    A log that cannot be written is an error before anything is done (dx:T-224); one that cannot be any more at the end
    is an error of its own, but never hides the one that ended the run.
    """
    for log in (DIRSYNC_LOG, DSSERVER_LOG):
        po.log(log, b"")
    journal = Journal()
    journal.status(f"Begin {program}", BEGIN)
    try:
        with no_collector():
            yield journal
    except DxaError as error:
        _note(journal, error)
        journal.fatal(f"{error_text(FAILED)}: {program}", FAILED)
        with suppress(DxaError):
            write_logs(po, journal, clock())
        raise
    journal.status(f"End {program}", END)
    write_logs(po, journal, clock())


def write_logs(po: Maildata, journal: Journal, now: float) -> None:
    """Add the lines to DIRSYNC.LOG, for people, and to DSSERVER.LOG, for the server; raises `TransportError`."""
    lines = journal.finished()
    po.log(DIRSYNC_LOG, dirsync_log(lines, now).encode(CODE_PAGE, "replace"))
    coded = "".join(f"{line}\r\n" for line in dsserver_lines(lines, now))
    po.log(DSSERVER_LOG, coded.encode(CODE_PAGE, "replace"))


def _note(journal: Journal, error: DxaError) -> None:
    """The error with its number, which stands in brackets in its text."""
    text = " ".join(str(error).split())
    found = _NUMBER.search(text)
    if isinstance(error, FormatError):
        journal.fatal(text, error.code or -1)
    elif found and not found.start():
        journal.fatal(text[found.end() :], int(found[1]))
    else:
        journal.fatal(text)
