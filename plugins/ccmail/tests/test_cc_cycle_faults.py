"""The fault test of cc:Mail: whatever happens on the way, both sides agree when faults stop, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.ccmail_faults import FaultyOffice, run


class OfficeMachine(RuleBasedStateMachine):
    """A site and a post office; Hypothesis chooses what happens, and shrinks what goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.world = FaultyOffice(0)

    def teardown(self) -> None:
        """The end of every schedule: clean cycles, then everything agrees."""
        self.world.settle()
        problems = self.world.problems()
        self.world.close()
        assert [] == problems


def _rule(action: Callable[[FaultyOffice], None]) -> Any:
    @rule(seed=st.integers(0, 2**16))
    def act(self: OfficeMachine, seed: int) -> None:
        self.world.random.seed(seed)
        self.world.now += 600
        getattr(self.world, action.__name__)()

    return act


for _action in FaultyOffice.ACTIONS:
    setattr(OfficeMachine, _action.__name__, _rule(_action))

OfficeMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.cc("T37", "T38", "T50")
class TestFaults(OfficeMachine.TestCase):
    """Programs that fail at every step, crashes, exports that are old, cut or torn, and edits on both sides."""


@pytest.mark.cc("T37", "T38", "T50")
@pytest.mark.parametrize("block", range(4))
def test_schedules_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with both sides in step; a seed that fails replays exactly."""
    wrong = {seed: problems for seed in range(block * 15, block * 15 + 15) if (problems := run(seed))}

    assert {} == wrong


@pytest.mark.sweep
@pytest.mark.parametrize("block", range(20))
def test_many_schedules_end_in_agreement(block: int) -> None:
    """The same with many more seeds."""
    wrong = {seed: problems for seed in range(1000 + block * 50, 1050 + block * 50) if (problems := run(seed))}

    assert {} == wrong
