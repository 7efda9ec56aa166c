"""A kill at every call of a cycle, one after the other, where one end is in memory, asks, or takes RESYNC.GLB.

As in `tests.test_kills`, but from a new world each time, and with whatever the cycle needs to come to its end: a
request that was handed over before the kill may go once more, and says the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.asking import Asking, AskingFolder, AskingMail, AskingServed, AskingShadow, bring
from tests.worlds.fuses import Crash, Fuse
from tests.worlds.mail import MailWorld
from tests.worlds.memory import NAMES
from tests.worlds.served import ServedWorld

#: What is done in a cycle, in its order; before the last two somebody has carried the mail, and brought the file.
ACTS = ("asking", "serving", "extracting", "taking")


def prepared(make: Callable[..., Any], folder: Path) -> Any:
    """A world in which a cycle has run, and then people came, left and were renamed on all sides."""
    world = make(5, folder, faults=False)
    world.settle(cycles=1)
    for _ in range(6):
        world.now += 600
        world.edit_people()
        if not isinstance(world, ServedWorld):
            world.edit_directory()
    return world


def act(world: Any, name: str) -> None:
    """One part of a cycle, as programs that a kill ends."""
    if name == "asking":
        for office in world.offices:
            office.t1()
    elif name == "serving":
        world.hub.serve() if isinstance(world, ServedWorld) else world.agent.sync()
    elif name == "extracting":
        world.extract(NAMES)
    else:
        for office in world.offices:
            world.take(office)


def before(world: Any, name: str) -> None:
    """The cycle up to there, with the mail carried and the files brought in between."""
    for earlier in ACTS[: ACTS.index(name)]:
        if earlier != "extracting" or isinstance(world, Asking):
            act(world, earlier)
        world.carry()
    if name == "taking" and isinstance(world, Asking):
        for office in world.offices:
            if office.name in world.files:
                bring(office, world.files[office.name])


def fuses(world: Any) -> list[Fuse]:
    """Everybody's."""
    hub = [world.hub] if hasattr(world, "hub") else []
    return list({id(each.fuse): each.fuse for each in (world, *hub, *world.offices)}.values())


def killed(make: Callable[..., Any], name: str, folder: Path) -> int:
    """Kill at the first step, then at the next ones, until none kills; returns how many did.

    Every side ends at the same step of its own, the first one before the others have begun.
    """
    kills = 0
    while True:
        world = prepared(make, folder / str(kills))
        before(world, name)
        for fuse in fuses(world):
            fuse.left = kills
        try:
            act(world, name)
            crashed = False
        except Crash:
            crashed = True
        for fuse in fuses(world):
            fuse.left = None
        if not isinstance(world, ServedWorld):
            world.agent = world.start()
        for office in world.offices:
            world.client(office, lambda: None)
        world.settle(cycles=1)
        assert ([], []) == (world.problems(), world.left_over()), f"killed at step {kills}"
        if not crashed:
            return kills
        kills += 1


IN_MEMORY = [(MailWorld, "asking"), (MailWorld, "serving"), (MailWorld, "taking")]
IN_MEMORY += [*((AskingFolder, name) for name in ACTS), (AskingMail, "asking")]
#: Those that take longer.
OTHERS = [(AskingMail, "taking"), (AskingMail, "serving"), (AskingMail, "extracting")]
OTHERS += [(world, name) for world in (AskingShadow, AskingServed) for name in ACTS]


@pytest.mark.dx("T-136", "T-193")
@pytest.mark.parametrize(
    ("world", "name"), [*IN_MEMORY, *(pytest.param(*each, marks=pytest.mark.sweep) for each in OTHERS)]
)
def test_killed_at_every_call(world: Callable[..., Any], name: str, tmp_path: Path) -> None:
    """Killed before or after any message is handed over, read, removed or marked, around any commit, and on a disk
    before any write: the next cycle ends as if nothing had been.
    """
    assert killed(world, name, tmp_path) > 3, "the act does something, or this tests nothing"
