"""The fault test with a postoffice as the directory server: SRVMAIN, REQMAIN, IMPORT, REBUILD and EXTERNAL on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.served_world import ServedWorld, run_served


class ServedFaultMachine(RuleBasedStateMachine):
    """One server with people of its own and three others; Hypothesis chooses what happens, and shrinks what fails."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = ServedWorld(0, Path(self.folder.name))

    def teardown(self) -> None:
        """The end of every schedule: clean cycles, then everything agrees."""
        with self.folder:
            self.world.settle()
            assert [] == self.world.problems()


def _rule(name: str) -> object:
    @rule(seed=st.integers(0, 2**16))
    def act(self: ServedFaultMachine, seed: int) -> None:
        self.world.random.seed(seed)
        self.world.now += 600
        getattr(self.world, name)()

    return act


for _action in ServedWorld.ACTIONS:
    setattr(ServedFaultMachine, _action.__name__, _rule(_action.__name__))

ServedFaultMachine.TestCase.settings = settings(
    max_examples=2, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.dx("T-136", "T-137", "T-138", "T-140", "T-142", "T-190")
class TestFaultsAtAServer(ServedFaultMachine.TestCase):
    """Letters are lost, doubled, cut and reordered, programs end anywhere, and every side is set back to backups."""


@pytest.mark.parametrize("block", range(2))
def test_schedules_with_a_server_end_in_agreement(block: int, tmp_path: Path) -> None:
    """Schedules from fixed seeds end with every list in step, and with nothing that a check would find."""
    wrong = {}
    for seed in range(block * 2, block * 2 + 2):
        problems = run_served(seed, tmp_path / str(seed))
        if problems:
            wrong[seed] = problems

    assert {} == wrong


@pytest.mark.dx("T-053")
def test_nothing_is_sent_when_nothing_changes(tmp_path: Path) -> None:
    """Without faults no letter is left in any mailbag, and a further cycle sends no transaction to anybody."""
    world = ServedWorld(11, tmp_path, faults=False)
    for _ in range(8):
        world.step()
    world.settle(cycles=2)
    before = world.hub.served()
    world.cycle()

    assert [] == world.problems()
    assert [] == world.left_over()
    assert (before.head, before.lines) == (world.hub.served().head, world.hub.served().lines)


def test_equal_seeds_are_equal_runs_at_a_server(tmp_path: Path) -> None:
    """A schedule can be replayed: the same seed does the same things, to the same bytes in what the server keeps."""
    worlds = [ServedWorld(7, tmp_path / name) for name in ("one", "two")]
    for world in worlds:
        for _ in range(25):
            world.step()
    kept = [
        {name: (world.hub.root / name).read_bytes() for name in ("DXA/SERVER", "GLB/MSTTRANS.GLB", "GLB/SRVCONF.GLB")}
        for world in worlds
    ]

    assert worlds[0].log == worlds[1].log
    assert kept[0] == kept[1]
