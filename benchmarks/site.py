"""A real site in a temporary folder, with as many registered requestors and recipients as a benchmark needs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dxa.address import Address
from dxa.agent import Agent, OpenSite
from dxa.change import Change
from dxa.host import Host
from dxa.recipient import Kind, Recipient

FIRST = ["Anna", "Bjørn", "Chloé", "David", "Élise", "François", "Greta", "Håkan", "Inês", "José", "Katja", "Łukasz"]
LAST = ["Müller", "Nørgaard", "O'Brien", "Pérez", "Quist", "Rossi", "Schäfer", "Thompson", "Ünal", "Vogel", "Weiß"]

SITE = """
[site]
organization = "LAB"
name = "HQ"

[guards]
rules_changed = true
"""

LINK = """
[links.pcmail]
connector = "msmail"
role = "server"
import_container = "MS Mail"
export_containers = ["Staff", "MS Mail"]
"""

CONFIG = SITE + LINK


def person(number: int) -> str:
    """A name that is unlike its neighbours'."""
    return f"{LAST[number % len(LAST)]}, {FIRST[number // 7 % len(FIRST)]} {number:06d}"


@contextmanager
def open_site(peers: list[str], *, apart: bool = False) -> Iterator[Agent]:
    """A new site on disk with these peers registered; connectors may run `apart`, in processes of their own."""
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        path = Path(folder)
        tables = "".join(f'\n[links.pcmail.peers."{name}"]\nno_password = true\n' for name in peers)
        (path / "dxa.toml").write_text(CONFIG + tables, encoding="utf-8")
        for box in ("in", "out"):
            (path / "mail" / box).mkdir(parents=True)
        host = Host()
        site = OpenSite.open(path, host, time.time, create=True, apart=apart)
        try:
            yield Agent(site=site)
        finally:
            site.close()


def staff(count: int, first: int = 0) -> list[Change[str, Recipient]]:
    """Adds of that many mailboxes of the site."""
    return [
        Change(
            f"new{number}",
            None,
            Recipient(
                kind=Kind.MAILBOX,
                container="Staff",
                name=person(number),
                alias=f"U{number}",
                proxies=(Address("MS", f"LAB/HQ/U{number}"),),
            ),
        )
        for number in range(first, first + count)
    ]


def inbox(agent: Agent) -> Path:
    """Where requestors' messages are dropped."""
    return agent.site.folder / "mail" / "in"


def outbox(agent: Agent) -> Path:
    """Where answers are dropped."""
    return agent.site.folder / "mail" / "out"
