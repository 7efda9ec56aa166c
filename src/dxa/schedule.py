"""When a link's cycles run: always, never, or at selected times of the clock on the wall, each with a run window.

Time is an argument here: seconds since 1970. What a calendar makes of it is APScheduler's business.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

Style = Literal["always", "selected", "never"]

HOUR = 3600.0
#: No clock is put forward by more than this, changes of the date left out.
_FORWARD = 2 * HOUR
_DAY = "mon|tue|wed|thu|fri|sat|sun"
_TIME = re.compile(rf"(?:(?P<days>(?:{_DAY})(?:[,-](?:{_DAY}))*)\s+)?(?P<hour>\d{{1,2}}|\*):(?P<minute>\d\d)", re.I)


def check_time(text: str) -> str:
    """``06:30``, ``mon-fri 18:00`` or ``*:15`` (every hour); raises `ValueError` for anything else."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no time: write HH:MM, *:MM for every hour, or DAYS HH:MM like mon-fri 18:00")
    if int(found["minute"]) > 59 or (found["hour"] != "*" and int(found["hour"]) > 23):
        raise ValueError(f"{text!r} is no time of a day")
    return text


def zone_of(name: str) -> tzinfo:
    """The time zone of that name, the machine's own for ``""``; raises `ValueError` when nobody knows it."""
    if not name:
        from tzlocal import get_localzone

        return get_localzone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}; write one like Europe/Berlin") from None


@attrs.frozen(kw_only=True)
class Schedule:
    """When cycles run: `every` so many seconds (always), or at `times` of the wall clock in `zone` (selected).

    What could not run at its time runs as soon as it can, within `window` seconds, and only once, however many times
    have passed; behind that it is missed.
    """

    style: Style = "always"
    every: float = HOUR / 4
    times: tuple[str, ...] = ()
    zone: str = ""
    window: float = 8 * HOUR

    def due(self, last: float | None, now: float) -> bool:
        """Whether a cycle should run now; `last` is when the last one began."""
        if self.style == "never":
            return False
        if self.style == "always":
            return last is None or not 0 <= now - last < self.every
        since = now - self.window
        following = self._moments(max(since, last) if last is not None and last <= now else since)
        return following is not None and following <= now

    def following(self, last: float | None, now: float) -> float | None:
        """When a cycle should run next, now at the earliest; None when never."""
        if self.style == "never":
            return None
        if self.due(last, now):
            return now
        if self.style == "always":
            assert last is not None
            return last + self.every
        return self._moments(now)

    def missed(self, last: float | None, now: float) -> float | None:
        """The latest moment that passed unused because its window is over, for a log; None when there is none."""
        if self.style != "selected" or last is None or last > now or self.due(last, now):
            return None
        moment = self._moments(last)
        return moment if moment is not None and moment <= now - self.window else None

    def _moments(self, after: float) -> float | None:
        """The first selected moment behind that time."""
        found = [moment for trigger in self._triggers() if (moment := _next(trigger, after)) is not None]
        return min(found, default=None)

    def _triggers(self) -> Sequence[CronTrigger]:
        zone = zone_of(self.zone)
        return [_trigger(text, zone) for text in self.times]


def _trigger(text: str, zone: tzinfo) -> CronTrigger:
    from apscheduler.triggers.cron import CronTrigger

    found = _TIME.fullmatch(text.strip())
    assert found is not None
    days = (found["days"] or "*").lower()
    return CronTrigger(day_of_week=days, hour=found["hour"], minute=int(found["minute"]), second=0, timezone=zone)


def _next(trigger: CronTrigger, after: float) -> float | None:
    """The trigger's first moment behind that time.

    An hour that comes twice, when summer ends, has one moment and not two. One that is left out when summer begins has
    its moment behind it: at 3:10 that of 2:30, which is 3:30, is to come. The trigger finds it from before the change.
    """
    start = datetime.fromtimestamp(after - _FORWARD, UTC)
    moment = trigger.get_next_fire_time(start, start)
    while moment is not None and (moment.timestamp() <= after or moment.fold):
        start = datetime.fromtimestamp(moment.timestamp() + 1, UTC)
        moment = trigger.get_next_fire_time(start, start)
    return None if moment is None else float(moment.timestamp())


def earliest(moments: Iterable[float | None]) -> float | None:
    """The earliest of these moments; None stands for never."""
    return min((moment for moment in moments if moment is not None), default=None)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that is set by SIGTERM and SIGINT, for what runs until it is told to end."""
    stop = threading.Event()

    def handle(_number: int, _frame: Any) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
