"""What plugins cost that are installed and not used."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Result, median, timed

COUNT = 10
ROUNDS = 15

#: A plugin as many will be: a connector and a type of its own, and libraries that take their time.
SOURCE = """
import asyncio, decimal, email.message, http.client, sqlite3, xml.etree.ElementTree
import attrs
from dxa.address import AddressType
from dxa.hookspecs import hookimpl
from dxa.memory import Memory

@hookimpl
def dxa_connectors():
    return [attrs.evolve(Memory().dxa_connectors()[0], name="bench{n}")]

@hookimpl
def dxa_address_types():
    return [AddressType(name="BENCH{n}", check=str)]

@hookimpl
def dxa_commands():
    return [("show", "dxa_bench{n}:show")]
"""


def run() -> list[Result]:
    """`dxa --version` and `dxa status` with ten more plugins installed, against the same without them."""
    command = str(Path(sys.executable).with_name("dxa"))
    with tempfile.TemporaryDirectory() as folder:
        packages, site = Path(folder, "packages"), Path(folder, "site")
        packages.mkdir()
        for n in range(COUNT):
            _install(packages, n)
        subprocess.run(
            [command, "init", site, "--organization", "LAB", "--site", "HQ"], check=True, capture_output=True
        )
        _add_link(site)
        _see(command, packages)
        return [
            _compared("dxa --version", [command, "--version"], packages),
            _compared("dxa status", [command, "-C", str(site), "status"], packages),
        ]


def _compared(name: str, words: list[str], packages: Path) -> Result:
    plain, ours = [], []
    for _ in range(ROUNDS):
        plain.append(timed(lambda: _run(words, None)))
        ours.append(timed(lambda: _run(words, packages)))
    return Result(
        name=f"{name}, {COUNT} more plugins installed",
        reference="the same without them",
        reach=1.2,
        work_s=median(ours),
        reference_s=median(plain),
        rounds=ROUNDS,
    )


def _run(words: list[str], packages: Path | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if packages is not None:
        environment["PYTHONPATH"] = str(packages)
    return subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout


def _install(packages: Path, n: int) -> None:
    """A distribution as an installer leaves it."""
    info = packages / f"dxa_bench{n}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dxa-bench{n}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        f"[dxa]\nbench{n} = dxa_bench{n}\n"
        f"[dxa.connectors]\nbench{n} = dxa_bench{n}\n"
        f"[dxa.address_types]\nBENCH{n} = dxa_bench{n}\n",
        encoding="utf-8",
    )
    (packages / f"dxa_bench{n}.py").write_text(SOURCE.format(n=n), encoding="utf-8")


def _add_link(site: Path) -> None:
    """A link of MS Mail, so that one plugin is used in either case, and the database that a first sync makes."""
    with Path(site, "dxa.toml").open("a", encoding="utf-8") as file:
        file.write('\n[links.pcmail]\nconnector = "msmail"\nrole = "server"\nimport_container = "MS Mail"\n')


def _see(command: str, packages: Path) -> None:
    """The plugins are there, or else nothing would be measured."""
    shown = _run([command, "plugins"], packages)
    if shown.count("dxa-bench") != COUNT or "failed" in shown:
        raise SystemExit(f"the plugins of this benchmark do not work:\n{shown}")


if __name__ == "__main__":
    print(*run(), sep="\n")
