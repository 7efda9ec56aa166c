"""A cycle with a cc:Mail post office of as many entries as a DB6 post office can have, and nothing new in its export."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from benchmarks.ccmail_diff import as_export, entry
from benchmarks.measure import Result, median, peak_mb, timed
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

    def cycle(self) -> float:
        """Seconds of one cycle, in which nothing may go wrong and nothing may change."""
        outcomes: list[CycleOutcome] = []
        seconds = timed(lambda: outcomes.append(self.agent.sync()))
        (link,) = outcomes[0].links
        assert not (link.errors or link.heard or link.applied or link.sent), link
        assert 1 == link.messages
        return seconds


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """A site that has taken everything of cc:Mail's, and has given it everything of its own."""
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as name:
        folder = Path(name)
        (folder / "dxa.toml").write_text(CONFIG, encoding="utf-8")
        site = OpenSite.open(folder, Host(), time.time, create=True)
        try:
            site.store.directory.write(staff(), origin="")
            fresh = PostOffice(Agent(site=site))
            offices = [(f"PO{number:02d}", "P", "", "") for number in range(OFFICES)]
            theirs = [entry(i, i % 9973) for i in range(COUNT - OURS - OFFICES - 1)]
            data = b"".join(as_export([*offices, *theirs]))
            fresh.drop(data)
            fresh.agent.sync()
            data += (fresh.folder / "imports" / "CCMDIR.IMP").read_bytes()
            assert data.count(b"Name:") == COUNT
            fresh.drop(data)
            fresh.agent.sync()
            yield PostOffice(fresh.agent, data)
        finally:
            site.close()


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


def run() -> Result:
    """A cycle with the same export against reading it."""
    work, plain = [], []
    with post_office() as office:
        for _ in range(ROUNDS):
            office.drop(office.export)
            plain.append(timed((office.folder / "exports" / "CCMDIR.EXP").read_bytes))
            work.append(office.cycle())
    return Result(
        name="cycle on an identical cc:Mail export, 493,214 entries",
        reference="reading the file once",
        reach=3,
        work_s=median(work),
        reference_s=median(plain),
        rounds=ROUNDS,
        peak_mb=peak_mb(),
    )
