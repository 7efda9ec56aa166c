"""The fault test of cc:Mail: whatever happens on the way, both sides agree when faults stop, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.worlds.ccmail import FaultyOffice
from tests.worlds.runner import machine, wrong

AnOffice = machine(FaultyOffice, 40, 40)


@pytest.mark.cc("T37", "T38", "T50")
class TestFaults(AnOffice.TestCase):
    """Programs that fail at every step, crashes, exports that are old, cut or torn, and edits on both sides."""


@pytest.mark.cc("T37", "T38", "T50")
@pytest.mark.parametrize("block", range(4))
def test_schedules_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with both sides in step; a seed that fails replays exactly."""
    assert {} == wrong(FaultyOffice, range(block * 15, block * 15 + 15))


@pytest.mark.sweep
@pytest.mark.parametrize("block", range(20))
def test_many_schedules_end_in_agreement(block: int) -> None:
    """The same with many more seeds."""
    assert {} == wrong(FaultyOffice, range(1000 + block * 50, 1050 + block * 50))
