"""The fault test by schedule: Dispatch, through both nights in which the clocks of Berlin are changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.worlds.dispatch import DAY, ScheduledAsking, ScheduledServed, ScheduledSite
from tests.worlds.runner import machine

#: Days with a change of the clocks in them, in spring and in autumn.
SPRING, AUTUMN = ("2026-03-27T12:00", "2026-03-31T12:00"), ("2026-10-23T12:00", "2026-10-27T12:00")

BySchedule = machine(ScheduledServed, 2, 12)


@pytest.mark.dx("T-169", "T-170")
class TestFaultsBySchedule(BySchedule.TestCase):
    """Polls, edits, outages, locks and crashes in any order, around the night in which summer begins."""


@pytest.mark.dx("T-169", "T-170")
@pytest.mark.parametrize("season", [SPRING, AUTUMN])
def test_a_site_whose_requestors_have_schedules(season: tuple[str, str], tmp_path: Path) -> None:
    """dxa is the server: each time has run once or was missed, and after a quiet week nobody lacks anybody."""
    world = ScheduledSite(7, tmp_path)
    world.begin(season[0])
    world.until(season[1])

    assert [] == world.end()


@pytest.mark.dx("T-169", "T-170")
@pytest.mark.parametrize(
    ("season", "seeds"),
    [
        (AUTUMN, [1]),
        pytest.param(SPRING, range(1, 5), marks=pytest.mark.sweep),
        pytest.param(AUTUMN, range(2, 5), marks=pytest.mark.sweep),
    ],
)
def test_sites_that_ask_by_schedules(season: tuple[str, str], seeds: Sequence[int], tmp_path: Path) -> None:
    """Sites ask a server on disk at times of the wall clock, each once or never, and nobody lacks anybody at the end.

    The server's own programs and those of another requestor run by Dispatch.
    """
    for seed in seeds:
        world = ScheduledAsking(seed, tmp_path / str(seed))
        world.begin(season[0])
        world.until(season[1])

        assert [] == world.end()


@pytest.mark.dx("T-169", "T-170")
def test_a_year_with_half_of_it_off(tmp_path: Path) -> None:
    """Through both changes in one run, with the machine off from April to October: each time in between is missed."""
    world = ScheduledServed(5, tmp_path)
    world.begin(SPRING[0])
    world.until(SPRING[1])
    world.now += 195 * DAY
    world.until(AUTUMN[1])

    assert [] == world.end()


def test_equal_seeds_are_equal_runs_of_dispatch(tmp_path: Path) -> None:
    """A run can be replayed: the same seed does the same things at the same times."""
    worlds = [ScheduledServed(3, tmp_path / name) for name in ("one", "two")]
    for world in worlds:
        world.begin("2026-03-28T12:00")
        world.until("2026-03-29T12:00")

    assert worlds[0].turns == worlds[1].turns
    assert [line for line in worlds[0].log if str(tmp_path) not in line] == [
        line for line in worlds[1].log if str(tmp_path) not in line
    ]
