"""The fault test over e-mail: sealed letters, and a mail system that loses, bounces, converts and replays."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.mail_world import MailWorld, run_over_mail
from tests.world import World


class MailFaultMachine(RuleBasedStateMachine):
    """A server and three requestors with nothing but mail between them; Hypothesis chooses what happens."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = MailWorld(0, Path(self.folder.name))

    def teardown(self) -> None:
        """The end of every schedule: three clean cycles, then everything agrees, and no mailbox holds anything."""
        with self.folder:
            self.world.settle()
            assert ([], []) == (self.world.problems(), self.world.left_over())


def _rule(name: str) -> object:
    @rule(seed=st.integers(0, 2**16))
    def act(self: MailFaultMachine, seed: int) -> None:
        self.world.random.seed(seed)
        self.world.now += 600
        getattr(self.world, name)()

    return act


for _action in World.ACTIONS:
    setattr(MailFaultMachine, _action.__name__, _rule(_action.__name__))

MailFaultMachine.TestCase.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.dx("T-136", "T-137", "T-142")
class TestFaultsOverMail(MailFaultMachine.TestCase):
    """As in memory; e-mails may be lost, doubled, late, cut, bounced, converted and forged."""


@pytest.mark.parametrize("block", range(6))
def test_schedules_over_mail_end_in_agreement(block: int, tmp_path: Path) -> None:
    """Schedules from fixed seeds end with every list in step, and every mailbox empty."""
    wrong = {}
    for seed in range(block * 10, block * 10 + 10):
        problems = run_over_mail(seed, tmp_path / str(seed))
        if problems:
            wrong[seed] = problems

    assert {} == wrong


def test_equal_seeds_are_equal_runs_over_mail(tmp_path: Path) -> None:
    """A schedule can be replayed: the same seed does the same things, to the same bytes in every e-mail."""
    worlds = [MailWorld(7, tmp_path / name) for name in ("one", "two")]
    for world in worlds:
        for _ in range(30):
            world.step()

    assert worlds[0].log == worlds[1].log
    assert worlds[0].old == worlds[1].old


def test_what_nobody_vouches_for_is_kept_with_its_reason(tmp_path: Path) -> None:
    """Cut and forged e-mails lie aside, each with a reason; none has changed anything."""
    world = MailWorld(3, tmp_path)
    for _ in range(200):
        world.step()
    world.settle()
    mails = sorted(tmp_path.rglob("*.eml"))
    reasons = [path.with_suffix(".why").read_text() for path in mails]

    assert [] == world.problems()
    assert len(mails) > 3
    assert all("not signed" in text or "cut or changed" in text or "seal" in text for text in reasons), reasons


@pytest.mark.dx("T-136", "T-193")
@pytest.mark.parametrize("act", ["t1", "t2", "t3"])
def test_killed_at_every_call_over_mail(act: str, tmp_path: Path) -> None:
    """Killed before or after any e-mail is handed over, read or removed: the next run ends as if nothing had been."""
    kills = 0
    while True:
        world = MailWorld(5, tmp_path / act / str(kills), faults=False)
        world.settle(cycles=1)
        for _ in range(6):
            world.now += 600
            world.edit_people()
            world.edit_directory()
        acts: dict[str, Callable[[], object]] = {
            "t1": lambda world=world: [office.t1() for office in world.offices],  # type: ignore[misc]
            "t2": lambda world=world: world.agent.sync(),  # type: ignore[misc]
            "t3": lambda world=world: [world.take(office) for office in world.offices],  # type: ignore[misc]
        }
        for earlier in ("t1", "t2", "t3"):
            if earlier == act:
                break
            acts[earlier]()
            world.carry()
        for fuse in {id(each): each for each in (world.fuse, *(office.fuse for office in world.offices))}.values():
            fuse.left = kills
        crashed = world.is_crashed(acts[act])
        for fuse in (world.fuse, *(office.fuse for office in world.offices)):
            fuse.left = None
        world.agent = world.start()
        for office in world.offices:
            world.client(office, lambda: None)
        world.settle(cycles=1)
        assert ([], []) == (world.problems(), world.left_over()), f"killed at step {kills}"
        if not crashed:
            break
        kills += 1

    assert kills > 3, "the act does something, or this tests nothing"
