"""Reading DSML 1.0 of 20,000 objects, those of the benchmark of LDIF."""

from __future__ import annotations

from io import BytesIO

from benchmarks.ldif import COUNT, records
from benchmarks.measure import Result, median, timed

ROUNDS = 5


def run() -> Result:
    """Our reader against lxml's bare iterparse, which empties each element and looks at none."""
    from lxml import etree

    from dxa_exchange.directory import Record
    from dxa_exchange.dsml import dsml1

    data = b"".join(dsml1.write(records()))

    def reference() -> int:
        count = 0
        for _, element in etree.iterparse(BytesIO(data)):
            count += 1
            element.clear()
        return count

    def work() -> int:
        return sum(isinstance(item, Record) for item in dsml1.read(BytesIO(data)))

    assert work() == COUNT < reference()
    rounds = [(timed(reference), timed(work)) for _ in range(ROUNDS)]
    return Result(
        name="read DSML 1.0 of 20,000 entries",
        reference="lxml: bare iterparse",
        reach=2,
        work_s=median([ours for _, ours in rounds]),
        reference_s=median([plain for plain, _ in rounds]),
        rounds=ROUNDS,
    )
