"""``make bench``: run every benchmark, print the table, and keep it in ``docs/benchmarks.md``."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path

from benchmarks.measure import Result, in_own_process, report

BENCHMARKS = (
    *("full_import", "t2", "no_change", "decode", "startup", "plugins", "gal_rebuild"),
    *("full_answer", "external_carry"),
    *("ccmail_diff", "ccmail_cycle"),
    *("ldap_read", "ldap_import", "ldap_incremental"),
    *("ldif", "dsml"),
    *("sites_read", "worker"),
)
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
PEAK_MB = 300
#: What holds two exports at once, of 45 or 90 MB each, or a batch of 38 MB that is read once its end is known to be
#: there, may have more.
PEAKS_MB = {"ccmail_diff": 600, "ccmail_cycle": 600, "ldap_import": 400, "sites_read": 350, "worker": 350}

HEAD = """# Benchmarks

Written by `make bench`. Each row is the ratio of our work to a reference that is measured in turn with it, in the same
process; times are medians. Absolute times are those of one shared machine and say little elsewhere; the ratio travels.

The full import is a whole cycle: decoding, the received list, plan and guards, directory, journal and view. Two fifths
of its time are SQLite's: each entry is written into five tables, one of these rows is changed, three are read again, in
three transactions where the reference has one. The rest goes into these rows on their way and into one Python value per
entry and step (transaction, recipient, change, line). To fall below three it would have to skip a step for entries that
are new and plain, which is a second way to do one thing, and so was not done.

The full answer goes through five programs, each of which reads and writes everything once, as the originals did: T2
takes two fifths of the time, IMPORT a quarter, REBUILD a fifth, REQMAIN an eighth. The reference sorts with two cores
in native code, and takes between 0.04 and 0.05 s, so that the ratio differs by a fifth from run to run. REQMAIN and
IMPORT take ordinary lines in columns. To come near 40 T2 would have to do so, too, from the view's rows to the outbox:
a quarter of it is SQLite that finds rows by name, a fifth the JSON that the outbox keeps, a fifth the text of the
answer.

The difference of two cc:Mail exports is Python's `bytes.split` and sets of bytes on one core, against polars on all
cores. Nine tenths of its time go into making two million values, hashing them, and two sets of a million each; most of
that is waiting for memory, for a value of one file lies anywhere when the other one asks for it. 30,000 records on
either side are parsed. To fall below one it would have to hash the records where they stand and compare them in an
order that memory likes, in native code or an array library; or share the names out to a process for each core, which by
our reckoning would save a quarter. Both files are held in memory, as cycles hold them.

A cycle on an identical export reads it once and the kept one once, compares them as bytes, and asks the database a
dozen small questions; what the site has written there is compared with the directory only after a change on either
side. One on a shuffled export is the difference above, the file kept and its digest. A tenth of its entries is the
site's own. The reference reads the new file; for two it is counted twice.

Each link's connector is in a process of its own. These come from one process that has imported what all of them need;
what is left of a start is the plugin's own modules, and what is left of an import goes into a report as columns and
back. Both rows count the CPU of all processes, for these run beside each other.

A batch of another site is written and read whole: its digest and signature come before its first line is believed.

"""


def table(results: list[tuple[str, Result]]) -> str:
    """The results as a Markdown table, each with the name of its benchmark."""
    lines = [
        "| work | reference in the same run | work s | reference s | ratio | reach | peak MB | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, r in results:
        reached = "reached" if r.ratio <= r.reach and r.peak_mb < PEAKS_MB.get(name, PEAK_MB) else "**not reached**"
        lines.append(
            f"| {r.name} | {r.reference} | {r.work_s:.4f} | {r.reference_s:.4f} | {r.ratio:.2f} | <= {r.reach:g} "
            f"| {r.peak_mb:.0f} | {reached} |"
        )
    return "\n".join(lines) + "\n"


def _why_not(name: str) -> str:
    """Why a benchmark cannot be run here: it needs a program that is not installed."""
    asked = getattr(importlib.import_module(f"benchmarks.{name}"), "why_not", None)
    return str(asked()) if asked else ""


def main(arguments: list[str]) -> int:
    """Run one benchmark in this process, or all of them in processes of their own."""
    if arguments[:1] == ["--one"]:
        print(report(importlib.import_module(f"benchmarks.{arguments[1]}").run()))
        return 0
    chosen = arguments or BENCHMARKS
    if unknown := set(chosen) - set(BENCHMARKS):
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    results: list[tuple[str, Result]] = []
    for name in chosen:
        if why := _why_not(name):
            print(f"{name}: left out: {why}", file=sys.stderr, flush=True)
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        results += [(name, result) for result in in_own_process(name)]
    text = table(results)
    print(text)
    if not arguments:
        where = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
        machine = f"Measured with Python {platform.python_version()} on {where}.\n\n"
        PAGE.write_text(HEAD + machine + text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
