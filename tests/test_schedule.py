"""When cycles run."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.schedule import HOUR, Schedule, check_time, earliest

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> float:
    """A moment on the wall clock of Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def told(moment: float | None) -> str | None:
    """The same back, with the offset of that moment."""
    return None if moment is None else datetime.fromtimestamp(moment, BERLIN).isoformat(timespec="minutes")


def nights(schedule: Schedule, start: str, count: int) -> list[str | None]:
    """The next moments behind a time, each as soon as it is reached."""
    now, found = at(start), []
    for _ in range(count):
        moment = schedule.following(now, now)
        assert moment is not None
        found.append(told(moment))
        now = moment
    return found


def test_always_runs_in_even_steps() -> None:
    """The first cycle runs at once, the next one when the time between two has passed."""
    schedule = Schedule(every=900)

    assert (True, False, True) == (schedule.due(None, 0), schedule.due(1000, 1899), schedule.due(1000, 1900))
    assert 1900 == schedule.following(1000, 1500)


def test_never() -> None:
    """A link may be left to a person."""
    schedule = Schedule(style="never")

    assert (False, None) == (schedule.due(None, 0), schedule.following(None, 0))


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    """A last cycle in the future does not hold up the next one."""
    assert Schedule(every=900).due(5000, 1000)
    assert Schedule(style="selected", times=("06:00",), zone="Europe/Berlin").due(
        at("2026-06-09T06:00"), at("2026-06-08T06:01")
    )


def test_selected_times() -> None:
    """Times of the wall clock, on some days or on all."""
    schedule = Schedule(style="selected", times=("mon-fri 06:00", "sat 12:30"), zone="Europe/Berlin")
    expected = ["2026-06-05T06:00+02:00", "2026-06-06T12:30+02:00", "2026-06-08T06:00+02:00"]

    assert expected == nights(schedule, "2026-06-04T07:00", 3)


def test_every_hour() -> None:
    """A star stands for every hour."""
    schedule = Schedule(style="selected", times=("*:15",), zone="Europe/Berlin")

    assert ["2026-06-05T07:15+02:00", "2026-06-05T08:15+02:00"] == nights(schedule, "2026-06-05T07:00", 2)


def test_a_late_start_runs_once_within_the_window() -> None:
    """A machine that was off at the time runs once when it is on again, unless the window is over."""
    schedule = Schedule(style="selected", times=("06:00",), zone="Europe/Berlin", window=4 * HOUR)
    last = at("2026-06-02T06:00")

    assert schedule.due(last, at("2026-06-05T09:59"))
    assert not schedule.due(at("2026-06-05T09:59"), at("2026-06-05T10:00"))
    assert not schedule.due(last, at("2026-06-05T10:01"))
    assert "2026-06-03T06:00+02:00" == told(schedule.missed(last, at("2026-06-05T10:01")))
    assert schedule.missed(at("2026-06-05T09:59"), at("2026-06-05T20:00")) is None


@pytest.mark.parametrize(
    ("time", "start", "expected"),
    [
        ("02:30", "2026-10-24T12:00", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        ("03:00", "2026-10-24T12:00", ["2026-10-25T03:00+01:00", "2026-10-26T03:00+01:00"]),
        ("06:00", "2026-03-28T12:00", ["2026-03-29T06:00+02:00", "2026-03-30T06:00+02:00"]),
    ],
)
def test_summer_begins_and_ends(time: str, start: str, expected: list[str]) -> None:
    """A time of the wall clock stays where it is, and comes once a day even in the hour that comes twice."""
    assert expected == nights(Schedule(style="selected", times=(time,), zone="Europe/Berlin"), start, 2)


def test_an_hour_that_is_left_out() -> None:
    """What stands in the hour that is left out when summer begins runs that night all the same, once."""
    found = nights(Schedule(style="selected", times=("02:30",), zone="Europe/Berlin"), "2026-03-28T12:00", 2)

    assert ["2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"] == found


def test_a_cycle_right_behind_the_hour_that_is_left_out_does_not_stand_for_it() -> None:
    """A cycle at 3:10, for a time of the evening before, leaves 2:30 to come: at 3:30, within its window, or missed."""
    schedule = Schedule(style="selected", times=("22:30", "02:30"), zone="Europe/Berlin")
    late = at("2026-03-29T03:10")

    assert schedule.due(at("2026-03-28T20:00"), late)
    assert "2026-03-29T03:30+02:00" == told(schedule.following(late, late))
    assert [False, True, True] == [schedule.due(late, late + minutes * 60) for minutes in (19, 20, 150)]
    assert "2026-03-29T03:30+02:00" == told(schedule.missed(late, at("2026-03-29T12:00")))


@given(st.integers(min_value=0, max_value=2 * 366 * 24), st.integers(min_value=0, max_value=23))
def test_a_daily_time_comes_once_a_day(hours: int, hour: int) -> None:
    """From any moment of two years, the next two runs are a day apart, give or take the hour of summer time."""
    now = at("2025-01-01T00:00") + hours * HOUR
    schedule = Schedule(style="selected", times=(f"{hour}:30",), zone="Europe/Berlin")
    first = schedule.following(now, now)
    assert first is not None
    second = schedule.following(first, first)
    assert second is not None

    assert abs(second - first - 24 * HOUR) <= HOUR


@pytest.mark.parametrize("text", ["24:00", "6", "06:60", "someday 06:00", "", "6:0"])
def test_what_is_no_time(text: str) -> None:
    """Nonsense in the configuration is told."""
    with pytest.raises(ValueError, match="is no time"):
        check_time(text)


def test_the_earliest() -> None:
    """Never is later than everything."""
    assert (1.0, None) == (earliest([None, 2.0, 1.0]), earliest([None]))
