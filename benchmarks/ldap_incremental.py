"""A cycle's read of a live directory in which nothing has changed: its size must not matter."""

from __future__ import annotations

from benchmarks.ldap_directory import COUNT, connector, server, why_not
from benchmarks.measure import Result, median, timed
from dxa_exchange.demo.slapd import Slapd

__all__ = ["run", "why_not"]

ROUNDS, FEW = 51, 1000


def run() -> Result:
    """20,000 people against 1,000, each with a cookie of their own."""
    many, few = [], []
    with server() as large, server(FEW) as small:
        cursors = {id(slapd): _cursor(slapd) for slapd in (large, small)}
        for _ in range(ROUNDS):
            few.append(timed(lambda: _nothing(small, cursors[id(small)])))
            many.append(timed(lambda: _nothing(large, cursors[id(large)])))
    return Result(
        name=f"nothing new among {COUNT:,} LDAP people",
        reference=f"the same among {FEW:,}",
        reach=1.5,
        work_s=median(many),
        reference_s=median(few),
        rounds=ROUNDS,
    )


def _cursor(slapd: Slapd) -> str:
    (report,) = connector(slapd).collect({})
    return report.cursor


def _nothing(slapd: Slapd, cursor: str) -> None:
    (report,) = connector(slapd).collect({"ldap": cursor})
    assert not report.lists
    assert not report.transactions
