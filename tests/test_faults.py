"""The fault test: whatever happens on the way, all lists agree within three cycles when faults stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.memory import MemoryWorld
from tests.worlds.runner import machine, twins, wrong

InMemory = machine(MemoryWorld, 60, 40)


@pytest.mark.dx("T-096", "T-136", "T-137", "T-140", "T-142", "T-190")
class TestFaults(InMemory.TestCase):
    """Loss, doubling, delay, reordering, crashes, restores, new registrations and held plans, chosen by Hypothesis."""


@pytest.mark.parametrize("block", range(5))
def test_schedules_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with every list in step; a seed that fails replays exactly."""
    assert {} == wrong(MemoryWorld, range(block * 40, block * 40 + 40))


def test_equal_seeds_are_equal_runs(tmp_path: Path) -> None:
    """A schedule can be replayed: the same seed does the same things with the same results."""
    one, two = twins(MemoryWorld, 7, tmp_path, 40)

    assert one.log == two.log
    assert one.store.highest("pcmail") == two.store.highest("pcmail")
    assert one.inbox.files == two.inbox.files
