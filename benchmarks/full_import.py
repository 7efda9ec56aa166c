"""A full import of 100,000 names from one requestor, until it is durable in the directory and in the view."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from benchmarks.decode import COUNT, attachment
from benchmarks.measure import Result, median, peak_mb, timed
from benchmarks.messages import request
from benchmarks.site import inbox, open_site


def run() -> Result:
    """A whole cycle against inserting all rows that result from it into the same tables, in one transaction."""
    ours, plain = [], []
    peak = 0.0
    for _ in range(5):
        with open_site(["BIG/PO"]) as agent:
            request(inbox(agent), "BIG/PO", r=COUNT + 1, attachment=attachment())
            ours.append(timed(agent.sync))
            # The reference holds all rows in memory at once, which is none of our peak.
            peak = peak or peak_mb()
            assert agent.site.store.directory.count("pcmail/BIG/PO") == COUNT
            plain.append(_insert_again(agent.site.folder / "dxa.db"))
    return Result(
        name="full import of 100,000 names",
        reference="inserting all resulting rows by sqlite3, one transaction",
        reach=3,
        work_s=median(ours),
        reference_s=median(plain),
        rounds=5,
        peak_mb=peak,
    )


def _insert_again(database: Path) -> float:
    """Seconds to insert every row of the database into an empty one of the same schema, durably."""
    source = sqlite3.connect(database)
    schema = [
        sql
        for (sql,) in source.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    ]
    tables = [
        name
        for (name,) in source.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    rows = {name: source.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    source.close()
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        target = sqlite3.connect(Path(folder) / "copy.db")
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        for sql in schema:
            target.execute(sql)
        target.commit()

        def insert() -> None:
            for name, values in rows.items():
                if values:
                    target.executemany(f'INSERT INTO "{name}" VALUES ({",".join("?" * len(values[0]))})', values)
            target.commit()

        seconds = timed(insert)
        target.close()
    return seconds
