"""A cycle with a cc:Mail post office of as many entries as a DB6 one can have, and nothing new in its export."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from benchmarks.ccmail_diff import as_export, entry
from benchmarks.measure import Result, median, timed
from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.agent.outcome import CycleOutcome
from dxa.change import Change
from dxa.host import Host
from dxa.recipient import Kind, Recipient

#: The limit of a DB6 post office, by the frequently asked questions of a cc:Mail consultancy.
COUNT = 493_214
#: So many of these are written by dxa: the site's own people.
OURS = 49_214
OFFICES = 40
ROUNDS = 9
LAST = "last.exp"

CONFIG = """
[site]
organization = "LAB"
name = "HQ"
[links.cc]
connector = "ccmail"
import_container = "cc:Mail"
export_containers = ["Staff"]
[links.cc.ccmail]
post_office = "PO1"
run = "drop"
[links.cc.ccmail.drop]
manifest = "EXPORT.RC"
"""


@attrs.frozen
class PostOffice:
    """A site on disk, and the folders in which somebody who runs the programs leaves exports."""

    agent: Agent
    export: bytes = b""

    @property
    def folder(self) -> Path:
        """Where the folders of the drop are."""
        return self.agent.site.folder / "ccmail"

    def drop(self, data: bytes) -> None:
        """A new export is there, with what EXPORT says of it."""
        (self.folder / "exports").mkdir(parents=True, exist_ok=True)
        (self.folder / "exports" / "CCMDIR.EXP").write_bytes(data)
        (self.folder / "exports" / "EXPORT.RC").write_text(f"CCMDIR.EXP {len(data)} {data.count(b'Name:')}\n0\n")

    def measured(self, data: bytes) -> tuple[float, float]:
        """Seconds of one cycle with this export, in which nothing may go wrong or change; and of reading the file."""
        self.drop(data)
        plain = timed((self.folder / "exports" / "CCMDIR.EXP").read_bytes)
        outcomes: list[CycleOutcome] = []
        seconds = timed(lambda: outcomes.append(self.agent.sync()))
        (link,) = outcomes[0].links
        assert (link.messages, link.errors) == (1, []), link
        assert not link.heard + link.applied + link.sent, link
        return seconds, plain


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """A site that has taken everything of cc:Mail's, and has given it everything of its own."""
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as name:
        # The first import takes far more memory than the cycles that are measured.
        subprocess.run([sys.executable, "-m", "benchmarks.ccmail_cycle", name], check=True)
        with _opened(Path(name)) as site:
            yield PostOffice(Agent(site=site), (Path(name) / LAST).read_bytes())


@contextmanager
def _opened(folder: Path, *, create: bool = False) -> Iterator[OpenSite]:
    site = OpenSite.open(folder, Host(), time.time, create=create)
    try:
        yield site
    finally:
        site.close()


def make(folder: Path) -> None:
    """Make the site in a folder, and keep the export that it has taken last."""
    (folder / "dxa.toml").write_text(CONFIG, encoding="utf-8")
    with _opened(folder, create=True) as site:
        site.store.directory.write(staff(), origin="")
        office = PostOffice(Agent(site=site))
        offices = [(f"PO{number:02d}", "P", "", "") for number in range(OFFICES)]
        theirs = [entry(i, i % 9973) for i in range(COUNT - OURS - OFFICES - 1)]
        data = b"".join(as_export([*offices, *theirs]))
        office.drop(data)
        office.agent.sync()
        data += (office.folder / "imports" / "CCMDIR.IMP").read_bytes()
        assert data.count(b"Name:") == COUNT
        # Once to take what the site has written there, and once more to see that nothing differs.
        for _ in range(2):
            office.drop(data)
            office.agent.sync()
        (folder / LAST).write_bytes(data)


def staff() -> list[Change[str, Recipient]]:
    """Adds of the site's own people."""
    return [
        Change(
            f"new{number}",
            None,
            Recipient(
                kind=Kind.MAILBOX,
                container="Staff",
                name=f"Clerk {number:06d}",
                alias=f"U{number}",
                proxies=(Address("CCMAIL", f"Clerk{number:06d}, Site at HQ"),),
            ),
        )
        for number in range(OURS)
    ]


def shuffled(data: bytes, seed: int) -> bytes:
    """The same records in another order."""
    records = data.split(b"Name:")[1:]
    random.Random(seed).shuffle(records)
    return b"Name:" + b"Name:".join(records)


def run() -> list[Result]:
    """Cycles with the same export against reading it, and with the same records in other orders against reading both
    files.
    """
    with post_office() as office:
        same = [office.measured(office.export) for _ in range(ROUNDS)]
        shuffles = [office.measured(shuffled(office.export, seed)) for seed in range(ROUNDS)]
    return [
        _result("an identical", "reading the file once", 3, same),
        _result("a shuffled", "reading both files once", 25, [(work, 2 * plain) for work, plain in shuffles]),
    ]


def _result(how: str, reference: str, reach: float, rounds: list[tuple[float, float]]) -> Result:
    return Result(
        name=f"cycle on {how} cc:Mail export, {COUNT:,} entries",
        reference=reference,
        reach=reach,
        work_s=median([work for work, _ in rounds]),
        reference_s=median([plain for _, plain in rounds]),
        rounds=len(rounds),
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
