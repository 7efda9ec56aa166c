"""LISTQ: the transactions in a queue (KB Q96060), of which bad ones are said and never end the listing.

Behind the banner the lines have the form of LISTQ 3.2. The checksum's algorithm is ours, so the numbers are, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs

from dxa.errors import NotFoundError, UsageError
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.queuescan import Seen, scan
from dxa_msmail.programs.listds import ctime

#: What every listing begins with. It names the form, and does not claim to be the original.
BANNER = ("dxa msmail listq, in the form of LISTQ v3.2", "")

_NO_FILE = 2
_QUEUE = re.compile(r"[A-Z]{0,8}TRANS|RESYNC")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STAMP = 24


@attrs.frozen(kw_only=True)
class Listing:
    """A queue's name without ending (``REQTRANS``), the postoffice, and all places of the file in their order."""

    name: str
    postoffice: str
    seen: Sequence[Seen]

    @property
    def bad(self) -> list[Seen]:
        """What is wrong, checksums included."""
        return [each for each in self.seen if each.problem]


def read(po: Maildata, name: str) -> Listing:
    """The queue of that name, with or without ``.GLB`` and in any case.

    Raises `UsageError` for a file that is no queue, `NotFoundError` 2 when there is none of that name.
    """
    stem = name.upper().removesuffix(".GLB")
    if not _QUEUE.fullmatch(stem):
        raise UsageError(f"{name} is no queue: LISTQ lists files of GLB whose names end with TRANS, and RESYNC")
    with po.look() as files:
        data = files.read(f"GLB/{stem}.GLB")
        if data is None:
            there = ", ".join(_queues(files)) or "none"
            raise NotFoundError(f"[{_NO_FILE}] {error_text(_NO_FILE)}: GLB/{stem}.GLB; queues here: {there}")
        return Listing(name=stem, postoffice=name_of(files), seen=tuple(scan(data)))


def _queues(files: Files) -> list[str]:
    stems = (name.removesuffix(".GLB") for name in files.names("GLB") if name.endswith(".GLB"))
    return [stem for stem in stems if _QUEUE.fullmatch(stem)]


def lines(listing: Listing, *, stamps: bool = False, checks: bool = False) -> Iterator[str]:
    """What LISTQ prints; `stamps` adds when each record was queued (``-t``), `checks` its checksum (``-c``).

    Bytes that are no record are told always, a checksum that does not fit only with `checks`, as in the original.
    """
    yield from BANNER
    yield f"Examining {listing.postoffice} Dirsync transaction file: {listing.name}"
    yield ""
    if checks:
        yield from ("Checking CRC...", "")
    yield f"{'CRC  ' if checks else ''}{'Date stamp'.ljust(_STAMP) + ' ' if stamps else ''}Sync#  Transaction"
    for each in listing.seen:
        yield from _record(each, stamps, checks)


def _record(each: Seen, stamps: bool, checks: bool) -> Iterator[str]:
    if each.record is None:
        yield f"Error: byte {each.offset}: {each.problem}"
        return
    number, stamp, text = each.record
    crc = f"{each.computed:04X} " if checks else ""
    date = f"{ctime(stamp):<{_STAMP}} " if stamps else ""
    head = f"{crc}{date}{number:06d} "
    first, *rest = (_visible(line) for line in text.split("\r\n"))
    yield f"{head}{first}"
    yield from (f"{' ' * len(head)}{line}" for line in rest)
    if checks and each.problem:
        yield f"Error: byte {each.offset}: record {number}: {each.problem}"


def _visible(text: str) -> str:
    """A tab as KB Q96060 prints it, other control characters as PODIAG does (KB Q110496)."""
    return _CONTROL.sub(lambda found: f"<{ord(found[0]):02X}>", text.replace("\t", "<tab>"))
