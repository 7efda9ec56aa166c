"""Runs the worlds of the fault test: by schedules from seeds, and by Hypothesis, which shrinks what fails."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.worlds.base import World

W = TypeVar("W", bound=World)


@contextmanager
def world_of(kind: type[W], seed: int) -> Iterator[W]:
    """A world, in a folder that is there as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        world = kind.build(seed, Path(folder))
        try:
            yield world
        finally:
            world.close()


def ended(kind: type[World], seed: int, steps: int = 0) -> list[str]:
    """One schedule, of the world's own length unless it is said; returns what was wrong at its end."""
    with world_of(kind, seed) as world:
        for _ in range(steps or kind.LENGTH):
            world.step()
        return [f"{problem} (after {', '.join(world.log[-12:])})" for problem in dict.fromkeys(world.end())]


def wrong(kind: type[World], seeds: Iterable[int], steps: int = 0) -> dict[int, list[str]]:
    """The schedules that ended wrong."""
    ends = ((seed, ended(kind, seed, steps)) for seed in seeds)
    return {seed: problems for seed, problems in ends if problems}


def twins(kind: type[W], seed: int, folder: Path, steps: int) -> tuple[W, W]:
    """Two worlds of one seed that have done the same number of steps, in folders of their own."""
    pair = kind.build(seed, folder / "one"), kind.build(seed, folder / "two")
    for world in pair:
        for _ in range(steps):
            world.step()
    return pair


def machine(kind: type[World], examples: int, steps: int) -> type[RuleBasedStateMachine]:
    """A machine whose rules are the world's actions; at its end all faults stop, and everything agrees."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.rest = ExitStack()
            self.world = self.rest.enter_context(world_of(kind, 0))

        def teardown(self) -> None:
            with self.rest:
                assert [] == self.world.end()

    for action in kind.ACTIONS:
        setattr(Machine, action.__name__, _rule(action))
    Machine.__name__ = Machine.__qualname__ = f"{kind.__name__}Machine"
    Machine.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return Machine


def _rule(action: Callable[[Any], None]) -> Any:
    @rule(seed=st.integers(0, 2**16))
    def act(self: Any, seed: int) -> None:
        self.world.random.seed(seed)
        self.world.pass_time()
        self.world.act(action)

    return act
