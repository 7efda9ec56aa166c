"""A full read of a live directory of 20,000 people, until each is an entry in a report."""

from __future__ import annotations

from benchmarks.ldap_directory import COUNT, bare_read, connector, server, why_not
from benchmarks.measure import Result, median, timed

__all__ = ["run", "why_not"]

ROUNDS = 7


def run() -> Result:
    """The connector's report against the bare read of the same server."""
    ours, bare = [], []
    with server() as slapd:

        def read() -> None:
            (report,) = connector(slapd).collect({})
            assert len(report.transactions) == COUNT

        for _ in range(ROUNDS):
            bare.append(timed(lambda: bare_read(slapd)))
            ours.append(timed(read))
    return Result(
        name=f"full LDAP read of {COUNT:,} people",
        reference="paged read by python-ldap alone, values decoded",
        reach=1.6,
        work_s=median(ours),
        reference_s=median(bare),
        rounds=ROUNDS,
    )
