"""The mail that waits in mailbags of others: how much, since when, and why (dx:T-249)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dxa.errors import FormatError, TransportError
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import mailbag, networks
from dxa_msmail.postoffice.mailbag import INQUEUE, INQUEUE3
from dxa_msmail.postoffice.maildata import Files
from dxa_msmail.postoffice.networks import RouteKind
from dxa_msmail.programs.external.mailroom import Waiting
from dxa_msmail.requestor.journal import Journal

_SEND = 113


def waiting(files: Files, held: Mapping[str, str], now: float) -> Iterator[Waiting]:
    """What lies in the mailbags of others now, with the reasons that a run has `held` it for; of a damaged one nobody
    can tell how much.
    """
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


def tell(journal: Journal, found: Iterable[Waiting]) -> None:
    """One line in the log for each reason, however many wait for it: a link that is down is one piece of news."""
    by_reason: dict[str, list[str]] = {}
    for each in found:
        text = f"{each.letters} for {each.postoffice}, the oldest for {age_text(each.age)}"
        by_reason.setdefault(each.reason, []).append(text)
    for reason, texts in by_reason.items():
        journal.warn(f"{error_text(_SEND)}: {'; '.join(texts)}: {reason}", _SEND)


def age_text(seconds: float) -> str:
    """An age for people: ``3 d``, ``5 h``, ``12 min``."""
    for unit, size in (("d", 86400), ("h", 3600)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 60)} min"
