"""The fault test with a postoffice as the directory server: SRVMAIN, REQMAIN, IMPORT, REBUILD and EXTERNAL on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.runner import machine, twins, wrong
from tests.worlds.served import ServedWorld

AtServer = machine(ServedWorld, 2, 15)


@pytest.mark.dx("T-136", "T-137", "T-138", "T-140", "T-142", "T-190")
class TestFaultsAtAServer(AtServer.TestCase):
    """Letters are lost, doubled, cut and reordered, programs end anywhere, and every side is set back to backups."""


@pytest.mark.parametrize("block", range(2))
def test_schedules_with_a_server_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with every list in step, and with nothing that a check would find."""
    assert {} == wrong(ServedWorld, range(block * 2, block * 2 + 2))


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
    one, two = twins(ServedWorld, 7, tmp_path, 25)
    kept = [
        {name: (world.hub.root / name).read_bytes() for name in ("DXA/SERVER", "GLB/MSTTRANS.GLB", "GLB/SRVCONF.GLB")}
        for world in (one, two)
    ]

    assert one.log == two.log
    assert kept[0] == kept[1]
