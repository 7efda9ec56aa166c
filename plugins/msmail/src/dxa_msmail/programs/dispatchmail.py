"""What Dispatch does about mail: it lets EXTERNAL move it, and sees whether somebody waits for the directory server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import attrs

from dxa.errors import DxaError
from dxa_msmail.postoffice import mailbag, networks
from dxa_msmail.postoffice.dirsyncconf import SRVCONF
from dxa_msmail.postoffice.mailbag import INQUEUE, INQUEUE3, SYSTEM
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.programs.dispatchstate import Patience
from dxa_msmail.subjects import Kind, parse_subject


@attrs.define
class Mover:
    """Runs EXTERNAL at postoffices in which mail lies: `everywhere` that is polled, and at those `beside`."""

    clock: Callable[[], float]
    beside: Sequence[Maildata] = ()
    everywhere: bool = True
    _patience: dict[Path, Patience] = attrs.field(factory=dict, init=False)

    def move(self, offices: Iterable[Maildata], tell: Callable[[str], None], stop: Callable[[], bool]) -> int:
        """Move mail on, again and again until none moves any more; returns how many letters moved.

        What goes wrong at one postoffice is told once, and holds up no other.
        """
        places = {po.root.resolve(): po for po in (*(offices if self.everywhere else ()), *self.beside)}
        total = 0
        for _ in range(len(places) + 1):
            moved = sum(self._move(path, po, tell) for path, po in places.items() if not stop())
            total += moved
            if not moved:
                break
        return total

    def _move(self, path: Path, po: Maildata, tell: Callable[[str], None]) -> int:
        from dxa_msmail.programs import external

        patience = self._patience.setdefault(path, Patience())
        if patience.is_waiting(self.clock()):
            return 0
        try:
            with po.look() as files:
                if not _has_mail(files):
                    return 0
            done = external.run(po, self.clock)
        except DxaError as error:
            if patience.hold(str(error), self.clock()):
                tell(f"EXTERNAL at {po.root}: {error}")
            return 0
        patience.release()
        return done.local + done.settled + sum((done.delivered + done.forwarded).values())


def _has_mail(files: Files) -> bool:
    """Whether something lies where EXTERNAL looks."""
    bags = [INQUEUE, INQUEUE3, *(row.mailbag for row in networks.postoffices(files).values())]
    return any(mailbag.depth(files, bag) for bag in bags)


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
