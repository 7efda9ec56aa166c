"""Connectors in processes of their own: nothing that one does wrong reaches the agent or another link."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from dxa.agent import Agent
from dxa.agent.admin import Administrator
from dxa.agent.outcome import CycleOutcome, LinkOutcome
from dxa.agent.site import OpenSite
from dxa.connector import Connector
from dxa.errors import PluginError
from dxa.host import Host
from dxa.recipient import Recipient
from dxa.worker import RemoteConnector
from tests.kit import misbehaving

SITE = """
[site]
organization = "LAB"
name = "HQ"
[addressing.templates]
MOOD = "{alias}"
"""
LINK = """
[links.NAME]
connector = "moody"
import_container = "NAME"
export_containers = ["Recipients", "one", "two"]
[links.NAME.moody]
mood = "MOOD"
[links.NAME.process]
silence_minutes = 0.05
call_minutes = 0.5
megabytes = 2
reports = 50
own = OWN
"""


@attrs.define
class Moods:
    """A site whose links are moody; two of them are called one and two."""

    folder: Path
    now: float = 1_000_000_000.0
    site: OpenSite | None = None

    def links(self, *, own: bool = True, **moods: str) -> None:
        """Write the configuration, and open the site."""
        self.close()
        text = SITE + "".join(
            LINK.replace("NAME", name).replace("MOOD", mood.replace("_", " ")).replace("OWN", str(own).lower())
            for name, mood in moods.items()
        )
        self.write(text)

    def set(self, link: str, line: str) -> None:
        """Add a line to the connector's own table of a link."""
        self.close()
        text = (self.folder / "dxa.toml").read_text(encoding="utf-8")
        head = f"[links.{link}.moody]\n"
        self.write(text.replace(head, f"{head}{line}\n"))

    def write(self, text: str) -> None:
        """Write the configuration, and open the site."""
        (self.folder / "dxa.toml").write_text(text, encoding="utf-8")
        (self.folder / "plugins").mkdir(exist_ok=True)
        shutil.copy(misbehaving.__file__, self.folder / "plugins" / "moody.py")
        host = Host(folder=self.folder / "plugins", discover=False)
        self.site = OpenSite.open(self.folder, host, lambda: self.now, create=True, apart=True)

    def sync(self) -> CycleOutcome:
        """One cycle."""
        assert self.site is not None
        return Agent(site=self.site).sync()

    def connector(self, link: str) -> Connector:
        """The connector of a link, as the last cycle had it."""
        assert self.site is not None
        return self.site.connectors[link]

    def given(self, link: str) -> list[str]:
        """What was delivered on a link."""
        file = self.folder / f"{link}.given"
        return sorted(file.read_text(encoding="utf-8").splitlines()) if file.exists() else []

    def close(self) -> None:
        """Close the site."""
        if self.site is not None:
            self.site.close()
            self.site = None


@pytest.fixture
def moods(tmp_path: Path) -> Iterator[Moods]:
    """A folder for a moody site."""
    found = Moods(tmp_path)
    yield found
    found.close()


def _of(cycle: CycleOutcome, link: str) -> LinkOutcome:
    return next(outcome for outcome in cycle.links if outcome.link == link)


def test_a_connector_in_its_process_takes_part_in_cycles(moods: Moods) -> None:
    """What one link tells reaches the other, though neither connector is in the agent's process."""
    moods.links(one="well", two="well")

    cycle = moods.sync()

    assert [[], []] == [outcome.errors for outcome in cycle.links]
    assert isinstance(moods.connector("one"), RemoteConnector)
    assert "dxa_of_site_moody" in sys.modules  # the plugin says here what it brings, and does its work there
    told = _of(cycle, "one").events
    assert (67, "reading one") in told
    pids = {int(text.split()[1]) for number, text in told if number == 1}
    assert 1 == len(pids)
    assert os.getpid() not in pids
    assert "1000000000" == told[-1][1].split()[2]


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        ("raises", "plugin moody: collect raised KeyError: 'lost' (moody.py, line "),
        ("cannot reach", "the server is away"),
        ("hangs", "plugin moody: collect has said nothing for 3 seconds"),
        ("never ends", "plugin moody: collect has given more than 50 values"),
        ("tells all", "plugin moody: collect has given more than 2 MB at once"),
        ("dies", "plugin moody: its process ended during collect (status 9)"),
        ("dies at the start", "plugin moody: its process ended during open (status 7)"),
        ("fails at the start", "plugin moody: open raised ValueError: not today"),
        ("leaves the process", "plugin moody: its process ended during collect (status 3)"),
        ("no report", "plugin moody: collect has given a str, which is no report"),
        ("wrong inside", "plugin moody: collect has given an entry with what is neither text nor fields"),
        ("wrong lists", "plugin moody: collect has given a report whose types is 'MOOD', not Set or None"),
        ("no list of transactions", "plugin moody: collect has given a report whose transactions is None, not "),
        ("number too large", "plugin moody: collect has given a transaction with the number 1180591620717411303424"),
        ("no character", "a text cannot be stored: 'MOOD:\\udc80'"),
        ("tells without end", "plugin moody: collect has told more than 2 MB before its answer"),
        ("cannot say what", "plugin moody: collect raised _Speechless: it cannot say what (moody.py, line "),
        ("cannot be packed", "plugin moody: collect raised AttributeError: Can't pickle local object"),
        ("cannot be unpacked", "plugin moody: collect has given what cannot be read: ValueError: invalid literal"),
    ],
)
def test_what_goes_wrong_ends_the_cycle_of_its_link(mood: str, error: str, moods: Moods) -> None:
    """Whatever a connector does, its link's cycle ends with a report that says what, and the other link's goes on."""
    moods.links(one=mood, two="well")

    cycle = moods.sync()

    [found] = _of(cycle, "one").errors
    assert found.startswith(error)
    assert [] == _of(cycle, "two").errors
    assert 2 == _of(cycle, "two").applied["A"]


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        ("raises", "plugin moody: collect raised KeyError: 'lost'"),
        ("fails at the start", "plugin moody: open raised ValueError: not today"),
        ("cannot say what", "plugin moody: collect raised _Speechless: it cannot say what"),
        ("no text for a name", "plugin moody: collect has given an entry with what is neither text nor fields"),
        ("half an entry", "plugin moody: collect has given an entry with what is neither text nor fields"),
        ("no raw text", "plugin moody: collect has given a transaction whose raw is no text"),
        ("an add of nobody", "plugin moody: collect has given a transaction ADD without its new entry"),
        ("a delete of somebody new", "plugin moody: collect has given a transaction DELETE without its old entry"),
        ("an odd reject", "plugin moody: collect has given a reject with parts of another kind: (0, 1, '', 0, None)"),
        ("an odd request", "plugin moody: collect has given a report with a request whose r is '1', not int"),
        ("tells no text", "plugin moody: collect raised TypeError: tell takes a number and a text, not a int and a "),
    ],
)
def test_what_goes_wrong_in_the_process_of_dxa_ends_the_cycle_of_its_link(mood: str, error: str, moods: Moods) -> None:
    """A connector that runs where dxa is, on request, does no more harm by what it gives or raises."""
    moods.links(own=False, one=mood, two="well")

    cycle = moods.sync()

    [found] = _of(cycle, "one").errors
    assert found.startswith(error)
    assert [] == _of(cycle, "two").errors
    assert 2 == _of(cycle, "two").applied["A"]


@pytest.mark.parametrize(
    ("mood", "own"), [("writes on", False), ("texts of its own", False), ("texts of its own", True)]
)
def test_what_is_odd_and_does_no_harm_is_taken(mood: str, own: bool, moods: Moods) -> None:
    """A list that is written into after it was given, and texts that are more than texts, count as they were given."""
    moods.links(own=own, one=mood)

    outcome = _of(moods.sync(), "one")

    assert [] == outcome.errors
    assert outcome.applied["A"] > 0


@pytest.mark.parametrize("mood", ["divides and both answer", "logs what is no line"])
def test_what_a_connector_does_beside_its_work_is_no_answer(mood: str, moods: Moods) -> None:
    """A process that a connector's process divides into does not speak to the agent; a line that cannot be logged ends
    nothing.
    """
    moods.links(one=mood)

    outcome = _of(moods.sync(), "one")

    assert [] == outcome.errors
    assert 2 == outcome.applied["A"]


def test_what_a_process_leaves_behind_when_it_ends_by_itself_ends_too(moods: Moods) -> None:
    """That it has ended is seen at once, though what it has divided into lives on; that ends with the link's cycle."""
    moods.links(one="divides_and_dies")

    [error] = _of(moods.sync(), "one").errors

    assert "plugin moody: its process ended during collect (status -9)" == error
    assert _ends(int((moods.folder / "one.program").read_text(encoding="ascii")))


def test_options_that_cannot_go_to_a_process_are_the_trouble_of_their_link(moods: Moods) -> None:
    """A value of a connector's options that cannot be packed is its plugin's error; the other link's cycle goes on."""
    moods.links(one="well", two="well")
    assert moods.site is not None
    object.__setattr__(moods.site.config.links["one"].options, "mood", lambda: "no text")

    cycle = moods.sync()

    [found] = _of(cycle, "one").errors
    assert found.startswith("plugin moody: its options cannot go to its process: AttributeError: Can't pickle")
    assert [] == _of(cycle, "two").errors


def test_a_limit_holds_where_nobody_tells_of_the_end(moods: Moods, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that passes its time ends though the process that processes come from does not answer, as when the
    connector hangs on a disk and is not even ended by a kill.
    """
    monkeypatch.setattr("dxa.worker.nursery.PARTING", 0.2)
    monkeypatch.setattr("dxa.worker.process.PARTING", 0.2)
    moods.links(one="hangs")
    moods.write((moods.folder / "dxa.toml").read_text(encoding="utf-8").replace("= 0.05", "= 0.01"))
    assert moods.site is not None
    connector = moods.site.connector(moods.site.config.links["one"])
    assert isinstance(connector, RemoteConnector)
    connector.open()
    nursery = int(Path(f"/proc/{connector.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
    os.kill(nursery, signal.SIGSTOP)
    try:
        with pytest.raises(PluginError, match=r"has said nothing for 0\.6 seconds"):
            list(connector.collect({}))
    finally:
        os.kill(nursery, signal.SIGCONT)


def test_a_process_that_is_gone_is_replaced_in_the_next_cycle(moods: Moods) -> None:
    """After a cycle that ended with its process a link begins anew; within the cycle nothing is tried again."""
    moods.links(one="well")
    moods.sync()
    remote = moods.connector("one")
    assert isinstance(remote, RemoteConnector)
    os.kill(remote.pid, signal.SIGKILL)

    broken = moods.sync()
    healed = moods.sync()

    assert 1 == len(_of(broken, "one").errors)
    assert "its process ended during collect" in _of(broken, "one").errors[0]
    assert [] == _of(healed, "one").errors


def test_a_call_that_ends_badly_when_nobody_wants_its_rest_is_not_the_next_ones_answer(moods: Moods) -> None:
    """What is raised at the end of a call whose rest is not wanted is logged; every later call gets its own answer."""
    moods.links(one="ends_badly")
    assert moods.site is not None
    connector = moods.site.connector(moods.site.config.links["one"])
    stream = connector.collect({})
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    connector.settle(())

    with pytest.raises(PluginError, match="not that early"):
        list(connector.collect({}))


def test_threads_of_a_connector_may_speak_at_any_time(moods: Moods) -> None:
    """What several threads tell while answers are on their way arrives whole."""
    moods.links(one="takes_threads")

    outcome = _of(moods.sync(), "one")

    assert [] == outcome.errors
    assert 2 == outcome.applied["A"]


def test_a_process_that_cannot_be_started_is_the_trouble_of_its_link(
    moods: Moods, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no process can be had for a link, that is its error, and the next cycle tries again."""
    moods.links(one="well")
    assert moods.site is not None
    with monkeypatch.context() as away:
        away.setattr(sys, "executable", "/nonexistent/python")
        [error] = _of(moods.sync(), "one").errors

    assert "plugin moody: its process cannot be started: No such file or directory" == error
    assert [] == _of(moods.sync(), "one").errors


def test_processes_leave_nothing_behind(moods: Moods) -> None:
    """Processes that fail and are replaced, cycle by cycle, leave no open file and no corpse."""
    moods.links(one="fails_at_the_start")
    moods.sync()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        moods.sync()

    assert before == len(list(Path("/proc/self/fd").iterdir()))


def test_what_nobody_wants_any_more_starts_no_process(moods: Moods) -> None:
    """A call that is given up after its site was closed, as when a cycle is interrupted, begins nothing new."""
    moods.links(one="ends_badly")
    assert moods.site is not None
    connector = moods.site.connector(moods.site.config.links["one"])
    assert isinstance(connector, RemoteConnector)
    stream = connector.collect({})
    next(stream)
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    moods.close()
    stream.close()  # type: ignore[attr-defined]

    assert "" == children.read_text(encoding="ascii").strip()


def test_the_limit_of_reports_is_none_of_entries(moods: Moods) -> None:
    """A link that may give few reports delivers as many entries as there are."""
    moods.links(one="well", two="well")
    assert moods.site is not None
    administrator = Administrator(agent=Agent(site=moods.site))
    for number in range(60):
        administrator.add(Recipient(name=f"N{number}", alias=f"N{number}", container="Recipients"))
    moods.sync()

    assert 62 == len(moods.given("one"))


def test_a_signal_to_all_processes_is_the_agents_business(moods: Moods) -> None:
    """A SIGTERM or SIGINT that reaches a connector's process too, as from a service manager, does not end its work."""
    moods.links(one="well")
    moods.sync()
    remote = moods.connector("one")
    assert isinstance(remote, RemoteConnector)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(remote.pid, number)

    assert [] == _of(moods.sync(), "one").errors


def test_programs_of_a_connector_end_with_the_agent(moods: Moods, tmp_path: Path) -> None:
    """Where the agent is killed, what a connector's process has begun ends, too: nobody holds the lock any more."""
    moods.links(one="runs_a_program")
    moods.close()
    agent = subprocess.Popen([sys.executable, "-c", AGENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert agent.stdout is not None
    agent.stdout.readline()
    file = tmp_path / "one.program"
    while not (file.exists() and file.read_text(encoding="ascii")):
        time.sleep(0.02)

    agent.kill()
    agent.wait()
    agent.stdout.close()

    assert _ends(int(file.read_text(encoding="ascii")))


def test_outcomes_are_looked_at(moods: Moods) -> None:
    """What a delivery gives that is no outcome is the plugin's error, and the parcel waits."""
    moods.links(one="no outcome", two="well")

    moods.sync()
    cycle = moods.sync()

    assert any("deliver has given 5, which is no outcome" in error for error in _of(cycle, "one").errors)
    assert 1 == _of(cycle, "one").waiting


def test_an_error_of_the_system_keeps_its_words(moods: Moods) -> None:
    """What the operating system said inside a process is said by the link's report."""
    moods.links(one="settle raises")

    [error] = _of(moods.sync(), "one").errors

    assert re.fullmatch(
        r"plugin moody: settle raised OSError: \[Errno 28\] No space left on device \(moody\.py, line \d+\)", error
    )


def test_what_no_peer_can_hold_is_refused_through_the_pipe_too(moods: Moods) -> None:
    """Shaping, which is asked for in batches, refuses entries with the reason, in a process of its own as in ours."""
    moods.links(one="well", two="well")
    assert moods.site is not None
    administrator = Administrator(agent=Agent(site=moods.site))
    for name in ("Nemo", "Zoe"):
        administrator.add(Recipient(name=name, alias=name, container="Recipients"))

    moods.sync()

    assert ["A Ann of two", "A Bo of two", "A Zoe"] == moods.given("one")
    assert ["one cannot hold it: not him: 'Nemo'"] == [row.reason for row in moods.site.store.rejects.list("one/one")]


def test_on_request_a_connector_is_in_the_process_of_dxa(moods: Moods) -> None:
    """`process = { own = false }` opens a connector where dxa is."""
    moods.links(own=False, one="well")

    moods.sync()

    assert "Moody" == type(moods.connector("one")).__name__


def test_the_log_of_a_connector_is_dxas_log(moods: Moods, caplog: pytest.LogCaptureFixture) -> None:
    """Lines that a connector logs in its process come out under the name of its link."""
    moods.links(one="well")

    with caplog.at_level(logging.INFO, logger="dxa.links.one"):
        moods.sync()

    assert ("dxa.links.one", logging.WARNING, "a line for the log") in caplog.record_tuples


@pytest.mark.parametrize(("level", "told"), [(logging.INFO, False), (logging.DEBUG, True)])
def test_where_a_connector_raised_something_is_in_the_log(
    moods: Moods, caplog: pytest.LogCaptureFixture, level: int, told: bool
) -> None:
    """At the level debug, what a connector raises is logged with its traceback, and not above that."""
    moods.links(one="raises")

    with caplog.at_level(level, logger="dxa.links.one"):
        moods.sync()

    assert told is ("Traceback" in caplog.text)


def test_no_process_outlives_the_agent(moods: Moods, tmp_path: Path) -> None:
    """Where the agent is killed, its connectors' processes end at once, though they are in the middle of something."""
    moods.links(one="hangs")
    moods.close()
    text = (tmp_path / "dxa.toml").read_text(encoding="utf-8").replace("minutes = 0.0", "minutes = 9")
    (tmp_path / "dxa.toml").write_text(text, encoding="utf-8")
    agent = subprocess.Popen([sys.executable, "-c", AGENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert agent.stdout is not None
    pid = int(agent.stdout.readline())

    agent.kill()
    agent.wait()
    agent.stdout.close()

    assert _ends(pid)


AGENT = """
import sys, threading
from pathlib import Path
from dxa.agent import Agent
from dxa.agent.site import OpenSite
from dxa.host import Host
folder = Path(sys.argv[1])
site = OpenSite.open(folder, Host(folder=folder / "plugins", discover=False), lambda: 0.0, create=True, apart=True)
remote = site.connector(site.config.links["one"])
remote.open()
print(remote.pid, flush=True)
Agent(site=site).sync()
"""


def _ends(pid: int) -> bool:
    """Whether the process is gone, or a corpse that nobody has buried, within ten seconds."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False


def test_secrets_reach_the_process_and_show_themselves_nowhere(moods: Moods) -> None:
    """A password in a connector's options is there in its process, and is printed as *** as before."""
    moods.links(one="shows its secret")
    moods.set("one", 'secret = "text:rosebud"')

    told = [text for number, text in _of(moods.sync(), "one").events if number == 2]

    assert ["*** is rosebud"] == told


def test_where_processes_come_from_may_end(moods: Moods) -> None:
    """Where the process that others come from is killed, those that are there go on, and new ones come from another."""
    moods.links(one="well", two="well")
    moods.sync()
    assert moods.site is not None
    one, two = moods.connector("one"), moods.connector("two")
    assert isinstance(one, RemoteConnector)
    assert isinstance(two, RemoteConnector)
    moods.site.nursery.kill()
    kept = two.pid

    assert [[], []] == [outcome.errors for outcome in moods.sync().links]
    os.kill(one.pid, signal.SIGKILL)
    assert ["plugin moody: its process ended during collect (status unknown)"] == _of(moods.sync(), "one").errors
    assert [[], []] == [outcome.errors for outcome in moods.sync().links]
    assert kept == two.pid


def test_processes_share_no_open_file(moods: Moods) -> None:
    """A connector's process has its own pipe and lifeline open and nothing of another link's or of the agent's."""
    moods.links(one="well", two="well", three="well")
    moods.sync()
    ends = []
    for link in ("one", "two", "three"):
        remote = moods.connector(link)
        assert isinstance(remote, RemoteConnector)
        files = sorted(Path(f"/proc/{remote.pid}/fd").iterdir(), key=lambda file: int(file.name))
        ends.append([str(file.readlink()) for file in files if int(file.name) > 2])

    assert [2, 2, 2] == [len(own) for own in ends]
    assert 6 == len({end for own in ends for end in own})
