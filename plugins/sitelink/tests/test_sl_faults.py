"""The fault test of site links: whatever happens on the way, both directories agree when faults stop."""

from __future__ import annotations

import pytest

from tests.worlds.runner import machine, wrong
from tests.worlds.sitelink import LinkedSites

TwoSites = machine(LinkedSites, 15, 30)


class TestFaults(TwoSites.TestCase):
    """Edits on both sides, loss, doubling, reordering, truncation, damage, deleted folders, restores and crashes."""


@pytest.mark.parametrize("block", range(2))
def test_schedules_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with both directories in step and the folder at rest; a seed replays exactly."""
    assert {} == wrong(LinkedSites, range(block * 8, block * 8 + 8))


@pytest.mark.sweep
def test_many_schedules_end_in_agreement() -> None:
    """The same for many more seeds, and for more steps."""
    assert {} == wrong(LinkedSites, range(1000, 1400), steps=80)
