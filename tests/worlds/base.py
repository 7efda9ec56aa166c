"""What a world of the fault test is: steps with weights, an end to all faults, and what must agree then."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self


class World(ABC):
    """Everything in it follows from a seed, but for a folder that it has for itself."""

    #: What may happen, and how often that is to what else may.
    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {}
    #: The steps of a schedule.
    LENGTH: ClassVar[int] = 40

    def __init__(self, seed: int, folder: Path, *, faults: bool = True) -> None:
        self.random = random.Random(seed)
        self.folder, self.faults = folder, faults
        self.now = 1_000_000.0
        #: What happened, and what was wrong at any time.
        self.log: list[str] = []
        self.broken: list[str] = []

    @classmethod
    def build(cls, seed: int, folder: Path) -> Self:
        """A world that is ready for the first step of a schedule."""
        return cls(seed, folder)

    def step(self) -> None:
        """Time passes, and one random thing happens."""
        self.pass_time()
        self.act(self.choose())

    def pass_time(self) -> None:
        """An hour at most."""
        self.now += self.random.randint(1, 4000)

    def choose(self) -> Callable[[Any], None]:
        """A random thing to do."""
        return self.random.choices(list(self.ACTIONS), list(self.ACTIONS.values()))[0]

    def act(self, action: Callable[[Any], None]) -> None:
        """Do it."""
        self.log.append(action.__name__)
        getattr(self, action.__name__)()
        self.watch()

    def watch(self) -> None:
        """Put what must hold at any time and does not into `broken`; some worlds know of nothing like that."""
        return

    @abstractmethod
    def settle(self) -> None:
        """All faults stop, and so many cycles run as it may take."""

    @abstractmethod
    def problems(self) -> list[str]:
        """What does not agree, and what was broken before."""

    def end(self) -> list[str]:
        """The end of a schedule; returns what is wrong then."""
        self.settle()
        return self.problems()

    def close(self) -> None:
        """Give everything back; the folder is the runner's."""
        return
