"""The fault test with dxa as the requestor, of sites and of SRVMAIN: by message files, e-mails, shadow postoffices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.asking import AskingFolder, AskingMail, AskingServed, AskingShadow
from tests.worlds.askingsite import AskingSite
from tests.worlds.base import World
from tests.worlds.runner import machine, twins, wrong

OverFolders = machine(AskingFolder, 8, 30)
OverMail = machine(AskingMail, 3, 25)
AtServer = machine(AskingServed, 1, 10)


@pytest.mark.dx("T-096", "T-136", "T-137", "T-140", "T-142", "T-190")
class TestAsking(OverFolders.TestCase):
    """Loss, doubling, delay, crashes, restores of either side, new registrations, RESYNC.GLB, other maps and types."""


@pytest.mark.dx("T-136", "T-137", "T-142")
class TestAskingOverMail(OverMail.TestCase):
    """As with files; e-mails may be lost, doubled, late, cut, bounced, converted and forged."""


@pytest.mark.dx("T-136", "T-137", "T-142", "T-190", "T-193")
class TestAskingAServer(AtServer.TestCase):
    """The server is a postoffice with SRVMAIN, which is set back to backups, too, and leaves RESYNC.GLB."""


#: Seeds in each block; so many that a block lasts some seconds.
BLOCKS = [(AskingFolder, 12), (AskingMail, 5), (AskingShadow, 1), (AskingServed, 1)]


@pytest.mark.parametrize(("block", "kind", "count"), [(at, *each) for at, each in enumerate(BLOCKS)])
def test_schedules_of_sites_that_ask_end_in_agreement(block: int, kind: type[World], count: int) -> None:
    """Schedules from fixed seeds end with every list in step, and every site's directory with what it was told."""
    assert {} == wrong(kind, range(block * 100, block * 100 + count))


def test_equal_seeds_are_equal_runs_of_sites_that_ask(tmp_path: Path) -> None:
    """A schedule can be replayed: the same seed does the same things with the same results."""
    one, two = twins(AskingFolder, 7, tmp_path, 40)

    assert one.log == two.log
    assert one.inbox.files == two.inbox.files


def test_nothing_is_sent_when_nothing_changes(tmp_path: Path) -> None:
    """Without faults a further cycle queues no transaction at a site, and its numbers stay."""
    world = AskingFolder(11, tmp_path, faults=False)
    for _ in range(15):
        world.step()
    world.settle()
    before = [_numbers(site) for site in world.sites()]
    world.cycle()

    assert before == [_numbers(site) for site in world.sites()]
    assert [] == world.problems()


def _numbers(site: AskingSite) -> tuple[int, int, list[object]]:
    row = site.store.peers.get(site.peer)
    assert row is not None
    return row.asking.acked, row.asking.last, list(site.store.queue.waiting(site.peer))
