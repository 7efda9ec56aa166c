"""A full answer of 100,000 names on its way from one disk to another: T2, EXTERNAL, T3 with IMPORT, and REBUILD."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Result, median, timed
from benchmarks.site import CONFIG, person, staff
from dxa.agent import Agent, OpenSite
from dxa.host import Host
from dxa_msmail.postoffice import tree
from dxa_msmail.postoffice.identity import identity
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.mailfiles import att_name
from dxa_msmail.postoffice.networks import direct
from dxa_msmail.programs import admin, rebuild, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.importing import program as importing

NAMES = 100_000
ROUNDS = 3
SITE = CONFIG + '[links.pcmail.msmail]\nmaildata = "shadow"\n'
PEER = '[links.pcmail.peers."NORTH/MAIN"]\nno_password = true\nmsmail.maildata = "../north"\n'


def run() -> Result:
    """Everything that one full answer costs, against sorting the names once and copying its bytes three times."""
    ours, plain = [], []
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        site, north = Path(folder) / "site", Path(folder) / "north"
        names = Path(folder) / "names"
        names.write_text("".join(f"{person(n)}\n" for n in range(NAMES)), encoding="cp850", errors="replace")
        po = requestor(north, site / "shadow")
        agent = server(site)
        try:
            agent.sync()
            for _ in range(ROUNDS):
                admin.want_import(po)
                reqmain.transmit(po, time.time)
                external.run(po, time.time)
                copies: list[bytes] = []
                ours.append(timed(lambda copies=copies: answer(agent, site / "shadow", po, copies)))
                plain.append(timed(lambda data=copies[0]: reference(names, data)))
        finally:
            agent.site.close()
        with po.look() as files:
            assert len(files.read("NME/GAL.NME") or b"") == NAMES * 45
    return Result(
        name="full answer of 100,000 names: T2, EXTERNAL, T3 and REBUILD",
        reference="`LC_ALL=C sort` of the names, and the answer's bytes copied three times, fsynced",
        reach=40,
        work_s=median(ours),
        reference_s=median(plain),
        rounds=ROUNDS,
    )


def requestor(root: Path, shadow: Path) -> Maildata:
    """A postoffice without users that has dxa as its server."""
    po = tree.create(root, network="NORTH", postoffice="MAIN")
    admin.add_postoffice(po, "LAB/HQ", route=direct(str(shadow)))
    admin.register_server(po, "LAB/HQ")
    return po


def server(folder: Path) -> Agent:
    """A site with so many mailboxes, behind a shadow postoffice."""
    folder.mkdir()
    (folder / "dxa.toml").write_text(SITE + PEER, encoding="utf-8")
    agent = Agent(site=OpenSite.open(folder, Host(), time.time, create=True))
    agent.site.store.directory.write(staff(NAMES), origin="")
    return agent


def answer(agent: Agent, shadow: Path, po: Maildata, copies: list[bytes]) -> None:
    """The work; `copies` gets the bytes of the answer, as they lie in the requestor's postoffice."""
    agent.sync()
    external.run(Maildata(shadow), time.time)
    start = time.perf_counter()
    copies.append(attachment(po))
    spared = time.perf_counter() - start
    assert spared < 1, "looking at the answer is not part of the work, and takes no time worth counting"
    assert reqmain.receive(po, time.time).applied
    importing.run_queue(po, time.time)
    assert rebuild.rebuild(po, time.time, force=True).count == NAMES


def attachment(po: Maildata) -> bytes:
    """The largest attachment in a postoffice."""
    with po.look() as files:
        assert identity(files).name == "NORTH/MAIN"
        stems = [name.removesuffix(".ATT") for digit in "0123456789ABCDEF" for name in files.names(f"ATT/AT{digit}")]
        return max((files.read(att_name(stem)) or b"" for stem in stems), key=len)


def reference(names: Path, data: bytes) -> None:
    """Sort the names as a program of its own, and write the bytes three times."""
    subprocess.run(["sort", "-o", f"{names}.sorted", names], env={**os.environ, "LC_ALL": "C"}, check=True)
    for number in range(3):
        handle = os.open(f"{names}.copy{number}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(handle, data)
        os.fsync(handle)
        os.close(handle)
