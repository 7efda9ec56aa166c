"""What Dispatch does about mail: it lets EXTERNAL move it, and sees whether somebody waits for the directory server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from dxa.errors import DxaError, TransportError
from dxa_msmail.postoffice import mailbag, networks
from dxa_msmail.postoffice.bag import Bag
from dxa_msmail.postoffice.dirsyncconf import SRVCONF
from dxa_msmail.postoffice.identity import name_of
from dxa_msmail.postoffice.mailbag import INQUEUE, INQUEUE3, SYSTEM
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.networks import RouteKind
from dxa_msmail.programs.dispatch.state import Patience
from dxa_msmail.subjects import Kind, parse_subject

if TYPE_CHECKING:
    from dxa.signing import PrivateKey

#: Is told a line, and whether it is about something that is wrong.
Tell = Callable[[str, bool], None]


@attrs.define
class Mover:
    """Runs EXTERNAL at postoffices in which mail lies: `everywhere` that is polled, and at those `beside`.

    `key` signs what all of them put into bags.
    """

    clock: Callable[[], float]
    beside: Sequence[Maildata] = ()
    everywhere: bool = True
    key: PrivateKey | None = None
    _places: dict[Path, _Place] = attrs.field(factory=dict, init=False)

    def move(self, offices: Iterable[Maildata], tell: Tell, stop: Callable[[], bool]) -> int:
        """Move mail on, again and again until none moves any more; returns how many letters moved.

        What goes wrong at one postoffice holds up no other. It is told once, with whether it is wrong (and not only
        that a link is down, which is a link's right).
        """
        places = {po.root.resolve(): po for po in (*(offices if self.everywhere else ()), *self.beside)}
        total = 0
        for _ in range(len(places) + 1):
            moved = sum(self._move(path, po, tell) for path, po in places.items() if not stop())
            total += moved
            if not moved:
                break
        return total

    def _move(self, path: Path, po: Maildata, tell: Tell) -> int:
        from dxa_msmail.programs.external import program as external

        place, now = self._places.setdefault(path, _Place()), self.clock()
        try:
            depths = _depths(po)
            # New mail may go another way than that which waits.
            if not depths or (place.patience.is_waiting(now) and depths == place.left):
                return 0
            done = external.run(po, self.clock, key=self.key)
            place.left = _depths(po)
        except DxaError as error:
            place.left = {}
            if place.patience.hold(str(error), now):
                tell(f"EXTERNAL at {po.root}: {error}", True)
            return 0
        moved = done.local + done.settled + sum((done.fetched + done.delivered + done.forwarded).values())
        reasons = "; ".join(sorted({each.reason for each in done.waiting if each.failed}))
        if not reasons:
            place.patience.release()
        elif place.patience.hold(reasons, now):
            tell(f"mail waits at {po.root}: {reasons}", False)
        return moved


@attrs.define
class _Place:
    """A postoffice at which EXTERNAL runs, and what it had to leave in which mailbags."""

    patience: Patience = attrs.field(factory=Patience)
    left: dict[str, int] = attrs.field(factory=dict)


def _depths(po: Maildata) -> dict[str, int]:
    """How many letters lie where EXTERNAL looks, by mailbag or bag; empty ones are left out."""
    with po.look() as files:
        own, rows = name_of(files), list(networks.postoffices(files).values())
        depths = {name: mailbag.depth(files, name) for name in (INQUEUE, INQUEUE3, *(row.mailbag for row in rows))}
    for row in rows:
        if row.route.kind is RouteKind.BAG:
            with suppress(TransportError):  # EXTERNAL tells of one that is not there when it has to
                depths[row.route.path] = depths.get(row.route.path, 0) + len(Bag.of(po, own, row).come())
    return {name: depth for name, depth in depths.items() if depth}


def oldest_request(files: Files) -> float | None:
    """When the oldest request came that waits for the directory server here; None when none does.

    A mailbag that is damaged is for SRVMAIN to report, at its time.
    """
    if files.read(SRVCONF) is None:
        return None
    try:
        found = [header for _, header in mailbag.headers(files, SYSTEM)]
    except DxaError:
        return None
    asking = (Kind.REQUEST, Kind.PROFILE)
    asked = (header for header in found if (subject := parse_subject(header.subject)) and subject.kind in asking)
    return min((header.arrived or 0.0 for header in asked), default=None)
