"""The fault test of site links: whatever happens on the way, both directories agree when faults stop."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.sitelink_world import World, run


class FaultMachine(RuleBasedStateMachine):
    """Two sites and a bad carrier; Hypothesis chooses what happens, and shrinks what goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(0)

    def teardown(self) -> None:
        """The end of every schedule: clean rounds, then everything agrees, and nothing more is written."""
        self.world.settle()
        assert [] == self.world.problems() + self.world.quiet()


def _rule(action: object) -> object:
    @precondition(lambda self: True)
    @rule(seed=st.integers(0, 2**16))
    def act(self: FaultMachine, seed: int) -> None:
        self.world.random.seed(seed)
        getattr(self.world, action.__name__)()  # type: ignore[attr-defined]

    return act


for _action in World.ACTIONS:
    setattr(FaultMachine, _action.__name__, _rule(_action))

FaultMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


class TestFaults(FaultMachine.TestCase):
    """Edits on both sides, loss, doubling, reordering, truncation, damage, deleted folders, restores and crashes."""


@pytest.mark.parametrize("block", range(2))
def test_schedules_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with both directories in step and the folder at rest; a seed replays exactly."""
    wrong = {seed: problems for seed in range(block * 8, block * 8 + 8) if (problems := run(seed))}

    assert {} == wrong


@pytest.mark.sweep
def test_many_schedules_end_in_agreement() -> None:
    """The same for many more seeds, and for more steps."""
    wrong = {seed: problems for seed in range(1000, 1400) if (problems := run(seed, steps=80))}

    assert {} == wrong
