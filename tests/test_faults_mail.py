"""The fault test over e-mail: sealed letters, and a mail system that loses, bounces, converts and replays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.mail import MailWorld
from tests.worlds.runner import machine, twins, wrong

OverMail = machine(MailWorld, 20, 30)


@pytest.mark.dx("T-136", "T-137", "T-142")
class TestFaultsOverMail(OverMail.TestCase):
    """As in memory; e-mails may be lost, doubled, late, cut, bounced, converted and forged."""


@pytest.mark.parametrize("block", range(6))
def test_schedules_over_mail_end_in_agreement(block: int) -> None:
    """Schedules from fixed seeds end with every list in step, and every mailbox empty."""
    assert {} == wrong(MailWorld, range(block * 10, block * 10 + 10))


def test_equal_seeds_are_equal_runs_over_mail(tmp_path: Path) -> None:
    """A schedule can be replayed: the same seed does the same things, to the same bytes in every e-mail."""
    one, two = twins(MailWorld, 7, tmp_path, 30)

    assert one.log == two.log
    assert one.old == two.old


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
