"""The difference of two cc:Mail directory exports of a million entries each, shuffled."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Result, median, peak_mb, timed

COUNT = 1_000_000
ROUNDS = 7
Row = tuple[str, str, str, str]

_GIVEN = ("Anna", "Bruno", "Clara", "Dieter", "Eva", "Franz", "Greta", "Hans")
_SURNAMES = ("Bauer", "Becker", "Hoffmann", "Huber", "Koch", "Meier", "Schmidt", "Wagner")


def entry(i: int, extension: int) -> Row:
    """Name, Locn, Addr and Cmts of one user of another post office."""
    name = f"{_SURNAMES[i % 8]}{i:06d}, {_GIVEN[i // 8 % 8]}"
    return name, "r", f"PO{i % 40:02d} fan{i:06d}", f"Room {i % 977}, extension {extension:05d}"


def exports(count: int = COUNT) -> tuple[list[Row], list[Row]]:
    """Two lists: in the second 1 % are gone, 1 % are new and 2 % are changed, and both are shuffled."""
    chance = random.Random(295753)
    share = count // 100
    old = [entry(i, i % 9973) for i in range(count)]
    new = [entry(i, i % 9973 + 10_000 * (i % 50 == 0)) for i in range(share, count + share)]
    chance.shuffle(old)
    chance.shuffle(new)
    return old, new


def as_export(rows: list[Row]) -> Iterator[bytes]:
    """The rows as a directory export."""
    for name, locn, addr, cmts in rows:
        yield f"Name: {name}\r\nLocn: {locn}\r\nAddr: {addr}\r\nCmts: {cmts}\r\n".encode("cp850")


def as_csv(rows: list[Row]) -> Iterator[bytes]:
    """The same rows as CSV."""
    yield b"name,locn,addr,cmts\n"
    for name, locn, addr, cmts in rows:
        yield f'"{name}",{locn},{addr},"{cmts}"\n'.encode()


def ours(old: Path, new: Path) -> tuple[int, int, int]:
    """How many adds, deletes and modifies dxa finds, both files read."""
    from dxa_ccmail.export import ExportReader
    from dxa_ccmail.rawdiff import difference

    found = difference(old.read_bytes(), new.read_bytes(), ExportReader())
    return len(found.adds), len(found.deletes), len(found.modifies)


def reference(old: Path, new: Path) -> tuple[int, int, int]:
    """The same by two anti joins and a semi join; the order of the joins is the fastest that we found."""
    import polars

    before, after = polars.read_csv(old), polars.read_csv(new)
    columns = before.columns
    come, gone = after.join(before, on=columns, how="anti"), before.join(after, on=columns, how="anti")
    changed = come.join(gone, on="name", how="semi")
    return len(come) - len(changed), len(gone) - len(changed), len(changed)


def run() -> Result:
    """Our difference against that of polars; the files and our peak memory come from processes of their own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _alone("write", folder)
        peak = float(_alone("peak", folder))
        work = folder / "old.exp", folder / "new.exp"
        plain = folder / "old.csv", folder / "new.csv"
        mine, theirs = ours(*work), reference(*plain)
        assert mine == theirs, (mine, theirs)
        rounds = [(timed(lambda: reference(*plain)), timed(lambda: ours(*work))) for _ in range(ROUNDS)]
    return Result(
        name="diff of two cc:Mail exports, 1,000,000 entries each",
        reference="polars: two anti joins and a semi join on CSV",
        reach=1.5,
        work_s=median([mine for _, mine in rounds]),
        reference_s=median([theirs for theirs, _ in rounds]),
        rounds=ROUNDS,
        peak_mb=peak,
    )


def _alone(task: str, folder: Path) -> str:
    command = [sys.executable, "-m", "benchmarks.ccmail_diff", task, str(folder)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main(task: str, folder: Path) -> None:
    """Write the files into a folder, or compare them once and print the peak memory of that."""
    if task == "peak":
        ours(folder / "old.exp", folder / "new.exp")
        print(peak_mb())
        return
    for side, rows in zip(("old", "new"), exports(), strict=True):
        (folder / f"{side}.exp").write_bytes(b"".join(as_export(rows)))
        (folder / f"{side}.csv").write_bytes(b"".join(as_csv(rows)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
