"""A cycle of directory synchronization between the demo's postoffices and its site, mostly shown as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dxa_msmail.demo.office import Office
from dxa_msmail.demo.people import ADMIN


def ask(stage: Any, offices: Sequence[Office], *, shown: bool = True) -> None:
    """T1 at every postoffice: the request is made, and EXTERNAL puts it into the shadow postoffice."""
    rows = []
    for office in offices:
        did = office.quiet("reqmain", "-t")
        moved = office.quiet("external")
        request = did["request"]
        numbers = (request["r"], request["was"], request["s"], request["i"])
        rows.append((office.name, *numbers, did["sent"], sum(moved["delivered"].values()), _wanted(did)))
    columns = ("postoffice", "#R", "#was", "#S", "#I", "#sent", "#letters", "")
    if shown:
        stage.table("T1 everywhere: dxa msmail reqmain -t, external", columns, rows)


def answer(stage: Any, *, shown: bool = False, quiet: bool = False) -> None:
    """T2: the site takes the requests in and answers, and EXTERNAL brings the answers to the postoffices."""
    stage.dxa("sync", shown=not quiet)
    stage.program("msmail", "external", "-d", "site/shadow", shown=shown)


def take(stage: Any, offices: Sequence[Office], *, shown: bool = True) -> None:
    """T3 at every postoffice: the answer is taken, goes into the lists, and the global list is made anew."""
    rows = []
    for office in offices:
        reply = office.quiet("reqmain", "-r")["applied"][0]
        counts = office.quiet("import", ADMIN, "-q", "-y")["counts"]
        names = office.quiet("rebuild", "-f")["count"]
        numbers = (reply["r"], reply["s"], reply["was"], reply["i"])
        rows.append((office.name, *numbers, *(counts.get(code, 0) for code in "RDMA"), names))
    columns = ("postoffice", "#R", "#S", "#was", "#I", "#replaced", "#deleted", "#modified", "#added", "#names")
    if shown:
        stage.table("T3 everywhere: dxa msmail reqmain -r, import ADMIN -q -y, rebuild -f", columns, rows)


def cycle(stage: Any, offices: Sequence[Office], *, quiet: bool = False) -> None:
    """T1, T2 and T3."""
    ask(stage, offices, shown=not quiet)
    answer(stage, quiet=quiet)
    take(stage, offices, shown=not quiet)


def _wanted(did: Mapping[str, Any]) -> str:
    wants = ["sends everything"] if did["exported"] else []
    return ", ".join([*wants, *(["wants everything"] if did["request"]["imports"] else [])])
