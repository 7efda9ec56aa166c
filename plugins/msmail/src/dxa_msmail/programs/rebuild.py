"""REBUILD: makes the global address list of a postoffice anew from all of its lists (KB Q86375, Q96060)."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

from dxa.errors import TransportError
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import gal
from dxa_msmail.postoffice.dirsyncconf import read_reqconf
from dxa_msmail.postoffice.gal import Problem
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.programs.runs import logged
from dxa_msmail.requestor.journal import Journal

#: KB Q105965: what is said when the Rebuild option is off.
NOT_ACTIVE = "GAL not active on this PO"
_NO_ACCESS, _DISK_FULL = 203, 204


@attrs.frozen(kw_only=True)
class Rebuilt:
    """How a run ended: whether the global list is active here, its names, and what was wrong with the lists."""

    active: bool = True
    count: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def text(self) -> str:
        """The line that the program prints (KB Q118447)."""
        return f"Number of entries in GAL: {self.count}" if self.active else NOT_ACTIVE


def rebuild(po: Maildata, clock: Callable[[], float], *, force: bool = False) -> Rebuilt:
    """Rebuild GAL.NME, GALINDEX.GLB and GALNETPO.GLB as one set, unless the option is off and `force` is not given.

    Nothing is written when nothing has changed. Raises `FormatError` 40 when REQCONF, MASTER or the networks are
    damaged, `LockedError` 91, and `TransportError` 203 or 204 when the files cannot be read or written; the global
    list is that of before then.
    """
    with logged(po, clock, "Rebuild") as journal, _numbered(), po.change() as change:
        if not force and not read_reqconf(change).rebuild:
            done = Rebuilt(active=False)
        else:
            built = gal.rebuild(change)
            done = Rebuilt(count=built.count, problems=built.problems)
        _note(journal, done)
    return done


def _note(journal: Journal, done: Rebuilt) -> None:
    for problem in done.problems:
        (journal.status if problem.is_information else journal.warn)(problem.text, problem.number)
    journal.status(done.text)


@contextmanager
def _numbered() -> Iterator[None]:
    """Give errors of the file system the numbers of this program (KB Q96004)."""
    try:
        yield
    except TransportError as error:
        full = isinstance(error.__context__, OSError) and error.__context__.errno == errno.ENOSPC
        number = _DISK_FULL if full else _NO_ACCESS
        raise TransportError(f"[{number}] {error_text(number)}: {error}") from None
