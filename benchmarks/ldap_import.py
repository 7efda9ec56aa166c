"""A full import of 20,000 people of a live directory, until it is durable in the site's directory."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.ldap_directory import COUNT, PAGE, PEOPLE, bare_read, server, why_not
from benchmarks.measure import Result, median, timed
from dxa.agent import Agent, OpenSite
from dxa.host import Host
from dxa_exchange.demo.slapd import Slapd

__all__ = ["run", "why_not"]

ROUNDS = 5

CONFIG = """
[site]
organization = "LAB"
name = "HQ"

[links.ldap]
connector = "ldap"
import_container = "People"

[links.ldap.ldap]
uri = "{uri}"
bind = "{bind}"
password = "text:{password}"
page_size = {page}

[[links.ldap.ldap.containers]]
base = "{base}"
"""


def run() -> Result:
    """A whole cycle against the bare read of the same server."""
    ours, bare = [], []
    with server() as slapd:
        for _ in range(ROUNDS):
            bare.append(timed(lambda: bare_read(slapd)))
            ours.append(_import(slapd))
    return Result(
        name=f"full import of {COUNT:,} LDAP people",
        reference="paged read by python-ldap alone, values decoded",
        reach=4,
        work_s=median(ours),
        reference_s=median(bare),
        rounds=ROUNDS,
    )


def _import(slapd: Slapd) -> float:
    """Seconds that the first cycle of a new site takes."""
    settings = slapd.settings
    values = {"uri": slapd.uri, "bind": settings.root, "password": settings.password, "page": PAGE, "base": PEOPLE}
    with tempfile.TemporaryDirectory(prefix="dxa-bench-") as folder:
        (Path(folder) / "dxa.toml").write_text(CONFIG.format(**values), encoding="utf-8")
        site = OpenSite.open(Path(folder), Host(), time.time, create=True)
        agent = Agent(site=site)
        try:
            seconds = timed(agent.sync)
            assert site.store.directory.count("ldap/ldap") == COUNT
        finally:
            site.close()
    return seconds
