"""The fault test with postoffices on disk: their programs, a shadow postoffice, and EXTERNAL in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.disk import DiskWorld
from tests.worlds.runner import machine, twins, wrong

OnDisk = machine(DiskWorld, 10, 30)


@pytest.mark.dx("T-136", "T-137", "T-142", "T-193")
class TestFaultsOnDisk(OnDisk.TestCase):
    """As in memory; letters lie in mailbags, and programs are ended before any write, rename or removal."""


@pytest.mark.parametrize("block", range(3))
def test_schedules_on_disk_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with every list in step, and with nothing that a check would find."""
    assert {} == wrong(DiskWorld, range(block * 5, block * 5 + 5))


def test_nothing_is_left_in_a_mailbag(tmp_path: Path) -> None:
    """When all is quiet no letter waits anywhere, and none is kept twice."""
    world = DiskWorld(11, tmp_path, faults=False)
    for _ in range(15):
        world.step()
    world.settle()

    assert [] == world.problems()
    assert [] == world.left_over()


def test_equal_seeds_are_equal_runs_on_disk(tmp_path: Path) -> None:
    """A schedule can be replayed: the same seed does the same things, to the same bytes in every file."""
    one, two = twins(DiskWorld, 7, tmp_path, 25)
    trees = [
        {str(path.relative_to(world.folder)): path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
        for world in (one, two)
    ]

    assert one.log == two.log
    assert trees[0].keys() == trees[1].keys()
    assert [] == [name for name in trees[0] if trees[0][name] != trees[1][name] and "XTN" not in name]
