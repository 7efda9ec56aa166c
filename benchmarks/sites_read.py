"""What a site tells: 100,000 entries in a signed batch, written into the folder between two sites, and read there."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.measure import Result, median, peak_mb, timed
from benchmarks.site import person
from dxa.address import AddressTypes
from dxa.config.secrets import resolve
from dxa.connector import LinkContext, Parcel, ParcelKind, PeerInfo, Standing
from dxa.dirsync.messages import Reply
from dxa.entry import ADDRESSES, ALIAS, Entry, Transaction, Verb, list_entry
from dxa.host import Host
from dxa.ledger.answer import Content, Segment
from dxa.signing import PrivateKey
from dxa_sitelink.connector import SiteLink
from dxa_sitelink.folder import DiskAside, DiskFolder
from dxa_sitelink.options import LinkOptions

COUNT, ROUNDS = 100_000, 5
NAMES = ("LAB/HQ", "LAB/BERLIN")


def key_of(name: str) -> PrivateKey:
    """A key that is the same at every run."""
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b".")))


def site(name: str, peer: str, shared: Path, types: AddressTypes) -> SiteLink:
    """The connector of one of two sites; its time stands still."""
    organization, _, own = name.partition("/")
    options = LinkOptions(folder=str(shared), key=resolve(f"text:{key_of(name).pem().decode()}", shared))
    context = LinkContext(
        link="sites",
        options=options,
        folder=shared,
        types=types,
        site=(organization, own),
        peers={peer.casefold(): PeerInfo(id=peer, name=peer, options={"public_key": str(key_of(peer).public)})},
    )
    return SiteLink(context, DiskFolder(shared, create=True), DiskAside(shared / "aside"))


def entries(count: int = COUNT) -> list[Transaction]:
    """A full list: the replace, and an add with alias, two addresses and a department for each."""
    rows = [Transaction(1, Verb.REPLACE, None, list_entry("", ""))]
    for i in range(count):
        address = f"LAB/HQ/U{i}"
        fields = (
            ("department", f"Section {i % 97}"),
            (ALIAS, f"U{i}"),
            (ADDRESSES, f"MS:{address}"),
            (ADDRESSES, f"SMTP:u{i}@lab.example"),
        )
        rows.append(
            Transaction(i + 2, Verb.ADD, None, Entry(f"MS:lab/hq/u{i}", "MS", "LAB/HQ", person(i), address, fields))
        )
    return rows


def parcel(rows: Sequence[Transaction]) -> Parcel:
    """The rows as what goes to the other site."""
    last = rows[-1].number
    return Parcel(
        id="bench",
        peer=PeerInfo(id=NAMES[1], name=NAMES[1]),
        kind=ParcelKind.FULL,
        content=Content("bench", (Segment(("", ""), tuple(rows)),)),
        reply=Reply(r=0, s=last, was=0, i=0, complete=True),
    )


def plain(data: bytes) -> list[object]:
    """The same bytes without any of our checks: their digest, and each line as JSON."""
    sha256(data).hexdigest()
    return [json.loads(line) for line in data.splitlines()]


def run() -> list[Result]:
    """Writing and reading, each against the digest and JSON of the same bytes; peaks are those of processes alone."""
    types = Host().address_types()
    dumping, loading, reading, writing = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        shared = Path(folder)
        peaks = [_alone("write", shared), _alone("read", shared)]
        one, other = (site(name, peer, shared, types) for name, peer in (NAMES, NAMES[::-1]))
        message = parcel(entries())
        (batch,) = shared.glob("*.[0-9]*.dxs")
        data = batch.read_bytes()
        values = plain(data)
        for _ in range(ROUNDS):
            loading.append(timed(lambda: plain(data)))
            reading.append(timed(lambda: read(other)))
            dumping.append(timed(lambda: dumped(values)))
            writing.append(timed(lambda: write(one, message)))
    return [
        Result(
            name="write a signed batch of 100,000 entries for another site",
            reference="json.dumps and SHA-256 of the same values",
            reach=3,
            work_s=median(writing),
            reference_s=median(dumping),
            rounds=ROUNDS,
            peak_mb=peaks[0],
        ),
        Result(
            name="read a signed batch of 100,000 entries from another site",
            reference="SHA-256 and json.loads of the same lines",
            reach=3,
            work_s=median(reading),
            reference_s=median(loading),
            rounds=ROUNDS,
            peak_mb=peaks[1],
        ),
    ]


def read(link: SiteLink) -> int:
    """The one batch that waits; how many transactions it has."""
    report = next(report for report in link.collect({}) if report.transactions)
    assert not report.rejects
    return len(report.transactions)


def write(link: SiteLink, message: Parcel) -> None:
    """Put the batch into the folder."""
    list(link.deliver(message))


def dumped(values: Sequence[object]) -> str:
    """The values as lines of JSON, and their digest, without any of our work."""
    return sha256("\n".join(json.dumps(value, ensure_ascii=False) for value in values).encode()).hexdigest()


def _alone(task: str, shared: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.sites_read", task, str(shared)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def main(task: str, shared: Path) -> None:
    """Write or read the batch once, and print the peak memory of that."""
    names = NAMES if task == "write" else NAMES[::-1]
    link = site(*names, shared, Host().address_types())
    if task == "write":
        write(link, parcel(entries()))
        link.acknowledge({NAMES[1]: Standing(taken=0, sent=COUNT + 1)})
    else:
        assert read(link) == COUNT + 1
    print(peak_mb())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
