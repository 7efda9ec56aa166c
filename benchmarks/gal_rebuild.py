"""REBUILD of a global address list of 100,000 names: GAL.NME, GALINDEX.GLB and GALNETPO.GLB, until they are durable."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Result, median, timed
from dxa_msmail.postoffice import gal, networks, tree
from dxa_msmail.postoffice import names as lists
from dxa_msmail.postoffice.identity import EXTERNAL_TIDS
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.names import EXTERNAL, AddressRow, NameRow, UserRow
from dxa_msmail.programs.rebuild import rebuild

COUNT = 100_000
#: Lists of equal length: twenty postoffices' and a gateway's.
SHARES = 21

FIRST = [
    *("Ann", "Bob", "Cécile", "David", "Eva", "François", "Greta", "Hans", "Ines", "José", "Karin", "Luís", "Noël"),
    *("Marie-Claire", "Olga", "Peter", "Renée", "Søren", "Théo", "Ulla", "Vera", "Wim", "Yvonne", "Zoë", "Björn"),
]
LAST = [
    *("Ångström", "Bauer", "Castaño", "Doe", "Eggers", "Fischer", "García", "Hübner", "Ibsen", "Jensen", "Köhler"),
    *("Lefèvre", "Müller", "Nguyen", "O'Brien", "Peeters", "Quist", "Rossi", "Schäfer", "Thørn", "Urban", "Weiß"),
]
MIDDLE = ["van", "de", "von", "da", "Di", "del", "la", "Mc", "Op", "ter"]


def names(count: int = COUNT) -> list[str]:
    """Names of two to three words and a number that makes them unlike each other, in no order."""
    some = random.Random(7)
    made = []
    for n in range(count):
        middle = f"{some.choice(MIDDLE)} " if n % 3 == 0 else ""
        mark = f"{n:X}"
        made.append(f"{some.choice(FIRST)} {middle}{some.choice(LAST)}{mark}"[:30])
    some.shuffle(made)
    return made


def run() -> Result:
    """A whole run of the program, after a name has changed, against `sort` of a file of the same names."""
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        everyone = names()
        po = tree.create(Path(folder) / "po", network="BIG", postoffice="PO")
        first = _fill(po, everyone)
        plain = Path(folder) / "names"
        plain.write_bytes(b"".join(f"{name}\n".encode("cp850") for name in everyone))
        ours, theirs = [], []
        for n in range(7):
            theirs.append(timed(lambda: _sort(plain)))
            with po.change() as change:
                change.write(first, _renamed(change.read(first) or b"", n))
            ours.append(timed(lambda: rebuild(po, time.time, force=True)))
        with po.look() as files:
            entries = gal.read_gal(files)
            assert len(entries) == COUNT, len(entries)
            assert gal.find(files, entries[COUNT // 2].name)
    return Result(
        name="GAL rebuild of 100,000 names, collated by code page 850 without accents and case",
        reference="LC_ALL=C sort of the same names",
        reach=25,
        work_s=median(ours),
        reference_s=median(theirs),
        rounds=len(ours),
    )


def _sort(plain: Path) -> None:
    subprocess.run(["sort", "-o", f"{plain}.sorted", plain], env={**os.environ, "LC_ALL": "C"}, check=True)


def _fill(po: Maildata, everyone: list[str]) -> str:
    """Give the names to postoffices and a gateway; returns the first postoffice's list."""
    share = -(-len(everyone) // SHARES)
    *parts, last = [everyone[at : at + share] for at in range(0, len(everyone), share)]
    with po.change() as change:
        hexids = networks.add_postoffices(change, [networks.Wanted(name=f"BIG/PO{n}") for n in range(len(parts))])
        tids = itertools.count(EXTERNAL_TIDS)
        for hexid, part in zip(hexids, parts, strict=True):
            users = [UserRow(name, f"U{n}", int(hexid, 16), next(tids)) for n, name in enumerate(part)]
            change.write(lists.usr_file(hexid), lists.write_usr(users))
        mailbag = int(networks.add_gateway(change, "SMTP"), 16)
        addresses = [AddressRow(f"u{n}@example.com", mailbag, next(tids)) for n in range(len(last))]
        data, offsets = lists.write_addresses(addresses)
        rows = map(NameRow, itertools.repeat(EXTERNAL), last, (row.tid for row in addresses), offsets)
        nme, glb = lists.gateway_files("SMTP")
        change.write(glb, data)
        change.write(nme, lists.write_nme(rows))
    return lists.usr_file(hexids[0])


def _renamed(data: bytes, n: int) -> bytes:
    """The list with another name for its first user, so that all three files change."""
    rows = lists.read_usr(data, "")
    return lists.write_usr([rows[0]._replace(name=f"{'ZA'[n % 2]} New{n}"), *rows[1:]])
