"""The fault test: whatever happens on the way, all lists agree within three cycles when faults stop."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.world import World, run


class FaultMachine(RuleBasedStateMachine):
    """One server and three requestors; Hypothesis chooses what happens, and shrinks what goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(0)

    def teardown(self) -> None:
        """The end of every schedule: three clean cycles, then everything agrees."""
        self.world.settle()
        assert [] == self.world.problems()


def _rule(action: object) -> object:
    @precondition(lambda self: True)
    @rule(seed=st.integers(0, 2**16))
    def act(self: FaultMachine, seed: int) -> None:
        self.world.random.seed(seed)
        self.world.now += 600
        getattr(self.world, action.__name__)()  # type: ignore[attr-defined]

    return act


for _action in World.ACTIONS:
    setattr(FaultMachine, _action.__name__, _rule(_action))

FaultMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.dx("T-096", "T-136", "T-137", "T-140", "T-142", "T-190")
class TestFaults(FaultMachine.TestCase):
    """Loss, doubling, delay, reordering, crashes, restores, new registrations and held plans, chosen by Hypothesis."""


@pytest.mark.parametrize("block", range(5))
def test_schedules_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with every list in step; a seed that fails replays exactly."""
    wrong = {seed: problems for seed in range(block * 40, block * 40 + 40) if (problems := run(seed))}

    assert {} == wrong


def test_equal_seeds_are_equal_runs() -> None:
    """A schedule can be replayed: the same seed does the same things with the same results."""
    worlds = [World(7), World(7)]
    for world in worlds:
        for _ in range(40):
            world.step()

    assert worlds[0].log == worlds[1].log
    assert worlds[0].store.highest("pcmail") == worlds[1].store.highest("pcmail")
    assert worlds[0].inbox.files == worlds[1].inbox.files
