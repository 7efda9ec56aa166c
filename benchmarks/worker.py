"""What it costs that each link's connector is in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.decode import COUNT, attachment
from benchmarks.measure import Result, median, peak_mb
from benchmarks.messages import request
from benchmarks.site import LINK, SITE, inbox, open_site
from dxa.agent import OpenSite
from dxa.host import Host

LINKS = 5


def run() -> list[Result]:
    """CPU of all processes, for they run beside each other: opening a site, a cycle, and closing it."""
    return [_five_links(), _import()]


def _five_links() -> Result:
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        apart, together = (_site(Path(folder) / own, own) for own in ("true", "false"))
        ours, plain = [], []
        for _ in range(9):
            plain.append(_cpu(lambda: _sync(together)))
            ours.append(_cpu(lambda: _sync(apart)))
    return Result(
        name=f"dxa sync, nothing new on {LINKS} links, each connector in its process; CPU",
        reference="the same in one process",
        reach=2,
        work_s=median(ours),
        reference_s=median(plain),
        rounds=len(ours),
        peak_mb=peak_mb(),
    )


def _site(path: Path, own: str) -> Path:
    tables = (
        LINK.replace("pcmail", f"mail{n}").replace("MS Mail", f"Mail {n}")
        + f'[links.mail{n}.msmail]\ninbox = "{n}/in"\noutbox = "{n}/out"\n'
        + f"[links.mail{n}.process]\nown = {own}\n"
        + f'[links.mail{n}.peers."NET{n}/PO"]\nno_password = true\n'
        for n in range(LINKS)
    )
    path.mkdir()
    (path / "dxa.toml").write_text(SITE + "".join(tables), encoding="utf-8")
    OpenSite.open(path, Host(), time.time, create=True).close()
    _sync(path)  # makes the folders
    return path


def _sync(path: Path) -> None:
    command = str(Path(sys.executable).with_name("dxa"))
    subprocess.run([command, "-C", str(path), "sync"], check=True, capture_output=True)


def _import() -> Result:
    ours, plain = [], []
    data = attachment()
    for _ in range(3):
        plain.append(_cpu(lambda: _imported(data, apart=False)))
        ours.append(_cpu(lambda: _imported(data, apart=True)))
    return Result(
        name=f"full import of {COUNT:,} names, its connector in its process; CPU",
        reference="the same in one process",
        reach=1.15,
        work_s=median(ours),
        reference_s=median(plain),
        rounds=len(ours),
        peak_mb=peak_mb(),
    )


def _imported(data: bytes, *, apart: bool) -> None:
    with open_site(["BIG/PO"], apart=apart) as agent:
        request(inbox(agent), "BIG/PO", r=COUNT + 1, attachment=data)
        agent.sync()
        assert agent.site.store.directory.count("pcmail/BIG/PO") == COUNT


def _cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that one call takes, here and in the processes that it waits for."""
    began = _used()
    work()
    return _used() - began


def _used() -> float:
    found = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in found)
