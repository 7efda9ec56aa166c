"""The error log of Import (``-l``): the records that could not be used, as a text that can be imported again.

KB Q117260 shows the form: each fault in a line that begins with ``#``, below them the record as it came. Whoever mends
the records and imports the log takes these and nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import attrs

from dxa.entry import Reject
from dxa_msmail.importlines import Template
from dxa_msmail.importtext import Records
from dxa_msmail.postoffice.disk import Found, put, said
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.requestor.journal import Level, Line, dirsync_log

#: The log's name in the folder LOG, when no other is given (KB Q102926).
DEFAULT = "LOG/IMPORT.LOG"

_BELOW = ("-", "&", " ", "\t")


# -- what is left --------------------------------------------------------------------------------------------------


@attrs.frozen
class Taken:
    """Records that were put into the lists, and how many rejects there were before."""

    records: Records
    first: int


@attrs.define
class Left:
    """A record of which something could not be used, as it came, and everything that was said of it.

    Of one that `counts` so much was used that importing it again would do harm: a template of which a line is no
    field has been taken, and would take all values of its list away (KB Q125920).
    """

    record: str
    faults: list[Reject]
    counts: bool = False


def left(taken: Sequence[Taken], rejects: Sequence[Reject]) -> list[Left]:
    """The records that the rejects are about, each once and in the order in which they came."""
    found: dict[str, Left] = {}
    ends = [*(each.first for each in taken), len(rejects)]
    for each, (first, end) in zip(taken, pairwise(ends), strict=True):
        if first == end:
            continue  # of a hundred thousand records nothing is looked up
        whole = _Whole(each.records)
        for reject in sorted(rejects[first:end], key=lambda reject: reject.line):
            one = whole.of(reject)
            found.setdefault(one.record, one).faults.append(reject)
    return list(found.values())


class _Whole:
    """The records behind rejects, of which some are about one line below a record."""

    def __init__(self, records: Records) -> None:
        texts = [(line, row.raw, False) for line, row in zip(records.lines, records.transactions, strict=True)]
        texts += [(template.line, _text(template), True) for template in records.templates]
        # A record that is refused may have lines below it that are refused as well.
        texts += [(each.line, each.raw, False) for each in records.rejects if not each.raw.startswith(_BELOW)]
        self._texts = sorted(texts)
        self._lines = [line for line, _, _ in self._texts]

    def of(self, reject: Reject) -> Left:
        """The record, without faults."""
        at = bisect_right(self._lines, reject.line) - 1
        if at >= 0:
            line, text, is_template = self._texts[at]
            if reject.raw.startswith(_BELOW) or (is_template and line == reject.line):
                return Left(text, [], counts=is_template and reject.code in _TAKEN)
        return Left(reject.raw, [])


#: What is said of lines of a template that has been taken all the same: 12, 21, 38.
_TAKEN = frozenset({12, 21, 38})


def _text(template: Template) -> str:
    return "\r\n".join([f"T {template.type}:{template.list}", *(f" {field}" for field in template.fields)])


# -- the file ------------------------------------------------------------------------------------------------------


def render(what: str, records: Iterable[Left], now: float) -> bytes:
    """The log's bytes; `what` says what was imported, and where."""
    text = "".join([f"# {what}\r\n", *(part for each in records for part in _parts(each, now))])
    return text.encode(CODE_PAGE, "replace")


def _parts(each: Left, now: float) -> Iterator[str]:
    for fault in each.faults:
        where = f" ({fault.line})" if fault.line else ""
        said_of_it = f"{' '.join(fault.reason.split())}{where}"
        yield f"#{dirsync_log([Line(Level.WARNING, fault.code or -1, said_of_it)], now)}"
    if each.counts:
        yield "# The rest of this template was taken; it would take all values away if it were imported again.\r\n"
    mark = "#" if each.counts else ""
    yield from (f"{mark}{line}\r\n" for line in each.record.split("\r\n") if line)


def default_log(po: Maildata) -> Path:
    """The log of a postoffice that is meant when no other is named."""
    return Found(po.root).place(DEFAULT)


def opened(path: Path | None) -> ErrorLog | None:
    """The log, if one is wanted; raises `TransportError`."""
    return None if path is None else ErrorLog.open(path)


def note(log: ErrorLog | None, what: str, rejects: Iterable[Reject], now: float) -> None:
    """Write what an extract has left out, if there is a log."""
    if log is not None:
        log.write(render(f"What could not be written of {what}", [Left("", [each]) for each in rejects], now))


@attrs.frozen
class ErrorLog:
    """A log that can be written, as far as can be known before."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> ErrorLog:
        """Raises `TransportError` when there can be no such file, before anything is done (KB Q102926, dx:T-224)."""
        with said(f"write the error log {path}"), path.open("ab"):
            return cls(path)

    def write(self, data: bytes) -> None:
        """Replace what is in it; the file that was imported may be the log of the run before."""
        new = self.path.with_name(f"{self.path.name}.new")
        with said(f"write the error log {self.path}; the import itself is done, and LOG/DIRSYNC.LOG tells of it"):
            put(new, data, durable=False, step=lambda _what: None, like=self.path)
            new.replace(self.path)
