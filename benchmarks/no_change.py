"""A cycle in which nothing has changed: its cost must not depend on the size of the directory."""

from __future__ import annotations

from benchmarks.measure import Result, median, timed
from benchmarks.messages import request
from benchmarks.site import inbox, open_site, outbox, staff
from benchmarks.t2 import current

NAMES = ["NORTH/ONE", "NORTH/TWO", "SOUTH/THREE"]


def cycles(entries: int) -> list[float]:
    """Seconds of each of several cycles with three requestors and nothing new."""
    times = []
    with open_site(NAMES) as agent:
        agent.site.store.directory.write(staff(entries), origin="")
        agent.sync()
        current(agent)
        for _ in range(12):
            for row in agent.site.store.peers.of_link("pcmail").values():
                request(inbox(agent), row.name, r=0, s=row.state.s)
            times.append(timed(agent.sync))
            assert len(list(outbox(agent).iterdir())) == len(NAMES)
            for path in outbox(agent).iterdir():
                path.unlink()
    return times[2:]


def run() -> Result:
    """100,000 entries against 1,000."""
    small, large = cycles(1_000), cycles(100_000)
    return Result(
        name="cycle without changes, 100,000 entries",
        reference="the same with 1,000 entries",
        reach=1.5,
        work_s=median(large),
        reference_s=median(small),
        rounds=len(large),
    )
