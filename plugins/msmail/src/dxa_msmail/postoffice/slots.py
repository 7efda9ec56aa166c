"""Slots of the week: a day and a time that the clock on the wall shows in a time zone.

A slot stays where it is when clocks are changed. Dispatch of MS Mail added a week's seconds and was an hour off from
then on (KB Q96060, Q119111, Q135352). What a calendar makes of a slot is said by `dxa.schedule`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs

from dxa.errors import UsageError
from dxa.schedule import Schedule, zone_of

#: As DSSCHED writes them (KB Q96060), from the first day of its week on.
DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
#: KB Q96060, Q101753: the zone of whoever has set none.
DEFAULT_ZONE = "PST8PDT"

#: Minutes of a day and of a week.
_DAY, _WEEK = 24 * 60, 7 * 24 * 60
_HOUR = 3600
_TIME = re.compile(r"(?:(?P<days>[A-Za-z]{3}(?:[,-][A-Za-z]{3})*)\s+)?(?P<hour>\d{1,2}):(?P<minute>\d\d)")
#: KB Q96060: three letters, the hours west of Greenwich, and anything behind them for daylight-saving time.
_TZ = re.compile(r"[A-Za-z]{3}(?P<west>-?\d{1,2})(?::(?P<minutes>[0-5]\d))?(?P<summer>[A-Za-z]+)?")
#: Which days have daylight-saving time the C library takes from the United States, whatever the letters are.
_SUMMER, _SUMMER_WEST = "America/New_York", 5


@attrs.frozen(order=True)
class Slot:
    """A time of each week, as the minute since Sunday, 00:00."""

    minute: int = attrs.field(validator=[attrs.validators.ge(0), attrs.validators.lt(_WEEK)])

    @property
    def text(self) -> str:
        """As DSSCHED writes it: ``Mon 22:00``."""
        day, minute = divmod(self.minute, _DAY)
        return f"{DAYS[day]} {minute // 60:02}:{minute % 60:02}"


def parse_slot(text: str) -> Slot:
    """The slot that DSSCHED writes as ``Mon 22:00``; raises `UsageError`."""
    found = parse_slots(text)
    if len(found) != 1:
        raise UsageError(f"{text!r} is not one time of the week; write one like Mon 22:00")
    return found[0]


def parse_slots(text: str) -> list[Slot]:
    """The slots of ``Mon 22:00``, ``mon-fri 22:00``, ``sat,sun 6:00``, or of every day, ``22:00``; raises `UsageError`.

    In the order of the days as they are named.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no time of the week: write DAY HH:MM like Mon 22:00, with {', '.join(DAYS)}")
    hour, minute = int(found["hour"]), int(found["minute"])
    if hour > 23 or minute > 59:
        raise UsageError(f"{text!r} is no time of a day: hours are 0 to 23, minutes 00 to 59")
    days = _days(found["days"]) if found["days"] else range(7)
    return [Slot(day * _DAY + hour * 60 + minute) for day in dict.fromkeys(days)]


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, *more = (_day(name) for name in part.split("-"))
        if len(more) > 1:
            raise UsageError(f"{part!r} are no days; write the first and the last one, like mon-fri")
        last = more[0] if more else first
        yield from ((first + n) % 7 for n in range((last - first) % 7 + 1))


def _day(name: str) -> int:
    try:
        return DAYS.index(name.capitalize())
    except ValueError:
        raise UsageError(f"{name!r} is no day: write one of {', '.join(DAYS)}") from None


@attrs.frozen
class Zone:
    """A time zone: at any moment its clocks show what those of `rules`, an IANA name, show `shift` seconds later."""

    name: str
    rules: str
    shift: int = 0

    def following(self, slot: Slot, after: float) -> int:
        """The slot's first moment behind that time, both in seconds since 1970.

        In an hour that is left out it comes an hour later by the clock on the wall, in one that comes twice once.
        """
        start = after + self.shift
        found = Schedule(style="selected", times=(slot.text,), zone=self.rules).following(start, start)
        assert found is not None
        return int(found) - self.shift

    def wall(self, moment: float) -> datetime:
        """What the clock on the wall shows at that moment, without a zone."""
        return datetime.fromtimestamp(moment + self.shift, zone_of(self.rules)).replace(tzinfo=None)

    def west(self, moment: float) -> int:
        """So many whole hours the zone lies west of Greenwich, daylight-saving time not counted (KB Q96060)."""
        there = datetime.fromtimestamp(moment + self.shift, zone_of(self.rules))
        offset = (there.utcoffset() or timedelta()) - (there.dst() or timedelta())
        return -int((offset.total_seconds() + self.shift) / _HOUR)


def parse_zone(name: str) -> Zone:
    """The zone of an IANA name, ``Europe/Berlin``, or of a TZ as MS-DOS had it, ``PST8PDT`` and ``AUS-14``.

    The hours of the latter count westward. With letters behind them summers are those of the United States; without,
    the zone has none. ``""`` is `DEFAULT_ZONE`. Raises `UsageError` for a zone that nobody knows here.
    """
    found = _TZ.fullmatch(name or DEFAULT_ZONE)
    if found is None:
        try:
            zone_of(name)
        except ValueError as error:
            raise UsageError(f"{error}, or as MS-DOS had it, {DEFAULT_ZONE}") from None
        return Zone(name, name)
    west = _seconds(found["west"], found["minutes"] or "0")
    if abs(west) > 24 * _HOUR:
        raise UsageError(f"{name!r} is no time zone: no place is more than 24 hours from Greenwich")
    if found["summer"]:
        return Zone(found[0], _SUMMER, _SUMMER_WEST * _HOUR - west)
    return Zone(found[0], "UTC", -west)


def _seconds(hours: str, minutes: str) -> int:
    sign = -1 if hours.startswith("-") else 1
    return int(hours) * _HOUR + sign * int(minutes) * 60


def local_zone() -> str:
    """The name of this machine's own zone; `DEFAULT_ZONE` where it has none that can be named."""
    try:
        return parse_zone(getattr(zone_of(""), "key", DEFAULT_ZONE)).name
    except (UsageError, LookupError, ValueError, OSError):
        return DEFAULT_ZONE
