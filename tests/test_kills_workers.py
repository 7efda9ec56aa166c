"""Connectors in processes of their own, killed with SIGKILL at every message on the pipe, one after the other.

Once a message has not been read yet, once it has been done and its answer is lost. The cycle tells it, the next one
begins with a new process, and nothing is lost or done twice.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.agent import Agent, OpenSite
from dxa.host import Host
from dxa.worker import RemoteConnector
from dxa.worker.process import Process
from tests.cases.harness import HOUR, SiteHarness
from tests.labs.pair import SERVER, SitePair, requestor_text


@attrs.define
class ApartHarness(SiteHarness):
    """A site whose connectors are in processes of their own."""

    def open(self, *, create: bool = False) -> None:
        """See `SiteHarness`."""
        (self.folder / "dxa.toml").write_text(self.text, encoding="utf-8")
        self.site = OpenSite.open(self.folder, Host(), lambda: self.now, create=create, apart=True)
        self.agent = Agent(site=self.site)


@attrs.define
class Killer:
    """Kills a process at its `at`-th message from now on; `done` says whether it does first what it was asked."""

    at: int = -1
    done: bool = False
    killed: int = 0

    def ask(self, process: Process, message: object, what: str, until: float) -> Any:
        """In place of `Process.ask`."""
        self.at -= 1
        if self.at != 0:
            return PLAIN(process, message, what, until)
        if self.done:
            PLAIN(process, message, what, until)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process._child.wait()
        self.killed += 1
        return PLAIN(process, message, what, until)


PLAIN = Process.ask


@attrs.define
class Pair(SitePair):
    """The two, one of them with its connector apart."""

    def agree(self) -> bool:
        """Whether each has the other's people."""
        here, there = self.server, self.requestor
        return (here.names(container="Staff"), there.names(container="Staff")) == (
            there.names(container="Far"),
            here.names(container="Imported"),
        )


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    """Stands between the agent and its processes."""
    killer = Killer()
    monkeypatch.setattr(Process, "ask", lambda *arguments: killer.ask(*arguments))
    return killer


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Two sites that have spoken; the parameter says whose connector is apart."""
    for name in ("server", "requestor"):
        (tmp_path / name).mkdir()
    kinds = [ApartHarness if request.param == name else SiteHarness for name in ("server", "requestor")]
    made = Pair(kinds[0](tmp_path / "server", SERVER), kinds[1](tmp_path / "requestor", requestor_text()))
    made.server.add("Bob Main")
    made.requestor.add("Ann West")
    made.cycle()
    yield made
    made.server.close()
    made.requestor.close()


@pytest.mark.dx("T-136")
@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("pair", ["server", "requestor"], indirect=True)
def test_killed_at_every_message(pair: Pair, killer: Killer, done: bool) -> None:
    """The cycle with the kill says that the process has ended; the next one is clean, and both sides agree after it.

    What was reported is taken once: no number of the requestor's comes twice into the server's list, no list is told
    anew, and no file lies in an inbox.
    """
    apart = pair.server if isinstance(pair.server, ApartHarness) else pair.requestor
    other = pair.requestor if apart is pair.server else pair.server
    at = 0
    while True:
        at += 1
        pair.server.add(f"S{at} Main")
        pair.requestor.add(f"R{at} West")
        other.sync()
        pair.carry()
        killer.at, killer.done, killer.killed = at, done, 0
        apart.now += HOUR
        broken = apart.agent.sync()
        killer.at = -1
        if not killer.killed:
            break
        told = [error for link in broken.links for error in link.errors]
        assert told
        assert [] == [error for error in told if "its process ended during" not in error]
        apart.sync()
        pair.carry()
        for _ in range(2):
            pair.cycle()
        pair.server.sync()
        assert pair.agree(), f"killed at message {at}"
        assert [] == [*pair.server.inbox.glob("*.msg"), *pair.requestor.inbox.glob("*.msg")]
        assert ([], []) == (pair.server.rejects(), pair.requestor.rejects())

    assert at > 5, "messages have passed, or this tests nothing"
    assert any(isinstance(each, RemoteConnector) for each in apart.site.connectors.values())
