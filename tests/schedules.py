"""Running a world of the fault test: by schedules from fixed seeds, and by Hypothesis, which shrinks what fails."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

#: A world below a folder, from a seed.
Make = Callable[[int, Path], Any]


def ended(make: Make, seed: int, folder: Path, steps: int = 40) -> list[str]:
    """One schedule; returns what was wrong at its end."""
    world = make(seed, folder)
    for _ in range(steps):
        world.step()
    world.settle()
    return [*world.problems()]


def wrong(make: Make, seeds: Iterable[int], folder: Path, steps: int = 40) -> dict[int, list[str]]:
    """The schedules that ended wrong, each in a folder of its own."""
    ends = ((seed, ended(make, seed, folder / str(seed), steps)) for seed in seeds)
    return {seed: problems for seed, problems in ends if problems}


def machine(make: Make, examples: int, steps: int) -> type[RuleBasedStateMachine]:
    """A machine whose rules are the world's actions; at its end all faults stop, and everything agrees."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.folder = tempfile.TemporaryDirectory()
            self.world = make(0, Path(self.folder.name))

        def teardown(self) -> None:
            with self.folder:
                self.world.settle()
                assert [] == [*self.world.problems()]

    for action in make.ACTIONS:  # type: ignore[attr-defined]
        setattr(Machine, action.__name__, _rule(action.__name__))
    Machine.__name__ = Machine.__qualname__ = f"{make.__name__}Machine"  # type: ignore[attr-defined]
    Machine.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return Machine


def _rule(name: str) -> Any:
    @rule(seed=st.integers(0, 2**16))
    def act(self: Any, seed: int) -> None:
        self.world.random.seed(seed)
        self.world.now += 600
        getattr(self.world, name)()

    return act
