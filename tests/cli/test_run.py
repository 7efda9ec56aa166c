"""`dxa run`: cycles by their schedules."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dxa.agent.service import RETRY, Service
from tests.cases.harness import HOUR, SiteHarness

SITE = """
[site]
organization = "LAB"
name = "HQ"
[links.often]
connector = "memory"
import_container = "Often"
[links.often.memory]
name = "often"
[links.often.schedule]
every_minutes = 30
[links.nightly]
connector = "memory"
import_container = "Nightly"
[links.nightly.memory]
name = "nightly"
[links.nightly.schedule]
style = "selected"
times = ["02:00"]
zone = "Europe/Berlin"
window_hours = 4
[links.never]
connector = "memory"
import_container = "Never"
[links.never.memory]
name = "never"
[links.never.schedule]
style = "never"
"""

#: 2001-09-09 in Berlin, at two in the morning.
TWO = 999_993_600.0


@pytest.fixture
def site(tmp_path: Path):
    """A site with a link for each style."""
    made = SiteHarness(tmp_path, SITE, now=TWO - 600)
    yield made
    made.close()


def quiet(_link: str, _what: str) -> None:
    """Nobody is told."""


def look(site: SiteHarness, service: Service) -> list[str]:
    """What is due is run."""
    due = service.due(site.site)
    if due:
        service.cycle(site.site, due, quiet)
    return due


def test_each_link_runs_by_its_own_schedule(site: SiteHarness) -> None:
    """Links that are due run together, and each once."""
    service, found = Service(), []
    for _ in range(9):
        found.append(look(site, service))
        site.now += 600

    assert [["often"], ["nightly"], [], ["often"], [], [], ["often"], [], []] == found


def test_what_was_missed_runs_within_its_window(site: SiteHarness) -> None:
    """A machine that was off runs the nightly cycle when it is on again, or tells that it was missed."""
    service = Service(only=["nightly"])
    site.now = TWO
    assert ["nightly"] == look(site, service)
    site.now = TWO + 24 * HOUR + 3.9 * HOUR
    assert ["nightly"] == look(site, service)
    site.now = TWO + 48 * HOUR + 5 * HOUR
    assert ([], {"nightly": TWO + 48 * HOUR}) == (look(site, service), service.missed(site.site))
    assert TWO + 72 * HOUR == service.following(site.site)


def test_a_cycle_that_failed_is_tried_again_soon(site: SiteHarness) -> None:
    """A failure does not wait for the next day."""
    service = Service(only=["nightly"])
    site.system("nightly").failing = "out of order"
    site.now = TWO
    assert ["nightly"] == look(site, service)
    site.now += RETRY - 1
    assert ([], TWO + RETRY) == (look(site, service), service.following(site.site))
    site.system("nightly").failing = ""
    site.now += 1
    assert ["nightly"] == look(site, service)
    assert [] == look(site, service)


def test_a_cycle_by_hand_counts(site: SiteHarness) -> None:
    """Whoever runs `dxa sync` in between moves the next cycle."""
    site.sync(after=0)

    assert [] == Service(only=["often"]).due(site.site)


def dxa(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A process of dxa."""
    code = "import sys; from dxa.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "-C", str(folder), *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=folder
    )


def test_the_service_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """SIGTERM ends it quietly with status 0, and nothing is left locked."""
    SiteHarness(tmp_path, SITE).close()
    process = dxa(tmp_path, "run")
    assert process.stdout is not None
    first, second = process.stdout.readline(), process.stdout.readline()
    while "due" not in second:
        first, second = second, process.stdout.readline()
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=30)

    assert "often: applied –, sent –" in first
    assert second.startswith("The next cycle is due at ")
    assert (0, "") == (process.returncode, rest)
    assert time.monotonic() - started < 20


def test_once(tmp_path: Path) -> None:
    """With --once what is due runs, and the command ends; a second time nothing is due."""
    SiteHarness(tmp_path, SITE).close()
    printed = []
    for _ in range(2):
        output, _ = dxa(tmp_path, "run", "--once", "often").communicate(timeout=60)
        printed.append(["often: applied" in output, "next cycle" in output])

    assert [[True, True], [False, True]] == printed
