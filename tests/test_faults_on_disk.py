"""The fault test with postoffices on disk: their programs, a shadow postoffice, and EXTERNAL in between."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.maildata_world import DiskWorld, run_on_disk
from tests.world import World


class DiskFaultMachine(RuleBasedStateMachine):
    """One shadow postoffice and three others; Hypothesis chooses what happens, and shrinks what goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = DiskWorld(0, Path(self.folder.name))

    def teardown(self) -> None:
        """The end of every schedule: three clean cycles, then everything agrees."""
        with self.folder:
            self.world.settle()
            assert [] == self.world.problems()


def _rule(name: str) -> object:
    @rule(seed=st.integers(0, 2**16))
    def act(self: DiskFaultMachine, seed: int) -> None:
        self.world.random.seed(seed)
        self.world.now += 600
        getattr(self.world, name)()

    return act


for _action in World.ACTIONS:
    setattr(DiskFaultMachine, _action.__name__, _rule(_action.__name__))

DiskFaultMachine.TestCase.settings = settings(
    max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.dx("T-136", "T-137", "T-142", "T-193")
class TestFaultsOnDisk(DiskFaultMachine.TestCase):
    """As in memory; letters lie in mailbags, and programs are ended before any write, rename or removal."""


@pytest.mark.parametrize("block", range(3))
def test_schedules_on_disk_end_in_agreement(block: int, tmp_path: Path) -> None:
    """Schedules from fixed seeds end with every list in step, and with nothing that a check would find."""
    wrong = {}
    for seed in range(block * 5, block * 5 + 5):
        problems = run_on_disk(seed, tmp_path / str(seed))
        if problems:
            wrong[seed] = problems

    assert {} == wrong


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
    worlds = [DiskWorld(7, tmp_path / name) for name in ("one", "two")]
    for world in worlds:
        for _ in range(25):
            world.step()
    trees = [
        {str(path.relative_to(world.folder)): path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
        for world in worlds
    ]

    assert worlds[0].log == worlds[1].log
    assert trees[0].keys() == trees[1].keys()
    assert [] == [name for name in trees[0] if trees[0][name] != trees[1][name] and "XTN" not in name]
