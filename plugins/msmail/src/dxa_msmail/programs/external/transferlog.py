"""SENT.LOG and RECV.LOG: what went to another postoffice, and what came from one (KB Q151215).

One line is one delivery, or one letter that was given on for a recipient further away: when, bytes of body and
attachments, from whom, to whom, and the number of the letter; in SENT.LOG its number here, then its number there. The
columns and their headings are the documented ones; the widths, and that a line is not folded, are ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Maildata

SENT_LOG, RECV_LOG = "LOG/SENT.LOG", "LOG/RECV.LOG"

_HEADINGS = {
    SENT_LOG: ("DATE SENT", "SIZE", "SENDER", "TO"),
    RECV_LOG: ("DATE RECEIVED", "SIZE", "FROM", "TO"),
}


@attrs.frozen
class Transfer:
    """A letter that came from one postoffice to the next: its bytes, and its numbers at both."""

    sender: str
    recipient: str
    size: int
    stem: str
    there: str


def sent(transfers: Iterable[Transfer], now: float) -> list[str]:
    """The lines of SENT.LOG, without line ends."""
    return [_line(_when(now), each, f"{each.stem} {each.there}") for each in transfers]


def received(transfers: Iterable[Transfer], now: float) -> list[str]:
    """The lines of RECV.LOG."""
    return [_line(_when(now), each, each.there) for each in transfers]


def write_log(po: Maildata, log: str, lines: Iterable[str]) -> None:
    """Add lines, under the headings if the log is new; raises `TransportError`."""
    with po.look() as files:
        is_new = not files.read(log)
    heads = _HEADINGS[log]
    first = [_row(*heads), _row(*("-" * len(head) for head in heads))] if is_new else []
    po.log(log, "".join(f"{line.rstrip()}\r\n" for line in (*first, *lines)).encode(CODE_PAGE, "replace"))


def _line(when: str, transfer: Transfer, numbers: str) -> str:
    return _row(when, str(transfer.size), transfer.sender, transfer.recipient, numbers)


def _row(when: str, size: str, sender: str, recipient: str, numbers: str = "") -> str:
    return f"{when:<14} {size:>9}  {sender:<32} {recipient:<32} {numbers}"


def _when(now: float) -> str:
    return f"{datetime.fromtimestamp(now):%m/%d/%y %H:%M}"
