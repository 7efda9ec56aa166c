"""Decoding an attachment of 100,000 transactions, all checks included."""

from __future__ import annotations

from benchmarks.measure import Result, median, timed
from benchmarks.site import person
from dxa.host import Host

COUNT = 100_000


def attachment(net: str = "BIG", po: str = "PO", count: int = COUNT, first: int = 1) -> bytes:
    """The numbered transactions of a full export, in the tab spelling."""
    lines = ["[DIRSYNC-TRANSACTIONS]", f"{first:010d} R PCM:{net}/{po}"]
    lines += [f"{first + i + 1:010d} A {person(i)}\tPCM:{net}/{po}/U{i}" for i in range(count)]
    return ("\r\n".join(lines) + "\r\n").encode("cp850", "replace")


def run() -> Result:
    """Our reader against `split` of the same lines."""
    from dxa_msmail.importtext import read

    types = Host().address_types()
    data = attachment().partition(b"\r\n")[2]
    text = data.decode("cp850")
    ours, plain = [], []
    for _ in range(5):
        plain.append(timed(lambda: [line.split("\t") for line in text.split("\r\n")]))
        ours.append(timed(lambda: read(data, types=types, numbered=True).transactions))
    records = read(data, types=types, numbered=True)
    assert len(records.transactions) == COUNT + 1, records.rejects[:3]
    return Result(
        name="decode 100,000 transactions",
        reference="split of the same lines",
        reach=25,
        work_s=median(ours),
        reference_s=median(plain),
        rounds=5,
    )
