"""T2 with 500 requestors, 100,000 entries, 1,000 changes, one view."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import attrs

from benchmarks.measure import Result, median, timed
from benchmarks.messages import request
from benchmarks.site import inbox, open_site, outbox, staff
from dxa.agent import Agent
from dxa.change import Change
from dxa.dirsync import server
from dxa.ledger.answer import Cut, Pick

PEERS = 500
ENTRIES = 100_000
CHANGES = 1_000
PICK = Pick(types=frozenset({"MS"}))


def run() -> Result:
    """Receive 500 requests and answer them, against writing the bytes of the same 500 files."""
    names = [f"NET{i // 50:02d}/PO{i:03d}" for i in range(PEERS)]
    ours, plain = [], []
    with open_site(names) as agent:
        agent.site.store.directory.write(staff(ENTRIES), origin="")
        agent.sync()
        current(agent)
        for turn in range(3):
            change(agent, turn)
            for row in agent.site.store.peers.of_link("pcmail").values():
                request(inbox(agent), row.name, r=0, s=row.state.s)
            ours.append(timed(agent.sync))
            files = [path.read_bytes() for path in sorted(outbox(agent).iterdir())]
            assert len(files) == PEERS, len(files)
            plain.append(timed(lambda files=files: write_files(files)))
            for path in outbox(agent).iterdir():
                path.unlink()
    return Result(
        name="T2: 500 requestors, 100,000 entries, 1,000 changes",
        reference="writing the same files new, fsynced, renamed",
        reach=3,
        work_s=median(ours),
        reference_s=median(plain),
        rounds=3,
    )


def current(agent: Agent) -> None:
    """Let every requestor hold the head of the view, as after a full answer that it has confirmed."""
    store = agent.site.store
    (view,) = store.views.of_link("pcmail")
    rows = store.peers.of_link("pcmail")
    number = store.next_numbers("pcmail", 1)
    now = time.time()
    with store.transaction():
        store.cuts.add([(row.id, view.id, Cut(number, view.head, PICK, view.id), now) for row in rows.values()])
        state = server.State(s=number, confirmed=number, i=1)
        store.peers.put([attrs.evolve(row, state=state, pick=PICK) for row in rows.values()])


def change(agent: Agent, turn: int) -> None:
    """1,000 changes: renames, and a few adds and deletes."""
    store = agent.site.store
    first = turn * CHANGES + 1
    found = list(store.directory.get(range(first, first + CHANGES - 200)).values())
    changes = [Change(str(r.id), r, attrs.evolve(r, name=f"{r.name[:24]} {turn}x")) for r in found[100:]]
    changes += [Change(str(r.id), r, None) for r in found[:100]]
    store.directory.write(changes + staff(200, ENTRIES + turn * 1000), origin="")


def write_files(files: list[bytes]) -> None:
    """The reference: the same bytes, new, fsynced and renamed."""
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        for number, data in enumerate(files):
            path = Path(folder) / f"{number}.tmp"
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            os.write(handle, data)
            os.fsync(handle)
            os.close(handle)
            path.rename(path.with_suffix(".msg"))
